"""The session factory. READ COMMITTED throughout: guards stand in the statements, not in the isolation."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import NullPool

from shared.db.arrays import use_column_dumper

Result = TypeVar("Result")

RETRYABLE_STATES = {"40001", "40P01"}
"""serialization_failure and deadlock_detected: the same transaction will go through on another try."""

QUEUE_LOCK = 7_355_610
"""Advisory lock of the queue that clashing transactions form."""

FREE_ATTEMPTS = 2

OUTAGE_CLASSES = ("08", "53", "57P", "58")
"""Connection lost, out of resources, shutdown, system error: wait for the database to come back."""


PLANS = "-c plan_cache_mode=force_generic_plan"
"""Our statements find rows by key: planning each one anew costs more than it ever finds."""


class DatabaseUnavailable(Exception):
    """The database cannot be reached. Transient."""


def broken_constraint(error: BaseException) -> str | None:
    """The name of the constraint that a statement broke, None when that is not what went wrong."""
    if not isinstance(error, IntegrityError):
        return None
    name: str | None = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
    return name


def is_conflict(error: BaseException) -> bool:
    """Whether two transactions got in each other's way, so that trying again is right.

    A clash on a stream's next version (`event_log_pkey`) is one: somebody else appended first.
    """
    if not isinstance(error, DBAPIError) or error.orig is None:
        return False
    if isinstance(error, IntegrityError):
        return broken_constraint(error) == "event_log_pkey"
    return getattr(error.orig, "sqlstate", None) in RETRYABLE_STATES


def is_outage(error: BaseException) -> bool:
    """Whether the database (not the statement) is the trouble."""
    if isinstance(error, PoolTimeout | DatabaseUnavailable):
        return True
    if not isinstance(error, DBAPIError):
        return False
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        return error.connection_invalidated or isinstance(error, sqlalchemy.exc.OperationalError)
    return str(state).startswith(OUTAGE_CLASSES)


def pause_before(attempt: int) -> None:
    """Let the other transaction finish. By chance, so that those that clashed do not clash again in step."""
    time.sleep(random.uniform(0.2, 1.0) * min(0.005 * 2**attempt, 0.2))  # noqa: S311 - spreads tries, no secret


def queue_up(session: Session, attempt: int) -> None:
    """From the third attempt on, transactions go one at a time, so that they stop clashing with each other.

    The first statement of a transaction: it waits while it holds nothing that others could wait for.
    """
    if attempt > FREE_ATTEMPTS:
        session.execute(sqlalchemy.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": QUEUE_LOCK})


@dataclass(frozen=True, slots=True)
class Statements:
    """A connection for `Lean` statements that are each a transaction of their own."""

    _connection: sqlalchemy.Connection

    def connection(self) -> sqlalchemy.Connection:
        return self._connection


class Database:
    """One service's database: `postgresql://user:password@host:port/name`."""

    def __init__(self, url: str, name: str, pool_size: int = 8) -> None:
        self.url = sqlalchemy.make_url(url).set(drivername="postgresql+psycopg")
        self._name = name
        self.engine = self._connect(pool_size=pool_size, max_overflow=4, pool_timeout=10, pool_use_lifo=True)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)
        self._lock = threading.Lock()
        self._thread = threading.local()
        self._single: list[sqlalchemy.Connection] = []

    def _connect(self, **options: Any) -> sqlalchemy.Engine:
        given = self.url.query.get("options", "")
        engine = sqlalchemy.create_engine(
            self.url,
            pool_pre_ping=False,
            hide_parameters=True,  # errors are logged, and parameters may name a person
            connect_args={
                "application_name": self._name,
                "connect_timeout": 5,
                "options": f"{PLANS} {given}",
            },
            **options,
        )
        event.listen(engine, "connect", lambda connection, _record: use_column_dumper(connection))
        return engine

    def session(self) -> Session:
        """A session that its caller commits and closes."""
        return self._sessions()

    def statements(self) -> Statements:
        """Where each statement is a transaction of its own: a connection that this thread keeps.

        Not one of the pool: to take one there and give it back costs as much as a statement, and switching
        one to and fro between the two kinds more than the BEGIN and the COMMIT that are saved. One that
        breaks is made anew by the next statement.
        """
        connection: sqlalchemy.Connection | None = getattr(self._thread, "connection", None)
        if connection is None:
            engine = self._connect(isolation_level="AUTOCOMMIT", poolclass=NullPool)
            connection = self._thread.connection = engine.connect()
            with self._lock:
                self._single.append(connection)
        return Statements(connection)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One transaction: committed at the end of the block, rolled back when it raises."""
        with self._sessions.begin() as session:
            yield session

    def run(self, work: Callable[[Session], Result], attempts: int = 12) -> Result:
        """Run `work` in a transaction, again when it clashed with another one."""
        for attempt in range(1, attempts + 1):
            try:
                with self.transaction() as session:
                    queue_up(session, attempt)
                    return work(session)
            except DBAPIError as error:
                if attempt == attempts or not is_conflict(error):
                    raise
                pause_before(attempt)
        raise AssertionError("unreachable")

    def ping(self) -> str:
        """The server's version. Raises DatabaseUnavailable."""
        try:
            with self.engine.connect() as connection:
                return str(connection.scalar(sqlalchemy.text("SHOW server_version")))
        except (DBAPIError, PoolTimeout) as error:
            raise DatabaseUnavailable(str(error)) from error

    def close(self) -> None:
        self.engine.dispose()
        with self._lock:
            for connection in self._single:
                connection.close()
            self._single.clear()
            self._thread = threading.local()
