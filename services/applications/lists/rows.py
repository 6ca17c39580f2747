"""From a list's row to a household's draft, with every problem named. Nothing a person types raises."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from services.applications.household import HouseholdDraft, PovertyStatus, PriorityGroup
from services.applications.lists import cells
from services.applications.lists.problems import Problem, row_problem
from services.applications.lists.table import Cell, ListRow, is_blank
from shared.reference import ethnic_groups, identifiers
from shared.reference.text import fold

_EARLIEST_BIRTH_YEAR = 1900
_REVIEW_BEGINS = 9
_MOST_MEMBERS = 99


@dataclass(frozen=True, slots=True)
class RowContext:
    """What a row is read against: the day it is read (nothing in a list lies after it)."""

    today: date


@dataclass(frozen=True, slots=True)
class ParsedRow:
    """One row's outcome: a draft, unless a problem is an error; warnings come with a draft."""

    number: int
    household: HouseholdDraft | None
    problems: tuple[Problem, ...]


def parse_row(row: ListRow, context: RowContext) -> ParsedRow:
    """The household of one row. Fields are read even after one failed, so that all problems show at once."""
    reading = _Reading(row, context.today)
    draft = reading.household()
    refused = any(problem.severity == "error" for problem in reading.problems)
    doubts = tuple(problem.code for problem in reading.problems)
    return ParsedRow(row.number, None if refused else replace(draft, doubts=doubts), tuple(reading.problems))


def certificate_year(issued: date) -> int:
    """The year for which a poverty certificate proves the status.

    Our reading of the yearly review (September to mid-December, monthly in between), not a quoted rule: a
    certificate issued from September to December holds for the year after, one issued before for its own.
    """
    return issued.year + (issued.month >= _REVIEW_BEGINS)


class _Reading:
    """One row being read. A field that fails reports its error and answers with a filler nobody will see."""

    __slots__ = ("number", "problems", "today", "values")

    def __init__(self, row: ListRow, today: date) -> None:
        self.number = row.number
        self.values: Mapping[str, Cell] = row.values
        self.today = today
        self.problems: list[Problem] = []

    def household(self) -> HouseholdDraft:
        birth_date, birth_year = self._birth()
        sex = self._sex()
        citizen_id, cmnd = self._identity(sex, birth_year)
        status = self._poverty_status()
        issued = self._certificate_date(status)
        return HouseholdDraft(
            head_name=self._head_name(),
            birth_date=birth_date,
            birth_year=birth_year or 0,
            sex=sex or "male",
            ethnicity=self._ethnicity(),
            citizen_id=citizen_id,
            cmnd=cmnd,
            village=self._village(),
            poverty_status=status,
            certificate_number=self._certificate_number(status),
            certificate_date=issued,
            certificate_year=certificate_year(issued) if issued else None,
            members_count=self._members_count(),
            phone=self._phone(),
            has_smartphone=self._has_smartphone(),
            priority_group=self._priority_group(),
            notes=cells.text(self.values.get("notes")),
        )

    def _report(self, field: str, code: str) -> None:
        shown = cells.text(self.values.get(field))
        self.problems.append(row_problem(self.number, field, code, shown))

    def _present(self, field: str, code_if_missing: str) -> Cell:
        """The cell of a field that every household must have; reports and answers None if it is blank."""
        value = self.values.get(field)
        if not is_blank(value):
            return value
        self._report(field, code_if_missing)
        return None

    def _head_name(self) -> str:
        value = self._present("head_name", "NAME_MISSING")
        name = cells.text(value)
        if value is not None and not any(letter.isalpha() for letter in name):
            self._report("head_name", "NAME_UNREADABLE")
        return name

    def _birth(self) -> tuple[date | None, int | None]:
        """The birth date and year; the date is None where the list knows only the year."""
        value = self._present("birth_date", "BIRTH_DATE_MISSING")
        if value is None:
            return None, None
        born = cells.day(value)
        year = born.year if born else cells.year(value)
        if year is None:
            self._report("birth_date", "BIRTH_DATE_UNREADABLE")
        elif not self._is_past(born, year):
            self._report("birth_date", "BIRTH_DATE_IMPOSSIBLE")
            return None, None
        return born, year

    def _is_past(self, born: date | None, year: int) -> bool:
        if born is not None and born > self.today:
            return False
        return _EARLIEST_BIRTH_YEAR <= year <= self.today.year

    def _sex(self) -> Literal["male", "female"] | None:
        value = self._present("sex", "SEX_MISSING")
        sex = cells.sex(value)
        if value is not None and sex is None:
            self._report("sex", "SEX_UNKNOWN")
        return sex

    def _ethnicity(self) -> str:
        value = self._present("ethnicity", "ETHNICITY_MISSING")
        if value is None:
            return ""
        group = ethnic_groups.find(cells.text(value))
        if group is None:
            self._report("ethnicity", "ETHNICITY_UNKNOWN")
            return ""
        return group.code_gso

    def _identity(
        self, sex: Literal["male", "female"] | None, birth_year: int | None
    ) -> tuple[str | None, str | None]:
        """Citizen id and CMND, one of them None: nine digits are a CMND."""
        value = self._present("citizen_id", "CITIZEN_ID_MISSING")
        if value is None:
            return None, None
        written = self._restored_id(value)
        old = identifiers.cmnd(written)
        if old.value is not None:
            self._report("citizen_id", "CMND_NOT_CITIZEN_ID")
            return None, old.value
        return self._checked(
            "citizen_id", identifiers.citizen_id(written, sex=sex, birth_year=birth_year)
        ), None

    def _restored_id(self, value: Cell) -> str:
        """The id with its leading zeros: a number cell has lost them, so has text that begins with none."""
        written, was_number = cells.digits(value)
        if written.startswith("0") or not written.isdigit():
            return written
        if len(written) in (10, 11):
            if not was_number:
                self._report("citizen_id", "CITIZEN_ID_ZEROS_RESTORED")
            return written.zfill(12)
        return written.zfill(9) if was_number and len(written) in (7, 8) else written

    def _village(self) -> str:
        return cells.text(self._present("village", "VILLAGE_MISSING"))

    def _poverty_status(self) -> PovertyStatus:
        value = self._present("poverty_status", "POVERTY_STATUS_MISSING")
        status = cells.poverty_status(value)
        if value is not None and status is None:
            self._report("poverty_status", "POVERTY_STATUS_UNKNOWN")
        return status or "none"

    def _certificate_number(self, status: PovertyStatus) -> str | None:
        number = cells.text(self.values.get("certificate_number"))
        if not number and status != "none":
            self._report("certificate_number", "CERTIFICATE_NUMBER_MISSING")
        return number or None

    def _certificate_date(self, status: PovertyStatus) -> date | None:
        value = self.values.get("certificate_date")
        if is_blank(value):
            if status != "none":
                self._report("certificate_date", "CERTIFICATE_DATE_MISSING")
            return None
        issued = cells.day(value)
        if issued is None:
            self._report("certificate_date", "CERTIFICATE_DATE_UNREADABLE")
        elif not self._is_past(issued, issued.year):
            self._report("certificate_date", "CERTIFICATE_DATE_IMPOSSIBLE")
            return None
        return issued

    def _members_count(self) -> int:
        value = self._present("members_count", "MEMBERS_COUNT_MISSING")
        if value is None:
            return 0
        count = cells.whole_number(value)
        if count is None or not 1 <= count <= _MOST_MEMBERS:
            self._report("members_count", "MEMBERS_COUNT_UNREADABLE")
            return 0
        return count

    def _phone(self) -> str | None:
        value = self.values.get("phone")
        if is_blank(value) or (isinstance(value, str) and fold(value) in cells.NO_GROUP):
            return None
        written, _ = cells.digits(value)
        if len(written) in (9, 10) and written[0] in "135789":
            written = "0" + written
        return self._checked("phone", identifiers.phone(written))

    def _has_smartphone(self) -> bool:
        value = self._present("has_smartphone", "SMARTPHONE_MISSING")
        answer = None if value is None else cells.yes_no(value)
        if value is not None and answer is None:
            self._report("has_smartphone", "SMARTPHONE_UNKNOWN")
        return bool(answer)

    def _priority_group(self) -> PriorityGroup | None:
        value = self.values.get("priority_group")
        group = cells.priority_group(value)
        if group is None and not is_blank(value) and fold(cells.text(value)) not in cells.NO_GROUP:
            self._report("priority_group", "PRIORITY_GROUP_UNKNOWN")
        return group

    def _checked(self, field: str, checked: identifiers.Checked) -> str | None:
        """An identifier's value; its problem and its doubts become problems of the row."""
        if checked.problem is not None:
            self._report(field, checked.problem)
        for doubt in checked.warnings:
            self._report(field, doubt)
        return checked.value
