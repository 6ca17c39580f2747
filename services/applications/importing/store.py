"""The rows of `list_import` as the job moves them.

Each guard is in its statement: whoever finds the import moved on by somebody else writes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

MOST_ATTEMPTS = 10
"""Times that a worker may die over a file of which it has not got a single chunk through."""

_TAKE = text(
    """
    UPDATE list_import SET attempts = attempts + 1
    WHERE id = (
        SELECT id FROM list_import WHERE state IN ('checking', 'importing') ORDER BY created_at, id LIMIT 1
    )
    RETURNING id::text AS id, commune, province, programme_id, filename, state, mapping, done, attempts, file,
              imported_by, created_at
    """
)
_COUNT_ROWS = text("UPDATE list_import SET rows = greatest(:rows, done) WHERE id = :id AND state = :state")
_LOOKED_AT = text("UPDATE list_import SET done = :done, attempts = 0 WHERE id = :id AND state = 'checking'")
_ENTERED = text(
    """
    UPDATE list_import
    SET done = done + :rows, accepted = accepted + :accepted, repeated = repeated + :repeated,
        refused = refused + :refused, warnings = warnings + :warnings, attempts = 0
    WHERE id = :id AND state = 'importing' AND done = :done
    RETURNING id
    """
)
_CHECKED = text(
    """
    UPDATE list_import
    SET state = 'checked', rows = :rows, done = :rows, accepted = :accepted, repeated = :repeated,
        refused = :refused, warnings = :warnings, report = :report
    WHERE id = :id AND state = 'checking' AND mapping = CAST(:mapping AS jsonb)
    """
)
_IMPORTED = text(
    """
    WITH entered AS (SELECT count(*) AS left FROM application WHERE import_id = :id)
    UPDATE list_import
    SET state = 'imported', finished_at = now(),
        report = CASE WHEN entered.left = accepted THEN CAST(:report AS bytea) END,
        file = CASE WHEN entered.left = accepted THEN file END,
        forgotten_at = CASE WHEN entered.left <> accepted THEN now() END
    FROM entered WHERE id = :id AND state = 'importing' AND done = rows
    """
)
_REFUSED = text(
    """
    UPDATE list_import SET state = 'refused', finished_at = now(), report = :report
    WHERE id = :id AND state = :state AND mapping = CAST(:mapping AS jsonb)
    """
)
_ROWS_IN = text("SELECT import_row FROM application WHERE import_id = :id")


class MovedOn(Exception):
    """Another worker, or the officer, has moved the import since we read it: what we did is rolled back."""


@dataclass(frozen=True, slots=True)
class Taken:
    """An import that waits for the job, with its file still sealed (None once forgotten)."""

    id: str
    commune: str
    province: str
    programme_id: str
    filename: str
    state: str
    mapping: Mapping[str, str]
    done: int
    attempts: int
    file: bytes | None
    imported_by: str
    created_at: datetime

    @property
    def mapping_text(self) -> str:
        return orjson.dumps(dict(self.mapping)).decode()


@dataclass(frozen=True, slots=True)
class Counts:
    """Of a chunk or of a whole list: rows = accepted + repeated + refused."""

    rows: int = 0
    accepted: int = 0
    repeated: int = 0
    warnings: int = 0

    @property
    def refused(self) -> int:
        return self.rows - self.accepted - self.repeated

    def values(self) -> dict[str, int]:
        return {
            "rows": self.rows,
            "accepted": self.accepted,
            "repeated": self.repeated,
            "refused": self.refused,
            "warnings": self.warnings,
        }

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.rows + other.rows,
            self.accepted + other.accepted,
            self.repeated + other.repeated,
            self.warnings + other.warnings,
        )


def take(session: Session) -> Taken | None:
    """The import that has waited longest, None when none waits."""
    row = session.execute(_TAKE).mappings().one_or_none()
    return None if row is None else Taken(**row)


def count_rows(session: Session, taken: Taken, rows: int) -> None:
    session.execute(_COUNT_ROWS, {"id": taken.id, "state": taken.state, "rows": rows})


def looked_at(session: Session, taken: Taken, done: int) -> None:
    """How far the check is; for whoever watches."""
    session.execute(_LOOKED_AT, {"id": taken.id, "done": done})


def entered(session: Session, taken: Taken, done: int, counts: Counts) -> None:
    """A chunk behind the first `done` rows is in. Raises MovedOn."""
    values = {"id": taken.id, "done": done, **counts.values()}
    if session.execute(_ENTERED, values).one_or_none() is None:
        raise MovedOn(taken.id)


def checked(session: Session, taken: Taken, counts: Counts, report: bytes) -> None:
    """The check is through, unless the officer has corrected the mapping meanwhile."""
    values = {"id": taken.id, "mapping": taken.mapping_text, "report": report, **counts.values()}
    session.execute(_CHECKED, values)


def imported(session: Session, taken: Taken, report: bytes) -> None:
    """All rows are through. Should a household of them be erased already, file and report go with it."""
    session.execute(_IMPORTED, {"id": taken.id, "report": report})


def refused(session: Session, taken: Taken, report: bytes) -> None:
    """None of it can be taken; unless the officer has corrected the mapping meanwhile."""
    values = {"id": taken.id, "state": taken.state, "mapping": taken.mapping_text, "report": report}
    session.execute(_REFUSED, values)


def rows_in(session: Session, import_id: str) -> set[int]:
    """The numbers of the import's rows that became applications."""
    found: Any = session.scalars(_ROWS_IN, {"id": import_id})
    return set(found)
