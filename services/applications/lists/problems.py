"""What can be wrong with a list or a row: a stable code and, in two languages, what to do about it."""

from dataclasses import dataclass
from typing import NamedTuple

from services.applications.lists.sentences import NOTES, REFUSALS, ROWS, Severity

__all__ = [
    "LIST_CODES",
    "NOTE_CODES",
    "ROW_CODES",
    "ColumnTitle",
    "ListProblem",
    "Problem",
    "Severity",
    "list_note",
    "list_problem",
    "row_problem",
]

_SHOWN = 40
"""Letters of a cell that a sentence repeats."""


class ColumnTitle(NamedTuple):
    """A column of a list's header: its letter, its whole title ("Loại hộ / Hộ nghèo"), its field or None."""

    letter: str
    title: str
    field: str | None


@dataclass(frozen=True, slots=True)
class ListProblem:
    """Why a whole list cannot be read; no row of it was taken.

    titles: the columns found, where the officer can help by saying what they hold (`mapping`).
    """

    code: str
    message_vi: str
    message_en: str
    titles: tuple[ColumnTitle, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in one row (its number in the sheet, from 1; 0 for the whole list) and field.

    An error keeps the household out until the row is corrected; a warning does not.
    """

    row: int
    field: str
    code: str
    severity: Severity
    message_vi: str
    message_en: str
    sheet: str = ""


ROW_CODES = frozenset(ROWS)
LIST_CODES = frozenset(REFUSALS)
NOTE_CODES = frozenset(NOTES)


def list_problem(code: str, *, found: tuple[ColumnTitle, ...] = (), **facts: object) -> ListProblem:
    """A list's problem with its sentences; KeyError for a code without sentences."""
    vi, en = REFUSALS[code]
    return ListProblem(code, vi.format(**facts), en.format(**facts), found)


def list_note(code: str, sheet: str = "", field: str = "", **facts: object) -> Problem:
    """A warning about a whole list, with its sentences; KeyError for a code without sentences."""
    vi, en = NOTES[code]
    return Problem(0, field, code, "warning", vi.format(**facts), en.format(**facts), sheet)


def row_problem(row: int, field: str, code: str, value: object = "", sheet: str = "") -> Problem:
    """A row's problem with its sentences; `value` is what stood in the cell, shortened to 40 letters."""
    severity, vi, en = ROWS[code]
    shown = str(value)[:_SHOWN]
    return Problem(row, field, code, severity, vi.format(value=shown), en.format(value=shown), sheet)
