"""The officer's own list back as .xlsx: every row where it stood, with what became of it and what to do."""

import io
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Literal

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from services.applications.lists.columns import ANY_OF
from services.applications.lists.problems import Problem
from services.applications.lists.reader import open_list
from services.applications.lists.table import Cell, Limits, ListTable, Sheet, SheetPart, is_blank

Result = Literal["accepted", "repeated", "refused"]
Language = Literal["vi", "en"]
Key = tuple[str, int]
"""Sheet name and row number from 1."""

_LABELS = {
    "accepted": {"vi": "Đã nhận", "en": "Accepted"},
    "doubtful": {"vi": "Đã nhận, cần kiểm tra", "en": "Accepted, please check"},
    "repeated": {"vi": "Đã có hồ sơ", "en": "Already there"},
    "refused": {"vi": "Chưa nhận", "en": "Refused"},
    "member": {"vi": "Theo chủ hộ ở dòng {row}", "en": "With the head in row {row}"},
}
_COLOURS = {"accepted": "C6EFCE", "doubtful": "FFEB9C", "repeated": "BDD7EE", "refused": "FFC7CE"}
_FILLS = {name: PatternFill("solid", start_color=colour) for name, colour in _COLOURS.items()}
_HEADER_FILL = PatternFill("solid", start_color="D9D9D9")
_TITLES = ("Kết quả / Result", "Lý do, việc cần làm / Message")
_NOTES_SHEET = "Lưu ý - Notes"
_UNNAMED = "Danh sách"
_WRAPPED = Alignment(wrap_text=True, vertical="top")
_BOLD = Font(bold=True)
_NOT_XML = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")
_NOT_IN_A_NAME = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
_INERT = ("=", "#")
_LONG_NUMBER = 1e9
_NARROW, _WIDE, _MESSAGE_WIDTH = 6, 40, 70
_MEASURED_ROWS = 200
_LONGEST_CELL, _LONGEST_NAME = 32_767, 31


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """What became of a household's row; problems of an accepted one are warnings."""

    result: Result
    problems: tuple[Problem, ...] = ()

    @property
    def colour(self) -> str:
        """accepted, doubtful (accepted with a warning), repeated or refused."""
        return "doubtful" if self.result == "accepted" and self.problems else self.result


@dataclass(slots=True)
class _Marked:
    """How one row is marked: its label, colour, messages, and the columns at fault."""

    label: str
    colour: str
    messages: list[str] = field(default_factory=list)
    columns: set[int] = field(default_factory=set)


def result_workbook(
    data: bytes,
    filename: str,
    table: ListTable,
    outcomes: Mapping[Key, RowOutcome],
    *,
    language: Language = "vi",
    limits: Limits | None = None,
) -> bytes:
    """An .xlsx of the list that `table` was read from, with a column of results and one of messages.

    `outcomes`: by sheet name and row number of each household. Rows keep their numbers; text stays text, also
    where it begins like a formula. Raises `RefusedFileError` if the file is not the one that was read.
    """
    sheets, _ = open_list(data, filename, limits or Limits())
    marks = _marks(table, outcomes, language)
    parts = {part.name: part for part in table.sheets}
    book = Workbook(write_only=True)
    names = _names(sheet.name for sheet in sheets)
    for sheet, name in zip(sheets, names, strict=True):
        _write_sheet(book, name, sheet, parts.get(sheet.name), marks)
    if table.warnings:
        _write_notes(book, names, table.warnings, language)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _marks(table: ListTable, outcomes: Mapping[Key, RowOutcome], language: Language) -> dict[Key, _Marked]:
    """Every row's mark; a member's row has its head's colour and its own messages."""
    columns = {part.name: part.columns for part in table.sheets}
    marks: dict[Key, _Marked] = {}
    for row in table.rows:
        outcome = outcomes.get((row.sheet, row.number))
        if outcome is None:
            continue
        colour = outcome.colour
        marks[row.sheet, row.number] = _Marked(_LABELS[colour][language], colour)
        label = _LABELS["member"][language].format(row=row.number)
        marks |= {(row.sheet, member.number): _Marked(label, colour) for member in row.members}
        for problem in outcome.problems:
            mark = marks.get((row.sheet, problem.row)) or marks[row.sheet, row.number]
            mark.messages.append(problem.message_vi if language == "vi" else problem.message_en)
            mark.columns.update(_columns_of(problem.field, columns[row.sheet]))
    return marks


def _columns_of(name: str, columns: Mapping[str, int]) -> set[int]:
    """The columns that hold a field, itself or whatever serves for it."""
    if name in columns:
        return {columns[name]}
    return {columns[other] for other in ANY_OF.get(name, ()) if other in columns and other != "citizen_id"}


def _write_sheet(
    book: Workbook, name: str, sheet: Sheet, part: SheetPart | None, marks: Mapping[Key, _Marked]
) -> None:
    page: Any = book.create_sheet(name)
    page.sheet_state = "hidden" if sheet.hidden else "visible"
    width = max((_used(row) for row in sheet.rows), default=0)
    _set_widths(page, sheet, width)
    if part is not None:
        page.freeze_panes = f"A{part.header_row + 1}"
        page.column_dimensions[get_column_letter(width + 1)].width = len(_TITLES[0])
        page.column_dimensions[get_column_letter(width + 2)].width = _MESSAGE_WIDTH
    for number, row in enumerate(sheet.rows, start=1):
        if part is not None and number == part.header_row:
            page.append(_header(page, row, width))
            continue
        mark = marks.get((sheet.name, number)) if part is not None else None
        page.append([_plain(page, cell) for cell in row] if mark is None else _marked(page, row, width, mark))


def _header(page: Any, row: Sequence[Cell], width: int) -> list[Any]:
    padded = [*row[:width], *[None] * (width - len(row)), *_TITLES]
    return [_styled(page, cell, _HEADER_FILL, bold=True) for cell in padded]


def _marked(page: Any, row: Sequence[Cell], width: int, mark: _Marked) -> list[Any]:
    """A row with its colour on the result, the message and the cells at fault."""
    fill = _FILLS[mark.colour]
    cells: list[Any] = []
    for at in range(width):
        value = row[at] if at < len(row) else None
        cells.append(_styled(page, value, fill) if at in mark.columns else _plain(page, value))
    return [*cells, _styled(page, mark.label, fill), _styled(page, "\n".join(mark.messages), fill, wrap=True)]


def _write_notes(
    book: Workbook, names: Sequence[str], warnings: Sequence[Problem], language: Language
) -> None:
    page: Any = book.create_sheet(_names([*names, _NOTES_SHEET])[-1])
    page.column_dimensions["B"].width = _MESSAGE_WIDTH
    for one in warnings:
        text = one.message_vi if language == "vi" else one.message_en
        page.append([_plain(page, one.sheet), _styled(page, text, _FILLS["doubtful"], wrap=True)])


def _plain(page: Any, value: Cell) -> Any:
    """A value as it stands; a cell of its own only where the writer would take it for something else."""
    if isinstance(value, str):
        text = _clean(value)
        return _inert(page, text) if text.startswith(_INERT) else text or None
    if value is None or isinstance(value, bool | time | timedelta):
        return value
    if isinstance(value, datetime | date):
        return _formed(page, _naive(value), "DD/MM/YYYY")
    if not math.isfinite(value):
        return str(value)
    number = int(value) if value == int(value) else value
    return _formed(page, number, "0") if abs(number) >= _LONG_NUMBER else number


def _naive(value: date) -> date:
    """A day or moment without a time zone, which no cell can hold."""
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value


def _inert(page: Any, text: str) -> Any:
    """Text that begins like a formula and is none, now and when somebody opens the cell."""
    cell: Any = WriteOnlyCell(page, value=text)
    cell.data_type = "s"
    cell.quotePrefix = True
    return cell


def _formed(page: Any, value: Any, number_format: str) -> Any:
    cell: Any = WriteOnlyCell(page, value=value)
    cell.number_format = number_format
    return cell


def _styled(page: Any, value: Cell, fill: PatternFill, *, bold: bool = False, wrap: bool = False) -> Any:
    plain = _plain(page, value)
    cell: Any = plain if isinstance(plain, type(WriteOnlyCell(page))) else WriteOnlyCell(page, value=plain)
    cell.fill = fill
    if bold:
        cell.font = _BOLD
    if bold or wrap:
        cell.alignment = _WRAPPED
    return cell


def _set_widths(page: Any, sheet: Sheet, width: int) -> None:
    """As wide as the longest of the first rows' texts, within reason; a title above spans many columns."""
    for at in range(width):
        sample = (row[at] for row in sheet.rows[:_MEASURED_ROWS] if at < len(row) and _used(row) > 1)
        longest = max((len(str(cell)) for cell in sample if not is_blank(cell)), default=0)
        page.column_dimensions[get_column_letter(at + 1)].width = min(max(longest + 2, _NARROW), _WIDE)


def _used(row: Sequence[Cell]) -> int:
    """Columns up to the last with anything in it."""
    width = len(row)
    while width and is_blank(row[width - 1]):
        width -= 1
    return width


def _clean(text: str) -> str:
    """Text without what XML cannot hold, and no longer than a cell may be."""
    return _NOT_XML.sub("", text)[:_LONGEST_CELL]


def _names(wanted: Iterable[str]) -> list[str]:
    """Sheet names as .xlsx allows them, each once in any case."""
    given: list[str] = []
    taken: set[str] = set()
    for name in wanted:
        base = _NOT_IN_A_NAME.sub(" ", _clean(name)).strip(" '")[:_LONGEST_NAME] or _UNNAMED
        unique = next(one for one in _variants(base) if one.lower() not in taken)
        taken.add(unique.lower())
        given.append(unique)
    return given


def _variants(base: str) -> Iterator[str]:
    yield base
    for number in range(2, 10_000):
        yield f"{base[: _LONGEST_NAME - 5]} {number}"
