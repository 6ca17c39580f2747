"""Near duplicates: somebody else of the same name and the same full birth date in the same commune.

A look-up without a guard: two that arrive in the same instant may both go unseen. It makes a person look, it
decides nothing.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session, aliased

from services.eligibility.domain import Subject
from services.eligibility.models import CaseFile, Namesake, table_of
from shared.auth import Actor, within
from shared.db import insert_rows

STANDING = ("eligible", "referred", "approved")
"""Cases that wait or were approved."""

_KNOWN = text(
    """
    SELECT wanted.application_id, wanted.hash
    FROM unnest(CAST(:ids AS text[]), CAST(:programmes AS text[]), CAST(:hashes AS text[]))
         AS wanted (application_id, programme_id, hash)
    JOIN namesake USING (programme_id, hash)
    JOIN case_file ON case_file.application_id = namesake.application_id
    WHERE namesake.application_id <> CAST(wanted.application_id AS uuid)
      AND case_file.status = ANY(CAST(:standing AS text[])) AND NOT case_file.withdrawn
    """
)
_FORGET = text("DELETE FROM namesake WHERE application_id = ANY(CAST(:ids AS uuid[]))")


def near_duplicates(session: Session, subjects: Sequence[Subject]) -> set[str]:
    """Which of these applications name somebody whom another case of the programme names as well, one that
    waits or was approved, or one that stands before it in `subjects`."""
    named = [
        (one.application_id, one.programme_id, hash_)
        for one in subjects
        for hash_ in dict.fromkeys(one.namesakes)
    ]
    if not named:
        return set()
    columns = {
        "ids": [application_id for application_id, _, _ in named],
        "programmes": [programme_id for _, programme_id, _ in named],
        "hashes": [hash_ for _, _, hash_ in named],
        "standing": list(STANDING),
    }
    found = {row.application_id for row in session.execute(_KNOWN, columns)}
    first: dict[tuple[str, str], str] = {}
    for application_id, programme_id, hash_ in named:
        if first.setdefault((programme_id, hash_), application_id) != application_id:
            found.add(application_id)
    return found


def similar(session: Session, application_id: str, actor: Actor) -> Sequence[Any]:
    """The other cases of the programme in the actor's area, waiting or approved, that name somebody whom this
    one names as well: for the person who has to look."""
    own = aliased(Namesake)
    query = (
        select(CaseFile.application_id, CaseFile.village, CaseFile.status)
        .join(Namesake, Namesake.application_id == CaseFile.application_id)
        .join(own, (own.programme_id == Namesake.programme_id) & (own.hash == Namesake.hash))
        .where(
            own.application_id == application_id,
            CaseFile.application_id != application_id,
            CaseFile.status.in_(STANDING),
            ~CaseFile.withdrawn,
            within(actor, CaseFile.commune, CaseFile.province),
        )
        .distinct()
        .order_by(CaseFile.application_id)
    )
    return session.execute(query).all()


def remember(session: Session, subjects: Sequence[Subject]) -> None:
    """Keep whom these applications name."""
    rows = [
        {"programme_id": one.programme_id, "hash": hash_, "application_id": one.application_id}
        for one in subjects
        for hash_ in one.namesakes
    ]
    insert_rows(session, table_of(Namesake), rows, suffix="ON CONFLICT DO NOTHING")


def forget(session: Session, application_ids: Sequence[str]) -> None:
    session.execute(_FORGET, {"ids": list(application_ids)})
