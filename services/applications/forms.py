"""A household as an officer types it into the form, checked with the same words as a row of a list. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.applications.lists import HouseholdDraft, Problem
from services.applications.lists.problems import row_problem
from shared.reference import ethnic_groups, identifiers

NO_ROW = 0


@dataclass(frozen=True, slots=True)
class FormReading:
    """`draft` is None when a problem is an error. Fields are named as in the form (`head.citizen_id`)."""

    draft: HouseholdDraft | None
    problems: tuple[Problem, ...]


def read_form(form: Mapping[str, Any], today: date) -> FormReading:
    """The household of a form that fits its schema. Every problem is named, not only the first."""
    reading = _Reading(form["head"], today)
    draft = reading.household(form)
    refused = any(problem.severity == "error" for problem in reading.problems)
    return FormReading(None if refused else draft, tuple(reading.problems))


class _Reading:
    def __init__(self, head: Mapping[str, Any], today: date) -> None:
        self._head = head
        self._today = today
        self.problems: list[Problem] = []

    def household(self, form: Mapping[str, Any]) -> HouseholdDraft:
        certificate = form["certificate"] or {}
        self._check_certificate(form["poverty_status"], certificate)
        return HouseholdDraft(
            head_name=self._name(),
            birth_date=self._head["birth_date"],
            birth_year=self._birth_year(),
            sex=self._head["sex"],
            ethnicity=self._ethnicity(),
            citizen_id=self._citizen_id(),
            cmnd=self._identifier("cmnd", identifiers.cmnd),
            village=form["village"],
            poverty_status=form["poverty_status"],
            certificate_number=certificate.get("number"),
            certificate_date=certificate.get("issued_on"),
            certificate_year=certificate.get("year"),
            members_count=form["members_count"],
            phone=self._identifier("phone", identifiers.phone),
            has_smartphone=form["has_smartphone"],
            priority_group=form["priority_group"],
            notes=form["notes"] or "",
        )

    def _report(self, field: str, code: str, value: object = "") -> None:
        self.problems.append(row_problem(NO_ROW, field, code, value))

    def _name(self) -> str:
        name: str = self._head["name"]
        if not any(letter.isalpha() for letter in name):
            self._report("head.name", "NAME_UNREADABLE")
        return name

    def _birth_year(self) -> int:
        born, year = self._head["birth_date"], int(self._head["birth_year"])
        if (born is not None and (born > self._today or born.year != year)) or year > self._today.year:
            self._report(
                "head.birth_date" if born else "head.birth_year", "BIRTH_DATE_IMPOSSIBLE", born or year
            )
        return year

    def _ethnicity(self) -> str:
        group = ethnic_groups.find(self._head["ethnicity"])
        if group is None:
            self._report("head.ethnicity", "ETHNICITY_UNKNOWN", self._head["ethnicity"])
            return ""
        return group.code_gso

    def _citizen_id(self) -> str | None:
        written = self._head["citizen_id"]
        if not written:
            return None
        sex, year = self._head["sex"], self._head["birth_year"]
        return self._checked("head.citizen_id", identifiers.citizen_id(written, sex=sex, birth_year=year))

    def _identifier(self, name: str, check: Any) -> str | None:
        written = self._head[name]
        return self._checked(f"head.{name}", check(written)) if written else None

    def _checked(self, field: str, checked: identifiers.Checked) -> str | None:
        for code in (checked.problem, *checked.warnings):
            if code is not None:
                self._report(field, _CMND_CODES.get(code, code))
        return checked.value

    def _check_certificate(self, status: str, certificate: Mapping[str, Any]) -> None:
        issued = certificate.get("issued_on")
        if issued is not None and issued > self._today:
            self._report("certificate.issued_on", "CERTIFICATE_DATE_IMPOSSIBLE", issued)
        if status != "none" and not certificate:
            self._report("certificate.number", "CERTIFICATE_NUMBER_MISSING")


_CMND_CODES = {"CMND_NOT_DIGITS": "CITIZEN_ID_NOT_DIGITS", "CMND_LENGTH": "CITIZEN_ID_LENGTH"}
"""One sentence serves both numbers: it tells the lengths of each."""
