"""What is read of imports: one with its report, a commune's, and the officer's own list with its results."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import literal, select, tuple_
from sqlalchemy.orm import Session

from services.applications.importing.report import Report
from services.applications.importing.wording import list_warning
from services.applications.models import Application, ListImport
from shared.auth import Actor, within
from shared.settings import Settings
from shared.web.paging import Page, decode_cursor, encode_cursor
from shared.web.problems import Problem

SHOWN_PROBLEMS = 100
"""Problems that stand in an import itself; all of them are paged."""

_COLUMNS = (
    ListImport.id.label("import_id"),
    ListImport.commune,
    ListImport.programme_id,
    ListImport.filename,
    ListImport.state,
    ListImport.rows,
    ListImport.done,
    ListImport.accepted,
    ListImport.repeated,
    ListImport.refused,
    ListImport.warnings,
    ListImport.imported_by,
    ListImport.created_at,
    ListImport.finished_at,
    ListImport.forgotten_at,
)


@dataclass(frozen=True, slots=True)
class Found:
    """An import's row without its file, and its report (empty before there is any, and once forgotten)."""

    row: Mapping[Any, Any]
    report: Report = field(default_factory=Report)

    def __getitem__(self, name: str) -> Any:
        return self.row[name]


def find_import(session: Session, settings: Settings, import_id: str, actor: Actor) -> Found | None:
    """An import of the actor's area."""
    query = select(*_COLUMNS, ListImport.report).where(
        ListImport.id == import_id, within(actor, ListImport.commune, ListImport.province)
    )
    row = session.execute(query).mappings().one_or_none()
    if row is None:
        return None
    if row["report"] is None:
        return Found(row)
    return Found(row, Report.unseal(settings.wrapping_key, row["report"], import_id))


def shown(found: Found, *, sent_again: bool = False) -> dict[str, Any]:
    """An import as it is told. `sent_again`: as one tells it to who sends a file that was imported before:
    nothing new was made of it, and its rows are there already."""
    row, report = found.row, found.report
    again = sent_again and row["state"] == "imported"
    problems = [list_warning("LIST_ALREADY_IMPORTED")] if again else []
    counts = {"accepted": 0, "repeated": row["accepted"] + row["repeated"], "warnings": 0} if again else {}
    return {
        **{name: value for name, value in row.items() if name != "report"},
        **counts,
        "already_imported": again,
        "dry_run": row["state"] in ("checking", "checked"),
        "refusal": report.refusal,
        "columns": report.columns,
        "problems": [*problems, *report.problems(0, SHOWN_PROBLEMS - len(problems))],
        "problems_total": len(report) + len(problems),
    }


def list_imports(session: Session, actor: Actor, cursor: str | None, limit: int) -> Page:
    """A page of the imports of the actor's area, newest first. Raises Problem 400 for a foreign cursor."""
    query = (
        select(*_COLUMNS)
        .where(within(actor, ListImport.commune, ListImport.province))
        .order_by(ListImport.created_at.desc(), ListImport.id.desc())
        .limit(limit + 1)
    )
    if cursor is not None:
        moment, last_id = _position(cursor)
        place = tuple_(literal(moment), literal(last_id, ListImport.id.type))
        query = query.where(tuple_(ListImport.created_at, ListImport.id) < place)
    rows = session.execute(query).mappings().all()
    page = rows[:limit]
    more = len(rows) > limit
    following = encode_cursor(page[-1]["created_at"].isoformat(), page[-1]["import_id"]) if more else None
    return Page([dict(row) for row in page], following)


def problems_of(found: Found, cursor: str | None, limit: int) -> Page:
    """A page of an import's problems, in the order of its rows."""
    start = 0 if cursor is None else _number(decode_cursor(cursor, 1)[0])
    more = start + limit < len(found.report)
    return Page(list(found.report.problems(start, limit)), encode_cursor(start + limit) if more else None)


def households_of(session: Session, import_id: str) -> list[str]:
    """The households that came with a list: whose data its result shows."""
    query = select(Application.household_id).where(Application.import_id == import_id).distinct()
    return sorted(session.scalars(query))


def _position(cursor: str) -> tuple[datetime, str]:
    moment, import_id = decode_cursor(cursor, 2)
    try:
        return datetime.fromisoformat(moment), str(UUID(import_id))
    except (AttributeError, TypeError, ValueError) as error:
        raise Problem(400, "CURSOR_INVALID") from error


def _number(value: object) -> int:
    if not isinstance(value, int) or not 0 <= value < 2**31:
        raise Problem(400, "CURSOR_INVALID")
    return value
