"""Multi-row statements: one round trip for a batch, whatever its size."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import orjson
from sqlalchemy import ARRAY, JSON, Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from shared.db.arrays import array_text
from shared.db.lean import Lean

_dialect = postgresql.dialect()  # type: ignore[no-untyped-call]


def insert_rows(
    session: Session, table: Table, rows: Sequence[Mapping[str, Any]], *, suffix: str = ""
) -> Sequence[Any]:
    """Insert `rows` (all with the same keys) with one `INSERT … SELECT FROM unnest(…)`.

    `suffix` is what follows: `ON CONFLICT DO NOTHING RETURNING id`, say. Returns the rows that it returns.
    A column of arrays takes sequences of whole numbers or of texts, a JSON column what JSON can hold.
    """
    if not rows:
        return []
    columns = tuple(rows[0])
    statement = _statement(table, columns, suffix)
    return statement.all(session, {column: _values(table, column, rows) for column in columns})


def _values(table: Table, column: str, rows: Sequence[Mapping[str, Any]]) -> list[Any]:
    """A column's values. `unnest` would flatten arrays, so they travel as PostgreSQL's text for them."""
    kind = table.c[column].type
    if isinstance(kind, ARRAY):
        return [array_text(row[column]) for row in rows]
    if isinstance(kind, JSON):
        return [orjson.dumps(row[column]).decode() for row in rows]
    return [row[column] for row in rows]


@cache
def _statement(table: Table, columns: tuple[str, ...], suffix: str) -> Lean:
    names = ", ".join(f'"{column}"' for column in columns)
    arrays = ", ".join(
        f"CAST(:{column} AS {'text' if _as_text(table, column) else _kind(table, column)}[])"
        for column in columns
    )
    picked = ", ".join(
        f'CAST("{column}" AS {_kind(table, column)})' if _as_text(table, column) else f'"{column}"'
        for column in columns
    )
    source = f"unnest({arrays}) AS new ({names})"
    return Lean(f'INSERT INTO "{table.name}" ({names}) SELECT {picked} FROM {source} {suffix}')  # noqa: S608 - names come from the table


def _as_text(table: Table, column: str) -> bool:
    return isinstance(table.c[column].type, ARRAY | JSON)


def _kind(table: Table, column: str) -> str:
    return table.c[column].type.compile(_dialect)
