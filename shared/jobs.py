"""Background jobs of a service: work that no request waits for, done piece by piece by `songban work`.

Several workers of one service are harmless: an advisory lock per job lets one of them run it at a time. A run
ends by itself, so that the others get their turn, and whatever it does must be safe to do again: the worker
may be killed at any point.
"""

import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.db import Database, is_conflict, is_outage
from shared.observability import beat, logger, metrics
from shared.settings import Settings

JOB_LOCKS = 7_355_611
"""First half of each job's advisory lock; the second is the checksum of its name."""

LOOK_SECONDS = 0.5
"""Longest pause between two turns of the loop: so soon it hears that it shall stop."""

OUTAGE_SECONDS = 1.0
LONGEST_PAUSE = 60.0
"""Of a job that keeps failing: it is tried again all the same, its cause may go away."""

_TAKE = text("SELECT pg_try_advisory_lock(:locks, :job)")
_GIVE = text("SELECT pg_advisory_unlock(:locks, :job)")


@dataclass(frozen=True, slots=True)
class JobContext:
    """What a job works with. A run of more than a second asks `may_go_on` between two pieces."""

    settings: Settings
    database: Database
    stop: threading.Event = field(default_factory=threading.Event)
    still_alive: Callable[[], None] = lambda: None

    def may_go_on(self) -> bool:
        """Say that the run is alive; False when the worker has been asked to stop."""
        self.still_alive()
        return not self.stop.is_set()


@dataclass(frozen=True, slots=True)
class Job:
    """`run` does one piece; True: there may be more at once, False: ask again in `every` seconds."""

    name: str
    run: Callable[[JobContext], bool]
    every: float

    @property
    def lock(self) -> int:
        """The job's half of its lock, as PostgreSQL's integer holds it."""
        checksum = zlib.crc32(self.name.encode())
        return checksum - 2**32 if checksum >= 2**31 else checksum


class Work:
    """Runs a service's jobs in turn until `stop`. A failing job delays itself, not the others."""

    def __init__(self, service: str, settings: Settings, database: Database, jobs: Sequence[Job]) -> None:
        self.service = service
        self._settings = settings
        self._database = database
        self._jobs = jobs
        self._due = dict.fromkeys((job.name for job in jobs), 0.0)
        self._failures = dict.fromkeys((job.name for job in jobs), 0)
        self._logger = logger("work", service=service)

    def run(self, stop: threading.Event) -> None:
        """Work until `stop`; an outage of the database only makes it wait."""
        context = JobContext(
            self._settings, self._database, stop, still_alive=lambda: beat("work", self.service)
        )
        while context.may_go_on():
            for job in self._jobs:
                if time.monotonic() >= self._due[job.name] and not stop.is_set():
                    pause = self.turn(job, context)
                    self._due[job.name] = time.monotonic() + pause
            first = min(self._due.values(), default=0.0) - time.monotonic()
            stop.wait(min(max(first, 0.0), LOOK_SECONDS))

    def turn(self, job: Job, context: JobContext) -> float:
        """Run a job once, if no other worker does; returns the seconds until it is due again."""
        begun = time.monotonic()
        try:
            with self._leading(job) as leads:
                more = leads and job.run(context)
        except Exception as error:  # noqa: BLE001 - one job's trouble is not the others'
            return self._pause_after(job, error)
        self._failures[job.name] = 0
        metrics.JOB_SECONDS.labels(self.service, job.name).observe(time.monotonic() - begun)
        return 0.0 if more else job.every

    @contextmanager
    def _leading(self, job: Job) -> Iterator[bool]:
        """Whether this worker is the one that runs the job now; so it stays until the block ends."""
        lock = {"locks": JOB_LOCKS, "job": job.lock}
        with self._database.engine.connect() as connection:
            leads = bool(connection.scalar(_TAKE, lock))
            connection.commit()
            try:
                yield leads
            finally:
                if leads:
                    try:
                        connection.execute(_GIVE, lock)
                        connection.commit()
                    except DBAPIError:
                        connection.invalidate()  # a connection that is closed has given the lock back

    def _pause_after(self, job: Job, error: Exception) -> float:
        if is_outage(error) or is_conflict(error):
            self._logger.warning("job waits for the database", job=job.name, error=type(error).__name__)
            return OUTAGE_SECONDS
        self._failures[job.name] += 1
        metrics.JOB_FAILURES.labels(self.service, job.name).inc()
        self._logger.error("job failed, will try again", job=job.name, exc_info=error)
        return float(
            min(max(job.every, OUTAGE_SECONDS) * 2 ** min(self._failures[job.name], 16), LONGEST_PAUSE)
        )
