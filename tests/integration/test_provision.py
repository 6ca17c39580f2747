"""Databases and roles as an installation gets them: whoever serves requests owns no table."""

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from shared.db import owner_url, provision
from tests.support.postgres import server_url


@pytest.fixture
def name() -> Iterator[str]:
    made = f"earlier_{uuid4().hex[:8]}"
    yield made
    with psycopg.connect(server_url(), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {made} WITH (FORCE)")


def run(url: str, *statements: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            result = connection.execute(statement)
        return result.fetchall() if result.description else []


def test_a_database_of_an_earlier_time_is_handed_over(name: str) -> None:
    own = provision(server_url(), name, "first", owns=True)
    run(own, "CREATE TABLE note (id integer GENERATED ALWAYS AS IDENTITY, word text)")
    run(own, "CREATE SEQUENCE numbers")
    for password in ("second", "third"):
        own = provision(server_url(), name, password)
    run(own, "INSERT INTO note (word) VALUES ('kept')", "UPDATE note SET word = 'kept'")
    assert run(own, "SELECT id, word, nextval('numbers') FROM note") == [(1, "kept", 1)]
    for statement in ("ALTER TABLE note ADD more text", "TRUNCATE note", "DROP TABLE note"):
        with pytest.raises(InsufficientPrivilege):
            run(own, statement)
    run(owner_url(server_url(), name), "ALTER TABLE note ADD more text", "CREATE TABLE later (word text)")
    run(own, "INSERT INTO later VALUES ('also')", "DELETE FROM later", "UPDATE note SET more = 'too'")


def test_nobody_signs_in_as_the_owner_and_no_role_reads_anothers_database(name: str) -> None:
    own = provision(server_url(), name, "own")
    other = f"{name}_2"
    try:
        elsewhere = provision(server_url(), other, "other")
        for url in (
            own.replace(f"{name}:own", f"{name}_owner:own"),
            elsewhere.replace(f"/{other}", f"/{name}"),
        ):
            with pytest.raises(psycopg.OperationalError):
                run(url, "SELECT 1")
    finally:
        run(server_url(), f"DROP DATABASE {other}")
