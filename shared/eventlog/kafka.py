"""The event log on Apache Kafka, through kafka-python 3. The only file that imports `kafka`."""

import math
import socket
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any, NamedTuple, cast

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.consumer.subscription_state import ConsumerRebalanceListener
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.coordinator.base import MemberState
from kafka.errors import KafkaError, KafkaTimeoutError, TopicAlreadyExistsError
from kafka.structs import OffsetAndMetadata

from shared.eventlog.kafka_settings import (
    ANSWER_SECONDS,
    BATCH_BYTES,
    BATCH_OVERHEAD,
    CLIENT,
    CLOSE_MILLISECONDS,
    CONSUMER,
    JOIN_SECONDS,
    JOIN_SLICE_SECONDS,
    PROBE_EVERY_SECONDS,
    PRODUCER,
    RECORD_OVERHEAD,
    SEND_SECONDS,
)
from shared.eventlog.placing import check_sizes, partition_of
from shared.eventlog.port import EventLogUnavailable, Received, Record, SendFailed, Topic

Partition = tuple[str, int]
LATEST = -1
"""The protocol's word for a partition's end."""


@contextmanager
def _translated(doing: str) -> Iterator[None]:
    """Kafka's errors, and its client's on a broken connection, as the port's one transient error."""
    try:
        yield
    except (KafkaError, OSError) as error:
        raise EventLogUnavailable(f"Kafka failed {doing}: {type(error).__name__}: {error}") from error


class KafkaEventLog:
    """Makes producers and consumers for one cluster; each opens its own connections when first used."""

    def __init__(
        self,
        bootstrap: str,
        client_id: str,
        *,
        api_version: tuple[int, int] | None = None,
        send_seconds: float = SEND_SECONDS,
    ) -> None:
        self._bootstrap = bootstrap
        self._client = {**CLIENT, "bootstrap_servers": bootstrap.split(","), "client_id": client_id}
        self._client["api_version"] = api_version
        self._send_seconds = send_seconds

    def ensure_topics(self, topics: Sequence[Topic]) -> None:
        with _translated("to create topics"), self._admin() as admin:
            existing = set(admin.list_topics())
            for topic in topics:
                if topic.name not in existing:
                    self._create(admin, topic)

    def producer(self) -> "KafkaLogProducer":
        return KafkaLogProducer({**self._client, **PRODUCER}, self._send_seconds)

    def consumer(self, group: str, topics: Sequence[str]) -> "KafkaLogConsumer":
        return KafkaLogConsumer({**self._client, **CONSUMER, "group_id": group}, topics)

    def behind(self, group: str, topics: Sequence[str]) -> int:
        with _translated("to tell the lag"), self._admin() as admin:
            described = admin.describe_topics(list(topics))
            places = [
                TopicPartition(topic["name"], partition["partition_index"])
                for topic in described
                for partition in topic["partitions"]
            ]
            ends = admin.list_partition_offsets(dict.fromkeys(places, LATEST))
            committed = admin.list_group_offsets({group: places})[group]
        done = {place: max(0, committed[place].offset) if place in committed else 0 for place in places}
        return sum(max(0, ends[place].offset - done[place]) for place in places)

    def ping(self) -> str:
        with _translated("to answer"), self._admin() as admin:
            cluster = admin.describe_cluster()
        return f"Kafka cluster {cluster['cluster_id']} answered with {len(cluster['brokers'])} broker(s)"

    def close(self) -> None:
        """Nothing to do: producers and consumers own their connections."""

    @contextmanager
    def _admin(self) -> Iterator[KafkaAdminClient]:
        settings = {
            name: value for name, value in self._client.items() if name in KafkaAdminClient.DEFAULT_CONFIG
        }
        admin = KafkaAdminClient(**settings)
        try:
            yield admin
        finally:
            admin.close()

    @staticmethod
    def _create(admin: KafkaAdminClient, topic: Topic) -> None:
        description = {
            "num_partitions": topic.partitions,
            "replication_factor": topic.replication,
            "configs": dict(topic.config),
        }
        with suppress(TopicAlreadyExistsError):  # another process was faster
            admin.create_topics({topic.name: description}, wait_for_metadata=True)


class _Placed(NamedTuple):
    """A record of a batch with its place in the batch and in Kafka."""

    number: int
    partition: Partition
    key: bytes
    value: bytes


class KafkaLogProducer:
    """Sends in waves of one Kafka batch per partition, each acknowledged before the next.

    A batch is stored whole or not at all. With several batches of one partition under way, a failed one
    could be overtaken by the next, and a key would lose its order; with one there is nothing to overtake.
    It is also the cheapest way through kafka-python: as few and as large batches as there can be.
    """

    def __init__(self, settings: dict[str, Any], send_seconds: float) -> None:
        self._settings = settings
        self._send_seconds = send_seconds
        self._producer: KafkaProducer | None = None

    def send(self, records: Sequence[Record]) -> None:
        check_sizes(records)
        deadline = time.monotonic() + self._send_seconds
        acked = [False] * len(records)
        for wave in self._waves(records):
            failure = self._send_wave(wave, acked, deadline)
            if failure is not None:
                self._abandon()
                raise SendFailed(f"Kafka did not acknowledge every record: {failure}", acked) from failure

    def close(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            with suppress(KafkaError):
                producer.close(timeout=ANSWER_SECONDS)

    def _waves(self, records: Sequence[Record]) -> list[list[_Placed]]:
        """Split a batch so that a wave holds no more of one partition than fits one Kafka batch."""
        waves: list[list[_Placed]] = []
        filled: dict[Partition, int] = defaultdict(int)
        for placed in self._place(records):
            size = len(placed.value) + len(placed.key) + RECORD_OVERHEAD
            start = filled[placed.partition]
            if start % BATCH_BYTES + size > BATCH_BYTES - BATCH_OVERHEAD:
                start = -(-start // BATCH_BYTES) * BATCH_BYTES  # does not fit any more: the next wave
            filled[placed.partition] = start + min(size, BATCH_BYTES)
            while len(waves) <= start // BATCH_BYTES:
                waves.append([])
            waves[start // BATCH_BYTES].append(placed)
        return waves

    def _place(self, records: Sequence[Record]) -> list[_Placed]:
        """Raises EventLogUnavailable when the partitions of a topic cannot be known: nothing is sent yet."""
        try:
            with _translated("to name the partitions of the topics"):
                producer = self._connected()
                topics = {record.topic for record in records}
                counts = {topic: len(producer.partitions_for(topic)) for topic in topics}
        except EventLogUnavailable:
            self._abandon()
            raise
        keys = [record.key.encode() for record in records]
        return [
            _Placed(number, (r.topic, partition_of(key, counts[r.topic])), key, r.value)
            for number, (r, key) in enumerate(zip(records, keys, strict=True))
        ]

    def _connected(self) -> KafkaProducer:
        if self._producer is None:
            self._producer = KafkaProducer(**self._settings)
        return self._producer

    def _send_wave(self, wave: list[_Placed], acked: list[bool], deadline: float) -> Exception | None:
        """Send and wait; marks in `acked` what is durable, returns the first reason why something is not."""
        futures: list[Any] = []
        failure = self._flush(wave, futures, deadline)
        for placed, future in zip(wave, futures, strict=False):
            acked[placed.number] = future.succeeded()
            failure = failure or future.exception
        return failure

    def _flush(self, wave: list[_Placed], futures: list[Any], deadline: float) -> Exception | None:
        producer = self._connected()
        try:
            for _, (topic, partition), key, value in wave:
                futures.append(producer.send(topic, value, key, partition=partition))
            producer.flush(max(0.0, deadline - time.monotonic()))
        except (KafkaError, OSError) as error:
            return error
        return None

    def _abandon(self) -> None:
        """Let go of a producer that failed, so that nothing it still holds is sent behind our back.

        Its public `close` first waits for the very records that cannot be sent and, when it gives up,
        leaves its thread running; hence the private `force_close`.
        """
        producer, self._producer = self._producer, None
        if producer is None:
            return
        producer._sender.force_close()
        producer._sender.join(1.0)
        with suppress(KafkaError):
            producer.close(timeout=0)


class _Uncommitted(ConsumerRebalanceListener):  # type: ignore[misc]  # kafka-python has no types
    """What `poll` returned and `commit` has not confirmed: first and next offset per partition.

    As rebalance listener it forgets a partition that goes to another member, which gets its records again.
    """

    def __init__(self) -> None:
        self.spans: dict[TopicPartition, tuple[int, int]] = {}

    def add(self, partition: TopicPartition, first: int, following: int) -> None:
        start, _ = self.spans.get(partition, (first, first))
        self.spans[partition] = (start, following)

    def forget(self, partitions: Iterable[TopicPartition]) -> None:
        for partition in partitions:
            self.spans.pop(partition, None)

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        self.forget(revoked)

    def on_partitions_lost(self, lost: Iterable[TopicPartition]) -> None:
        self.forget(lost)

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Positions come from the committed offsets; nothing to do."""


class KafkaLogConsumer:
    """A member of a consumer group with cooperative rebalancing: a partition that stays is never paused.

    Rebalances happen inside `poll` only, so between `poll` and `commit` the assignment stands still unless
    the broker has expelled this member, which `commit` then reports.
    """

    def __init__(self, settings: dict[str, Any], topics: Sequence[str]) -> None:
        self._settings = {**settings, "partition_assignment_strategy": (CooperativeStickyAssignor,)}
        self._topics = list(topics)
        self._consumer: KafkaConsumer | None = None
        self._uncommitted = _Uncommitted()
        self._probe_at = 0.0

    def poll(self, timeout: float, max_records: int) -> list[Received]:
        with self._reset_on_error("to fetch records"):
            fetched = self._fetch(timeout, max_records)
        if not fetched:
            self._check_reachable()
        for partition, records in fetched.items():
            self._uncommitted.add(partition, records[0].offset, records[-1].offset + 1)
        return [received for records in fetched.values() for received in map(_received, records)]

    def commit(self) -> None:
        spans = self._uncommitted.spans
        if self._consumer is None or not spans:
            return
        offsets = {partition: OffsetAndMetadata(end, "", -1) for partition, (_, end) in spans.items()}
        try:
            with _translated("to commit offsets"):
                self._consumer.commit(offsets, timeout_ms=int(ANSWER_SECONDS * 1000))
        except EventLogUnavailable:
            self._rewind(self._consumer)
            raise
        spans.clear()

    def assignment(self) -> list[Partition]:
        return sorted((p.topic, p.partition) for p in self._owned())

    def lag(self) -> int:
        owned = self._owned()
        if not owned:
            return 0
        with _translated("to tell the lag"):
            ends = self._connected().end_offsets(owned, timeout_ms=int(ANSWER_SECONDS * 1000))
            positions = {partition: self._position(partition) for partition in owned}
        return sum(max(0, ends[partition] - positions[partition]) for partition in owned)

    def seek(self, topic: str, partition: int, offset: int) -> None:
        """Raises ValueError when this member does not own the partition."""
        place = TopicPartition(topic, partition)
        self._connected().seek(place, offset)
        self._uncommitted.forget([place])

    def seek_to_time(self, moment: datetime) -> None:
        owned = self._owned()
        if not owned:
            return
        milliseconds = math.ceil(moment.timestamp() * 1000)
        with _translated("to find offsets by time"):
            found = self._connected().offsets_for_times(dict.fromkeys(owned, milliseconds))
            ends = self._connected().end_offsets(owned, timeout_ms=int(ANSWER_SECONDS * 1000))
        for partition in owned:
            at = found.get(partition)
            self.seek(partition.topic, partition.partition, at.offset if at else ends[partition])

    def close(self) -> None:
        consumer, self._consumer = self._consumer, None
        self._uncommitted.spans.clear()
        if consumer is not None:
            with suppress(KafkaError, OSError):
                consumer.close(autocommit=False, timeout_ms=CLOSE_MILLISECONDS)

    def _connected(self) -> KafkaConsumer:
        if self._consumer is None:
            consumer = KafkaConsumer(**self._settings)
            consumer.subscribe(topics=self._topics, listener=self._uncommitted)
            self._consumer = consumer
        return self._consumer

    @contextmanager
    def _reset_on_error(self, doing: str) -> Iterator[None]:
        """A consumer with an error that it cannot get over is thrown away; the next call makes a new one.

        Through a mere outage it is kept: as the member it was, it need not wait for its own old self to
        time out.
        """
        try:
            with _translated(doing):
                yield
        except EventLogUnavailable as unavailable:
            if not getattr(unavailable.__cause__, "retriable", False):
                self.close()
            raise

    def _fetch(self, timeout: float, max_records: int) -> dict[TopicPartition, list[Any]]:
        """One poll; while the group rebalances, more of them, up to JOIN_SECONDS.

        kafka-python 3.0 forgets a join that completes between two polls and starts another, for which all
        members have to join again: so a join is not left alone while it lasts.
        """
        consumer = self._connected()
        fetched = consumer.poll(timeout_ms=int(timeout * 1000), max_records=max_records)
        deadline = time.monotonic() + JOIN_SECONDS
        while not fetched and _rebalancing(consumer) and time.monotonic() < deadline:
            fetched = consumer.poll(timeout_ms=int(JOIN_SLICE_SECONDS * 1000), max_records=max_records)
        return cast("dict[TopicPartition, list[Any]]", fetched)

    def _check_reachable(self) -> None:
        """kafka-python's poll is silent while no broker answers; a silent log and a lost one must differ."""
        if time.monotonic() < self._probe_at:
            return
        for host, port in map(_address, self._settings["bootstrap_servers"]):
            with suppress(OSError), socket.create_connection((host, port), timeout=1.0):
                self._probe_at = time.monotonic() + PROBE_EVERY_SECONDS
                return
        raise EventLogUnavailable("No Kafka broker accepts connections")

    def _rewind(self, consumer: KafkaConsumer) -> None:
        """After a failed commit: whatever is still owned is polled again from where it was uncommitted."""
        owned = consumer.assignment()
        for partition, (first, _) in self._uncommitted.spans.items():
            if partition in owned:
                consumer.seek(partition, first)
        self._uncommitted.spans.clear()

    def _owned(self) -> list[TopicPartition]:
        return [] if self._consumer is None else list(self._consumer.assignment())

    def _position(self, partition: TopicPartition) -> int:
        position: int | None = self._connected().position(partition, timeout_ms=int(ANSWER_SECONDS * 1000))
        if position is None:
            raise KafkaTimeoutError(f"no position for {partition} yet")
        return position


def _rebalancing(consumer: KafkaConsumer) -> bool:
    return consumer.group_metadata().state is MemberState.REBALANCING


def _received(record: Any) -> Received:
    moment = datetime.fromtimestamp(record.timestamp / 1000, UTC)
    key = record.key.decode("utf-8", "replace") if record.key else ""  # a foreign key must not stop us
    return Received(record.topic, record.partition, record.offset, moment, key, record.value or b"")


def _address(server: str) -> tuple[str, int]:
    host, _, port = server.rpartition(":")
    return host, int(port)
