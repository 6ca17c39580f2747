"""One person of a row, head or member: name, birth, sex, ethnic group, number. Every problem is named."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from services.applications.household import Sex
from services.applications.lists import cells, dates
from services.applications.lists.problems import Problem, row_problem
from services.applications.lists.table import Cell, ListRow, is_blank
from shared.reference import identifiers

EARLIEST_BIRTH_YEAR = 1900
_SCIENTIFIC = re.compile(r"\d+(?:[.,]\d+)?\s*e\s*\+?\s*\d+", re.ASCII | re.IGNORECASE)
_TWELVE_DIGITS = re.compile(r"(?<!\d)\d{12}(?!\d)", re.ASCII)
_DECIMAL = re.compile(r"\d+\.\d{1,2}|\d+,\d{1,2}", re.ASCII)
_NOISE = re.compile(r"[\s.\-–'’`]+")
_LENGTH = 12


@dataclass(frozen=True, slots=True)
class Person:
    """What a row says of somebody. birth_year None, sex None, ethnicity None: not said or not readable."""

    name: str
    birth_date: date | None
    birth_year: int | None
    sex: Sex | None
    ethnicity: str | None
    citizen_id: str | None
    cmnd: str | None


class Reader:
    """One row being read. A field that fails reports its problem and answers with nothing."""

    __slots__ = ("number", "problems", "sheet", "today", "values")

    def __init__(self, row: ListRow, today: date) -> None:
        self.number = row.number
        self.sheet = row.sheet
        self.values: Mapping[str, Cell] = row.values
        self.today = today
        self.problems: list[Problem] = []

    def report(self, field: str, code: str, value: Cell = None) -> None:
        """Note a problem of a field; `value` is shown, or what stands in the field's own cell."""
        shown = cells.text(self.values.get(field) if value is None else value)
        self.problems.append(row_problem(self.number, field, code, shown, self.sheet))

    def present(self, field: str, code_if_missing: str) -> Cell:
        """The cell of a field that every household must have; reports and answers None if it is blank."""
        value = self.values.get(field)
        if not is_blank(value):
            return value
        self.report(field, code_if_missing)
        return None

    def person(self, *, head: bool) -> Person:
        """Everything of one person; what a head must have and a member may lack is told of heads only."""
        citizen_id, cmnd = self._identity(head=head)
        born, year = self._birth(citizen_id, head=head)
        sex = self._sex(citizen_id, head=head)
        if citizen_id is not None:
            self._compare(citizen_id, sex, year)
        return Person(
            name=self._name("NAME_MISSING" if head else "MEMBER_NAME_MISSING"),
            birth_date=born,
            birth_year=year,
            sex=sex,
            ethnicity=self._ethnicity(head=head),
            citizen_id=citizen_id,
            cmnd=cmnd,
        )

    def _name(self, code_if_missing: str) -> str:
        value = self.present("head_name", code_if_missing)
        name = cells.text(value)
        if value is not None and not any(letter.isalpha() for letter in name):
            self.report("head_name", "NAME_UNREADABLE")
        given = self.values.get("given_name")
        return name if is_blank(given) else f"{name} {cells.text(given)}"

    def _birth(self, citizen_id: str | None, *, head: bool) -> tuple[date | None, int | None]:
        """The birth date and year; the date is None where the list knows only the year."""
        value = self._birth_cell()
        if is_blank(value):
            return None, self._birth_year_of(citizen_id) if head else None
        found = dates.written(value)
        if found is None:
            self.report("birth_date", "BIRTH_DATE_UNREADABLE", value)
            return None, None
        settled = found.settled(self.today)
        born, year = settled.date, settled.year
        if not self.is_past(born, year):
            self.report("birth_date", "BIRTH_DATE_IMPOSSIBLE", value)
            return None, None
        if settled.two_digits or settled.doubtful:
            self._doubt_birth(settled, citizen_id, value)
        return born, year

    def _doubt_birth(self, settled: dates.Written, citizen_id: str | None, value: Cell) -> None:
        """Warn of a year that was guessed, unless the citizen id says the same."""
        if citizen_id and identifiers.citizen_id_parts(citizen_id).birth_year == settled.year:
            return
        self.report(
            "birth_date", "BIRTH_YEAR_TWO_DIGITS" if settled.two_digits else "BIRTH_DATE_DOUBTFUL", value
        )

    def _birth_cell(self) -> Cell:
        """The cell that holds the birth: its own, of the year, of the sex's column, or three apart."""
        values = self.values
        value = values.get("birth_date")
        if not is_blank(value):
            return value
        for name in ("male", "female"):
            if dates.written(values.get(name)) is not None:
                return values[name]
        year = values.get("birth_year")
        day, month = values.get("birth_day"), values.get("birth_month")
        if is_blank(year) or (is_blank(day) and is_blank(month)):
            return year if not is_blank(year) else self._unreadable_birth()
        if is_blank(day):
            return f"{cells.text(month)}/{cells.text(year)}"
        return f"{cells.text(day)}/{cells.text(month)}/{cells.text(year)}"

    def _unreadable_birth(self) -> Cell:
        """What stands in the column of a sex and is neither a date nor a tick."""
        marked = (self.values.get(name) for name in ("male", "female"))
        return next((value for value in marked if not is_blank(value) and cells.yes_no(value) is None), None)

    def _birth_year_of(self, citizen_id: str | None) -> int | None:
        """The year that a citizen id says, where no birth date is written."""
        if citizen_id is None:
            self.report("birth_date", "BIRTH_DATE_MISSING")
            return None
        self.report("birth_date", "BIRTH_YEAR_FROM_CITIZEN_ID")
        return identifiers.citizen_id_parts(citizen_id).birth_year

    def is_past(self, day: date | None, year: int) -> bool:
        """Whether a day (or a year alone) lies between 1900 and today."""
        if day is not None and day > self.today:
            return False
        return EARLIEST_BIRTH_YEAR <= year <= self.today.year

    def _sex(self, citizen_id: str | None, *, head: bool) -> Sex | None:
        value = self.values.get("sex")
        if not is_blank(value) and not cells.is_either_sex(value):
            sex = cells.sex(value)
            if sex is None:
                self.report("sex", "SEX_UNKNOWN")
            return sex
        ticked: list[Sex] = []
        if "male" in self.values and self._is_ticked("male"):
            ticked.append("male")
        if "female" in self.values and self._is_ticked("female"):
            ticked.append("female")
        if len(ticked) == 1:
            return ticked[0]
        if ticked:
            self.report("sex", "SEX_UNKNOWN", f"{self.values['male']}, {self.values['female']}")
            return None
        return self._sex_of(citizen_id, head=head)

    def _is_ticked(self, name: str) -> bool:
        """Whether the column of a sex holds a tick, the sex's own name, or such a person's birth date."""
        value = self.values.get(name)
        if is_blank(value):
            return False
        return cells.yes_no(value) is not False

    def _sex_of(self, citizen_id: str | None, *, head: bool) -> Sex | None:
        if citizen_id is not None:
            if head:
                self.report("sex", "SEX_FROM_CITIZEN_ID")
            return identifiers.citizen_id_parts(citizen_id).sex
        if head:
            self.report("sex", "SEX_MISSING")
        return None

    def _ethnicity(self, *, head: bool) -> str | None:
        value = self.values.get("ethnicity")
        if is_blank(value):
            if head:
                self.report("ethnicity", "ETHNICITY_MISSING")
            return None
        group = cells.ethnic_group(value)
        if group is None:
            self.report("ethnicity", "ETHNICITY_UNKNOWN")
        return group

    def _identity(self, *, head: bool) -> tuple[str | None, str | None]:
        """Citizen id and CMND, one of them None: nine digits are a CMND, in whichever column."""
        value = self.values.get("citizen_id")
        if is_blank(value):
            value = self.values.get("cmnd")
        if is_blank(value):
            if head:
                self.report("citizen_id", "CITIZEN_ID_MISSING")
            return None, None
        if cells.has_no_number(value):
            if head:
                self.report("citizen_id", "CITIZEN_ID_NOT_READ", value)
            return None, None
        written = self._restored_id(value)
        if written is None:
            return None, None
        old = identifiers.cmnd(written)
        if old.value is not None:
            self.report("citizen_id", "CMND_NOT_CITIZEN_ID", value)
            return None, old.value
        checked = identifiers.citizen_id(written)
        if checked.problem is not None:
            self.report("citizen_id", checked.problem, value)
        return checked.value, None

    def _restored_id(self, value: Cell) -> str | None:
        """The id with its leading zeros: a number cell has lost them, so has text that begins with none.

        None where Excel shortened it to 2.085E+11: digits are lost for good.
        """
        written, was_number = cells.digits(value)
        if _SCIENTIFIC.fullmatch(written):
            self.report("citizen_id", "CITIZEN_ID_SCIENTIFIC", value)
            return None
        if not written.isdigit():
            written = _digits_within(written)
        if written.startswith("0") or not written.isdigit():
            return written
        if len(written) in (10, 11):
            if not was_number:
                self.report("citizen_id", "CITIZEN_ID_ZEROS_RESTORED", value)
            return written.zfill(12)
        return written.zfill(9) if was_number and len(written) in (7, 8) else written

    def _compare(self, citizen_id: str, sex: Sex | None, year: int | None) -> None:
        """Warn where the id disagrees with the sex or the birth year that is written."""
        for doubt in identifiers.citizen_id(citizen_id, sex=sex, birth_year=year).warnings:
            self.report("citizen_id", doubt)


def _digits_within(written: str) -> str:
    """The number without blanks, dots, dashes; the only one of 12 digits among other words; else the text."""
    if _DECIMAL.fullmatch(written):
        return f"{written}?"  # a fraction is no number of anybody, whatever its digits
    bare = _NOISE.sub("", written)
    if bare.isdigit() and len(bare) <= _LENGTH:
        return bare
    found = _TWELVE_DIGITS.findall(written) or _TWELVE_DIGITS.findall(bare)
    return found[0] if len(found) == 1 else bare
