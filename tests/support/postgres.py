"""A real PostgreSQL 18 for tests, from the PyPI wheel: one server per test worker, databases on demand."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path
from uuid import uuid4

import psycopg
import sqlalchemy

from songban.postgres import EmbeddedPostgres


@cache
def server() -> EmbeddedPostgres:
    """The worker's server, with durability off where it costs only time."""
    directory = Path(tempfile.mkdtemp(prefix="songban-pg-"))
    postgres = EmbeddedPostgres(directory / "pgdata", options={"fsync": "off", "full_page_writes": "off"})
    postgres.start()
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    atexit.register(postgres.stop)
    return postgres


def server_url() -> str:
    """The superuser's URL of database `postgres`."""
    return server().url


def create_database(name: str = "test", template: str | None = None) -> str:
    """A new empty database (or a copy of `template`) with a unique name; returns the superuser's URL."""
    unique = f"{name}_{uuid4().hex[:8]}"
    with psycopg.connect(server_url(), autocommit=True) as connection:
        suffix = f' TEMPLATE "{template}"' if template else ""
        connection.execute(f'CREATE DATABASE "{unique}"{suffix}')
    return sqlalchemy.make_url(server_url()).set(database=unique).render_as_string(hide_password=False)


def database_name(url: str) -> str:
    return str(sqlalchemy.make_url(url).database)
