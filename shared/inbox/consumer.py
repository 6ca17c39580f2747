"""The consumer loop. See `Consume.run`; the parts of a batch's life are in `batch.py`."""

import threading
import time

from sqlalchemy.exc import DBAPIError

from shared.db import Database, is_conflict, is_outage
from shared.eventlog.port import Consumer, EventLog, EventLogUnavailable, Received
from shared.failpoints import failpoint
from shared.inbox.batch import Batch, BrakeEngaged, Outcome
from shared.inbox.handlers import HandlerMap, KeySource, Transient, topics_of
from shared.observability import beat, logger, metrics

SILENCE_SECONDS = 30.0
"""The watchdog rebuilds a consumer that got nothing for so long although the log holds more for it."""

PATIENCE_SECONDS = 60.0
"""A batch that stays blocked so long is given back to the log, so that the group never thinks us dead."""

__all__ = ["BrakeEngaged", "Consume"]


def group_of(service: str) -> str:
    """The consumer group that a service's consumers share."""
    return f"songban.{service}"


class Consume:
    """Takes every event of the handlers' topics into `database`, each exactly once.

    A batch is one transaction: inbox rows, handlers, new events, commit; then the offsets are committed.
    A crash in between means that the batch is delivered again and the inbox drops what it has.
    """

    def __init__(
        self,
        service: str,
        database: Database,
        log: EventLog,
        handlers: HandlerMap,
        *,
        key_source: KeySource | None = None,
        batch: int = 500,
        silence: float = SILENCE_SECONDS,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self.service = service
        self._database = database
        self._log = log
        self._handlers = handlers
        self._key_source = key_source
        self._batch = batch
        self._silence = silence
        self._patience = patience
        self._failures_in_a_row = 0
        self._logger = logger("consume", service=service)

    def run(self, stop: threading.Event) -> None:
        """Consume until `stop`; outages of the log or the database only make it wait."""
        pause = 0.2
        while not stop.is_set():
            try:
                self._consume_until(stop)
                pause = 0.2
            except (EventLogUnavailable, Transient, BrakeEngaged, DBAPIError) as error:
                if isinstance(error, DBAPIError) and not is_outage(error) and not is_conflict(error):
                    raise
                metrics.CONSUMER_BRAKE.labels(self.service).set(isinstance(error, BrakeEngaged))
                self._logger.warning(
                    "cannot go on, will rejoin", error=f"{type(error).__name__}: {error}"[:500]
                )
                stop.wait(pause)
                pause = min(pause * 2, 30.0)

    def _consume_until(self, stop: threading.Event) -> None:
        consumer = self._log.consumer(group_of(self.service), topics_of(self._handlers))
        try:
            last_seen = last_measured = time.monotonic()
            while not stop.is_set():
                beat("consume", self.service)
                received = consumer.poll(0.5, self._batch)
                now = time.monotonic()
                if received:
                    self.take_in(received, stop)
                    consumer.commit()
                    last_seen = time.monotonic()
                if now - last_measured > 2.0:
                    last_measured = now
                    if self._measure(consumer) == 0:
                        last_seen = now  # nothing was there to be seen
                    elif now - last_seen > self._silence:
                        metrics.CONSUMER_REBUILDS.labels(self.service).inc()
                        self._logger.error("silent although there is lag, rebuilding the consumer")
                        return
        finally:
            consumer.close()

    def _measure(self, consumer: Consumer) -> int:
        lag = consumer.lag()
        metrics.CONSUMER_LAG.labels(self.service).set(lag)
        return lag

    def take_in(self, received: list[Received], stop: threading.Event | None = None) -> None:
        """Take a batch in, trying again in place while what it needs is down.

        Raises Transient, DBAPIError or BrakeEngaged when it stays blocked for longer than the patience.
        """
        stop = stop or threading.Event()
        deadline = time.monotonic() + self._patience
        pause = 0.05
        while True:
            try:
                self._commit_batch(received)
                return
            except (Transient, DBAPIError) as error:
                worth_waiting = isinstance(error, Transient) or is_outage(error) or is_conflict(error)
                if not worth_waiting or time.monotonic() > deadline or stop.is_set():
                    raise
                self._logger.warning(
                    "batch blocked, trying again", error=f"{type(error).__name__}: {error}"[:300]
                )
                stop.wait(pause)
                pause = min(pause * 2, 5.0)

    def _commit_batch(self, received: list[Received]) -> None:
        batch = Batch(self.service, received, self._handlers, self._key_source)
        try:
            with self._database.transaction() as session:
                outcome = batch.together(session, self._failures_in_a_row)
                failpoint("inbox.before_commit")
        except Exception as error:
            if isinstance(error, Transient | BrakeEngaged) or is_outage(error) or is_conflict(error):
                raise
            self._logger.warning(
                "batch failed, redoing it one by one", error=f"{type(error).__name__}: {error}"[:300]
            )
            with self._database.transaction() as session:
                outcome = batch.one_by_one(session, self._failures_in_a_row)
        failpoint("inbox.after_commit")
        self._account(outcome)

    def _account(self, outcome: Outcome) -> None:
        metrics.CONSUMER_BRAKE.labels(self.service).set(0)
        self._failures_in_a_row = outcome.failures_in_a_row
        for name, count in outcome.taken.items():
            metrics.CONSUMED.labels(self.service, name).inc(count)
        for status, count in outcome.dead.items():
            metrics.DEAD_LETTERS.labels(self.service, status).inc(count)
            self._logger.error("events put aside", status=status, count=count)
