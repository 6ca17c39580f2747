"""Whose place in a programme is whose: a person, as a keyed hash, has one in each programme and commune.

The guard is the primary key of `application_person`. Hashes are claimed in their own order, so that two
transactions that want the same places wait for each other and never in a circle.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import cast

from sqlalchemy import Table, text
from sqlalchemy.orm import Session

from services.applications.models import ApplicationPerson
from shared.db import insert_rows

PERSON = cast("Table", ApplicationPerson.__table__)

_UNCLAIM = text(
    """
    DELETE FROM application_person WHERE programme_id = :programme AND commune = :commune
    AND person_hash = ANY(CAST(:persons AS text[]))
    """
)
_RECLAIM = text(
    """
    WITH gone AS (
        DELETE FROM application_person
        WHERE application_id = CAST(:id AS uuid) AND person_hash <> ALL(CAST(:persons AS text[]))
    )
    INSERT INTO application_person (programme_id, commune, person_hash, application_id)
    SELECT :programme, :commune, person, CAST(:id AS uuid)
    FROM unnest(CAST(:persons AS text[])) AS wanted (person) ORDER BY person
    ON CONFLICT (programme_id, commune, person_hash) DO UPDATE SET application_id = excluded.application_id
    WHERE application_person.application_id = excluded.application_id
    RETURNING person_hash
    """
)
_GIVE_BACK = text("DELETE FROM application_person WHERE application_id = CAST(:id AS uuid)")
_HOLDERS = text(
    """
    SELECT person_hash, application_id::text AS application_id FROM application_person
    WHERE programme_id = :programme AND commune = :commune AND person_hash = ANY(CAST(:persons AS text[]))
    """
)
_HOLDER = text(
    """
    SELECT application_id::text FROM application_person
    WHERE programme_id = :programme AND commune = :commune AND person_hash = ANY(CAST(:persons AS text[]))
      AND application_id <> CAST(:id AS uuid)
    LIMIT 1
    """
)


def claim(
    session: Session, wanted: Mapping[str, Sequence[str]], programme_id: str, commune: str
) -> Collection[str]:
    """Take places for new applications; `wanted`: the hashes by application id.

    Returns the ids that got all of theirs, the first of a list first; what the others got is given back.
    """
    rows = [
        {"programme_id": programme_id, "commune": commune, "person_hash": person, "application_id": one}
        for one, persons in wanted.items()
        for person in persons
    ]
    rows.sort(key=lambda row: row["person_hash"])
    returned = insert_rows(
        session, PERSON, rows, suffix="ON CONFLICT DO NOTHING RETURNING application_id::text, person_hash"
    )
    if len(returned) == len(rows):
        return wanted.keys()
    got = {tuple(row) for row in returned}
    whole = {one for one, persons in wanted.items() if all((one, person) in got for person in persons)}
    unclaim(session, programme_id, commune, [person for one, person in got if one not in whole])
    return whole


def unclaim(session: Session, programme_id: str, commune: str, persons: Sequence[str]) -> None:
    """Give back places that this transaction has just taken and does not use."""
    if persons:
        session.execute(_UNCLAIM, {"programme": programme_id, "commune": commune, "persons": sorted(persons)})


def reclaim(
    session: Session, application_id: str, persons: Sequence[str], programme_id: str, commune: str
) -> bool:
    """Let an application hold just these places. False, with some of them changed already, when another
    application holds one of them: the caller undoes what it did."""
    values = {"id": application_id, "programme": programme_id, "commune": commune, "persons": list(persons)}
    return len(session.execute(_RECLAIM, values).all()) == len(persons)


def give_back(session: Session, application_id: str) -> None:
    """Free all places of an application, so that its persons can be entered anew."""
    session.execute(_GIVE_BACK, {"id": application_id})


def holders(session: Session, persons: Collection[str], programme_id: str, commune: str) -> dict[str, str]:
    """Which application of this commune and programme holds which of these places."""
    values = {"programme": programme_id, "commune": commune, "persons": list(persons)}
    return {row.person_hash: row.application_id for row in session.execute(_HOLDERS, values)}


def holder_of(
    session: Session, application_id: str, persons: Sequence[str], programme_id: str, commune: str
) -> str | None:
    """Another application of this commune and programme that holds one of these places."""
    values = {"id": application_id, "programme": programme_id, "commune": commune, "persons": list(persons)}
    holder: str | None = session.scalar(_HOLDER, values)
    return holder
