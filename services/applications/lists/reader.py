"""From a file to a list's rows: the format by the file's name, the header by its titles, no total rows."""

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePath

import python_calamine

from services.applications.lists.columns import find_header, missing_titles
from services.applications.lists.guard import refuse_hostile_zip
from services.applications.lists.problems import ListProblem, list_problem
from services.applications.lists.table import Cell, Limits, ListRow, ListTable, is_blank
from shared.reference.text import fold

Rows = Sequence[Sequence[Cell]]
Sheets = list[Rows]

_TOTAL_WORDS = ("tong cong", "tong so", "tong:", "tong", "cong", "cong:")
_COUNT = re.compile(r"\d+", re.ASCII)
_COLUMN_NUMBER = re.compile(r"\(?\d{1,2}\)?(\.0)?|\(?[a-z]\)?", re.ASCII)
_FEW_CELLS = 4


def read_list(data: bytes, filename: str, limits: Limits | None = None) -> ListTable | ListProblem:
    """The households of an officers' list (.xlsx, or .csv in UTF-8), or why none of it can be read.

    Never raises for any content. The first sheet with a header row counts; row numbers are the sheet's own.
    """
    limits = limits or Limits()
    if len(data) > limits.max_bytes:
        return list_problem("LIST_TOO_LARGE")
    read = _FORMATS.get(PurePath(filename).suffix.lower())
    if read is None:
        return list_problem("LIST_FORMAT_UNSUPPORTED")
    sheets = read(data, limits)
    if isinstance(sheets, ListProblem):
        return sheets
    return _first_list(sheets, limits)


def _first_list(sheets: Sheets, limits: Limits) -> ListTable | ListProblem:
    for rows in sheets:
        header = find_header(rows)
        if header is not None:
            return _oversize(rows, limits) or _table(rows, *header)
    return list_problem("LIST_HEADER_MISSING" if any(sheets) else "LIST_EMPTY")


def _table(rows: Rows, header: int, columns: dict[str, int]) -> ListTable | ListProblem:
    if missing := missing_titles(columns):
        return list_problem("LIST_COLUMNS_MISSING", titles=", ".join(missing))
    households: list[ListRow] = []
    skipped: list[int] = []
    declared = None
    for row in _lines(rows, header, columns):
        if _is_total(row):
            declared = _declared(row)
            skipped.append(row.number)
        elif skipped and _is_sparse(row):
            skipped.append(row.number)
        else:
            households.append(row)
    if not households:
        return list_problem("LIST_EMPTY")
    return ListTable(columns, header + 1, tuple(households), declared, tuple(skipped))


def _lines(rows: Rows, header: int, columns: dict[str, int]) -> Iterator[ListRow]:
    """The rows under the header that hold anything, without a row that only numbers the columns."""
    for index in range(header + 1, len(rows)):
        cells = rows[index]
        if all(is_blank(cell) for cell in cells):
            continue
        if index == header + 1 and _numbers_columns(cells):
            continue
        width = len(cells)
        yield ListRow(index + 1, {name: cells[at] if at < width else None for name, at in columns.items()})


def _is_total(row: ListRow) -> bool:
    """Whether a row sums the list up.

    A household has an id or a birth date; a surname such as Tống folds to the word for total.
    """
    if not (is_blank(row.values.get("citizen_id")) and is_blank(row.values.get("birth_date"))):
        return False
    return _is_sparse(row) and any(_says_total(value) for value in row.values.values())


def _is_sparse(row: ListRow) -> bool:
    """Whether a row holds too little for a household; below a total that is a place, date or signature."""
    return sum(not is_blank(value) for value in row.values.values()) <= _FEW_CELLS


def _says_total(value: Cell) -> bool:
    if not isinstance(value, str):
        return False
    folded = fold(value)
    return folded in _TOTAL_WORDS or folded.startswith(("tong cong", "tong so", "tong:", "cong:"))


def _declared(row: ListRow) -> int | None:
    """The number of households a total row names, if it names one."""
    for value in row.values.values():
        if isinstance(value, str) and (count := _COUNT.search(value.replace(".", ""))):
            return int(count[0][:9])
    return None


def _numbers_columns(cells: Sequence[Cell]) -> bool:
    filled = [fold(str(cell)) for cell in cells if not is_blank(cell)]
    return len(filled) > 1 and all(_COLUMN_NUMBER.fullmatch(text) for text in filled)


def _oversize(rows: Rows, limits: Limits) -> ListProblem | None:
    """The limits once more, on what was really read: .csv has no other guard."""
    width = max(map(len, rows), default=0)
    if len(rows) > limits.max_rows or width > limits.max_columns:
        return list_problem("LIST_TOO_MANY_ROWS", rows=limits.max_rows, columns=limits.max_columns)
    if any(isinstance(cell, str) and len(cell) > limits.max_cell_chars for row in rows for cell in row):
        return list_problem("LIST_CELL_TOO_LONG", chars=limits.max_cell_chars)
    return None


def _read_xlsx(data: bytes, limits: Limits) -> Sheets | ListProblem:
    refusal = refuse_hostile_zip(data, limits)
    if refusal is not None:
        return refusal
    try:
        with python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data)) as book:
            names = book.sheet_names
            return [book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in names]
    except (python_calamine.CalamineError, ValueError, OSError, OverflowError):
        return list_problem("LIST_UNREADABLE")


def _read_csv(data: bytes, limits: Limits) -> Sheets | ListProblem:
    """UTF-8 with or without its mark; the separator is whichever of ; , tab the text holds most of."""
    try:
        text = data.decode("utf-8-sig")
        separator = max(";,\t", key=text.count)
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        rows = [row for row, _ in zip(lines, range(limits.max_rows + 1), strict=False)]
    except (UnicodeDecodeError, csv.Error):
        return list_problem("LIST_UNREADABLE")
    return [rows]


_FORMATS: dict[str, Callable[[bytes, Limits], Sheets | ListProblem]] = {
    ".xlsx": _read_xlsx,
    ".csv": _read_csv,
}
