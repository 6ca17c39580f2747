"""The relay: sends what the outbox holds to the event log, in order, and deletes what was acknowledged.

One relay per service works at a time; a session advisory lock elects it, so a second one waits and takes
over when the first dies. The outbox is a queue, not a cursor: a row that commits late is simply found later.
Rows of one stream are safe in `seq` order, because a version can only be written after the one before it
has committed.
"""

import contextlib
import threading
from collections.abc import Sequence
from typing import Any

import sqlalchemy
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from shared.db import Database, is_outage
from shared.eventlog.port import EventLog, EventLogUnavailable, Producer, Record, SendFailed
from shared.failpoints import failpoint
from shared.observability import beat, logger, metrics

RELAY_LOCK = 7_355_609
IDLE_SECONDS = (0.02, 0.5)
"""Shortest and longest pause between two looks at an empty outbox."""

_READ = text(
    """
    SELECT o.seq, o.topic, o.key, e.bytes
    FROM (SELECT * FROM outbox ORDER BY seq LIMIT :limit) AS o
    JOIN event_log AS e USING (stream, version)
    ORDER BY o.seq
    """
)
_DELETE = text("DELETE FROM outbox WHERE seq = ANY(CAST(:seqs AS bigint[]))")
_BACKLOG = text(
    "SELECT count(*), coalesce(extract(epoch FROM now() - min(e.recorded_at)), 0)"
    " FROM (SELECT * FROM outbox ORDER BY seq LIMIT 10000) AS o JOIN event_log AS e USING (stream, version)"
)


class Relay:
    """`run` until `stop` is set. A broker that is down costs waiting, nothing else."""

    def __init__(self, service: str, database: Database, log: EventLog, batch: int = 1000) -> None:
        self.service = service
        self._database = database
        self._log = log
        self._batch = batch
        self._producer: Producer | None = None
        self._logger = logger("relay", service=service)

    def run(self, stop: threading.Event) -> None:
        """Lead, relay, and lead again after an outage, until `stop`."""
        while not stop.is_set():
            try:
                with self._database.engine.connect() as connection:
                    self._lead(connection, stop)
            except (DBAPIError, sqlalchemy.exc.TimeoutError) as error:
                if not is_outage(error):
                    raise
                self._logger.warning("database unavailable, waiting", error=type(error).__name__)
                stop.wait(1.0)
        if self._producer is not None:
            self._producer.close()

    def _lead(self, connection: Connection, stop: threading.Event) -> None:
        while not stop.is_set():
            leads = connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": RELAY_LOCK})
            connection.commit()
            if leads:
                break
            beat("relay", self.service)
            stop.wait(0.5)
        else:
            return
        self._logger.info("leading")
        try:
            self._relay_until(connection, stop)
        finally:
            # A connection that broke has given the lock back by itself.
            with contextlib.suppress(DBAPIError):
                connection.rollback()
                connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": RELAY_LOCK})
                connection.commit()

    def _relay_until(self, connection: Connection, stop: threading.Event) -> None:
        pause = IDLE_SECONDS[0]
        while not stop.is_set():
            beat("relay", self.service)
            try:
                sent = self.relay_once(connection)
            except EventLogUnavailable as error:
                metrics.RELAY_FAILURES.labels(self.service).inc()
                self._logger.warning("event log unavailable, will send again", error=str(error)[:300])
                self._measure(connection)
                stop.wait(IDLE_SECONDS[1])
                continue
            if sent:
                pause = IDLE_SECONDS[0]
                continue
            self._measure(connection)
            stop.wait(pause)
            pause = min(pause * 2, IDLE_SECONDS[1])

    def relay_once(self, connection: Connection) -> int:
        """Send one batch; returns how many were sent and deleted. Raises EventLogUnavailable."""
        rows = connection.execute(_READ, {"limit": self._batch}).all()
        connection.commit()
        if not rows:
            return 0
        failpoint("relay.before_send")
        try:
            self._send(rows)
        except SendFailed as failure:
            self._forget(
                connection, [row.seq for row, acked in zip(rows, failure.acked, strict=True) if acked]
            )
            raise
        failpoint("relay.after_send")
        self._forget(connection, [row.seq for row in rows])
        return len(rows)

    def _send(self, rows: Sequence[Any]) -> None:
        if self._producer is None:
            self._producer = self._log.producer()
        self._producer.send([Record(row.topic, row.key, row.bytes) for row in rows])

    def _forget(self, connection: Connection, seqs: list[int]) -> None:
        if seqs:
            connection.execute(_DELETE, {"seqs": seqs})
            connection.commit()
            metrics.RELAYED.labels(self.service).inc(len(seqs))

    def _measure(self, connection: Connection) -> None:
        waiting, age = connection.execute(_BACKLOG).one()
        connection.commit()
        metrics.RELAY_WAITING.labels(self.service).set(waiting)
        metrics.RELAY_AGE.labels(self.service).set(float(age))
