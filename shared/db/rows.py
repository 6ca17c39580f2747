"""Multi-row statements: one round trip for a batch, whatever its size."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from shared.db.lean import Lean

_dialect = postgresql.dialect()  # type: ignore[no-untyped-call]


def insert_rows(
    session: Session, table: Table, rows: Sequence[Mapping[str, Any]], *, suffix: str = ""
) -> Sequence[Any]:
    """Insert `rows` (all with the same keys) with one `INSERT … SELECT FROM unnest(…)`.

    `suffix` is what follows: `ON CONFLICT DO NOTHING RETURNING id`, say. Returns the rows that it returns.
    Arrays and JSON columns are not for this: PostgreSQL's unnest would flatten them.
    """
    if not rows:
        return []
    columns = tuple(rows[0])
    statement = _statement(table, columns, suffix)
    return statement.all(session, {column: [row[column] for row in rows] for column in columns})


@cache
def _statement(table: Table, columns: tuple[str, ...], suffix: str) -> Lean:
    kinds = [table.c[column].type.compile(_dialect) for column in columns]
    arrays = ", ".join(f"CAST(:{column} AS {kind}[])" for column, kind in zip(columns, kinds, strict=True))
    names = ", ".join(f'"{column}"' for column in columns)
    return Lean(f'INSERT INTO "{table.name}" ({names}) SELECT * FROM unnest({arrays}) {suffix}')  # noqa: S608 - names come from the table
