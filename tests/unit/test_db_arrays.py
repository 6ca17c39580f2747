"""Lists arrive at PostgreSQL as they were, whatever their texts and bytes hold."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DataError

from shared.db import Database
from tests.support.postgres import create_database

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@pytest.fixture(scope="module")
def database() -> Database:
    return Database(create_database(), "test")


def there_and_back(database: Database, kind: str, values: list[Any]) -> list[Any]:
    with database.transaction() as session:
        rows = session.execute(
            text(f"SELECT * FROM unnest(CAST(:values AS {kind}[])) WITH ORDINALITY ORDER BY 2"),
            {"values": values},
        )
        return [value for value, _ in rows]


@given(st.lists(TEXTS))
def test_texts_come_back(database: Database, values: list[str]) -> None:
    assert there_and_back(database, "text", values) == values


@given(st.lists(st.binary()))
def test_bytes_come_back(database: Database, values: list[bytes]) -> None:
    assert there_and_back(database, "bytea", values) == values


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("text", ["a", None, "NULL", "null", "", '"', "\\", "{}", ",", " ", "\\x00", "\n"]),
        ("text", ["NULL", "", '"', "\\", "{a,b}", "Nậm Ty"]),
        ("text", [None, None]),
        ("text", []),
        ("bytea", [b"", b"\0\\", None]),
        ("bytea", [b""]),
        ("integer", [1, None, -(2**31)]),
        ("boolean", [True, None, False]),
    ],
)
def test_the_awkward_ones_come_back(database: Database, kind: str, values: list[Any]) -> None:
    assert there_and_back(database, kind, values) == values


def test_a_text_with_nul_is_refused_and_not_cut(database: Database) -> None:
    with pytest.raises(DataError):
        there_and_back(database, "text", ["a\0b", "c"])
