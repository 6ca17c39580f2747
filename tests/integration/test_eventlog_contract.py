"""Both brokers keep the same promises: every test here runs on the embedded log and on a real Kafka."""

import random
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from shared.eventlog import EventLog, EventLogUnavailable, Received, Record, Topic
from tests.support.eventlog import (
    PARTITIONS,
    Address,
    Member,
    Restartable,
    available,
    end_sessions,
    make_topic,
    nothing,
    numbered,
    owning,
    place,
    send,
    take,
    take_from,
    unordered,
    values_by_key,
    wait_until,
)
from tests.support.kafka import kafka_broker
from tests.support.postgres import create_database

__all__ = ["kafka_broker"]

BOTH = [pytest.param("embedded"), pytest.param("kafka", marks=pytest.mark.kafka)]


@pytest.fixture(scope="session")
def log_database() -> str:
    return create_database("log")


@pytest.fixture(params=BOTH)
def address(request: pytest.FixtureRequest) -> Address:
    if request.param == "kafka":
        return Address("kafka", bootstrap=request.getfixturevalue("kafka_broker"))
    return Address("embedded", database_url=request.getfixturevalue("log_database"))


@pytest.fixture
def log(address: Address) -> Iterator[EventLog]:
    with closing(address.connect()) as event_log:
        yield event_log


@pytest.fixture
def topic(log: EventLog) -> str:
    return make_topic(log)


@pytest.fixture
def group() -> str:
    return f"group-{uuid4().hex[:8]}"


def test_records_of_a_key_stay_in_order_in_one_partition(log: EventLog, topic: str, group: str) -> None:
    def produce(name: str) -> None:
        keys = [f"{name}-{number}" for number in range(40)]
        records, rng = numbered(topic, keys, 25), random.Random(name)
        with closing(log.producer()) as producer:
            while records:
                size = rng.randint(1, 90)
                producer.send(records[:size])
                del records[:size]

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(produce, ["a", "b", "c"]))
    received = take_from(log, group, topic, 3 * 40 * 25)
    assert set(map(tuple, values_by_key(received).values())) == {tuple(range(25))}
    assert len({(r.key, r.partition) for r in received}) == 120
    assert len({r.partition for r in received}) == PARTITIONS


def test_a_batch_larger_than_the_brokers_messages_keeps_its_order(
    log: EventLog, topic: str, group: str
) -> None:
    records = [Record(topic, f"key-{n % 3}", b"%08d" % n + bytes(150_000)) for n in range(40)]
    send(log, records)
    received = take_from(log, group, topic, 40)
    for key in ("key-0", "key-1", "key-2"):
        numbers = [int(r.value[:8]) for r in received if r.key == key]
        assert numbers == sorted(numbers)


def test_offsets_of_a_partition_have_no_gap(log: EventLog, topic: str, group: str) -> None:
    send(log, numbered(topic, ["x"], 50))
    received = take_from(log, group, topic, 50)
    assert [r.offset for r in received] == list(range(50))


def test_uncommitted_records_come_again(log: EventLog, topic: str, group: str) -> None:
    send(log, numbered(topic, ["a", "b", "c", "d"], 10))
    first = take_from(log, group, topic, 40)
    assert take_from(log, group, topic, 40, commit=True) == unordered(first)
    send(log, numbered(topic, ["e"], 3))
    assert {r.key for r in take_from(log, group, topic, 3)} == {"e"}


def test_commit_covers_only_what_poll_returned(log: EventLog, topic: str, group: str) -> None:
    send(log, numbered(topic, ["only"], 10))
    with closing(log.consumer(group, [topic])) as consumer:
        received: list[Received] = []
        wait_until(lambda: len(received) == 4, lambda: received.extend(consumer.poll(0.2, 4 - len(received))))
        consumer.commit()
        take(consumer, 6)
    assert [int(r.value) for r in take_from(log, group, topic, 6)] == [4, 5, 6, 7, 8, 9]


def test_how_far_a_group_is_behind_is_told_from_outside(log: EventLog, topic: str, group: str) -> None:
    assert log.behind(group, [topic]) == 0
    send(log, numbered(topic, ["a", "b", "c"], 5))
    assert log.behind(group, [topic]) == 15
    take_from(log, group, topic, 15, commit=True)
    assert log.behind(group, [topic]) == 0
    send(log, numbered(topic, ["a", "d"], 2))
    assert log.behind(group, [topic]) == 4


@pytest.mark.slow
def test_records_of_a_killed_consumer_go_to_another(
    log: EventLog, address: Address, topic: str, group: str
) -> None:
    send(log, numbered(topic, ["a", "b", "c"], 5))
    program = (
        "from tests.support.eventlog import Address, take\n"
        f"consumer = {address!r}.connect().consumer({group!r}, [{topic!r}])\n"
        "take(consumer, 15); print('polled', flush=True); input()"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path.cwd()
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"polled\n"
    child.kill()
    child.wait()
    assert values_by_key(take_from(log, group, topic, 15)) == {key: [0, 1, 2, 3, 4] for key in "abc"}


@pytest.mark.slow
def test_what_a_killed_member_did_not_commit_goes_to_those_that_live(
    log: EventLog, address: Address, topic: str, group: str
) -> None:
    program = (
        "from tests.support.eventlog import Address\n"
        f"consumer = {address!r}.connect().consumer({group!r}, [{topic!r}])\n"
        "while not consumer.poll(0.2, 100): pass\n"
        "print('polled', flush=True)\n"
        "while True: consumer.poll(0.2, 1)"
    )
    living = [Member(log, group, topic) for _ in range(2)]
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=Path.cwd())
    wait_until(lambda: all(one.owned == PARTITIONS // 3 for one in living), nothing)
    keys = [f"key-{number}" for number in range(24)]
    send(log, numbered(topic, keys, 5))
    assert child.stdout is not None
    assert child.stdout.readline() == b"polled\n"
    child.kill()
    child.wait()

    def received() -> set[tuple[str, int]]:
        return {(record.key, int(record.value)) for one in living for record in one.received}

    wait_until(lambda: len(received()) == 24 * 5, nothing)
    wait_until(lambda: all(one.owned == PARTITIONS // 2 for one in living), nothing)
    for one in living:
        one.stop()
    assert received() == {(key, number) for key in keys for number in range(5)}


def test_partitions_are_shared_and_never_owned_twice(log: EventLog, topic: str, group: str) -> None:
    """Records flow while a second member joins: each comes once, a partition changes hands at most once."""
    first = Member(log, group, topic)
    wait_until(lambda: first.owned == PARTITIONS, nothing)
    second = Member(log, group, topic)
    sent = 0
    with closing(log.producer()) as producer:
        while sent < 10 or not first.owned == second.owned == PARTITIONS // 2:
            producer.send(numbered(topic, [f"{sent}-{n}" for n in range(12)], 2))
            sent += 1
            assert sent < 2000
    wait_until(lambda: len(first.received) + len(second.received) >= sent * 24, nothing)
    first.stop()
    second.stop()
    everything = [place(r) for member in (first, second) for r in member.received]
    assert len(set(everything)) == len(everything) == sent * 24
    lasts = {r.partition: r.offset for r in first.received}
    assert all(r.offset > lasts.get(r.partition, -1) for r in second.received)
    assert second.received


def test_what_a_leaving_member_did_not_commit_goes_to_the_others(
    log: EventLog, topic: str, group: str
) -> None:
    stays = Member(log, group, topic)
    leaves = Member(log, group, topic, commits=False)
    wait_until(lambda: stays.owned == leaves.owned == PARTITIONS // 2, nothing)
    send(log, numbered(topic, list("abcdefghijkl"), 5))
    wait_until(lambda: len(stays.received) + len(leaves.received) >= 60, nothing)
    leaves.stop()
    wait_until(lambda: stays.owned == PARTITIONS and len(stays.received) >= 60, nothing)
    stays.stop()
    assert leaves.received
    assert values_by_key(stays.received) == {key: [0, 1, 2, 3, 4] for key in "abcdefghijkl"}


def test_groups_are_independent_and_start_at_the_beginning(log: EventLog, topic: str, group: str) -> None:
    send(log, numbered(topic, ["a", "b"], 10))
    first = take_from(log, group, topic, 20, commit=True)
    assert take_from(log, f"{group}-later", topic, 20) == unordered(first)


def test_one_consumer_reads_several_topics(log: EventLog, topic: str, group: str) -> None:
    other = make_topic(log, partitions=1)
    send(log, numbered(topic, ["a"], 3) + numbered(other, ["a"], 4))
    with closing(log.consumer(group, [topic, other])) as consumer:
        received = take(consumer, 7)
        assert len(consumer.assignment()) == PARTITIONS + 1
    assert [r.topic for r in received].count(other) == 4


def test_seek_by_offset(log: EventLog, topic: str, group: str) -> None:
    send(log, numbered(topic, ["a"], 10))
    with closing(log.consumer(group, [topic])) as consumer:
        place = take(consumer, 10)[0]
        consumer.seek(place.topic, place.partition, 7)
        assert [int(r.value) for r in take(consumer, 3)] == [7, 8, 9]
        with pytest.raises(ValueError, match=r"[Uu]nassigned|not owned"):
            consumer.seek(topic, PARTITIONS + 1, 0)


def test_seek_to_time(log: EventLog, topic: str, group: str) -> None:
    send(log, numbered(topic, ["a", "b", "c"], 5))
    past = datetime.now(UTC)
    wait_until(lambda: (datetime.now(UTC) - past).total_seconds() > 0.01, lambda: None)
    moment = datetime.now(UTC)
    send(log, numbered(topic, ["b", "d"], 4))
    with closing(log.consumer(group, [topic])) as consumer:
        assert all(abs((r.timestamp - moment).total_seconds()) < 30 for r in take(consumer, 23))
        consumer.seek_to_time(moment)
        assert values_by_key(take(consumer, 8)) == {"b": [0, 1, 2, 3], "d": [0, 1, 2, 3]}
        consumer.seek_to_time(datetime(2001, 1, 1, tzinfo=UTC))
        take(consumer, 23)
        consumer.seek_to_time(datetime.now(UTC).replace(year=2099))
        assert consumer.lag() == 0


def test_large_and_empty_values(log: EventLog, topic: str, group: str) -> None:
    large = random.Random(1).randbytes(900_000)
    send(log, [Record(topic, "k", large), Record(topic, "k", b""), Record(topic, "khóa", b"x")])
    received = take_from(log, group, topic, 3)
    assert {(r.key, r.value) for r in received} == {("k", large), ("k", b""), ("khóa", b"x")}


def test_a_record_no_broker_would_store_is_refused_before_sending(
    log: EventLog, topic: str, group: str
) -> None:
    with closing(log.producer()) as producer:
        with pytest.raises(ValueError, match="1000002 bytes"):
            producer.send([Record(topic, "k", b"fits"), Record(topic, "k2", bytes(1_000_000))])
        producer.send([Record(topic, "k", b"after")])
        producer.send([])
    assert [r.value for r in take_from(log, group, topic, 1)] == [b"after"]


def test_ensure_topics_can_run_twice_and_at_once(log: EventLog, group: str) -> None:
    topics = [Topic(f"contract.{uuid4().hex[:8]}", 3) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(log.ensure_topics, [topics] * 4))
    changed = [Topic(topic.name, 9) for topic in topics]
    log.ensure_topics(changed)
    with closing(log.consumer(group, [topics[0].name])) as consumer:
        owning(consumer, 3)


def test_lag_counts_what_poll_has_not_returned(log: EventLog, topic: str, group: str) -> None:
    send(log, numbered(topic, ["a", "b", "c"], 5))
    with closing(log.consumer(group, [topic])) as consumer:
        assert consumer.lag() == 0  # owns nothing yet
        received: list[Received] = []
        wait_until(lambda: len(received) > 0, lambda: received.extend(consumer.poll(0.2, 4)))
        assert consumer.lag() == 15 - len(received)
        take(consumer, 15 - len(received))
        assert consumer.lag() == 0
        send(log, numbered(topic, ["d"], 2))
        assert consumer.lag() == 2


def test_ping_says_who_answered(log: EventLog) -> None:
    assert "answered" in log.ping()


@pytest.mark.parametrize(
    "address",
    [
        Address("embedded", database_url="postgresql://nobody@127.0.0.1:1/log"),
        pytest.param(Address("kafka", bootstrap="127.0.0.1:1"), marks=pytest.mark.slow),
    ],
)
def test_a_broker_that_is_not_there_is_unavailable(address: Address) -> None:
    log = address.connect()
    with pytest.raises(EventLogUnavailable):
        log.ping()
    with pytest.raises(EventLogUnavailable):
        log.producer().send([Record("t", "k", b"")])
    with pytest.raises(EventLogUnavailable):
        log.consumer("g", ["t"]).poll(0.1, 1)


@pytest.fixture(params=BOTH)
def restartable(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Restartable]:
    server = Restartable(request.param, tmp_path / "server")
    server.start()
    yield server
    server.stop()


@pytest.mark.slow
def test_producer_and_consumer_survive_a_restart_of_the_broker(restartable: Restartable, group: str) -> None:
    log = restartable.address().connect()
    topic = make_topic(log)
    with closing(log.producer()) as producer, closing(log.consumer(group, [topic])) as consumer:
        producer.send(numbered(topic, ["before"], 5))
        take(consumer, 5)
        consumer.commit()
        restartable.stop()
        wait_until(lambda: not available(lambda: consumer.poll(0.2, 10)), lambda: None)
        restartable.start()
        wait_until(lambda: available(lambda: producer.send(numbered(topic, ["after"], 5))), lambda: None)
        received: list[Received] = []
        wait_until(
            lambda: {r.value for r in received} >= {b"%d" % n for n in range(5)},
            lambda: available(lambda: received.extend(consumer.poll(0.2, 100))),
        )
    assert {r.key for r in received} == {"after"}


def test_a_consumer_whose_session_is_ended_cannot_commit(log_database: str, group: str) -> None:
    """Embedded only: a member expelled between poll and commit learns it, and its records come again."""
    log = Address("embedded", database_url=log_database).connect()
    topic = make_topic(log)
    send(log, numbered(topic, ["a"], 5))
    with closing(log.consumer(group, [topic])) as consumer:
        take(consumer, 5)
        end_sessions(log_database)
        with pytest.raises(EventLogUnavailable):
            consumer.commit()
        take(consumer, 5)
        consumer.commit()
        assert consumer.lag() == 0
