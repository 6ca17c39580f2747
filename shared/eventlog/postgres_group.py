"""Who reads what in the embedded log: a consumer group kept in advisory locks, without heartbeats.

Each member's session holds one lock per topic it reads (it lives) and one per partition it owns. A process
that dies loses its session and with it every lock, at once; a partition can never be owned twice.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from psycopg import Connection

_SUBSCRIBE = """
    INSERT INTO subscription (group_name, topic) SELECT %s, unnest(%s::text[]) ON CONFLICT DO NOTHING
"""
_JOIN = """
    SELECT pg_advisory_lock(id, %s) FROM subscription WHERE group_name = %s AND topic = ANY (%s)
"""
_LIVE_MEMBERS = """
    WITH live AS MATERIALIZED (
        SELECT classid::bigint AS subscription_id, objid::bigint AS member FROM pg_locks
        WHERE locktype = 'advisory' AND objsubid = 2 AND granted AND objid::bigint >= 1000000
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    )
    SELECT s.id, t.id, t.name, t.partitions, array_agg(live.member ORDER BY live.member)
    FROM subscription s JOIN topic t ON t.name = s.topic JOIN live ON live.subscription_id = s.id
    WHERE s.group_name = %s AND s.topic = ANY (%s) GROUP BY s.id, t.id
"""
_TAKE = """
    SELECT s, p FROM unnest(%s::int[], %s::int[]) AS wanted (s, p) WHERE pg_try_advisory_lock(s, p)
"""
_RELEASE = "SELECT pg_advisory_unlock(s, p) FROM unnest(%s::int[], %s::int[]) AS owned (s, p)"


@dataclass(frozen=True, slots=True)
class Share:
    """One partition of one topic as a group knows it; (subscription_id, partition) is its lock."""

    subscription_id: int
    topic_id: int
    topic: str
    partition: int


def share_out(partitions: int, members: Sequence[int], shift: int) -> Mapping[int, int]:
    """Which member reads each partition. Every member computes the same from the same list of the living.

    `shift` differs by topic, so that topics of few partitions do not all go to the first member.
    """
    return {partition: members[(partition + shift) % len(members)] for partition in range(partitions)}


class Membership:
    """One live member of a group: exists as long as its connection does."""

    def __init__(self, connection: Connection, group: str, topics: Sequence[str]) -> None:
        self._connection = connection
        self._group = group
        self._topics = list(topics)
        connection.execute(_SUBSCRIBE, [group, sorted(topics)])
        (self._member,) = connection.execute("SELECT nextval('member')").fetchone() or (0,)
        connection.execute(_JOIN, [self._member, group, self._topics])

    def wanted(self) -> set[Share]:
        """What this member should own, given who lives now."""
        rows = self._connection.execute(_LIVE_MEMBERS, [self._group, self._topics]).fetchall()
        return {
            Share(subscription, topic_id, topic, partition)
            for subscription, topic_id, topic, partitions, members in rows
            for partition, member in share_out(partitions, members, subscription).items()
            if member == self._member
        }

    def take(self, shares: Iterable[Share]) -> list[Share]:
        """Those of the shares that nobody holds any more, now owned by this member."""
        by_lock = {(share.subscription_id, share.partition): share for share in shares}
        taken = self._connection.execute(_TAKE, _columns(by_lock)).fetchall()
        return [by_lock[lock] for lock in taken]

    def release(self, shares: Iterable[Share]) -> None:
        locks = [(share.subscription_id, share.partition) for share in shares]
        if locks:
            self._connection.execute(_RELEASE, _columns(locks))


def _columns(pairs: Iterable[tuple[int, int]]) -> tuple[list[int], list[int]]:
    first, second = [], []
    for one, two in pairs:
        first.append(one)
        second.append(two)
    return first, second
