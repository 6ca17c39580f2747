"""Kafka producer and consumer when their broker goes: nothing lost, keys in order, honest flags, healed."""

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from threading import Timer

import pytest

from shared.eventlog import Consumer, EventLogUnavailable, Producer, Received, Record, SendFailed
from shared.eventlog.kafka import KafkaEventLog
from tests.support.fault_broker import API_VERSION, FaultBroker

TOPIC = "faults"
KEYS = [f"household-{number}" for number in range(8)]


@pytest.fixture
def broker() -> Iterator[FaultBroker]:
    with FaultBroker({TOPIC: 3}) as mock:
        yield mock


def event_log(broker: FaultBroker, send_seconds: float) -> KafkaEventLog:
    return KafkaEventLog(broker.bootstrap, "faults", api_version=API_VERSION, send_seconds=send_seconds)


def numbered(first: int, count: int) -> list[Record]:
    return [Record(TOPIC, key, b"%d" % number) for number in range(first, first + count) for key in KEYS]


def read_until(log: KafkaEventLog, wanted: set[tuple[str, int]], seconds: float = 40.0) -> list[Received]:
    """Everything in the log, once all that is wanted has come."""
    received: list[Received] = []
    missing = set(wanted)
    deadline = time.monotonic() + seconds
    with closing(log.consumer("reader", [TOPIC])) as consumer:
        while missing:
            assert time.monotonic() < deadline, f"lost: {sorted(missing)[:10]}"
            records = poll(consumer)
            missing -= {(r.key, int(r.value)) for r in records}
            received += records
    return received


def poll(consumer: Consumer) -> list[Received]:
    try:
        return consumer.poll(0.5, 1000)
    except EventLogUnavailable:
        return []


def is_available(consumer: Consumer) -> bool:
    try:
        consumer.poll(0.2, 100)
    except EventLogUnavailable:
        return False
    return True


def first_occurrences(received: Sequence[Received]) -> dict[str, list[int]]:
    order: dict[str, list[int]] = defaultdict(list)
    for record in received:
        if int(record.value) not in order[record.key]:
            order[record.key].append(int(record.value))
    return order


def send_as_the_relay_does(log: KafkaEventLog, batches: Sequence[list[Record]]) -> int:
    """Send each batch until all of it is acknowledged, repeating what is not; returns how often it failed."""
    failures = 0
    with closing(log.producer()) as producer:
        for batch in batches:
            pending = batch
            while pending:
                try:
                    producer.send(pending)
                    break
                except SendFailed as failed:
                    failures += 1
                    assert_no_gap_within_a_key(pending, failed.acked)
                    pending = [r for r, acked in zip(pending, failed.acked, strict=True) if not acked]
                except EventLogUnavailable:
                    failures += 1
    return failures


def assert_no_gap_within_a_key(records: Sequence[Record], acked: Sequence[bool]) -> None:
    lost: set[str] = set()
    for record, durable in zip(records, acked, strict=True):
        assert not (durable and record.key in lost), f"{record.key}: acked after one that was not"
        if not durable:
            lost.add(record.key)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("send_seconds", "down_seconds"),
    [(30.0, 3.0), (1.0, 4.0)],
    ids=["one send rides out the outage", "sends fail and are repeated"],
)
def test_an_outage_loses_nothing_and_keeps_the_order_of_keys(
    broker: FaultBroker, send_seconds: float, down_seconds: float
) -> None:
    batches = [numbered(first, 5) for first in range(0, 1500, 5)]
    outage = Timer(0.3, broker.down)
    recovery = Timer(0.3 + down_seconds, broker.up)
    outage.start()
    recovery.start()
    log = event_log(broker, send_seconds)
    failures = send_as_the_relay_does(log, batches)
    recovery.join()
    assert bool(failures) == (send_seconds < down_seconds)
    received = read_until(log, {(key, number) for key in KEYS for number in range(1500)})
    assert first_occurrences(received) == {key: list(range(1500)) for key in KEYS}


@pytest.mark.slow
def test_flags_are_false_while_the_broker_is_down_and_the_producer_heals(broker: FaultBroker) -> None:
    log = event_log(broker, send_seconds=1.0)
    with closing(log.producer()) as producer:
        producer.send(numbered(0, 3))
        broker.down()
        started = time.monotonic()
        with pytest.raises(SendFailed) as failed:
            producer.send(numbered(3, 2))
        assert time.monotonic() - started < 10
        assert failed.value.acked == (False,) * 16
        broker.up()
        send_until_stored(producer, numbered(3, 2))
    received = read_until(log, {(key, number) for key in KEYS for number in range(5)})
    assert first_occurrences(received) == {key: [0, 1, 2, 3, 4] for key in KEYS}


def send_until_stored(producer: Producer, records: list[Record], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            producer.send(records)
            return
        except EventLogUnavailable:
            continue
    raise AssertionError("the producer did not heal")


def test_a_consumer_says_that_the_broker_is_gone_and_goes_on_when_it_is_back(broker: FaultBroker) -> None:
    log = event_log(broker, send_seconds=5.0)
    with closing(log.producer()) as producer:
        producer.send(numbered(0, 2))
    with closing(log.consumer("reader", [TOPIC])) as consumer:
        received: list[Received] = []
        deadline = time.monotonic() + 60
        while len(received) < 16 and time.monotonic() < deadline:
            received += poll(consumer)
        consumer.commit()
        broker.down()
        while is_available(consumer):
            assert time.monotonic() < deadline
        broker.up()
        with closing(log.producer()) as producer:
            send_until_stored(producer, numbered(2, 1))
        while len(received) < 24 and time.monotonic() < deadline:
            received += poll(consumer)
    assert first_occurrences(received) == {key: [0, 1, 2] for key in KEYS}
