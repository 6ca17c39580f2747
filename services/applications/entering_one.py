"""The short way in for one household from the form: a single statement for what `entering.enter` does in six.

It covers the usual case: the programme is open, the person is new in it, the household is new in the commune.
Anything else leaves nothing behind and returns None, and the long way finds out what it is.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from services.applications import officials, places
from services.applications.attempts import begin_anew
from services.applications.entering import (
    APPLICATION,
    HOUSEHOLD,
    Applicant,
    Entry,
    Home,
    application_rows,
    household_row,
    submitted_event,
)
from shared.db.lean import Lean
from shared.events import Head, new_id
from shared.failpoints import failpoint
from shared.outbox.record import STORE_ONE, sealed
from shared.privacy import KeyRing, new_key

_dialect = postgresql.dialect()  # type: ignore[no-untyped-call]

HOUSEHOLD_COLUMNS = ("id", "commune", "province", "village", "head_hash", "sealed")
APPLICATION_COLUMNS = (
    "id", "household_id", "village", "certificate_hash", "sealed", "programme_id", "commune", "province",
    "application_state", "status", "entered_by", "channel", "legal_basis", "import_id", "submitted_at",
    "words",
)  # fmt: skip


def _values(table: Table, columns: tuple[str, ...]) -> str:
    """`CAST(:household_id AS uuid), …`: one parameter per column, named after table and column."""
    casts = [f"CAST(:{table.name}_{name} AS {table.c[name].type.compile(_dialect)})" for name in columns]
    return ", ".join(casts)


_ENTER = Lean(
    f"""
    WITH free AS (
        SELECT 1 FROM programme WHERE id = :application_programme_id AND status = 'published'
          AND NOT EXISTS (SELECT 1 FROM application WHERE id = CAST(:application_id AS uuid))
          AND NOT EXISTS (SELECT 1 FROM event_log WHERE stream = :event_stream)
    ), claimed AS (
        INSERT INTO application_person (programme_id, commune, person_hash, application_id)
        SELECT :application_programme_id, :application_commune, person_hash, CAST(:application_id AS uuid)
        FROM free, unnest(CAST(:persons AS text[])) AS person (person_hash) ORDER BY person_hash
        ON CONFLICT DO NOTHING RETURNING person_hash
    ), housed AS (
        INSERT INTO household ({", ".join(HOUSEHOLD_COLUMNS)})
        SELECT {_values(HOUSEHOLD, HOUSEHOLD_COLUMNS)} FROM claimed
        HAVING count(*) = cardinality(CAST(:persons AS text[]))
        ON CONFLICT DO NOTHING RETURNING id
    ), keyed AS (
        INSERT INTO household_key (household_id, wrapped) SELECT id, CAST(:wrapped AS bytea) FROM housed
    ), entered AS (
        INSERT INTO application ({", ".join(APPLICATION_COLUMNS)})
        SELECT {_values(APPLICATION, APPLICATION_COLUMNS)} FROM housed ON CONFLICT DO NOTHING RETURNING id
    ), {STORE_ONE.format(guard="entered")}
    SELECT (SELECT count(*) FROM entered) AS entered, (SELECT count(*) FROM housed) AS housed,
           (SELECT array_agg(person_hash) FROM claimed) AS claimed
    """  # noqa: S608 - names of tables and columns, no values
)


def enter_one(session: Session, ring: KeyRing, one: Applicant, entry: Entry) -> str | None:
    """Enter and submit one application; its household's id, or None with nothing written.

    Clashes, so that the request begins anew, when another one has just taken the application's id.
    """
    home = Home(new_id(), new_key())
    event = submitted_event(entry, one, home, by=entry.actor, officials=officials.known(session))
    _, parameters = sealed("applications", event, Head())
    application = application_rows([one], {one.application_id: home}, entry)[0]
    found = _ENTER.first(
        session,
        {
            **parameters,
            **_named("household", household_row(one, home, entry.place)),
            **_named("application", application),
            "persons": list(one.persons),
            "wrapped": ring.wrap(home.id, home.key),
        },
    )
    failpoint("record.after_insert")
    if found.entered:
        return home.id
    if found.housed:
        begin_anew(session)
    places.unclaim(session, entry.programme_id, entry.place.commune, found.claimed or [])
    return None


def _named(table: str, row: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{table}_{name}": value for name, value in row.items()}
