"""Reading officers' lists: a file in, household drafts and problems out. Pure: no web, no database."""

from services.applications.household import HouseholdDraft
from services.applications.lists.problems import ColumnTitle, ListProblem, Problem
from services.applications.lists.reader import read_list
from services.applications.lists.rows import ParsedRow, RowContext, parse_row
from services.applications.lists.table import Cell, Limits, ListRow, ListTable, SheetPart

__all__ = [
    "Cell",
    "ColumnTitle",
    "HouseholdDraft",
    "Limits",
    "ListProblem",
    "ListRow",
    "ListTable",
    "ParsedRow",
    "Problem",
    "RowContext",
    "SheetPart",
    "parse_row",
    "read_list",
]
