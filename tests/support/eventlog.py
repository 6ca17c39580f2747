"""What the tests of the event log share: brokers' addresses, waiting with a deadline, members in threads."""

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Any
from uuid import uuid4

import psycopg

from shared.eventlog import Consumer, EventLog, EventLogUnavailable, Received, Record, Topic, connect
from songban.postgres import EmbeddedPostgres
from tests.support.kafka import new_broker

PARTITIONS = 6
STORED_ON_ARRIVAL = (("message.timestamp.type", "LogAppendTime"),)


@dataclass(frozen=True)
class Address:
    """How to reach a broker, in this process or in a child."""

    broker: str
    bootstrap: str | None = None
    database_url: str | None = None

    def connect(self) -> EventLog:
        return connect(
            self.broker, bootstrap=self.bootstrap, database_url=self.database_url, client_id="contract"
        )


def make_topic(log: EventLog, partitions: int = PARTITIONS) -> str:
    name = f"contract.{uuid4().hex[:8]}"
    log.ensure_topics([Topic(name, partitions, config=STORED_ON_ARRIVAL)])
    return name


def numbered(topic: str, keys: Sequence[str], each: int) -> list[Record]:
    """`each` records for every key, numbered from 0, the keys taking turns."""
    return [Record(topic, key, b"%d" % number) for number in range(each) for key in keys]


def send(log: EventLog, records: Sequence[Record]) -> None:
    with closing(log.producer()) as producer:
        producer.send(records)


def wait_until(condition: Callable[[], bool], step: Callable[[], Any], seconds: float = 40.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        step()


def take(consumer: Consumer, number: int, seconds: float = 40.0) -> list[Received]:
    """Poll until `number` records have come; more than that is a failure of the test."""
    received: list[Received] = []
    wait_until(lambda: len(received) >= number, lambda: received.extend(consumer.poll(0.2, 500)), seconds)
    assert len(received) == number
    return received


def take_from(log: EventLog, group: str, topic: str, number: int, commit: bool = False) -> list[Received]:
    with closing(log.consumer(group, [topic])) as consumer:
        received = take(consumer, number)
        if commit:
            consumer.commit()
    return received


def values_by_key(received: Sequence[Received]) -> dict[str, list[int]]:
    values = defaultdict(list)
    for record in received:
        values[record.key].append(int(record.value))
    return values


def owning(consumer: Consumer, partitions: int) -> Consumer:
    wait_until(lambda: len(consumer.assignment()) == partitions, lambda: consumer.poll(0.1, 1))
    return consumer


class Member(Thread):
    """A consumer in a thread of its own, as a service runs it. `stop` makes it leave the group."""

    def __init__(self, log: EventLog, group: str, topic: str, commits: bool = True) -> None:
        super().__init__(daemon=True)
        self.received: list[Received] = []
        self.owned = 0
        self._consumer = log.consumer(group, [topic])
        self._commits = commits
        self._stopping = Event()
        self.start()

    def run(self) -> None:
        with closing(self._consumer):
            while not self._stopping.is_set():
                self.received.extend(self._consumer.poll(0.2, 100))
                self.owned = len(self._consumer.assignment())
                if self._commits:
                    self._consumer.commit()

    def stop(self) -> None:
        self._stopping.set()
        self.join(20)


def nothing() -> None:
    time.sleep(0.01)


class Restartable:
    """A broker of the test's own, to be stopped and started."""

    def __init__(self, kind: str, directory: Path) -> None:
        self._server: Any = new_broker(directory) if kind == "kafka" else EmbeddedPostgres(directory)
        self._kind = kind

    def start(self) -> None:
        self._server.start()

    def stop(self) -> None:
        self._server.stop()

    def address(self) -> Address:
        if self._kind == "kafka":
            return Address("kafka", bootstrap=self._server.bootstrap)
        return Address("embedded", database_url=self._server.url)


def available(call: Callable[[], Any]) -> bool:
    try:
        call()
    except EventLogUnavailable:
        return False
    return True


def end_sessions(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'contract'"
        )


def unordered(records: Sequence[Received]) -> Any:
    """Equal to any list with the same records: partitions come in any order."""

    class Unordered:
        def __eq__(self, other: object) -> bool:
            return isinstance(other, list) and sorted(other, key=place) == sorted(records, key=place)

        __hash__ = None  # type: ignore[assignment]

    return Unordered()


def place(record: Received) -> tuple[str, int, int]:
    return record.topic, record.partition, record.offset
