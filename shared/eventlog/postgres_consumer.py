"""The reading side of the embedded log: one member of a group, polling the partitions it owns."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import Connection

from shared.eventlog.port import EventLogUnavailable, Received
from shared.eventlog.postgres_group import Membership, Share
from shared.eventlog.postgres_session import open_connection, translated

SHORTEST_PAUSE = 0.005
LONGEST_PAUSE = 0.1
REBALANCE_SECONDS = 0.5

_COMMITTED = """
    SELECT subscription_id, partition, next_offset FROM committed
    WHERE (subscription_id, partition) IN (SELECT * FROM unnest(%s::int[], %s::int[]))
"""
_COMMIT = """
    INSERT INTO committed SELECT * FROM unnest(%s::int[], %s::int[], %s::int8[])
    ON CONFLICT (subscription_id, partition) DO UPDATE SET next_offset = excluded.next_offset
"""
_FETCH = """
    SELECT r.topic_id, r.partition, r."offset", r.stored_at, r.key, r.value
    FROM unnest(%(topics)s::int[], %(partitions)s::int[], %(positions)s::int8[])
         AS mine (topic_id, partition, position)
    JOIN head USING (topic_id, partition)
    CROSS JOIN LATERAL (
        SELECT * FROM record
        WHERE record.topic_id = mine.topic_id AND record.partition = mine.partition
          AND record."offset" >= mine.position
        ORDER BY record."offset" LIMIT %(limit)s
    ) AS r
    WHERE head.next_offset > mine.position LIMIT %(limit)s
"""
_LAG = """
    SELECT coalesce(sum(greatest(head.next_offset - mine.position, 0)), 0)::int8
    FROM unnest(%(topics)s::int[], %(partitions)s::int[], %(positions)s::int8[])
         AS mine (topic_id, partition, position)
    JOIN head USING (topic_id, partition)
"""
_END = "SELECT next_offset FROM head WHERE topic_id = %s AND partition = %s"
_STORED_BEFORE = """
    SELECT stored_at < %s FROM record WHERE topic_id = %s AND partition = %s AND "offset" = %s
"""


@dataclass(slots=True)
class _Owned:
    """A partition in this member's hands."""

    share: Share
    position: int
    """The next offset to poll."""
    polled: int | None = None
    """What `commit` will store: one past the last polled offset; None when all is committed."""
    leaving: bool = False
    """Promised to another member: nothing more is polled, and it is released once committed."""


class PostgresConsumer:
    """A lost connection ends the membership and forgets everything; the next `poll` joins anew."""

    def __init__(self, database_url: str, client_id: str, group: str, topics: Sequence[str]) -> None:
        self._database_url = database_url
        self._client_id = client_id
        self._group = group
        self._topics = list(topics)
        self._connection: Connection | None = None
        self._membership: Membership | None = None
        self._owned: dict[tuple[str, int], _Owned] = {}
        self._rebalance_at = 0.0

    def poll(self, timeout: float, max_records: int) -> list[Received]:
        deadline = time.monotonic() + timeout
        pause = SHORTEST_PAUSE
        with self._reset_on_error("to fetch records"):
            while True:
                self._rebalance_when_due()
                received = self._fetch(max_records)
                remaining = deadline - time.monotonic()
                if received or remaining <= 0:
                    return received
                time.sleep(min(pause, remaining))
                pause = min(2 * pause, LONGEST_PAUSE)

    def commit(self) -> None:
        done = [owned for owned in self._owned.values() if owned.polled is not None]
        if not done:
            return
        columns = (
            [owned.share.subscription_id for owned in done],
            [owned.share.partition for owned in done],
            [owned.polled for owned in done],
        )
        with self._reset_on_error("to commit offsets"):
            self._connected().execute(_COMMIT, columns)
            for owned in done:
                owned.polled = None
            self._release_leaving()

    def assignment(self) -> list[tuple[str, int]]:
        return sorted(self._owned)

    def lag(self) -> int:
        if not self._owned:
            return 0
        with self._reset_on_error("to tell the lag"):
            (lag,) = self._connected().execute(_LAG, _places(self._owned.values())).fetchone() or (0,)
        return int(lag)

    def seek(self, topic: str, partition: int, offset: int) -> None:
        """Raises ValueError when this member does not own the partition."""
        owned = self._owned.get((topic, partition))
        if owned is None:
            raise ValueError(f"partition {partition} of {topic} is not owned by this consumer")
        owned.position, owned.polled = offset, None

    def seek_to_time(self, moment: datetime) -> None:
        with self._reset_on_error("to find offsets by time"):
            for owned in self._owned.values():
                owned.position, owned.polled = self._first_since(owned.share, moment), None

    def close(self) -> None:
        """The locks go before the connection, so that others need not wait for the server to notice."""
        connection = self._connection
        self._forget()
        if connection is not None:
            with suppress(psycopg.Error):
                connection.execute("SELECT pg_advisory_unlock_all()")
            connection.close()

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = open_connection(self._database_url, self._client_id)
            self._connection.execute("SET plan_cache_mode = force_generic_plan")
        return self._connection

    def _forget(self) -> None:
        self._connection = self._membership = None
        self._owned.clear()
        self._rebalance_at = 0.0

    @contextmanager
    def _reset_on_error(self, doing: str) -> Iterator[None]:
        try:
            with translated(doing):
                yield
        except EventLogUnavailable:
            connection = self._connection
            self._forget()
            if connection is not None:
                connection.close()
            raise

    def _rebalance_when_due(self) -> None:
        now = time.monotonic()
        if now < self._rebalance_at:
            return
        self._rebalance_at = now + REBALANCE_SECONDS
        if self._membership is None:
            self._membership = Membership(self._connected(), self._group, self._topics)
        self._rebalance(self._membership)

    def _rebalance(self, membership: Membership) -> None:
        """Let go of what the others should have, take what is ours and free. Never touches what stays."""
        wanted = membership.wanted()
        for owned in self._owned.values():
            owned.leaving = owned.share not in wanted
        self._release_leaving()
        missing = [share for share in wanted if (share.topic, share.partition) not in self._owned]
        if missing:
            self._begin(membership.take(missing))

    def _begin(self, shares: Sequence[Share]) -> None:
        """Start each taken partition where the group stands: read only now, with its lock held."""
        columns = [share.subscription_id for share in shares], [share.partition for share in shares]
        rows = self._connected().execute(_COMMITTED, columns).fetchall()
        committed = {(subscription, partition): offset for subscription, partition, offset in rows}
        for share in shares:
            position = committed.get((share.subscription_id, share.partition), 0)
            self._owned[share.topic, share.partition] = _Owned(share, position)

    def _release_leaving(self) -> None:
        gone = {place: o for place, o in self._owned.items() if o.leaving and o.polled is None}
        if gone and self._membership is not None:
            self._membership.release(owned.share for owned in gone.values())
            for place in gone:
                del self._owned[place]

    def _fetch(self, limit: int) -> list[Received]:
        readable = {(o.share.topic_id, o.share.partition): o for o in self._owned.values() if not o.leaving}
        if not readable:
            return []
        with self._connected().cursor(binary=True) as cursor:
            cursor.execute(_FETCH, {**_places(readable.values()), "limit": limit})
            received = [_take(readable[row[0], row[1]], row) for row in cursor]
        if received:
            self._read_last(received[-1])
        return received

    def _read_last(self, record: Received) -> None:
        """Move a partition to the end of the queue, so that a full one cannot starve the others."""
        place = (record.topic, record.partition)
        self._owned[place] = self._owned.pop(place)

    def _first_since(self, share: Share, moment: datetime) -> int:
        """The first offset stored at or after `moment`, by halving; the end if there is none."""
        connection = self._connected()
        (high,) = connection.execute(_END, [share.topic_id, share.partition]).fetchone() or (0,)
        low = 0
        while low < high:
            middle = (low + high) // 2
            row = connection.execute(
                _STORED_BEFORE, [moment, share.topic_id, share.partition, middle]
            ).fetchone()
            low, high = (middle + 1, high) if row and row[0] else (low, middle)
        return int(low)


def _places(owned: Any) -> dict[str, list[int]]:
    """The partitions as columns for `unnest`."""
    items = list(owned)
    return {
        "topics": [item.share.topic_id for item in items],
        "partitions": [item.share.partition for item in items],
        "positions": [item.position for item in items],
    }


def _take(owned: _Owned, row: tuple[int, int, int, datetime, str, bytes]) -> Received:
    """A row as the port's record; the partition moves on. A gap would be a lost record: better to stop."""
    _, partition, offset, stored_at, key, value = row
    if offset != owned.position:
        raise RuntimeError(f"{owned.share.topic}/{partition}: offset {offset} instead of {owned.position}")
    owned.position = owned.polled = offset + 1
    return Received(owned.share.topic, partition, offset, stored_at.astimezone(UTC), key, value)
