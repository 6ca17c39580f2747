"""What a list is once it is read: rows of cells under known columns; and the limits of what is read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from services.applications.lists.problems import ColumnTitle, Problem

Cell = str | int | float | bool | date | datetime | time | timedelta | None
"""A cell as the file holds it; an empty one is "" or None."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost. Settings, not law: a commune has 100 to 2,500 households, a province 60,000.

    max_bytes: of the file; max_uncompressed: sum of a zip's members, in bytes; max_rows: last row in use, and
    rows of all sheets together; max_columns: last column in use; max_sheets: of a workbook; max_cell_chars:
    of one cell; max_text: letters of all cells together.
    """

    max_bytes: int = 30_000_000
    max_uncompressed: int = 256_000_000
    max_members: int = 500
    max_rows: int = 65_536
    max_columns: int = 64
    max_sheets: int = 100
    max_cell_chars: int = 2_000
    max_text: int = 64_000_000


class Merge(NamedTuple):
    """Cells merged into one, first and last row and column from 0; the value stands in the first."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(slots=True)
class Sheet:
    """One sheet of a workbook: `rows` from its first row and column on, short ones not filled up."""

    name: str
    rows: list[list[Cell]]
    merges: Sequence[Merge] = ()
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class ListRow:
    """One household's line: its row number in the sheet (from 1) and its cells by field name.

    sheet: the sheet's name, "" for the only one; members: the lines of the household's other people, where a
    list has one line for each person.
    """

    number: int
    values: Mapping[str, Cell]
    sheet: str = ""
    members: tuple["ListRow", ...] = ()


@dataclass(frozen=True, slots=True)
class SheetPart:
    """One sheet that was read: where its header ends (row number from 1) and what its columns hold.

    columns: field name → column index from 0; titles: every column of the header with its field or None.
    """

    name: str
    header_row: int
    columns: Mapping[str, int]
    titles: tuple[ColumnTitle, ...]


@dataclass(frozen=True, slots=True)
class ListTable:
    """A list's households.

    columns, header_row, titles: of the first sheet that was read (`sheets` has all); declared_total:
    households the list itself says it holds in total rows, None without one; skipped: numbers of total and
    footer rows; warnings: what concerns the whole list (row 0), for people to check.
    """

    columns: Mapping[str, int]
    header_row: int
    rows: tuple[ListRow, ...]
    declared_total: int | None = None
    skipped: tuple[int, ...] = ()
    titles: tuple[ColumnTitle, ...] = ()
    sheets: tuple[SheetPart, ...] = ()
    warnings: tuple[Problem, ...] = ()


def is_blank(value: Cell) -> bool:
    """Whether a cell holds nothing that a person would see."""
    return value is None or (isinstance(value, str) and not value.strip())


def column_letter(index: int) -> str:
    """The letter of a column's index from 0: A, B, … Z, AA."""
    letters = ""
    number = index + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
