"""The one port to the event log. Two brokers stand behind it: `kafka.py` and `postgres.py`.

Nothing outside this package can tell which broker it talks to; `tests/integration/test_eventlog_contract.py`
holds both to the same promises:

- records of one key stay in order, in one partition;
- `Producer.send` returns only when every record is durable, or raises `SendFailed` saying which are;
- a consumer that dies before `commit` has its records delivered again to its group;
- a group's partitions are shared among its live consumers, each partition with one consumer at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class EventLogUnavailable(Exception):
    """The broker cannot be reached or did not answer in time. Transient: try again later."""


class SendFailed(EventLogUnavailable):
    """Not every record of a batch was acknowledged.

    `acked[i]` says whether record i of the batch is durable. A record that is not acked may still have
    been stored (the answer was lost): send it again, consumers drop the second copy by its event id.
    """

    def __init__(self, message: str, acked: Sequence[bool]) -> None:
        super().__init__(message)
        self.acked = tuple(acked)


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as `deploy/kafka/topics.yaml` declares it."""

    name: str
    partitions: int
    replication: int = 1
    config: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """What a producer sends. `key` decides the partition; `value` may be empty."""

    topic: str
    key: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Received:
    """What a consumer gets. `timestamp` is when the log stored it, UTC."""

    topic: str
    partition: int
    offset: int
    timestamp: datetime
    key: str
    value: bytes


class Producer(Protocol):
    """Not thread-safe: one producer per thread."""

    def send(self, records: Sequence[Record]) -> None:
        """Store all records, in order per key; block until each is durable.

        Raises SendFailed when some are not known to be durable, EventLogUnavailable when nothing was sent.
        Can be called again after either: a producer heals itself.
        """

    def close(self) -> None: ...


class Consumer(Protocol):
    """One member of a group. Not thread-safe."""

    def poll(self, timeout: float, max_records: int) -> list[Received]:
        """Up to max_records records, in order per partition; [] after `timeout` seconds without any.

        Raises EventLogUnavailable.
        """

    def commit(self) -> None:
        """Mark everything `poll` has returned as done for the group.

        Raises EventLogUnavailable; the records are then delivered again, to this or another member.
        """

    def assignment(self) -> list[tuple[str, int]]:
        """The (topic, partition) pairs this member owns now."""

    def lag(self) -> int:
        """Records in the owned partitions that `poll` has not returned yet. Raises EventLogUnavailable."""

    def seek(self, topic: str, partition: int, offset: int) -> None:
        """Continue an owned partition at `offset`."""

    def seek_to_time(self, moment: datetime) -> None:
        """Continue every owned partition at its first record stored at or after `moment`, or at its end."""

    def close(self) -> None:
        """Leave the group; what was not committed goes to the other members."""


class EventLog(Protocol):
    """A connection to one broker, made by `shared.eventlog.connect(settings)`."""

    def ensure_topics(self, topics: Sequence[Topic]) -> None:
        """Create the topics that are missing; never change those that exist. Raises EventLogUnavailable."""

    def producer(self) -> Producer: ...

    def consumer(self, group: str, topics: Sequence[str]) -> Consumer:
        """Join `group`. A group that has no committed offset starts at the beginning of each topic."""

    def behind(self, group: str, topics: Sequence[str]) -> int:
        """Records of the topics that `group` has not committed, without joining it. A group that never
        committed is behind by all of them. Raises EventLogUnavailable."""

    def ping(self) -> str:
        """One sentence on what answered (broker kind, version). Raises EventLogUnavailable."""

    def close(self) -> None: ...
