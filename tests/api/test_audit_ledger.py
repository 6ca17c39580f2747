"""The audit consumer: every event of every topic, once, under a gapless index that nobody can change."""

import threading
from collections.abc import Sequence
from dataclasses import replace

import psycopg
import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from services.audit.handlers import HANDLERS
from services.audit.models import Base
from shared.db import Database
from shared.events import CATALOGUE, Envelope, NewEvent
from shared.events.envelope import new_id
from shared.inbox import Consume
from tests.contracts.examples import DATA
from tests.support.facts import fact
from tests.support.service import Bench, bench, delivered, foreign_events


@pytest.fixture
def audit() -> Bench:
    return bench("audit")


def case_events(case: str | None = None) -> list[Envelope]:
    """One case's way from submission to redemption, chained as its services would."""
    case = case or new_id()
    return [
        *foreign_events("applications", [fact("application.submitted", case)]),
        *foreign_events(
            "eligibility", [fact("eligibility.assessed", case), fact("eligibility.approved", case)]
        ),
        *foreign_events("disbursement", [fact("voucher.issued", case), fact("voucher.redeemed", case)]),
    ]


def rows(audit: Bench) -> list[tuple[int, str, int, str]]:
    return [
        tuple(row) for row in audit.sql('SELECT "index", stream, version, hash FROM ledger ORDER BY "index"')
    ]


def assert_gapless(audit: Bench, events: Sequence[Envelope]) -> None:
    """Each event once, index 0..n-1, order within every stream."""
    found = rows(audit)
    assert [row[0] for row in found] == list(range(len(events)))
    assert audit.sql("SELECT size FROM ledger_head")[0].size == len(events)
    places = [(stream, version) for _, stream, version, _ in found]
    assert set(places) == {(event.stream, event.version) for event in events}
    for stream in {stream for stream, _ in places}:
        versions = [version for one, version in places if one == stream]
        assert versions == sorted(versions)


def test_every_type_is_kept() -> None:
    assert set(HANDLERS) == set(CATALOGUE)
    assert all(callable(handler) for handler in HANDLERS.values())


def test_the_ledger_keeps_the_exact_bytes(audit: Bench) -> None:
    events = case_events()
    audit.take_in(events)
    assert_gapless(audit, events)
    kept = {
        row.event_id: row for row in audit.sql("SELECT event_id::text, bytes, hash, key, commune FROM ledger")
    }
    for event in events:
        row = kept[event.id]
        assert (bytes(row.bytes), row.hash, row.key) == (event.raw, event.hash, event.key)
        assert row.commune == event.data.get("commune")


def test_redelivery_changes_nothing(audit: Bench) -> None:
    events = case_events()
    audit.take_in(events)
    before = rows(audit)
    audit.take_in(events[2:])
    audit.take_in(events)
    assert rows(audit) == before


def test_types_of_one_batch_keep_the_order_of_each_stream(audit: Bench) -> None:
    cases = [case_events() for _ in range(20)]
    events = [event for step in zip(*cases, strict=True) for event in step]
    audit.take_in(events)
    assert_gapless(audit, events)


def test_what_is_not_understood_stays_as_a_dead_letter(audit: Bench) -> None:
    good, bad = case_events(), case_events()[0]
    unknown = bad.raw.replace(b"application.submitted.v1", b"application.invented.v9")
    consume = Consume("audit", audit.database, None, HANDLERS, patience=0)  # type: ignore[arg-type]
    strange = [
        replace(delivered(bad, place), value=value) for place, value in ((90, b"no event"), (91, unknown))
    ]
    consume.take_in([*strange, *[delivered(event, place) for place, event in enumerate(good)]])
    assert_gapless(audit, good)
    assert {
        bytes(row.bytes) for row in audit.sql("SELECT bytes FROM dead_letter WHERE status = 'poison'")
    } == {
        b"no event",
        unknown,
    }


def test_two_consumers_at_once_leave_no_gap(audit: Bench) -> None:
    cases = [case_events() for _ in range(60)]
    url = audit.settings.database_url
    databases = [Database(url, f"consumer-{number}") for number in range(2)]
    failures: list[BaseException] = []
    together = threading.Barrier(2)

    def consume(database: Database, mine: list[list[Envelope]]) -> None:
        one = Consume("audit", database, None, HANDLERS, patience=20)  # type: ignore[arg-type]
        together.wait()
        try:
            for start in range(0, len(mine), 3):
                batch = [event for case in mine[start : start + 3] for event in case]
                one.take_in([delivered(event, place) for place, event in enumerate(batch)])
        except BaseException as error:  # noqa: BLE001 - shown by the test
            failures.append(error)

    overlap = cases[20:40]  # delivered to both, as after a rebalance
    threads = [
        threading.Thread(target=consume, args=(databases[0], [*cases[:20], *overlap])),
        threading.Thread(target=consume, args=(databases[1], [*cases[40:], *overlap])),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for database in databases:
        database.close()
    assert failures == []
    assert_gapless(audit, [event for case in cases for event in case])


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE ledger SET type = 'x'",
        "DELETE FROM ledger",
        "TRUNCATE ledger",
        "DELETE FROM ledger_head",
    ],
)
def test_the_database_refuses_to_change_the_ledger(audit: Bench, change: str) -> None:
    audit.take_in(case_events())
    with pytest.raises(sqlalchemy.exc.DBAPIError) as refused:
        audit.sql(change)
    assert isinstance(refused.value.orig, psycopg.errors.RestrictViolation)


def test_one_event_of_every_type_is_taken_in(audit: Bench) -> None:
    """Also those of topics whose events change no state. Streams of this test's own begin at version 1."""
    key = new_id()
    events: list[Envelope] = []
    for event_type in CATALOGUE.values():
        service = "applications" if event_type.service == "any" else event_type.service
        new = NewEvent(event_type.name, key, DATA[event_type.name], "can-bo")
        events += foreign_events(service, [new])
    audit.take_in(events)
    assert_gapless(audit, events)
    assert {row.type for row in audit.sql("SELECT DISTINCT type FROM ledger")} == set(CATALOGUE)


def test_the_models_say_what_the_migrations_made(audit: Bench) -> None:
    ours = {"ledger", "ledger_head"}
    with audit.database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_name": lambda name, kind, _parents: kind != "table" or name in ours,
                "compare_type": True,
                "compare_server_default": True,
            },
        )
        assert compare_metadata(context, Base.metadata) == []
