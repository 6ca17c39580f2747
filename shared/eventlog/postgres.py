"""The embedded event log: the port's promises kept by one PostgreSQL database instead of a Kafka cluster.

Offsets are counted under a row lock per partition, records arrive by COPY, and a commit is durable before
`send` returns. `postgres_consumer.py` is the reading side.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from importlib.resources import files
from itertools import count

from psycopg import Connection

from shared.eventlog.placing import check_sizes, partition_of
from shared.eventlog.port import EventLogUnavailable, Record, SendFailed, Topic
from shared.eventlog.postgres_consumer import PostgresConsumer
from shared.eventlog.postgres_session import open_connection, translated

SCHEMA_LOCK = 0x50_4E_47_42
"""Advisory lock under which the schema is made: two processes may start at once."""

Place = tuple[int, int]
"""Topic id and partition: the key of a head."""

_LOCK_HEADS = """
    SELECT topic_id, partition, next_offset FROM head
    WHERE (topic_id, partition) IN (SELECT * FROM unnest(%s::int[], %s::int[]))
    ORDER BY topic_id, partition FOR UPDATE
"""
_MOVE_HEADS = """
    UPDATE head SET next_offset = head.next_offset + added.records,
                    last_time = greatest(last_time, clock_timestamp())
    FROM unnest(%s::int[], %s::int[], %s::int[]) AS added (topic_id, partition, records)
    WHERE head.topic_id = added.topic_id AND head.partition = added.partition
    RETURNING head.topic_id, head.partition, last_time
"""
_BEHIND = """
    SELECT coalesce(sum(head.next_offset - coalesce(committed.next_offset, 0)), 0)::int8
    FROM topic JOIN head ON head.topic_id = topic.id
    LEFT JOIN subscription ON subscription.topic = topic.name AND subscription.group_name = %s
    LEFT JOIN committed
         ON committed.subscription_id = subscription.id AND committed.partition = head.partition
    WHERE topic.name = ANY(%s)
"""
_COPY_RECORDS = (
    'COPY record (topic_id, partition, "offset", stored_at, key, value) FROM STDIN (FORMAT BINARY)'
)
_COPY_TYPES = ("int4", "int4", "int8", "timestamptz", "text", "bytea")


class PostgresEventLog:
    """Makes producers and consumers for one database; each opens its own connection when first used."""

    def __init__(self, database_url: str, client_id: str) -> None:
        self._database_url = database_url
        self._client_id = client_id

    def ensure_topics(self, topics: Sequence[Topic]) -> None:
        schema = files("shared.eventlog").joinpath("postgres_schema.sql").read_text(encoding="utf-8")
        with translated("to create topics"), self._connection() as connection, connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [SCHEMA_LOCK])
            connection.execute(schema.encode())
            for topic in topics:
                _create(connection, topic)

    def producer(self) -> "PostgresProducer":
        return PostgresProducer(self._database_url, self._client_id)

    def consumer(self, group: str, topics: Sequence[str]) -> PostgresConsumer:
        return PostgresConsumer(self._database_url, self._client_id, group, topics)

    def behind(self, group: str, topics: Sequence[str]) -> int:
        with translated("to tell the lag"), self._connection() as connection:
            (lag,) = connection.execute(_BEHIND, [group, list(topics)]).fetchone() or (0,)
        return int(lag)

    def ping(self) -> str:
        with translated("to answer"), self._connection() as connection:
            (version,) = connection.execute("SHOW server_version").fetchone() or ("",)
        return f"The embedded event log answered on PostgreSQL {version}"

    def close(self) -> None:
        """Nothing to do: producers and consumers own their connections."""

    def _connection(self) -> Connection:
        return open_connection(self._database_url, self._client_id)


def _create(connection: Connection, topic: Topic) -> None:
    insert = "INSERT INTO topic (name, partitions) VALUES (%s, %s) ON CONFLICT DO NOTHING RETURNING id"
    created = connection.execute(insert, [topic.name, topic.partitions]).fetchone()
    if created is not None:
        heads = "INSERT INTO head (topic_id, partition) SELECT %s, generate_series(0, %s - 1)"
        connection.execute(heads, [created[0], topic.partitions])


class PostgresProducer:
    """One transaction per batch: all of it is durable, or nothing is known to be."""

    def __init__(self, database_url: str, client_id: str) -> None:
        self._database_url = database_url
        self._client_id = client_id
        self._connection: Connection | None = None
        self._topics: dict[str, Place] = {}
        """Per topic name its id and its number of partitions; neither ever changes."""

    def send(self, records: Sequence[Record]) -> None:
        if not records:
            return
        check_sizes(records)
        try:
            places = self._places(records)
        except EventLogUnavailable:
            self.close()
            raise
        try:
            with translated("to store the batch"):
                self._store(records, places)
        except EventLogUnavailable as failure:
            self.close()
            raise SendFailed(str(failure), [False] * len(records)) from failure

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = open_connection(self._database_url, self._client_id)
        return self._connection

    def _places(self, records: Sequence[Record]) -> list[Place]:
        """Raises EventLogUnavailable when a topic does not exist (yet)."""
        wanted = {record.topic for record in records}
        with translated("to find the topics"):
            connection = self._connected()
            if not wanted <= self._topics.keys():
                rows = connection.execute("SELECT name, id, partitions FROM topic").fetchall()
                self._topics = {name: (topic_id, partitions) for name, topic_id, partitions in rows}
        if missing := wanted - self._topics.keys():
            raise EventLogUnavailable(f"There is no topic {', '.join(sorted(missing))}")
        return [self._place(record) for record in records]

    def _place(self, record: Record) -> Place:
        topic_id, partitions = self._topics[record.topic]
        return topic_id, partition_of(record.key.encode(), partitions)

    def _store(self, records: Sequence[Record], places: list[Place]) -> None:
        connection = self._connected()
        with connection.transaction():
            heads = _allocate(connection, Counter(places))
            with connection.cursor() as cursor, cursor.copy(_COPY_RECORDS) as copy:
                copy.set_types(_COPY_TYPES)
                for record, place in zip(records, places, strict=True):
                    offsets, moment = heads[place]
                    copy.write_row((*place, next(offsets), moment, record.key, record.value))


def _allocate(connection: Connection, added: Counter[Place]) -> dict[Place, tuple[Iterator[int], datetime]]:
    """Reserve offsets in each partition: an iterator over them, and the time their records are stored at.

    Heads are locked in sorted order, so producers wait for each other and never deadlock; the time is taken
    after the lock, so it never falls within a partition.
    """
    places = sorted(added)
    columns = [place[0] for place in places], [place[1] for place in places]
    starts = {(topic, part): start for topic, part, start in connection.execute(_LOCK_HEADS, columns)}
    moved = connection.execute(_MOVE_HEADS, [*columns, [added[place] for place in places]])
    return {(topic, part): (count(starts[topic, part]), moment) for topic, part, moment in moved}
