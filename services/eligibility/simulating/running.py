"""Reading every recorded case once, on all cores, from one snapshot of the database, writing nothing.

Each process has an engine and a connection of its own: the engine does not survive a fork, so processes are
started afresh. They share the snapshot of the one that started them and read the table in ranges of its
pages, so that nothing is read twice and nobody holds more than one range's rows.
"""

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from multiprocessing import get_context
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from services.eligibility import rulebook
from services.eligibility.domain import OWN_REASONS, FactsUnusable
from services.eligibility.rules import RuleSet, read_programme
from services.eligibility.simulating.judging import Comparison
from services.eligibility.simulating.report import Counts, Report, Tally, report
from shared.db import Database
from shared.privacy import KeyRing, Unreadable, unseal
from shared.web.problems import sentence

PAGES = 512
"""Pages of the table that are read at once: some thousand cases."""
RANGES_PER_TASK = 4

_SIZE = text("SELECT pg_relation_size('case_file') / current_setting('block_size')::bigint")
_CASES = """
    SELECT application_id::text, household_id::text, programme_version, digest, commune, province, sealed,
           (SELECT wrapped FROM household_key WHERE household_key.household_id = case_file.household_id)
    FROM case_file
    WHERE ctid >= %s::tid AND ctid < %s::tid AND programme_id = %s AND NOT withdrawn
"""
"""One look-up by key for each case: a join would read all keys for every range of pages."""
_Counts = Counter[tuple[Comparison, str, int]]
_Case = tuple[str, str, int, str, str, str, str, bytes | None]


@dataclass(frozen=True, slots=True)
class Job:
    """What every process needs: eligibility's database and wrapping key, the recorded programme, the draft's
    document (sound), and the snapshot that they read together."""

    url: str
    wrapping_key: bytes
    programme_id: str
    document: Mapping[str, Any]
    snapshot: str | None = None


def simulate(job: Job, processes: int | None = None) -> Report:
    """The draft against every case of the programme that is not withdrawn. `processes`: default one per core.

    Raises RulesTampered when a version that cases name is not what was published.
    """
    with _reading(job) as connection:
        pages = int(connection.scalar(_SIZE) or 0)
        starts = range(0, pages, PAGES * RANGES_PER_TASK)
        tasks = [range(first, min(first + starts.step, pages), PAGES) for first in starts]
        workers = min(processes or os.cpu_count() or 1, len(tasks))
        parts = _alone if workers <= 1 else _together
        tally = Tally()
        for part in parts(job, connection, tasks, workers):
            tally.add(part)
    return report(job.programme_id, read_programme(job.document), _own_words(), tally)


def _alone(job: Job, connection: Connection, tasks: list[range], _workers: int) -> Iterator[Tally]:
    return map(_Reader(job, connection).count, tasks)


def _together(job: Job, connection: Connection, tasks: list[range], workers: int) -> Iterator[Tally]:
    snapshot = str(connection.scalar(text("SELECT pg_export_snapshot()")))
    shared = replace(job, snapshot=snapshot)
    with ProcessPoolExecutor(workers, get_context("spawn"), _begin, (shared,)) as pool:
        yield from pool.map(_count, tasks)


def _own_words() -> dict[str, tuple[str, str]]:
    return {code: (sentence(code, "vi", {}), sentence(code, "en", {})) for code in OWN_REASONS}


@contextmanager
def _reading(job: Job) -> Iterator[Connection]:
    """A connection in one transaction that cannot write."""
    database = Database(job.url, "eligibility-simulate", pool_size=1)
    try:
        with database.engine.connect().execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        ) as connection:
            if job.snapshot is not None:
                connection.exec_driver_sql(f"SET TRANSACTION SNAPSHOT '{job.snapshot}'")
            yield connection
    finally:
        database.close()


class _Reader:
    """One process's view: its connection, its engine, what it knows of the programme's versions."""

    def __init__(self, job: Job, connection: Connection) -> None:
        self._job = job
        self._connection = connection
        self._ring = KeyRing(job.wrapping_key)
        self._draft = RuleSet(read_programme(job.document))
        self._comparisons: dict[str, Comparison] = {}

    def count(self, ranges: range) -> Tally:
        """The cases on the pages from each start on."""
        counts: _Counts = Counter()
        unread = 0
        for first in ranges:
            for case in self._cases(first, min(first + ranges.step, ranges.stop)):
                try:
                    counts[self._judged(case)] += 1
                except (Unreadable, FactsUnusable, KeyError):
                    unread += 1
        told: Counts = Counter()
        for (comparison, commune, number), cases in counts.items():
            told[commune, comparison.verdicts[number]] += cases
        return Tally(told, unread)

    def _cases(self, first: int, last: int) -> list[_Case]:
        driver: Any = self._connection.connection.driver_connection
        with driver.cursor(binary=True) as cursor:
            cursor.execute(_CASES, (f"({first},0)", f"({last},0)", self._job.programme_id))
            found: list[_Case] = cursor.fetchall()
        return found

    def _judged(self, case: _Case) -> tuple[Comparison, str, int]:
        """Where the case counts. Raises Unreadable, FactsUnusable, KeyError."""
        application_id, household_id, version, digest, commune, province, sealed, wrapped = case
        comparison = self._comparisons.get(digest) or self._compare(version, digest)
        if wrapped is None:
            raise Unreadable("the household's key is gone")
        key = self._ring.unwrap(household_id, wrapped)
        content = unseal(key, sealed, f"assessment/{application_id}")
        return comparison, commune, comparison.number(province, content)

    def _compare(self, version: int, digest: str) -> Comparison:
        with Session(self._connection) as session:
            own = rulebook.of_version(session, self._job.programme_id, version, digest)
        made = self._comparisons[digest] = Comparison(own, self._draft)
        return made


_reader: _Reader | None = None
_open = ExitStack()
"""A process of the pool is called by functions only: what it holds until it ends stands here."""


def _begin(job: Job) -> None:
    global _reader
    _reader = _Reader(job, _open.enter_context(_reading(job)))


def _count(ranges: range) -> Tally:
    if _reader is None:
        raise RuntimeError("this process was not begun")
    return _reader.count(ranges)
