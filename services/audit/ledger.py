"""Reading the ledger from its start, fast and in one snapshot, whatever its length."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg import IsolationLevel

from shared.db import Database, DatabaseUnavailable

Progress = Callable[[int, int], None]
"""Called now and then with (events done, events in all)."""

STEP = 10_000
"""Events between two calls of a progress callback."""


@dataclass(frozen=True, slots=True)
class Until:
    """Where to stop reading: events recorded at or before `moment`, events with an index below `size`."""

    moment: datetime | None = None
    size: int | None = None


@contextmanager
def snapshot(database: Database) -> Iterator[psycopg.Connection[Any]]:
    """A connection that sees one state of the ledger, and changes nothing. Raises DatabaseUnavailable."""
    with database.engine.connect() as pooled:
        connection = pooled.connection.driver_connection
        assert isinstance(connection, psycopg.Connection)  # noqa: S101 - the only driver we run on
        connection.rollback()
        connection.isolation_level, connection.read_only = IsolationLevel.REPEATABLE_READ, True
        try:
            yield connection
        except psycopg.OperationalError as error:
            raise DatabaseUnavailable(str(error)) from error
        finally:
            if not connection.closed:
                connection.rollback()
                connection.isolation_level, connection.read_only = None, None


def size(connection: psycopg.Connection[Any]) -> int:
    """How many events the ledger says it holds."""
    row = connection.execute("SELECT size FROM ledger_head").fetchone()
    return int(row[0]) if row else 0


def copy_rows(
    connection: psycopg.Connection[Any], query: str, kinds: list[str], values: dict[str, Any] | None = None
) -> Iterator[tuple[Any, ...]]:
    """The rows of `query` by binary COPY, which streams one row at a time. `kinds`: the columns' types."""
    statement = f"COPY ({query}) TO STDOUT (FORMAT binary)"
    with connection.cursor() as cursor, cursor.copy(statement.encode(), values) as copy:
        copy.set_types(kinds)
        yield from copy.rows()


def reported(progress: Progress | None, done: int, of: int) -> None:
    """Tell `progress` at every STEP-th event and at the end."""
    if progress is not None and (done % STEP == 0 or done == of):
        progress(done, of)
