"""The outbox: facts are recorded with what makes them true, and reach the log in order, sooner or later."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy.exc import DBAPIError, IntegrityError

from shared.db import Database, is_conflict
from shared.eventlog.port import EventLogUnavailable, Record, SendFailed
from shared.events import GENESIS, Envelope, InvalidEvent, NewEvent, parse
from shared.events.envelope import MalformedEvent
from shared.outbox import Relay, record
from tests.support.kernel import Running, case_id, kernel_database, shop, sql, stop_shop, wait_for

SERVICE = "disbursement"


def append(database: Database, *events: NewEvent, fresh: bool = False) -> list[Envelope]:
    return database.run(lambda session: record(session, SERVICE, events, fresh=fresh))


def stored(database: Database, stream: str) -> list[Envelope]:
    rows = sql(database, "SELECT bytes FROM event_log WHERE stream = :s ORDER BY version", s=stream)
    return [parse(bytes(row.bytes)) for row in rows]


def assert_chained(events: Sequence[Envelope]) -> None:
    assert [event.version for event in events] == list(range(1, len(events) + 1))
    assert [event.prevhash for event in events] == [GENESIS, *(event.hash for event in events[:-1])]


def test_versions_run_from_one_and_chain_within_and_across_transactions(database: Database) -> None:
    append(database, shop("a"), shop("b"), stop_shop("a"), stop_shop("a"))
    append(database, stop_shop("a"), stop_shop("b"))
    for name, count in (("shop/a", 4), ("shop/b", 2)):
        assert len(stored(database, name)) == count
        assert_chained(stored(database, name))


def test_row_and_bytes_say_the_same(database: Database) -> None:
    (event,) = append(database, shop("a"))
    (row,) = sql(database, "SELECT *, event_id::text AS id FROM event_log")
    assert (row.stream, row.version, row.id, row.type) == (event.stream, 1, event.id, event.type)
    assert (row.hash, row.prev_hash, bytes(row.bytes)) == (event.hash, event.prevhash, event.raw)
    (queued,) = sql(database, "SELECT * FROM outbox")
    assert (queued.topic, queued.key, queued.stream) == ("songban.disbursement", "a", "shop/a")


def test_concurrent_appends_to_one_stream_all_succeed_and_chain(database: Database) -> None:
    def work(worker: int) -> None:
        for turn in range(10):
            append(database, stop_shop("busy", f"{worker}-{turn}"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    events = stored(database, "shop/busy")
    assert_chained(events)
    assert len({event.data["reason"] for event in events}) == 80
    queue = sql(database, "SELECT version FROM outbox ORDER BY seq")
    assert [row.version for row in queue] == list(range(1, 81)), "the queue keeps a stream's order"


def test_a_clash_is_a_conflict_to_try_again(database: Database) -> None:
    append(database, shop("a"))
    one, other = database.session(), database.session()
    record(one, SERVICE, [stop_shop("a")])
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(record, other, SERVICE, [stop_shop("a")])
        wait_for(lambda: sql(database, "SELECT 1 FROM pg_locks WHERE NOT granted"))
        one.commit()
        with pytest.raises(IntegrityError) as caught:
            late.result(20)
    assert is_conflict(caught.value)
    other.close()
    one.close()


def test_fresh_never_makes_a_second_version_one(database: Database) -> None:
    append(database, shop("a"), fresh=True)
    with pytest.raises(IntegrityError):
        append(database, shop("a"), fresh=True)
    assert len(stored(database, "shop/a")) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event_log SET type = 'x'",
        "DELETE FROM event_log",
        "TRUNCATE event_log",
        "TRUNCATE event_log CASCADE",
    ],
)
def test_the_event_log_is_append_only_even_for_its_owner(database: Database, statement: str) -> None:
    append(database, shop("a"))
    with pytest.raises(DBAPIError, match="append-only"):
        sql(database, statement)
    assert len(stored(database, "shop/a")) == 1


def test_a_rollback_leaves_nothing(database: Database) -> None:
    def fail(session: Any) -> None:
        record(session, SERVICE, [shop("a")])
        raise RuntimeError("changed my mind")

    with pytest.raises(RuntimeError):
        database.run(fail)
    assert sql(database, "SELECT 1 FROM event_log UNION ALL SELECT 1 FROM outbox") == []


@pytest.mark.parametrize(
    "wrong",
    [
        NewEvent("shop.registered.v1", "a", {"shop_id": "a"}, "x"),
        NewEvent("shop.eaten.v1", "a", {}, "x"),
        NewEvent(
            "application.erased.v1", "a", {"application_id": case_id("a"), "household_id": case_id("h")}, "x"
        ),
        NewEvent("shop.suspended.v1", "a", {"shop_id": "a", "reason": "\ud800"}, "x"),
    ],
)
def test_nothing_wrong_or_foreign_is_recorded(database: Database, wrong: NewEvent) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - InvalidEvent and NotCanonical are both ValueErrors
        append(database, shop("b"), wrong)
    assert sql(database, "SELECT 1 FROM event_log") == []


def test_a_key_with_nul_is_refused_before_the_database_sees_it(database: Database) -> None:
    with pytest.raises(MalformedEvent):
        append(database, NewEvent("shop.suspended.v1", "a\0", {"shop_id": "a", "reason": "r"}, "x"))


def test_an_event_that_no_broker_would_store_is_refused_at_once(database: Database) -> None:
    households = [case_id(str(number)) for number in range(26_000)]
    data = {"purpose": "CASE_WORK", "what": "list", "households": households, "count": len(households)}
    with pytest.raises(InvalidEvent, match="bytes are more than"):
        append(database, NewEvent("access.recorded.v1", "01075", data, "x"))


def test_access_streams_are_each_services_own(database: Database) -> None:
    data = {"purpose": "CASE_WORK", "what": "list", "households": [], "count": 0}
    (event,) = append(database, NewEvent("access.recorded.v1", "01075", data, "x"))
    assert event.stream == "access-disbursement/01075"


class ScriptedLog:
    """An event log that answers as it was told, then stores. Each entry is what one `send` raises."""

    def __init__(self, *script: Callable[[Sequence[Record]], Exception | None]) -> None:
        self.script = list(script)
        self.stored: list[Record] = []
        self.producers = 0
        self.closed = 0

    def producer(self) -> "ScriptedLog":
        self.producers += 1
        return self

    def close(self) -> None:
        self.closed += 1

    def send(self, records: Sequence[Record]) -> None:
        failure = self.script.pop(0)(records) if self.script else None
        if isinstance(failure, SendFailed):
            self.stored += [r for r, acked in zip(records, failure.acked, strict=True) if acked]
        if failure is not None:
            raise failure
        self.stored += records

    def versions(self, key: str) -> list[int]:
        return [parse(record.value).version for record in self.stored if record.key == key]


def relay(database: Database, log: ScriptedLog, batch: int = 1000) -> Relay:
    return Relay(SERVICE, database, log, batch)  # type: ignore[arg-type]


def drain(database: Database, log: ScriptedLog, batch: int = 1000) -> int:
    with database.engine.connect() as connection:
        return relay(database, log, batch).relay_once(connection)


def waiting(database: Database) -> int:
    (row,) = sql(database, "SELECT count(*) AS n FROM outbox")
    return int(row.n)


def test_the_relay_sends_the_exact_bytes_in_order_and_deletes_them(database: Database) -> None:
    events = append(database, *[stop_shop(f"s{number % 3}") for number in range(30)])
    log = ScriptedLog()
    assert drain(database, log) == 30
    assert [record.value for record in log.stored] == [event.raw for event in events]
    assert {record.topic for record in log.stored} == {"songban.disbursement"}
    assert drain(database, log) == 0
    assert waiting(database) == 0


def test_the_relay_works_in_batches(database: Database) -> None:
    append(database, *[stop_shop("a") for _ in range(7)])
    log = ScriptedLog()
    assert [drain(database, log, batch=3) for _ in range(4)] == [3, 3, 1, 0]
    assert log.versions("a") == [1, 2, 3, 4, 5, 6, 7]


def test_only_what_was_acknowledged_is_deleted(database: Database) -> None:
    append(database, shop("a"), shop("b"), shop("c"))
    log = ScriptedLog(lambda records: SendFailed("half", [r.key == "b" for r in records]))
    with pytest.raises(SendFailed):
        drain(database, log)
    assert [row.key for row in sql(database, "SELECT key FROM outbox ORDER BY seq")] == ["a", "c"]
    assert drain(database, log) == 2
    assert [record.key for record in log.stored] == ["b", "a", "c"]


def test_an_unavailable_log_costs_nothing_but_waiting(database: Database) -> None:
    append(database, shop("a"))
    log = ScriptedLog(*[lambda _: EventLogUnavailable("down")] * 2)
    with Running(relay(database, log).run):
        append(database, stop_shop("a"))
        wait_for(lambda: waiting(database) == 0)
    assert log.versions("a") == [1, 2]
    assert log.closed == 1


def test_a_row_that_commits_late_is_still_sent(database: Database) -> None:
    slow = database.session()
    record(slow, SERVICE, [shop("late")])
    append(database, shop("early"))
    log = ScriptedLog()
    assert drain(database, log) == 1
    slow.commit()
    slow.close()
    assert drain(database, log) == 1
    assert [record.key for record in log.stored] == ["early", "late"]


def test_a_second_relay_waits_and_takes_over_when_the_first_ones_connection_dies(database: Database) -> None:
    first, second = ScriptedLog(), ScriptedLog()
    with Running(relay(database, first).run) as leader:
        append(database, shop("a"))
        wait_for(lambda: first.stored)
        with Running(relay(database, second).run):
            append(database, shop("b"))
            wait_for(lambda: waiting(database) == 0)
            assert second.stored == []
            leader.stop.set()
            wait_for(lambda: not _holders(database) or second.producers)
            append(database, shop("c"))
            wait_for(lambda: second.stored)
    assert [record.key for record in (*first.stored, *second.stored)] == ["a", "b", "c"]


def test_a_leader_whose_connection_is_killed_leads_again(database: Database) -> None:
    log = ScriptedLog()
    with Running(relay(database, log).run):
        append(database, shop("a"))
        wait_for(lambda: log.stored)
        for holder in _holders(database):
            sql(database, "SELECT pg_terminate_backend(:pid)", pid=holder.pid)
        append(database, shop("b"))
        wait_for(lambda: waiting(database) == 0)
    assert [record.key for record in log.stored] == ["a", "b"]


def test_two_relays_never_lead_at_once(database: Database) -> None:
    logs = [ScriptedLog() for _ in range(3)]
    with Running(relay(database, logs[0]).run), Running(relay(database, logs[1]).run):
        with Running(relay(database, logs[2]).run):
            append(database, *[stop_shop("a") for _ in range(50)])
            wait_for(lambda: waiting(database) == 0)
            assert len(_holders(database)) == 1
        wait_for(lambda: len(_holders(database)) == 1)  # the third may have led, then another takes over
    assert sorted(len(log.stored) for log in logs) == [0, 0, 50]


def test_a_crash_between_send_and_delete_sends_again_and_loses_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(database, shop("a"), stop_shop("a"))
    log = ScriptedLog()

    def crash(name: str) -> None:
        if name == "relay.after_send":
            raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr("shared.outbox.relay.failpoint", crash)
        with pytest.raises(RuntimeError):
            drain(database, log)
    assert drain(database, log) == 2
    assert log.versions("a") == [1, 2, 1, 2]


def test_a_relay_waits_for_a_database_that_is_not_there() -> None:
    missing = Database("postgresql://nobody:x@127.0.0.1:1/none", "test")
    with Running(relay(missing, ScriptedLog()).run):
        pass
    missing.close()


def test_run_gives_up_on_errors_that_trying_again_cannot_help() -> None:
    made = kernel_database()
    calls: list[int] = []

    def work(session: Any) -> None:
        calls.append(1)
        session.execute(sqlalchemy.text("INSERT INTO thing VALUES ('a', 1), ('a', 2)"))

    with pytest.raises(IntegrityError):
        made.run(work)
    assert len(calls) == 1
    made.close()


def test_an_error_never_quotes_a_persons_data(database: Database) -> None:
    with pytest.raises(DBAPIError) as caught:
        sql(database, "INSERT INTO thing VALUES (:name, NULL)", name="Giàng A Sú")
    assert "Giàng A Sú" not in str(caught.value).split("DETAIL")[0]


def _holders(database: Database) -> list[Any]:
    query = (
        "SELECT pid FROM pg_locks JOIN pg_database d ON d.oid = pg_locks.database"
        " WHERE locktype = 'advisory' AND granted AND d.datname = current_database()"
    )
    return sql(database, query)
