"""The job that reads lists: checks those that are only to be checked, enters the others chunk by chunk.

Each chunk is one transaction that enters its households, records their events and moves the import's counts.
Whoever starts after a crash reads the same file under the same mapping and goes on behind the last chunk.
"""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy.orm import Session

from services.applications import places
from services.applications.commands import programme_refusal
from services.applications.domain import Place, persons_of
from services.applications.entering import Applicant, Entry, Secrets, applicant, enter
from services.applications.household import HouseholdDraft
from services.applications.importing import store
from services.applications.importing.reading import CHUNK, ReadRow, chunks_of, day_of, limits_of
from services.applications.importing.receiving import file_place
from services.applications.importing.report import REPEATED, Report, columns_of
from services.applications.importing.store import Counts, MovedOn, Taken
from services.applications.importing.wording import refusal_of, row_problem
from services.applications.lists import ListProblem, ListTable, RowContext, read_list
from services.applications.lists.problems import list_problem
from shared.db import is_conflict, is_outage
from shared.failpoints import failpoint
from shared.jobs import JobContext
from shared.observability import logger
from shared.privacy.sealing import unseal_bytes


@contextmanager
def _set_aside() -> Iterator[None]:
    """Keep what is there from the garbage collector: it would look through the whole list again and again."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def import_next(context: JobContext) -> bool:
    """Check or import the list that has waited longest; False when none waits."""
    taken = context.database.run(store.take)
    if taken is None:
        return False
    try:
        _Run(context, taken).go()
    except MovedOn:
        logger("imports").info("somebody else moved the import on", import_id=taken.id)
    return True


@dataclass(slots=True)
class _Outcome:
    """What became of a chunk: the places of rows that are applications now, and of those that failed."""

    accepted: set[int]
    failed: set[int]


def counts_of(chunk: Sequence[ReadRow], outcome: _Outcome) -> Counts:
    readable = {one.place for one in chunk if one.draft} - outcome.failed
    accepted = readable & outcome.accepted
    doubtful = sum(one.doubtful for one in chunk if one.place in accepted)
    return Counts(len(chunk), len(accepted), len(readable - accepted), doubtful)


class _Run:
    """One list on its way, from its first chunk that is not through."""

    def __init__(self, context: JobContext, taken: Taken) -> None:
        self._context = context
        self._database = context.database
        self._taken = taken
        self._place = Place(taken.commune, taken.province)
        self._secrets = Secrets.of(context.settings)
        self._report = Report()
        self._logger = logger("imports", import_id=taken.id)

    def go(self) -> None:
        table = self._refusal() or self._read()
        if isinstance(table, ListProblem):
            self._refuse(table)
            return
        self._report.columns = columns_of(part.titles for part in table.sheets)
        self._report.add(table.warnings)
        self._database.run(lambda session: store.count_rows(session, self._taken, len(table.rows)))
        with _set_aside():
            if self._taken.state == "checking":
                self._check(table)
            else:
                self._import(table)

    def _refusal(self) -> ListProblem | None:
        """Why the list is not begun. One that has begun goes on, whatever became of the programme since."""
        if self._taken.done:
            return None
        if self._taken.attempts > store.MOST_ATTEMPTS:
            return list_problem("LIST_UNREADABLE")
        with self._database.transaction() as session:
            refusal = programme_refusal(session, self._taken.programme_id)
        return refusal_of(refusal.code) if refusal else None

    def _read(self) -> ListTable | ListProblem:
        if self._taken.file is None:
            return refusal_of("LIST_FORGOTTEN")
        settings = self._context.settings
        data = unseal_bytes(settings.wrapping_key, self._taken.file, file_place(self._taken.id))
        return read_list(data, self._taken.filename, limits_of(settings.imports), self._taken.mapping)

    def _rules(self) -> RowContext:
        return RowContext(day_of(self._taken.created_at), self._place.commune)

    def _refuse(self, problem: ListProblem) -> None:
        self._report.refusal = problem
        self._report.columns = columns_of([problem.titles])
        sealed = self._sealed_report()
        self._database.run(lambda session: store.refused(session, self._taken, sealed))
        self._logger.info("list refused", code=problem.code)

    def _check(self, table: ListTable) -> None:
        """What would become of each row now. Writes nothing but the report."""
        total, seen = Counts(), set[str]()
        for chunk in chunks_of(table.rows, self._rules(), CHUNK):
            outcome = _Outcome(self._fresh(chunk, seen), set())
            self._account(chunk, outcome)
            total += counts_of(chunk, outcome)
            done = total.rows
            self._database.run(lambda session, done=done: store.looked_at(session, self._taken, done))  # type: ignore[misc]
            if not self._context.may_go_on():
                return
        sealed = self._sealed_report()
        self._database.run(lambda session: store.checked(session, self._taken, total, sealed))

    def _fresh(self, chunk: Sequence[ReadRow], seen: set[str]) -> set[int]:
        """The places of rows whose persons nobody has entered and no row before them names."""
        wanted = {
            one.place: persons_of(one.draft, self._place.commune, self._secrets.hasher)
            for one in chunk
            if one.draft
        }
        everybody = [person for persons in wanted.values() for person in persons]
        with self._database.transaction() as session:
            seen.update(places.holders(session, everybody, self._taken.programme_id, self._place.commune))
        fresh = set()
        for place, persons in wanted.items():
            if seen.isdisjoint(persons):
                fresh.add(place)
                seen.update(persons)
        return fresh

    def _import(self, table: ListTable) -> None:
        rules, done = self._rules(), self._taken.done
        through = _Outcome(self._rows_in() if done else set(), set())
        for chunk in chunks_of(table.rows[:done], rules, CHUNK):
            self._account(chunk, through)
        for chunk in chunks_of(table.rows[done:], rules, CHUNK, first=done + 1):
            outcome = self._enter(chunk, done)
            failpoint("import.after_commit")
            self._account(chunk, outcome)
            done += len(chunk)
            if not self._context.may_go_on():
                return
        failpoint("import.before_end")
        sealed = self._sealed_report()
        self._database.run(lambda session: store.imported(session, self._taken, sealed))
        self._logger.info("list imported", rows=done)

    def _enter(self, chunk: Sequence[ReadRow], done: int) -> _Outcome:
        """Enter a chunk and move the counts on, in one transaction."""
        try:
            return self._database.run(lambda session: self._enter_together(session, chunk, done))
        except Exception as error:
            if isinstance(error, MovedOn) or is_outage(error) or is_conflict(error):
                raise
            self._logger.warning("chunk failed, entering it row by row", error=type(error).__name__)
            return self._database.run(lambda session: self._enter_singly(session, chunk, done))

    def _applicant(self, one: ReadRow, draft: HouseholdDraft) -> Applicant:
        return applicant(draft, self._place, self._secrets.hasher, row=one.place)

    def _entry(self) -> Entry:
        taken = self._taken
        return Entry(taken.programme_id, self._place, taken.imported_by, "list", import_id=taken.id)

    def _enter_together(self, session: Session, chunk: Sequence[ReadRow], done: int) -> _Outcome:
        wanted = [self._applicant(one, one.draft) for one in chunk if one.draft]
        entered = enter(session, self._secrets.ring, wanted, self._entry())
        accepted = {one.row for one in wanted if one.row and one.application_id in entered}
        return self._move_on(session, chunk, _Outcome(accepted, set()), done)

    def _enter_singly(self, session: Session, chunk: Sequence[ReadRow], done: int) -> _Outcome:
        """The long way: a row that nobody expected to fail costs only itself."""
        outcome = _Outcome(set(), set())
        for one in chunk:
            if one.draft is None:
                continue
            try:
                with session.begin_nested():
                    wanted = [self._applicant(one, one.draft)]
                    entered = enter(session, self._secrets.ring, wanted, self._entry())
            except Exception as error:
                if is_outage(error) or is_conflict(error):
                    raise
                self._logger.error("row not stored", place=one.place, error=type(error).__name__)
                outcome.failed.add(one.place)
            else:
                outcome.accepted.update([one.place] if entered else [])
        return self._move_on(session, chunk, outcome, done)

    def _move_on(self, session: Session, chunk: Sequence[ReadRow], outcome: _Outcome, done: int) -> _Outcome:
        store.entered(session, self._taken, done, counts_of(chunk, outcome))
        failpoint("import.before_commit")
        return outcome

    def _rows_in(self) -> set[int]:
        with self._database.transaction() as session:
            return store.rows_in(session, self._taken.id)

    def _account(self, chunk: Sequence[ReadRow], outcome: _Outcome) -> None:
        """Put a chunk's problems into the report, those of each row together."""
        for one in chunk:
            self._report.add(one.problems)
            if one.place in outcome.failed:
                self._report.add([row_problem(one.row, "head_name", "ROW_NOT_STORED", "error")])
            elif one.draft and one.place not in outcome.accepted:
                self._report.add([row_problem(one.row, "head_name", REPEATED, "warning")])

    def _sealed_report(self) -> bytes:
        return self._report.seal(self._context.settings.wrapping_key, self._taken.id)
