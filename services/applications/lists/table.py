"""What a list is once it is read: rows of cells under known columns; and the limits of what is read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

Cell = str | int | float | bool | date | datetime | time | timedelta | None
"""A cell as the file holds it; an empty one is "" or None."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost. Settings, not law: a commune has 100 to 2,500 households.

    max_bytes: of the file; max_uncompressed: sum of a zip's members, in bytes; max_rows: last row in use;
    max_columns: last column in use; max_cell_chars: of one cell; max_text: bound of all text, in letters.
    """

    max_bytes: int = 10_000_000
    max_uncompressed: int = 64_000_000
    max_members: int = 500
    max_rows: int = 20_000
    max_columns: int = 64
    max_cell_chars: int = 2_000
    max_text: int = 256_000_000


@dataclass(frozen=True, slots=True)
class ListRow:
    """One household's line: its row number in the sheet (from 1) and its cells by field name."""

    number: int
    values: Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class ListTable:
    """A list's households.

    columns: field name → column index from 0; header_row: its number from 1; declared_total: households the
    list itself says it holds in a total row, None without one; skipped: numbers of total and footer rows.
    """

    columns: Mapping[str, int]
    header_row: int
    rows: tuple[ListRow, ...]
    declared_total: int | None = None
    skipped: tuple[int, ...] = ()


def is_blank(value: Cell) -> bool:
    """Whether a cell holds nothing that a person would see."""
    return value is None or (isinstance(value, str) and not value.strip())
