"""`songban eligibility rerun`: the ledger read case by case, every decision made again, nothing written."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from services.audit.ledger import copy_rows, snapshot
from services.eligibility.rerunning import PUBLISHED, TYPES, Report, Rerun
from shared.db import Database
from shared.events import Envelope, parse, upcast
from shared.privacy import KeyRing
from shared.settings import Settings

AT_ONCE = 500
"""Cases whose keys are loaded together."""

_EVENTS = 'SELECT bytes FROM ledger WHERE type = ANY(%(types)s) ORDER BY key, "index"'

Case = list[Envelope]
Told = Callable[[int], None]
"""Told now and then how many decisions were made again."""


def rerun_ledger(audit: Settings, eligibility: Settings, tell: Told = lambda _done: None) -> Report:
    """Every decision of the audit's ledger, made again; the households' keys come from eligibility's
    database. Raises DatabaseUnavailable."""
    ledger = Database(audit.database_url, "rerun", pool_size=1)
    keys = Database(eligibility.database_url, "rerun", pool_size=1)
    ring = KeyRing(eligibility.wrapping_key)
    try:
        run = Rerun(_events(ledger, [PUBLISHED]))
        for batch in _batches(_cases(ledger)):
            known = _keys(keys, ring, batch)
            for case in batch:
                run.case(case, known)
            tell(run.report.decisions)
        for case in _cases(ledger):
            run.witness(case)
        return run.finish()
    finally:
        ledger.close()
        keys.close()


def _events(ledger: Database, types: Sequence[str]) -> Iterator[Envelope]:
    with snapshot(ledger) as connection:
        for (raw,) in copy_rows(connection, _EVENTS, ["bytea"], {"types": list(types)}):
            yield upcast(parse(raw))


def _cases(ledger: Database) -> Iterator[Case]:
    """The events of each case, those of a stream in their order."""
    events = _events(ledger, [name for name in TYPES if name != PUBLISHED])
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
