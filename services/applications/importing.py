"""Taking in a list: read, check, and enter in chunks, each chunk one transaction.

A line that went out in the middle costs nothing: the same file sent again enters what is missing and counts
the rest as repeated.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.applications import domain
from services.applications.commands import programme_refusal
from services.applications.entering import Applicant, Entry, Secrets, applicant, enter, present
from services.applications.lists import (
    HouseholdDraft,
    ListProblem,
    ListTable,
    Problem,
    RowContext,
    parse_row,
    read_list,
)
from services.applications.lists.problems import Severity
from shared.db import Database
from shared.events import new_id
from shared.refusal import Refusal
from shared.settings import Settings
from shared.web.problems import sentence

CHUNK = 500
"""Households per transaction: few enough that a clash or a crash costs little."""

_BEGIN = text(
    """
    INSERT INTO list_import (id, digest, commune, province, programme_id, filename, state, imported_by)
    VALUES (:id, :digest, :commune, :province, :programme_id, :filename, 'importing', :actor)
    ON CONFLICT (digest, commune, programme_id) DO UPDATE SET digest = excluded.digest
    RETURNING id::text, finished_at IS NOT NULL
    """
)
_END = text(
    """
    UPDATE list_import
    SET rows = :rows, done = :rows, refused = :refused, accepted = accepted + :accepted, state = 'imported',
        repeated = greatest(0, :rows - :refused - accepted - :accepted),
        finished_at = coalesce(finished_at, now())
    WHERE id = :id
    """
)


@dataclass(frozen=True, slots=True)
class ImportContext:
    """Under what a list is taken in. `actor` is the officer's subject, `import_id` the list's."""

    programme_id: str
    place: domain.Place
    actor: str
    import_id: str | None = None
    chunk: int = CHUNK

    def entry(self) -> Entry:
        return Entry(self.programme_id, self.place, self.actor, "list", import_id=self.import_id)


@dataclass(frozen=True, slots=True)
class ImportResult:
    """The numbers of the rows that became applications, and of those whose head was there already."""

    accepted: tuple[int, ...]
    repeated: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it came: its bytes and the name it bore."""

    data: bytes
    filename: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an officer reads after an import. rows = accepted + repeated + refused.

    warnings: accepted rows about which something is doubtful. `already_imported`: this very file had been
    taken in before and nothing new was found in it.
    """

    import_id: str | None
    rows: int
    accepted: int
    repeated: int
    refused: int
    warnings: int
    problems: tuple[Problem, ...]
    dry_run: bool
    already_imported: bool = False


@dataclass(slots=True)
class Reading:
    """A list after every row was read: drafts by row number, and every row's problems."""

    rows: int = 0
    drafts: dict[int, HouseholdDraft] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def import_list(
    database: Database,
    settings: Settings,
    upload: Upload,
    context: ImportContext,
    *,
    today: date,
    dry_run: bool,
) -> ImportReport | ListProblem | Refusal:
    """Take a whole file in, or say why none of it can be; with `dry_run` say what would happen."""
    with database.transaction() as session:
        refusal = programme_refusal(session, context.programme_id)
    if refusal is not None:
        return refusal
    table = read_list(upload.data, upload.filename)
    if isinstance(table, ListProblem):
        return table
    reading = read_rows(table, today)
    if dry_run:
        return _report(reading, try_households(database, settings, reading.drafts, context), dry_run=True)
    import_id, seen = _begin(database, upload, context)
    context = ImportContext(context.programme_id, context.place, context.actor, import_id, context.chunk)
    result = import_households(database, settings, reading.drafts, context)
    _end(database, import_id, reading, result)
    return _report(reading, result, import_id=import_id, already_imported=seen and not result.accepted)


def import_households(
    database: Database, settings: Settings, drafts: Mapping[int, HouseholdDraft], context: ImportContext
) -> ImportResult:
    """Enter drafts (by row number) chunk by chunk; each chunk is committed with its events."""
    secrets, entry = Secrets.of(settings), context.entry()
    entered: set[int] = set()
    for rows in _chunks(list(drafts), context.chunk):
        applicants = _applicants(drafts, rows, context, secrets)
        done = database.run(lambda session, batch=applicants: enter(session, secrets.ring, batch, entry))  # type: ignore[misc]
        entered.update(row for row, one in zip(rows, applicants, strict=True) if one.application_id in done)
    return _result(drafts, entered)


def try_households(
    database: Database, settings: Settings, drafts: Mapping[int, HouseholdDraft], context: ImportContext
) -> ImportResult:
    """What `import_households` would do now. Writes nothing."""
    applicants = _applicants(drafts, list(drafts), context, Secrets.of(settings))
    with database.transaction() as session:
        there = present(session, applicants, context.programme_id, context.place.commune)
    seen: set[str] = set()
    fresh: set[int] = set()
    for row, one in zip(drafts, applicants, strict=True):
        if one.application_id not in there and seen.isdisjoint(one.persons):
            fresh.add(row)
            seen.update(one.persons)
    return _result(drafts, fresh)


def read_rows(table: ListTable, today: date) -> Reading:
    """Every row of a list read, and what it cannot be stored with named like any other problem of it."""
    reading, context = Reading(rows=len(table.rows)), RowContext(today=today)
    for row in table.rows:
        parsed = parse_row(row, context)
        reading.problems.extend(parsed.problems)
        if parsed.household is None:
            continue
        defects = domain.defects_of(parsed.household)
        reading.problems.extend(problem(row.number, name, code, "error") for name, code in defects)
        if not defects:
            reading.drafts[row.number] = parsed.household
    return reading


def problem(row: int, name: str, code: str, severity: Severity) -> Problem:
    """A problem that reading a row alone does not show; its sentences stand in `sentences.yaml`."""
    return Problem(row, name, code, severity, sentence(code, "vi", {}), sentence(code, "en", {}))


def _applicants(
    drafts: Mapping[int, HouseholdDraft], rows: Sequence[int], context: ImportContext, secrets: Secrets
) -> list[Applicant]:
    return [applicant(drafts[row], context.place, secrets.hasher) for row in rows]


def _chunks(rows: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    return (rows[start : start + size] for start in range(0, len(rows), size))


def _result(drafts: Mapping[int, HouseholdDraft], entered: set[int]) -> ImportResult:
    return ImportResult(
        accepted=tuple(row for row in drafts if row in entered),
        repeated=tuple(row for row in drafts if row not in entered),
    )


def _begin(database: Database, upload: Upload, context: ImportContext) -> tuple[str, bool]:
    """The import's id, and whether this file was taken in to its end before."""
    values = {
        "id": new_id(),
        "digest": upload.digest,
        "filename": upload.filename,
        "commune": context.place.commune,
        "province": context.place.province,
        "programme_id": context.programme_id,
        "actor": context.actor,
    }
    with database.transaction() as session:
        import_id, finished = session.execute(_BEGIN, values).one()
    return import_id, finished


def _end(database: Database, import_id: str, reading: Reading, result: ImportResult) -> None:
    refused = reading.rows - len(reading.drafts)
    values = {"id": import_id, "rows": reading.rows, "refused": refused, "accepted": len(result.accepted)}

    def write(session: Session) -> None:
        session.execute(_END, values)

    database.run(write)


def _report(
    reading: Reading,
    result: ImportResult,
    *,
    import_id: str | None = None,
    already_imported: bool = False,
    dry_run: bool = False,
) -> ImportReport:
    repeated = [problem(row, "head_name", "ALREADY_APPLIED", "warning") for row in result.repeated]
    whole = [problem(0, "", "LIST_ALREADY_IMPORTED", "warning")] if already_imported else []
    doubtful = {one.row for one in reading.problems if one.severity == "warning"} & set(result.accepted)
    return ImportReport(
        import_id=import_id,
        rows=reading.rows,
        accepted=len(result.accepted),
        repeated=len(result.repeated),
        refused=reading.rows - len(reading.drafts),
        warnings=len(doubtful),
        problems=(*whole, *sorted([*reading.problems, *repeated], key=lambda one: one.row)),
        dry_run=dry_run,
        already_imported=already_imported,
    )
