"""The rows under a sheet's header: which are households, villages, totals, repeated titles, footers."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.applications.lists import cells as cells_of
from services.applications.lists import dates
from services.applications.lists.header import Header, is_header_again, numbers_columns
from services.applications.lists.sections import Section, section_of, title_of
from services.applications.lists.table import Cell, Sheet, is_blank
from services.applications.lists.titles import Stack, assign
from services.applications.lists.totals import declared_households, is_of_a_group, says_total
from shared.reference.text import nfc

_OF_ONE_PERSON = frozenset(
    [
        "number",
        "household_number",
        "head_name",
        "given_name",
        "member_name",
        "relation",
        "birth_date",
        "birth_day",
        "birth_month",
        "birth_year",
        "male",
        "female",
        "sex",
        "citizen_id",
        "cmnd",
        "phone",
        "members_count",
        "certificate_number",
        "notes",
    ]
)
"""Fields whose value a cell merged over several households cannot mean for all of them."""
_OF_A_HOUSEHOLD = ("number", "household_number", "head_name")
_MOST_OF_A_HOUSEHOLD = 99
_NUMBERS = ("citizen_id", "cmnd")
_BIRTHS = ("birth_date", "birth_year", "male", "female")
_IDENTITY = re.compile(r"\d[\d .\-'’]{6,}", re.ASCII)
_SMALLEST_NUMBER = 1e6
_FEW_FIELDS = 3
_FEWEST_TITLES = 4


@dataclass(slots=True)
class Line:
    """A row that holds a person: its index from 0 and its cells by field; `section` is what stands over it.

    continues: its running number or its head's name is merged with the row above, so it is of that household.
    """

    index: int
    values: dict[str, Cell]
    section: Section
    continues: bool = False


@dataclass(slots=True)
class Body:
    """What the rows under a header turned out to be. skipped: row numbers of totals and footers."""

    lines: list[Line] = field(default_factory=list)
    skipped: list[int] = field(default_factory=list)
    total: int | None = None
    totals_of_groups: list[int] = field(default_factory=list)

    @property
    def declared(self) -> int | None:
        """Households the list says it holds: its grand total, else the sum of its villages' totals."""
        if self.total is None and self.totals_of_groups:
            return sum(self.totals_of_groups)
        return self.total


def read_body(sheet: Sheet, header: Header, mapping: Mapping[str, str]) -> Body:
    """Sort the rows under a header. Cells merged over several rows count for each where they can."""
    _fill_merged(sheet, header)
    reading = _Reading(sheet, header, mapping)
    for index in range(header.last + 1, len(sheet.rows)):
        reading.take(index)
    return reading.body


class _Reading:
    """One pass over the rows, top to bottom."""

    def __init__(self, sheet: Sheet, header: Header, mapping: Mapping[str, str]) -> None:
        self.body = Body()
        self._rows = sheet.rows
        self._header = header
        self._mapping = mapping
        self._use(header.columns)
        head = (cell for row in sheet.rows[header.first : header.last + 1] for cell in row)
        self._texts: set[Cell] = {cell for cell in head if isinstance(cell, str) and cell.strip()}
        self._section = Section()
        self._continued = _continued(sheet, header)
        self._after_header = True
        self._summed_up = False

    def _use(self, columns: Mapping[str, int]) -> None:
        self._places = tuple(columns.items())
        self._name = columns.get("head_name", columns.get("member_name"))
        self._bare_villages = not {"village", "address"} & set(columns)

    def take(self, index: int) -> None:
        cells = self._rows[index]
        if all(map(is_blank, cells)) or self._is_about_columns(cells):
            return
        self._after_header = False
        width = len(cells)
        values = {name: cells[at] if at < width else None for name, at in self._places}
        if self._is_person(cells, values):
            self.body.lines.append(Line(index, values, self._section, index in self._continued))
        else:
            self._take_other(index, cells)

    def _is_about_columns(self, cells: Sequence[Cell]) -> bool:
        """Whether a row repeats the titles (perhaps in another order) or numbers the columns."""
        if self._after_header and numbers_columns(cells):
            return True
        at = self._name
        name = cells[at] if at is not None and at < len(cells) else None
        titled = name in self._texts if not is_blank(name) else not self._texts.isdisjoint(cells)
        if not titled:
            return False
        if is_header_again(cells, self._header):
            self._after_header = True
            return True
        stacks = [Stack((nfc(cell),) if isinstance(cell, str) and cell.strip() else ()) for cell in cells]
        columns, _ = assign(stacks, self._mapping)
        if len(columns) < _FEWEST_TITLES or not {"head_name", "member_name"} & set(columns):
            return False
        self._use(columns)
        self._after_header = True
        return True

    def _is_person(self, cells: Sequence[Cell], values: Mapping[str, Cell]) -> bool:
        """Whether a row holds somebody: an id or birth date; else a name with enough around it."""
        if _is_told_apart(values):
            return True
        name = values.get("head_name") or values.get("member_name")
        if not isinstance(name, str) or not name.strip() or _says_total(cells):
            return False
        if _is_described(values):
            return True
        filled = sum(not is_blank(cell) for cell in values.values())
        if section_of(cells, bare=False) is not None or (self._summed_up and filled <= _FEW_FIELDS):
            return False
        return filled > _FEW_FIELDS or _is_counted(values.get("number"))

    def _take_other(self, index: int, cells: Sequence[Cell]) -> None:
        if _says_total(cells):
            self._note_total(index, cells)
            return
        section = section_of(cells, bare=self._bare_villages and self._person_follows(index))
        if section is None:
            section = title_of(cell for cell in cells if isinstance(cell, str))
        if section == Section():
            self.body.skipped.append(index + 1)
            return
        self._section = Section(
            section.village or self._section.village, section.status or self._section.status
        )

    def _note_total(self, index: int, cells: Sequence[Cell]) -> None:
        self.body.skipped.append(index + 1)
        texts = [cell for cell in cells if isinstance(cell, str)]
        declared = declared_households(texts)
        if any(is_of_a_group(text) for text in texts if says_total(text)):
            if declared is not None:
                self.body.totals_of_groups.append(declared)
        else:
            self._summed_up = True
            self.body.total = declared if declared is not None else self.body.total

    def _person_follows(self, index: int) -> bool:
        """Whether the next row with anything in it holds somebody's id or birth date."""
        for cells in self._rows[index + 1 : index + 4]:
            if not all(map(is_blank, cells)):
                width = len(cells)
                return _is_told_apart({name: cells[at] for name, at in self._places if at < width})
        return False


def _is_told_apart(values: Mapping[str, Cell]) -> bool:
    """Whether an identity number or a birth date stands in a row; totals put counts into some of these."""
    for name in _NUMBERS:
        value = values.get(name)
        if isinstance(value, float | int) and value > _SMALLEST_NUMBER:
            return True
        if isinstance(value, str) and _IDENTITY.search(value):
            return True
    return any(dates.written(values.get(name)) is not None for name in _BIRTHS)


def _is_described(values: Mapping[str, Cell]) -> bool:
    """Whether a row names an ethnic group, a sex or a relation; in these columns signatures stand too."""
    if cells_of.sex(values.get("sex")) is not None or cells_of.is_head(values.get("relation")):
        return True
    if cells_of.relation(values.get("relation")) is not None:
        return True
    group = values.get("ethnicity")
    return isinstance(group, str) and cells_of.ethnic_group(group) is not None


def _says_total(cells: Sequence[Cell]) -> bool:
    return any(isinstance(cell, str) and says_total(cell) for cell in cells)


def _is_counted(number: Cell) -> bool:
    """Whether a row has a running number."""
    return isinstance(number, int | float) or (
        isinstance(number, str) and number.strip().rstrip(".").isdigit()
    )


def _continued(sheet: Sheet, header: Header) -> set[int]:
    """The rows whose number or head's name is merged with the row above."""
    places = {header.columns[name] for name in _OF_A_HOUSEHOLD if name in header.columns}
    rows: set[int] = set()
    for merge in sheet.merges:
        if (
            merge.left in places
            and merge.top > header.last
            and merge.bottom - merge.top < _MOST_OF_A_HOUSEHOLD
        ):
            rows.update(range(merge.top + 1, merge.bottom + 1))
    return rows


def _fill_merged(sheet: Sheet, header: Header) -> None:
    """Write a cell merged over several rows into each, where its column can speak for several households."""
    fields = {at: name for name, at in header.columns.items()}
    left = len(sheet.rows) * max(1, len(fields))
    for merge in sheet.merges:
        if merge.bottom <= max(merge.top, header.last) or merge.left > merge.right:
            continue
        if fields.get(merge.left, "number") in _OF_ONE_PERSON or merge.top <= header.last:
            continue
        for index in range(merge.top + 1, min(merge.bottom + 1, len(sheet.rows))):
            left -= 1
            if left < 0:
                return
            _copy_down(sheet.rows, merge.top, index, merge.left)


def _copy_down(rows: list[list[Cell]], top: int, index: int, column: int) -> None:
    source = rows[top]
    target = rows[index]
    if column < len(source) and any(not is_blank(cell) for cell in target):
        target.extend([None] * (column + 1 - len(target)))
        if is_blank(target[column]):
            target[column] = source[column]
