"""From a file to a list's rows: its sheets, their headers, what stands under them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from services.applications.lists.columns import EXPECTED, FIELDS, TITLES_VI, missing
from services.applications.lists.encodings.unicode_text import to_unicode
from services.applications.lists.errors import RefusedFileError
from services.applications.lists.formats.workbooks import read_sheets
from services.applications.lists.header import Header, find_header
from services.applications.lists.layout import Body, read_body
from services.applications.lists.marks import settle_blanks
from services.applications.lists.people import households
from services.applications.lists.problems import ListProblem, Problem, list_note, list_problem
from services.applications.lists.sections import Section, title_of
from services.applications.lists.table import Limits, ListRow, ListTable, Sheet, SheetPart, is_blank
from shared.reference.text import fold, nfc

_FEWEST_ROWS_TO_MISS = 3
"""A sheet without a header and with fewer filled rows is a cover, and nobody misses it."""
_FILLED_ROW = 4
_NO_NAME = re.compile(r"(?:sheet|trang tinh|trang|bang|ds|danh sach)?\s*\d*|hn|hcn|.*\bngheo\b.*", re.ASCII)
"""Names of sheets that name no village."""


def read_list(
    data: bytes, filename: str, limits: Limits | None = None, mapping: Mapping[str, str] | None = None
) -> ListTable | ListProblem:
    """The households of an officers' list, or why none of it can be read. Never raises for any content.

    .xlsx, .xlsm, .xls, .ods and text with separators; the content decides, then the name. Every sheet with a
    full header is read, row numbers are the sheet's own. `mapping`: column letter ("C") or title (folded by
    `columns.title_key`) → field of `columns.FIELDS`, "" to ignore the column; it overrules what was found.

    A list must have columns for the name, the ethnic group and: a birth date or year (a 12-digit citizen id
    says the year), the village (or villages as lines between the rows, in the titles or as sheet names), the
    poverty status (in words, as columns to tick, as lines between the rows, or "Danh sách hộ nghèo" above).
    An officer whose list lacks other columns is told so once, and each row says what it lacks: a household
    without a citizen id is taken with a warning, its sex is read from the id if there is one; how many live
    there (unless they are listed) and whether they have a smartphone nobody can guess: such rows are refused.
    """
    limits = limits or Limits()
    if len(data) > limits.max_bytes:
        return list_problem("LIST_TOO_LARGE")
    try:
        sheets, notes = open_list(data, filename, limits)
    except RefusedFileError as reason:
        return _refusal(str(reason), limits)
    return _read(sheets, mapping or {}, notes)


def open_list(data: bytes, filename: str, limits: Limits) -> tuple[list[Sheet], list[Problem]]:
    """A file's sheets in Unicode, and the notes about that. Raises `RefusedFileError`."""
    sheets = read_sheets(data, filename, limits)
    if any(len(sheet.rows) > limits.max_rows or _is_too_wide(sheet, limits.max_columns) for sheet in sheets):
        raise RefusedFileError("LIST_TOO_MANY_ROWS")
    if any(_has_long_cell(sheet, limits.max_cell_chars) for sheet in sheets):
        raise RefusedFileError("LIST_CELL_TOO_LONG")
    encodings = to_unicode(sheets)
    return sheets, [list_note("LIST_TEXT_CONVERTED", encoding=name) for name in encodings]


@dataclass(slots=True)
class _Found:
    """A visible sheet with its header and what its titles say of all rows; `lacks` are titles of fields."""

    sheet: Sheet
    header: Header
    title: Section
    lacks: list[str]
    village_from_title: bool = False


@dataclass(slots=True)
class _Reading:
    """The whole list as its sheets come in."""

    notes: list[Problem]
    rows: list[ListRow] = field(default_factory=list)
    parts: list[SheetPart] = field(default_factory=list)
    skipped: list[int] = field(default_factory=list)
    declared: int | None = None

    def add(self, found: _Found, body: Body) -> None:
        name, header = found.sheet.name, found.header
        _settle_sections(body, found)
        rows = households(body.lines, header.columns, name)
        self.notes += settle_blanks(rows, header.titles, name)
        self.parts.append(SheetPart(name, header.last + 1, header.columns, header.titles))
        self.rows += rows
        self.skipped += body.skipped
        if body.declared is not None:
            self.declared = (self.declared or 0) + body.declared
            if body.declared != len(rows):
                self.notes.append(
                    list_note("LIST_TOTAL_DIFFERS", name, declared=body.declared, found=len(rows))
                )


def _read(
    sheets: Sequence[Sheet], mapping: Mapping[str, str], notes: list[Problem]
) -> ListTable | ListProblem:
    wrong = sorted({name for name in mapping.values() if name and name not in FIELDS})
    notes += [list_note("LIST_MAPPING_UNKNOWN", title=name) for name in wrong]
    found = [_look(sheet, mapping) for sheet in sheets if not sheet.hidden]
    known = [one for one in found if one is not None and one.header.known]
    if not known:
        return _no_header(sheets, found)
    if len(known) > 1:
        _name_villages(known)
    full = [one for one in known if not one.lacks]
    if not full:
        best = max(known, key=lambda one: one.header.worth)
        return list_problem("LIST_COLUMNS_MISSING", found=best.header.titles, titles=", ".join(best.lacks))
    reading = _Reading(notes)
    for one in full:
        reading.add(one, read_body(one.sheet, one.header, mapping))
    if not reading.rows:
        return list_problem("LIST_EMPTY", found=full[0].header.titles)
    reading.notes += [*_absent(full), *_unread(sheets, full)]
    first = reading.parts[0]
    return ListTable(
        columns=first.columns,
        header_row=first.header_row,
        rows=tuple(reading.rows),
        declared_total=reading.declared,
        skipped=tuple(reading.skipped),
        titles=first.titles,
        sheets=tuple(reading.parts),
        warnings=tuple(reading.notes),
    )


def _look(sheet: Sheet, mapping: Mapping[str, str]) -> _Found | None:
    header = find_header(sheet, mapping)
    if header is None:
        return None
    lines = [
        cell for row in sheet.rows[: header.first] for cell in row if isinstance(cell, str) and cell.strip()
    ]
    title = title_of([*lines, sheet.name])
    known = {name for name, value in (("village", title.village), ("poverty_status", title.status)) if value}
    lacks = missing(header.columns, known)
    if lacks and header.known:
        known |= _said_between_rows(sheet, header)
        lacks = missing(header.columns, known)
    return _Found(sheet, header, title, lacks)


def _name_villages(known: Sequence[_Found]) -> None:
    """Where a village has a sheet of its own, the sheet's name is the village's."""
    for one in known:
        name = one.sheet.name
        if one.lacks == [TITLES_VI["village"]] and not _NO_NAME.fullmatch(fold(name)):
            one.title, one.lacks = one.title._replace(village=nfc(name)), []


def _said_between_rows(sheet: Sheet, header: Header) -> set[str]:
    """Whether lines between the rows name the village or the status of all that follow."""
    lines = read_body(Sheet(sheet.name, sheet.rows), header, {}).lines
    said = set()
    if lines and all(line.section.village for line in lines):
        said.add("village")
    if lines and all(line.section.status for line in lines):
        said.add("poverty_status")
    return said


def _settle_sections(body: Body, found: _Found) -> None:
    """Write a section's or the title's village and status into the rows that do not say their own."""
    columns = found.header.columns
    no_village = not any(
        not is_blank(line.values.get(name)) for line in body.lines for name in ("village", "address")
    )
    no_status = not {"poverty_status", "poor", "near_poor"} & set(columns)
    found.village_from_title = no_village and found.title.village is not None
    for line in body.lines:
        village = line.section.village or (found.title.village if no_village else None)
        if village and is_blank(line.values.get("village")) and is_blank(line.values.get("address")):
            line.values["village"] = village
        if no_status:
            line.values["poverty_status"] = line.section.status or found.title.status


def _absent(full: Sequence[_Found]) -> Iterator[Problem]:
    """What is said once for a list without some column, and what its titles stood in for."""
    for one in full:
        columns, name = one.header.columns, one.sheet.name
        lacks = missing(columns, set(), EXPECTED)
        if lacks:
            yield list_note("LIST_COLUMN_ABSENT", name, titles=", ".join(lacks))
        if one.village_from_title:
            yield list_note("LIST_VILLAGE_FROM_TITLE", name, "village", village=one.title.village)
        if one.title.status and not {"poverty_status", "poor", "near_poor"} & set(columns):
            yield list_note("LIST_STATUS_FROM_TITLE", name, "poverty_status", status=one.title.status)


def _unread(sheets: Sequence[Sheet], full: Sequence[_Found]) -> Iterator[Problem]:
    """The sheets that were passed over though they hold something like a list."""
    read = [one.sheet for one in full]
    for sheet in sheets:
        if any(sheet is one for one in read) or _filled_rows(sheet) < _FEWEST_ROWS_TO_MISS:
            continue
        yield list_note(
            "LIST_SHEET_HIDDEN" if sheet.hidden else "LIST_SHEET_SKIPPED", sheet.name, title=sheet.name
        )


def _no_header(sheets: Sequence[Sheet], found: Sequence[_Found | None]) -> ListProblem:
    if not any(not is_blank(cell) for sheet in sheets for row in sheet.rows for cell in row):
        return list_problem("LIST_EMPTY")
    titles = next((one.header.titles for one in found if one is not None), ())
    return list_problem("LIST_HEADER_MISSING", found=titles)


def _refusal(code: str, limits: Limits) -> ListProblem:
    return list_problem(code, rows=limits.max_rows, columns=limits.max_columns, chars=limits.max_cell_chars)


def _filled_rows(sheet: Sheet) -> int:
    return sum(sum(not is_blank(cell) for cell in row) >= _FILLED_ROW for row in sheet.rows)


def _is_too_wide(sheet: Sheet, most: int) -> bool:
    """Whether anything stands beyond the last column allowed; blanks at the end of a text's lines do not."""
    return any(not is_blank(cell) for row in sheet.rows if len(row) > most for cell in row[most:])


def _has_long_cell(sheet: Sheet, most: int) -> bool:
    return any(isinstance(cell, str) and len(cell) > most for row in sheet.rows for cell in row)
