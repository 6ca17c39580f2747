"""How lists travel to PostgreSQL: whole columns at once instead of value by value.

A batch sends each column as one array. psycopg quotes an array's values one after the other with regular
expressions, which costs more than everything else of a batch together; texts and bytes need none of it.
"""

from binascii import hexlify
from collections.abc import Sequence
from typing import Any

from psycopg import Connection
from psycopg.errors import DataError
from psycopg.types.array import ListDumper


class ColumnDumper(ListDumper):
    """psycopg's list dumper with a short way for flat lists of texts or of bytes."""

    def dump(self, obj: list[Any]) -> Any:
        kinds = set(map(type, obj))
        if kinds == {str}:
            return _texts(obj)
        if kinds == {bytes}:
            return b'{"\\\\x' + b'","\\\\x'.join(hexlify(item) for item in obj) + b'"}'
        return super().dump(obj)


def use_column_dumper(connection: Connection[Any]) -> None:
    """Let `connection` send its lists this way."""
    connection.adapters.register_dumper(list, ColumnDumper)


def array_text(items: Sequence[str] | Sequence[int]) -> str:
    """A flat array as PostgreSQL writes one, for arrays that travel as the values of a column."""
    if items and isinstance(items[0], str):
        return _texts([str(item) for item in items]).decode()
    return "{" + ",".join(map(str, items)) + "}"


def _texts(items: list[str]) -> bytes:
    joined = "\0".join(items)
    if joined.count("\0") != len(items) - 1:
        raise DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")
    escaped = joined.replace("\\", "\\\\").replace('"', '\\"').replace("\0", '","')
    return f'{{"{escaped}"}}'.encode()
