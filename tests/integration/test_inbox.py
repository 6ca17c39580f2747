"""The inbox: each event comes in exactly once, in order, and one poison costs only itself."""

import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from shared.db import Database
from shared.eventlog.port import EventLogUnavailable, Received
from shared.events import Envelope, Head, NewEvent, upcast
from shared.inbox import BrakeEngaged, Consume, Transient, Unit, ignored
from shared.inbox import batch as batch_module
from shared.inbox.batch import BRAKE_FAILURES, waves
from tests.support.kernel import Chain, Running, kernel_database, received, shop, sql, stop_shop, wait_for

Step = Callable[[Unit, Envelope], None]


class Service:
    """A made-up service: writes what it takes in to `seen`; `trouble` is what goes wrong at an event."""

    def __init__(self, database: Database, *, patience: float = 0, batch: int = 500) -> None:
        self.database = database
        self.calls: list[tuple[str, ...]] = []
        self.trouble: Step = lambda _unit, _event: None
        self.handlers = {
            "shop.registered.v1": self._take,
            "shop.suspended.v1": self._take,
            "budget.allocated.v1": ignored("budgets are none of its business"),
        }
        self.consume = Consume("disbursement", database, None, self.handlers, patience=patience, batch=batch)  # type: ignore[arg-type]

    def _take(self, unit: Unit, events: Sequence[Envelope]) -> None:
        self.calls.append((events[0].type, *[event.key for event in events]))
        for event in events:
            unit.session.execute(
                text("INSERT INTO seen VALUES (:stream, :version, :note)"),
                {"stream": event.stream, "version": event.version, "note": event.data.get("reason", "new")},
            )
            self.trouble(unit, event)

    def take_in(self, *events: Envelope | bytes | Received) -> None:
        self.consume.take_in([e if isinstance(e, Received) else received(e) for e in events])

    def seen(self) -> dict[str, list[int]]:
        found = defaultdict(list)
        for row in sql(self.database, "SELECT stream, version FROM seen ORDER BY ctid"):
            found[row.stream].append(row.version)
        return dict(found)

    def inbox(self) -> int:
        return int(sql(self.database, "SELECT count(*) AS n FROM inbox")[0].n)

    def letters(self) -> list[tuple[str | None, int | None, str]]:
        rows = sql(self.database, "SELECT stream, version, status FROM dead_letter ORDER BY id")
        return [(row.stream, row.version, row.status) for row in rows]

    def errors(self) -> str:
        return " | ".join(
            row.error for row in sql(self.database, "SELECT error FROM dead_letter ORDER BY id")
        )


@pytest.fixture
def service(database: Database) -> Service:
    return Service(database)


def stream(chain: Chain, name: str, length: int) -> list[Envelope]:
    return chain.events([shop(name), *[stop_shop(name) for _ in range(length - 1)]])


def fail_at(*keys: str, error: Exception | None = None, version: int | None = None) -> Step:
    def trouble(_unit: Unit, event: Envelope) -> None:
        if event.key in keys and version in (None, event.version):
            raise error or ValueError("no room for this")

    return trouble


def test_a_batch_is_taken_in_once_whatever_is_delivered_again(service: Service) -> None:
    events = [*stream(Chain(), "a", 3), *stream(Chain(), "b", 2)]
    for _ in range(3):
        service.take_in(*events)
    service.take_in(events[2], events[4])
    assert service.seen() == {"shop/a": [1, 2, 3], "shop/b": [1, 2]}
    assert service.inbox() == 5
    assert service.letters() == []


def test_second_copies_inside_one_batch_are_dropped(service: Service) -> None:
    one, two = stream(Chain(), "a", 2)
    service.take_in(one, one, two, one, two)
    assert service.seen() == {"shop/a": [1, 2]}


def test_a_batch_costs_one_call_per_type_and_wave(service: Service) -> None:
    chain = Chain()
    service.take_in(*chain.events([shop("a"), shop("b"), shop("c"), stop_shop("a"), stop_shop("b")]))
    assert service.calls == [("shop.registered.v1", "a", "b", "c"), ("shop.suspended.v1", "a", "b")]


def test_waves_keep_the_order_of_each_key() -> None:
    chain = Chain()
    events = chain.events([shop("a"), stop_shop("a"), stop_shop("a"), shop("b"), stop_shop("c")])
    layers = list(waves(events))
    assert [sorted(e.key for group in layer.values() for e in group) for layer in layers] == [
        ["a", "b", "c"],
        ["a"],
        ["a"],
    ]
    order = [
        event.version for layer in layers for group in layer.values() for event in group if event.key == "a"
    ]
    assert order == [1, 2, 3]


def test_ignored_types_are_taken_in_and_nothing_happens(service: Service) -> None:
    data = {"programme_id": "p", "amount": 1, "document": "d"}
    service.take_in(Chain().event(NewEvent("budget.allocated.v1", "p", data, "x")))
    assert service.inbox() == 1
    assert service.calls == []


def test_one_poison_costs_only_itself(service: Service) -> None:
    service.trouble = fail_at("bad")
    service.take_in(
        *[event for name in "abcd" for event in stream(Chain(), name, 2)], *stream(Chain(), "bad", 1)
    )
    assert service.seen() == {f"shop/{name}": [1, 2] for name in "abcd"}
    assert service.letters() == [("shop/bad", 1, "poison")]
    assert "ValueError: no room for this" in service.errors()


def test_a_failing_handler_leaves_no_half_written_state(service: Service) -> None:
    service.trouble = fail_at("bad")
    service.take_in(*stream(Chain(), "bad", 1))
    assert service.seen() == {}
    assert sql(service.database, "SELECT 1 FROM event_log UNION ALL SELECT 1 FROM outbox") == []


def test_poison_parks_the_later_events_of_its_stream_only(service: Service) -> None:
    chain = Chain()
    bad, good = stream(chain, "bad", 5), stream(chain, "good", 5)
    service.trouble = fail_at("bad", version=3)
    service.take_in(*bad[:4], *good[:4])
    service.trouble = fail_at()
    service.take_in(bad[4], good[4])
    assert service.seen() == {"shop/bad": [1, 2], "shop/good": [1, 2, 3, 4, 5]}
    assert service.letters() == [
        ("shop/bad", 3, "poison"),
        ("shop/bad", 4, "parked"),
        ("shop/bad", 5, "parked"),
    ]


def test_a_parked_stream_does_not_slow_the_others_down(service: Service) -> None:
    chain = Chain()
    bad = stream(chain, "bad", 3)
    service.trouble = fail_at("bad")
    service.take_in(bad[0])
    service.trouble, service.calls = fail_at(), []
    service.take_in(bad[1], *[chain.event(shop(f"s{number}")) for number in range(20)], bad[2])
    assert len(service.calls) == 1, "the healthy rest of the batch is still handled together"
    assert service.letters()[1:] == [("shop/bad", 2, "parked"), ("shop/bad", 3, "parked")]


def test_a_gap_is_put_aside_and_parks_its_stream(service: Service) -> None:
    one, two, three, four = stream(Chain(), "a", 4)
    service.take_in(one, three, four)
    service.take_in(two)
    assert service.seen() == {"shop/a": [1]}
    assert service.letters() == [("shop/a", 3, "poison"), ("shop/a", 4, "parked"), ("shop/a", 2, "parked")]
    assert "StreamGap: shop/a version 3 came without version 2" in service.errors()


def test_events_in_the_wrong_order_are_never_handled_in_that_order(service: Service) -> None:
    one, two = stream(Chain(), "a", 2)
    service.take_in(two, one)
    assert service.seen() == {}
    assert service.letters() == [("shop/a", 2, "poison"), ("shop/a", 1, "parked")]


@pytest.mark.parametrize("together", [True, False])
def test_two_events_for_one_place_are_a_contradiction(service: Service, together: bool) -> None:
    chain = Chain()
    one = chain.event(shop("a"))
    two = chain.event(stop_shop("a", "first"))
    other = chain.event(stop_shop("a", "second"), head=Head(1, one.hash))
    three = chain.event(stop_shop("a"), head=Head(2, two.hash))
    if together:
        service.take_in(one, two, other, three, chain.event(shop("b")))
    else:
        service.take_in(one, two)
        service.take_in(other, three, chain.event(shop("b")))
    assert service.seen() == {"shop/a": [1, 2], "shop/b": [1]}
    assert [row.note for row in sql(service.database, "SELECT note FROM seen WHERE version = 2")] == ["first"]
    assert service.letters() == [("shop/a", 2, "poison"), ("shop/a", 3, "parked")]
    assert "Contradiction" in service.errors()


def test_an_unknown_type_is_poison(service: Service) -> None:
    chain = Chain()
    service.take_in(chain.event(NewEvent("shop.unknown.v9", "x", {}, "a")), chain.event(shop("b")))
    assert service.letters() == [("shop/x", 1, "poison")]
    assert service.seen() == {"shop/b": [1]}
    assert "no decision about shop.unknown.v9" in service.errors()


def test_data_that_do_not_fit_their_schema_are_poison(service: Service) -> None:
    chain = Chain()
    service.take_in(chain.event(replace(shop("a"), data={"shop_id": "a"})), chain.event(shop("b")))
    assert service.letters() == [("shop/a", 1, "poison")]
    assert service.seen() == {"shop/b": [1]}


def _attributes(**changes: Any) -> bytes:
    return orjson.dumps({**orjson.loads(Chain().event(shop("odd")).raw), **changes})


MALFORMED = [
    b"",
    b"\xff\x00",
    b"[]",
    b"{}",
    _attributes(id="7"),
    _attributes(streamversion=2**40),
    _attributes(subject="shop/\0"),
    _attributes(type="a\0b"),
    _attributes(traceparent={"a": 1}),
]


@pytest.mark.parametrize("raw", MALFORMED)
def test_malformed_bytes_cost_only_themselves(service: Service, raw: bytes) -> None:
    chain = Chain()
    one, two, again = chain.event(shop("a")), chain.event(stop_shop("a")), received(raw)
    service.take_in(received(one), again, received(two))
    service.take_in(again)
    assert service.seen() == {"shop/a": [1, 2]}
    assert service.letters() == [(None, None, "poison")]
    assert [bytes(row.bytes) for row in sql(service.database, "SELECT bytes FROM dead_letter")] == [raw]
    assert len(service.calls) == 2, "what is malformed never slows the healthy down"


def test_a_key_or_an_error_with_nul_is_put_aside_too(service: Service) -> None:
    service.trouble = fail_at("a", error=ValueError("\0"))
    service.take_in(received(b"{", key="k\0"), received(Chain().event(shop("a"))))
    assert len(service.letters()) == 2


def test_nul_inside_the_data_is_the_handlers_poison(service: Service) -> None:
    chain = Chain()
    service.take_in(chain.event(stop_shop("a", "a\0b")), chain.event(shop("b")))
    assert service.letters() == [("shop/a", 1, "poison")]
    assert service.seen() == {"shop/b": [1]}


def test_an_upcaster_that_fails_is_poison(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(event: Envelope) -> Envelope:
        return upcast(event, {"shop.suspended.v1": lambda data: ("x", data["missing"])})

    monkeypatch.setattr(batch_module, "upcast", broken)
    chain = Chain()
    service.take_in(chain.event(shop("a")), chain.event(stop_shop("a")), chain.event(shop("b")))
    assert service.seen() == {"shop/a": [1], "shop/b": [1]}
    assert service.letters() == [(None, None, "poison")]


def test_a_log_that_was_made_anew_counts_offsets_again_and_nothing_is_lost(service: Service) -> None:
    service.take_in(received(b"one", offset=0))
    service.take_in(received(b"two", offset=0))
    service.take_in(received(b"two", offset=0))
    assert len(service.letters()) == 2


def test_trouble_that_passes_is_tried_again_in_place(database: Database) -> None:
    service, tries = Service(database, patience=20), []

    def trouble(_unit: Unit, _event: Envelope) -> None:
        tries.append(1)
        if len(tries) < 3:
            raise Transient("applications is down")

    service.trouble = trouble
    service.take_in(*stream(Chain(), "a", 1))
    assert len(tries) == 3
    assert service.seen() == {"shop/a": [1]}
    assert service.letters() == []


def test_trouble_that_stays_gives_the_batch_back_untouched(service: Service) -> None:
    service.trouble = fail_at("a", error=Transient("still down"))
    with pytest.raises(Transient):
        service.take_in(*stream(Chain(), "b", 1), *stream(Chain(), "a", 1))
    assert (service.inbox(), service.seen(), service.letters()) == (0, {}, [])


def test_transient_trouble_found_one_by_one_gives_the_batch_back_too(service: Service) -> None:
    def trouble(_unit: Unit, event: Envelope) -> None:
        if event.key == "poison":
            raise ValueError("poison")
        if len(service.calls) > 1 and event.key == "z":
            raise Transient("down")

    service.trouble = trouble
    with pytest.raises(Transient):
        service.take_in(*stream(Chain(), "poison", 1), *stream(Chain(), "z", 1))
    assert (service.inbox(), service.letters()) == (0, [])


def test_a_deadlock_is_tried_again(database: Database) -> None:
    service, tries = Service(database, patience=20), []

    def trouble(unit: Unit, _event: Envelope) -> None:
        tries.append(1)
        if len(tries) == 1:
            unit.session.execute(text("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40P01'; END $$"))

    service.trouble = trouble
    service.take_in(*stream(Chain(), "a", 1))
    assert service.seen() == {"shop/a": [1]}


def test_the_brake_holds_when_everything_fails(service: Service) -> None:
    names = [f"s{number}" for number in range(BRAKE_FAILURES + 2)]
    service.trouble = fail_at(*names)
    with pytest.raises(BrakeEngaged):
        service.take_in(*[event for name in names for event in stream(Chain(), name, 1)])
    assert (service.inbox(), service.letters()) == (0, [])
    service.trouble = fail_at()
    service.take_in(*[event for name in names for event in stream(Chain(), name, 1)])
    assert len(service.seen()) == len(names)


def test_the_brake_counts_across_batches_and_a_success_resets_it(service: Service) -> None:
    names = [f"s{number}" for number in range(3 * BRAKE_FAILURES)]
    service.trouble = fail_at(*names)
    for name in names[: BRAKE_FAILURES - 1]:
        service.take_in(*stream(Chain(), name, 1))
    service.take_in(*stream(Chain(), "good", 1))
    for name in names[BRAKE_FAILURES : 2 * BRAKE_FAILURES - 1]:
        service.take_in(*stream(Chain(), name, 1))
    with pytest.raises(BrakeEngaged):
        service.take_in(*stream(Chain(), names[-1], 1))
    assert len(service.letters()) == 2 * (BRAKE_FAILURES - 1)


def test_ignored_events_do_not_release_the_brake(service: Service) -> None:
    data = {"programme_id": "p", "amount": 1, "document": "d"}
    chain, batch = Chain(), []
    for number in range(BRAKE_FAILURES):
        batch += [
            chain.event(shop(f"s{number}")),
            chain.event(NewEvent("budget.allocated.v1", "p", data, "x")),
        ]
    service.trouble = fail_at(*[f"s{number}" for number in range(BRAKE_FAILURES)])
    with pytest.raises(BrakeEngaged):
        service.take_in(*batch)


def test_the_brake_holds_on_masses_of_malformed_bytes(service: Service) -> None:
    with pytest.raises(BrakeEngaged):
        service.take_in(*[b"{%d" % number for number in range(BRAKE_FAILURES)])
    assert service.letters() == []


def test_handlers_record_new_facts_in_the_same_transaction(service: Service) -> None:
    def trouble(unit: Unit, event: Envelope) -> None:
        unit.record([replace(stop_shop("made-" + event.key), cause=event)])
        if event.key == "bad":
            raise ValueError("after recording")

    service.trouble = trouble
    service.take_in(*stream(Chain(), "good", 1), *stream(Chain(), "bad", 1))
    rows = sql(service.database, "SELECT stream FROM event_log JOIN outbox USING (stream, version)")
    assert [row.stream for row in rows] == ["shop/made-good"]


def test_a_large_batch_costs_a_handful_of_statements(service: Service) -> None:
    import sqlalchemy

    statements: list[str] = []
    service.handlers["shop.registered.v1"] = lambda _unit, _events: None
    chain = Chain()
    batch = [chain.event(shop(f"s{number}")) for number in range(500)]
    sqlalchemy.event.listen(
        service.database.engine, "before_cursor_execute", lambda *call: statements.append(call[2])
    )
    service.take_in(*batch)
    assert len(statements) <= 5
    assert service.inbox() == 500


class FakeLog:
    """A log of one partition in memory: committed offset, and consumers that a test can silence."""

    def __init__(self, records: Sequence[Received] = ()) -> None:
        self.records = list(records)
        self.committed = 0
        self.consumers = 0
        self.deaf_consumers = 0
        self.commit_failures = 0
        self.kind = FakeConsumer

    def consumer(self, _group: str, _topics: Sequence[str]) -> "FakeConsumer":
        self.consumers += 1
        return self.kind(self, deaf=self.consumers <= self.deaf_consumers)


class FakeConsumer:
    def __init__(self, log: FakeLog, deaf: bool) -> None:
        self._log, self._deaf, self._position = log, deaf, log.committed

    def poll(self, timeout: float, max_records: int) -> list[Received]:
        found = [] if self._deaf else self._log.records[self._position : self._position + max_records]
        if not found:
            threading.Event().wait(min(timeout, 0.05))
        self._position += len(found)
        return found

    def commit(self) -> None:
        if self._log.commit_failures:
            self._log.commit_failures -= 1
            raise EventLogUnavailable("commit failed")
        self._log.committed = self._position

    def lag(self) -> int:
        return len(self._log.records) - self._position

    def close(self) -> None: ...


def running(service: Service, log: FakeLog, **options: Any) -> Running:
    return Running(Consume("disbursement", service.database, log, service.handlers, **options).run)  # type: ignore[arg-type]


def test_the_loop_takes_everything_in_and_commits(service: Service) -> None:
    log = FakeLog([received(event) for event in stream(Chain(), "a", 7)])
    with running(service, log, batch=3):
        wait_for(lambda: log.committed == 7)
    assert service.seen() == {"shop/a": [1, 2, 3, 4, 5, 6, 7]}


def test_a_commit_that_fails_delivers_again_and_nothing_happens_twice(service: Service) -> None:
    log = FakeLog([received(event) for event in stream(Chain(), "a", 4)])
    log.commit_failures = 2
    with running(service, log):
        wait_for(lambda: log.committed == 4)
    assert service.seen() == {"shop/a": [1, 2, 3, 4]}
    assert log.consumers == 3


def test_a_crash_between_commit_and_offset_takes_nothing_in_twice(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = FakeLog([received(event) for event in stream(Chain(), "a", 4)])

    def crash(name: str) -> None:
        if name == "inbox.after_commit":
            raise KeyboardInterrupt("killed")

    with monkeypatch.context() as patched:
        patched.setattr("shared.inbox.consumer.failpoint", crash)
        with pytest.raises(KeyboardInterrupt):
            Consume("disbursement", service.database, log, service.handlers).run(threading.Event())  # type: ignore[arg-type]
    assert (log.committed, service.inbox()) == (0, 4)
    with running(service, log):
        wait_for(lambda: log.committed == 4)
    assert service.seen() == {"shop/a": [1, 2, 3, 4]}


def test_the_watchdog_rebuilds_a_consumer_that_is_silent_while_there_is_lag(service: Service) -> None:
    log = FakeLog([received(event) for event in stream(Chain(), "a", 1)])
    log.deaf_consumers = 1
    with running(service, log, silence=0.1):
        wait_for(lambda: log.committed == 1, 30)
    assert log.consumers == 2


def test_a_silent_log_without_lag_is_left_alone(service: Service) -> None:
    log = FakeLog()
    with running(service, log, silence=0.0):
        threading.Event().wait(2.6)
    assert log.consumers == 1


def test_an_event_after_a_long_silence_is_no_reason_to_rebuild(service: Service) -> None:
    """It comes right between a poll and the look at the lag: the log held nothing for the consumer before."""
    log = FakeLog()

    class Late(FakeConsumer):
        looks = 0

        def lag(self) -> int:
            self.looks += 1
            if self.looks == 2:
                log.records.append(received(Chain().event(shop("a"))))
            return super().lag()

    log.kind = Late
    with running(service, log, silence=3.0):
        wait_for(lambda: log.committed == 1, 30)
    assert log.consumers == 1


def test_the_brake_stops_the_loop_until_the_fault_is_mended(service: Service) -> None:
    names = [f"s{number}" for number in range(BRAKE_FAILURES)]
    log = FakeLog([received(event) for name in names for event in stream(Chain(), name, 1)])
    service.trouble = fail_at(*names)
    with running(service, log):
        wait_for(lambda: log.consumers > 2)
        assert (log.committed, service.letters()) == (0, [])
        service.trouble = fail_at()
        wait_for(lambda: log.committed == len(names))
    assert len(service.seen()) + len(service.letters()) == len(names)
    assert len(service.seen()) > 0


def test_the_loop_outlives_a_database_that_goes_away() -> None:
    database = kernel_database()
    service = Service(database)
    chain = Chain()
    log = FakeLog([received(chain.event(shop("a")))])
    with running(service, log):
        wait_for(lambda: log.committed == 1)
        sql(
            database,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        log.records.append(received(chain.event(stop_shop("a"))))
        wait_for(lambda: log.committed == 2)
    assert service.seen() == {"shop/a": [1, 2]}
    database.close()
