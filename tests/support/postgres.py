"""A real PostgreSQL 18 for tests, from the PyPI wheel: one server per test worker, databases on demand.

A run makes hundreds of databases, together gigabytes: each is dropped when the test or fixture that made
it ends. The directory goes when the worker ends, or when the next run finds that its worker was killed.
"""

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
import psycopg
import sqlalchemy

from songban.postgres import EmbeddedPostgres

PREFIX = "songban-pg-"

_owners: list[Callable[[Callable[[], None]], Any]] = []
"""How the test, and the fixtures it is setting up, hear what to do when they end; the innermost is last."""


@cache
def server() -> EmbeddedPostgres:
    """The worker's server, with durability off where it costs only time."""
    remove_left_behind()
    directory = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    postgres = EmbeddedPostgres(directory / "pgdata", options={"fsync": "off", "full_page_writes": "off"})
    postgres.start()
    atexit.register(stop_server)
    return postgres


def stop_server() -> None:
    """Stop the worker's server, if it started one, and remove all it kept."""
    if server.cache_info().currsize:
        server().stop()
        shutil.rmtree(server().directory.parent)
        server.cache_clear()


def remove_left_behind() -> None:
    """Remove the directories of servers whose worker is no more."""
    for directory in Path(tempfile.gettempdir()).glob(f"{PREFIX}[0-9]*-*"):
        pid = directory.name.removeprefix(PREFIX).split("-")[0]
        if not psutil.pid_exists(int(pid)):
            shutil.rmtree(directory, ignore_errors=True)  # the other worker may be at it as well


def server_url() -> str:
    """The superuser's URL of database `postgres`."""
    return server().url


@contextmanager
def databases_of(at_end: Callable[[Callable[[], None]], Any]) -> Iterator[None]:
    """Databases made in this block are dropped when their owner ends: `at_end` takes what to do then."""
    _owners.append(at_end)
    try:
        yield
    finally:
        _owners.pop()


def create_database(name: str = "test", template: str | None = None, *, kept: bool = False) -> str:
    """A new empty database (or a copy of `template`) with a unique name; returns the superuser's URL.

    It goes with the test or fixture that made it; one that is `kept` for other tests goes with the server.
    """
    unique = f"{name}_{uuid4().hex[:8]}"
    suffix = f' TEMPLATE "{template}" STRATEGY FILE_COPY' if template else ""
    _run(f'CREATE DATABASE "{unique}"{suffix}')
    if _owners and not kept:
        _owners[-1](partial(_run, f'DROP DATABASE "{unique}" WITH (FORCE)'))
    return sqlalchemy.make_url(server_url()).set(database=unique).render_as_string(hide_password=False)


def _run(statement: str) -> None:
    with psycopg.connect(server_url(), autocommit=True) as connection:
        connection.execute(statement.encode())


def database_name(url: str) -> str:
    return str(sqlalchemy.make_url(url).database)
