"""Places in a programme: one person, one application, whoever's batch or process comes first."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.eligibility.domain import Claim, Subject, settle
from services.eligibility.models import PersonClaim, table_of
from shared.db import insert_rows
from shared.inbox import Transient

ATTEMPTS = 10

_HOLDERS = text(
    """
    SELECT programme_id, person_hash, application_id::text AS application_id FROM person_claim
    JOIN unnest(CAST(:programmes AS text[]), CAST(:persons AS text[])) AS wanted (programme_id, person_hash)
    USING (programme_id, person_hash)
    """
)
_UNDO = text(
    """
    DELETE FROM person_claim
    USING unnest(CAST(:programmes AS text[]), CAST(:persons AS text[])) AS mine (programme_id, person_hash)
    WHERE (person_claim.programme_id, person_claim.person_hash) = (mine.programme_id, mine.person_hash)
    """
)
_RELEASE = text("DELETE FROM person_claim WHERE application_id = ANY(CAST(:ids AS uuid[]))")


def claim(session: Session, subjects: Sequence[Subject]) -> set[str]:
    """Take the places that the applications need; returns the ids of those that got all of theirs.

    One statement when nobody else holds any. Otherwise what was taken is given back and shared out anew with
    the holders known, because an application that loses one of its persons must keep none of the others.
    """
    held: dict[Claim, str] = {}
    for _ in range(ATTEMPTS):
        winners = settle(subjects, held)
        wanted = {place: one.application_id for one in winners for place in one.claims() if place not in held}
        taken = _insert(session, wanted)
        if len(taken) == len(wanted):
            return {one.application_id for one in winners}
        session.execute(_UNDO, _columns(taken))
        held = _holders(session, [place for one in subjects for place in one.claims()])
    raise Transient("the same persons are being claimed elsewhere")


def release(session: Session, application_ids: Iterable[str]) -> None:
    """Give back every place these applications hold."""
    ids = sorted(application_ids)
    if ids:
        session.execute(_RELEASE, {"ids": ids})


def _insert(session: Session, wanted: dict[Claim, str]) -> list[Claim]:
    """In the order of the key, so that two processes never wait for each other in a circle."""
    rows = [
        {"programme_id": programme, "person_hash": person, "application_id": application_id}
        for (programme, person), application_id in sorted(wanted.items())
    ]
    suffix = "ON CONFLICT DO NOTHING RETURNING programme_id, person_hash"
    return [tuple(row) for row in insert_rows(session, table_of(PersonClaim), rows, suffix=suffix)]


def _holders(session: Session, places: Sequence[Claim]) -> dict[Claim, str]:
    rows = session.execute(_HOLDERS, _columns(sorted(set(places))))
    return {(row.programme_id, row.person_hash): row.application_id for row in rows}


def _columns(places: Sequence[Claim]) -> dict[str, list[Any]]:
    return {"programmes": [place[0] for place in places], "persons": [place[1] for place in places]}
