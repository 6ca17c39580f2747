"""`songban eligibility rerun`: the ledger read case by case, every decision made again, nothing written.

The cases are shared out among the cores by a hash of their keys. Each process reads its share from the one
snapshot, twice: the first time to decide, the second to find who held the places that others lost, wherever
those are.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from itertools import groupby
from multiprocessing import get_context
from typing import Any

import psycopg
from psycopg import sql

from services.audit.ledger import copy_rows, size, snapshot
from services.eligibility.rerunning import PUBLISHED, TYPES, Part, Report, Rerun
from shared.db import Database
from shared.events import Envelope, parse, upcast
from shared.privacy import KeyRing
from shared.settings import Settings

AT_ONCE = 500
"""Cases whose keys are loaded together."""
WORTH_A_PROCESS = 20_000
"""Events below which another process costs more than it saves."""

_PUBLISHED = 'SELECT bytes FROM ledger WHERE type = %(type)s ORDER BY "index"'
_EVENTS = """
    SELECT bytes FROM ledger
    WHERE type = ANY(%(types)s) AND mod(hashtext(key)::bigint + 2147483648, %(of)s) = %(share)s
    ORDER BY key, "index"
"""

Case = list[Envelope]
Told = Callable[[int], None]
"""Told now and then how many decisions were made again."""


@dataclass(frozen=True, slots=True)
class Share:
    """One of `of` shares of the cases, in the snapshot of the ledger that somebody holds open."""

    audit: Settings
    eligibility: Settings
    snapshot: str
    number: int
    of: int


def rerun_ledger(
    audit: Settings, eligibility: Settings, tell: Told = lambda _done: None, processes: int | None = None
) -> Report:
    """Every decision of the audit's ledger, made again; the households' keys come from eligibility's
    database. `processes`: default one per core. Raises DatabaseUnavailable."""
    ledger = Database(audit.database_url, "rerun", pool_size=1)
    try:
        with snapshot(ledger) as connection:
            of = processes or min(os.cpu_count() or 1, 1 + size(connection) // WORTH_A_PROCESS)
            (name,) = connection.execute("SELECT pg_export_snapshot()").fetchone() or ("",)
            shares = [Share(audit, eligibility, str(name), number, of) for number in range(of)]
            run = Rerun(_events(connection, _PUBLISHED, type=PUBLISHED))
            with ProcessPoolExecutor(of, get_context("spawn")) if of > 1 else nullcontext() as pool:
                together = pool.map if pool else map
                for part in together(_decide, shares):
                    run.join(part)
                    tell(run.report.decisions)
                if run.needs_witnesses:
                    asked = replace(run.part, report=Report())
                    for proved in together(_witness, shares, [asked] * of):
                        run.prove(proved)
            return run.finish()
    finally:
        ledger.close()


def _decide(share: Share) -> Part:
    """The decisions of one share."""
    keys = Database(share.eligibility.database_url, "rerun", pool_size=1)
    ring = KeyRing(share.eligibility.wrapping_key)
    try:
        with _reading(share) as (run, cases):
            for batch in _batches(cases):
                known = _keys(keys, ring, batch)
                for case in batch:
                    run.case(case, known)
            return run.part
    finally:
        keys.close()


def _witness(share: Share, asked: Part) -> set[str]:
    """Which of those who lost a place lost it to a case of this share."""
    with _reading(share) as (run, cases):
        run.join(asked)
        for case in cases:
            run.witness(case)
        return asked.unproved.keys() - run.part.unproved.keys()


@contextmanager
def _reading(share: Share) -> Iterator[tuple[Rerun, Iterator[Case]]]:
    """A rerun under the published programmes, and the cases of a share."""
    ledger = Database(share.audit.database_url, "rerun", pool_size=1)
    try:
        with snapshot(ledger) as connection:
            connection.execute(sql.SQL("SET TRANSACTION SNAPSHOT {}").format(sql.Literal(share.snapshot)))
            run = Rerun(_events(connection, _PUBLISHED, type=PUBLISHED))
            yield run, _cases(connection, share)
    finally:
        ledger.close()


def _events(connection: psycopg.Connection[Any], query: str, **values: Any) -> Iterator[Envelope]:
    for (raw,) in copy_rows(connection, query, ["bytea"], values):
        yield upcast(parse(raw))


def _cases(connection: psycopg.Connection[Any], share: Share) -> Iterator[Case]:
    """The events of each case of a share, those of a stream in their order."""
    types = [name for name in TYPES if name != PUBLISHED]
    events = _events(connection, _EVENTS, types=types, of=share.of, share=share.number)
    for _, case in groupby(events, key=lambda event: event.key):
        yield sorted(case, key=lambda event: (event.stream, event.version))


def _batches(cases: Iterable[Case]) -> Iterator[list[Case]]:
    batch: list[Case] = []
    for case in cases:
        batch.append(case)
        if len(batch) == AT_ONCE:
            yield batch
            batch = []
    yield batch


def _keys(database: Database, ring: KeyRing, batch: Sequence[Case]) -> Mapping[str, bytes]:
    with database.transaction() as session:
        return ring.load(session, {event.data["household_id"] for case in batch for event in case})
