"""Connections to the embedded log's database, and what their errors mean to the port."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import Connection, errors

from shared.eventlog.port import EventLogUnavailable

CONNECT_SECONDS = 5
ANSWER_SECONDS = 30

TRANSIENT = (psycopg.OperationalError, psycopg.InterfaceError, errors.UndefinedTable)
"""Server down, connection lost, time over, or `ensure_topics` not run yet: later it may work."""


def open_connection(database_url: str, client_id: str) -> Connection:
    """An autocommit connection whose commits are durable and whose statements end."""
    options = f"-c synchronous_commit=on -c statement_timeout={ANSWER_SECONDS}s"
    return psycopg.connect(
        database_url,
        autocommit=True,
        connect_timeout=CONNECT_SECONDS,
        application_name=client_id,
        options=options,
    )


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """PostgreSQL's transient errors as the port's one."""
    try:
        yield
    except TRANSIENT as error:
        raise EventLogUnavailable(f"The embedded event log failed {doing}: {error}") from error
