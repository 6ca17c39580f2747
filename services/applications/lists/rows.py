"""From a list's row to a household's draft, with every problem named. Nothing a person types raises."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from services.applications.household import (
    HIGHEST_INCOME,
    INDICATORS,
    LOWEST_INCOME,
    DeviceReceived,
    HouseholdDraft,
    Member,
    PovertyStatus,
    PovertySurvey,
    PriorityGroup,
)
from services.applications.lists import cells
from services.applications.lists.certificates import certificate_year as certificate_year
from services.applications.lists.certificates import read_certificate
from services.applications.lists.person import Reader
from services.applications.lists.problems import Problem
from services.applications.lists.table import Cell, ListRow, is_blank
from shared.reference import identifiers
from shared.reference.text import fold

_MOST_MEMBERS = 99
_STATUS_COLUMNS: dict[str, PovertyStatus] = {"poor": "poor", "near_poor": "near_poor", "not_poor": "none"}
_DEVICES = {
    "received_tablet": "tablet",
    "received_computer": "computer",
    "received_smartphone": "smartphone",
    "received_device": "other",
}
_DEVICE_WORDS = (
    ("may tinh bang", "tablet"), ("mtb", "tablet"), ("tablet", "tablet"), ("dien thoai", "smartphone"),
    ("dttm", "smartphone"), ("smartphone", "smartphone"), ("may tinh", "computer"), ("laptop", "computer"),
)  # fmt: skip
_UNREADABLE = {
    "income_per_person": "INCOME_UNREADABLE",
    "deprivations": "DEPRIVATIONS_UNREADABLE",
    "urban": "AREA_KIND_UNREADABLE",
}
_SURVEY_UNREADABLE = frozenset(_UNREADABLE.values())
_YEAR_WITHIN = re.compile(r"(?<!\d)20\d\d(?!\d)", re.ASCII)
_BETWEEN_PHONES = re.compile(r"[/;,\n|]|\s-\s|\bhoặc\b|\bvà\b", re.IGNORECASE)
_PHONE_WITHIN = re.compile(r"\+?\d[\d .\-]{7,14}\d", re.ASCII)
_BEHIND_VILLAGE = re.compile(r"\s*[,;\-–]?\s*(?<!\w)(?:xã|phường|thị trấn|huyện|tỉnh)\s.*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RowContext:
    """What a row is read against: the day it is read (nothing in a list lies after it).

    commune: 5-digit code of the list's own commune, against which the issuing place of a certificate is read;
    "" takes every certificate as the household's own commune's unless a 5-digit code stands there.
    """

    today: date
    commune: str = ""


@dataclass(frozen=True, slots=True)
class ParsedRow:
    """One row's outcome: a draft, unless a problem is an error; warnings come with a draft."""

    number: int
    household: HouseholdDraft | None
    problems: tuple[Problem, ...]
    sheet: str = ""


def parse_row(row: ListRow, context: RowContext) -> ParsedRow:
    """The household of one row. Fields are read even after one failed, so that all problems show at once.

    Problems of a member's line bear its number. Codes of the warnings travel with the draft (`doubts`).
    """
    reading = _Reading(row, context)
    draft = reading.household()
    refused = any(problem.severity == "error" for problem in reading.problems)
    return ParsedRow(row.number, None if refused else draft, tuple(reading.problems), row.sheet)


class _Reading(Reader):
    """A household's row being read. A field that fails answers with a filler nobody will see."""

    __slots__ = ("_commune", "_members")

    def __init__(self, row: ListRow, context: RowContext) -> None:
        super().__init__(row, context.today)
        self._commune = context.commune
        self._members = row.members

    def household(self) -> HouseholdDraft:
        head = self.person(head=True)
        if not is_blank(self.values.get("relation")):
            self.report("relation", "MEMBER_WITHOUT_HEAD")
        status = self._poverty_status()
        certificate = read_certificate(self, status, self._commune)
        return HouseholdDraft(
            head_name=head.name,
            birth_date=head.birth_date,
            birth_year=head.birth_year or 0,
            sex=head.sex or "male",
            ethnicity=head.ethnicity or "",
            citizen_id=head.citizen_id,
            cmnd=head.cmnd,
            village=self._village(),
            poverty_status=status,
            certificate_number=certificate.number,
            certificate_date=certificate.issued,
            certificate_year=certificate.year,
            certificate_commune=certificate.commune,
            members_count=self._members_count(),
            phone=self._phone(),
            has_smartphone=self._has_smartphone(),
            priority_group=self._priority_group(),
            survey=self._survey(),
            extremely_difficult_village=self._ticked("extremely_difficult_village"),
            extremely_difficult_commune=self._ticked("extremely_difficult_commune"),
            residence=self._residence(),
            members=tuple(map(self._member, self._members)),
            devices_received=tuple(self._devices()),
            conflict=self._conflict(),
            notes=cells.text(self.values.get("notes")),
            doubts=tuple(dict.fromkeys(problem.code for problem in self.problems)) if self.problems else (),
        )

    def _member(self, row: ListRow) -> Member:
        """Somebody of the household: may lack a birth date or number, but what stands there must be right."""
        reading = Reader(row, self.today)
        person = reading.person(head=False)
        value = row.values.get("relation")
        relation = cells.relation(value)
        if relation is None and not is_blank(value):
            reading.report("relation", "RELATION_UNKNOWN")
        self.problems += reading.problems
        return Member(
            name=person.name,
            relation=relation or "other",
            birth_date=person.birth_date,
            birth_year=person.birth_year,
            sex=person.sex,
            ethnicity=person.ethnicity,
            citizen_id=person.citizen_id,
            cmnd=person.cmnd,
        )

    def _village(self) -> str:
        value = self.values.get("village")
        if is_blank(value) and not is_blank(address := self.values.get("address")):
            return _BEHIND_VILLAGE.sub("", cells.text(address)) or cells.text(address)
        return cells.text(self.present("village", "VILLAGE_MISSING"))

    def _poverty_status(self) -> PovertyStatus:
        value = self.values.get("poverty_status")
        if is_blank(value):
            return self._ticked_status()
        status = cells.poverty_status(value)
        if status is None:
            self.report("poverty_status", "POVERTY_STATUS_UNKNOWN")
        return status or "none"

    def _ticked_status(self) -> PovertyStatus:
        """The status whose column is ticked or says it in words; none is ticked for the better-off."""
        there = [name for name in _STATUS_COLUMNS if name in self.values]
        if not there:
            self.report("poverty_status", "POVERTY_STATUS_MISSING")
            return "none"
        found: set[PovertyStatus] = set()
        for name in there:
            value = self.values[name]
            if is_blank(value) or (cells.yes_no(value) is False and not _says_poor(value)):
                continue
            status = cells.poverty_status(value) if not cells.yes_no(value) else _STATUS_COLUMNS[name]
            if status is None:
                self.report("poverty_status", "POVERTY_STATUS_UNKNOWN", value)
                return "none"
            found.add(status)
        if len(found) > 1:
            self.report("poverty_status", "POVERTY_STATUS_TWICE")
        elif not found:
            self.report("poverty_status", "POVERTY_STATUS_UNMARKED")
        return found.pop() if len(found) == 1 else "none"

    def _members_count(self) -> int:
        """People of the household with the head; counted from the lines where no number is written."""
        listed = len(self._members) + 1
        value = self.values.get("members_count")
        if listed > _MOST_MEMBERS:
            self.report("members_count", "MEMBERS_TOO_MANY")
            return 0
        if is_blank(value) and listed > 1:
            return listed
        value = self.present("members_count", "MEMBERS_COUNT_MISSING")
        if value is None:
            return 0
        count = cells.count(value)
        if count is None or not 1 <= count <= _MOST_MEMBERS:
            self.report("members_count", "MEMBERS_COUNT_UNREADABLE")
            return 0
        if listed > 1 and listed != count:
            self.report("members_count", "MEMBERS_COUNT_DIFFERS")
        return count

    def _phone(self) -> str | None:
        value = self.values.get("phone")
        if is_blank(value) or cells.says_nothing(value):
            return None
        written, _ = cells.digits(value)
        if len(written) in (9, 10) and written[0] in "135789":
            written = "0" + written
        checked = identifiers.phone(written)
        if checked.value is None and isinstance(value, str):
            checked = self._first_phone(value) or checked
        for code in (checked.problem, *checked.warnings):
            if code is not None:
                self.report("phone", code)
        return checked.value

    def _first_phone(self, written: str) -> identifiers.Checked | None:
        """The first of several numbers in a cell, or the only one among words."""
        found: list[identifiers.Checked] = []
        for part in _BETWEEN_PHONES.split(written):
            for number in _PHONE_WITHIN.findall(part):
                checked = identifiers.phone(number if number[0] in "0+8" else f"0{number}")
                if checked.value is not None and checked not in found:
                    found.append(checked)
        if len(found) > 1:
            self.report("phone", "PHONE_SECOND_DROPPED")
        return found[0] if found else None

    def _has_smartphone(self) -> bool:
        """Whether there is a smartphone: said outright, by a tick that there is none, by a number."""
        values = self.values
        if is_blank(values.get("has_smartphone")) and not is_blank(lacking := values.get("no_smartphone")):
            answer = cells.yes_no(lacking)
            if answer is None:
                self.report("has_smartphone", "SMARTPHONE_UNKNOWN", lacking)
            return answer is False
        value = self.present("has_smartphone", "SMARTPHONE_MISSING")
        answer = None if value is None else cells.yes_no(value)
        if value is not None and answer is None:
            answer = cells.count(value) is not None or None
            if answer is None:
                self.report("has_smartphone", "SMARTPHONE_UNKNOWN")
        if answer and cells.yes_no(values.get("no_smartphone")):
            self.report("has_smartphone", "SMARTPHONE_UNKNOWN")
        return bool(answer)

    def _priority_group(self) -> PriorityGroup | None:
        value = self.values.get("priority_group")
        if cells.says_nothing(value):
            if cells.yes_no(self.values.get("merit")):
                return "merit"
            return "social_policy" if cells.yes_no(self.values.get("social_policy")) else None
        group = cells.priority_group(value)
        if group is None:
            self.report("priority_group", "PRIORITY_GROUP_UNKNOWN")
        return group

    def _survey(self) -> PovertySurvey | None:
        """What was measured: income, deprivations and kind of area, all of them or nothing."""
        if all(is_blank(self.values.get(name)) for name in ("income_per_person", "deprivations")):
            return None
        income = self._measured("income_per_person", cells.money, HIGHEST_INCOME)
        deprivations = self._measured("deprivations", cells.count_or_none, INDICATORS)
        urban = self._urban()
        if income is not None and 0 < income < LOWEST_INCOME:
            self.report("income_per_person", "INCOME_UNREADABLE")
        if income is None or deprivations is None or urban is None:
            if not any(problem.code in _SURVEY_UNREADABLE for problem in self.problems):
                self.report("income_per_person", "SURVEY_INCOMPLETE")
            return None
        return PovertySurvey(income, deprivations, urban)

    def _measured(self, field: str, read: Callable[[Cell], int | None], most: int) -> int | None:
        """A whole number that stands in a cell; None for an empty one."""
        value = self.values.get(field)
        if is_blank(value):
            return None
        found = read(value)
        if found is None or found > most:
            self.report(field, _UNREADABLE[field])
            return None
        return found

    def _urban(self) -> bool | None:
        value = self.values.get("urban")
        found = None if is_blank(value) else cells.urban(value)
        if found is None and not is_blank(value):
            self.report("urban", _UNREADABLE["urban"])
        return found

    def _ticked(self, field: str) -> bool:
        """Whether a column says yes; what says neither counts as no, and somebody is told."""
        value = self.values.get(field)
        if cells.says_nothing(value):
            return False
        answer = cells.yes_no(value)
        if answer is None:
            self.report(field, "DIFFICULT_AREA_UNKNOWN")
        return bool(answer)

    def _residence(self) -> str:
        value = self.values.get("residence")
        if is_blank(value):
            return "permanent"
        found = cells.residence(value)
        if found is None:
            self.report("residence", "RESIDENCE_UNKNOWN")
        return found or "permanent"

    def _devices(self) -> list[DeviceReceived]:
        """What the household was given before: ticked, or the device, the programme, the year in words."""
        return [
            _device(kind, self.values[name])
            for name, kind in _DEVICES.items()
            if name in self.values
            and not cells.says_nothing(self.values[name])
            and cells.yes_no(self.values[name]) is not False
        ]

    def _conflict(self) -> str:
        value = self.values.get("conflict")
        if cells.says_nothing(value) or cells.yes_no(value) is False:
            return ""
        return "Có" if cells.yes_no(value) else cells.text(value)


def _says_poor(value: Cell) -> bool:
    """Whether "N" in a column to tick stands for nghèo and not for no."""
    return cells.poverty_status(value) in ("poor", "near_poor")


def _device(kind: str, value: Cell) -> DeviceReceived:
    if cells.yes_no(value):
        return DeviceReceived(kind, "")
    written = cells.text(value)
    folded = fold(written)
    named = next((device for word, device in _DEVICE_WORDS if word in folded), kind)
    year = _YEAR_WITHIN.search(written)
    return DeviceReceived(named, written, int(year[0]) if year else None)
