"""The persons of a form: birth, ethnicity, numbers. A field that fails reports and answers with a filler."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from services.applications.forms.findings import Findings
from services.applications.household import Member
from shared.reference import ethnic_groups, identifiers

EARLIEST_BIRTH_YEAR = 1900
OF_AGE = 18

Person = Mapping[str, Any]
Birth = tuple[date | None, int | None]

_CMND_CODES = {"CMND_NOT_DIGITS": "CITIZEN_ID_NOT_DIGITS", "CMND_LENGTH": "CITIZEN_ID_LENGTH"}
"""One sentence serves both numbers: it tells the lengths of each."""
_MEMBER_CODES = dict.fromkeys(
    ("CITIZEN_ID_NOT_DIGITS", "CITIZEN_ID_PROVINCE", "CITIZEN_ID_CENTURY"), "MEMBER_ID_INVALID"
)
"""The sentences of these speak of the head's card."""


def read_birth(findings: Findings, field: str, person: Person, today: date) -> Birth:
    """The birth date and year; the date is None where only the year is known, both where neither is."""
    born, year = person["birth_date"], person["birth_year"]
    if born is None and year is None:
        return None, None
    place = f"{field}.birth_date" if born else f"{field}.birth_year"
    if born is not None and (year not in (None, born.year) or born > today):
        findings.report(place, "BIRTH_DATE_IMPOSSIBLE", value=born)
    elif not EARLIEST_BIRTH_YEAR <= (born.year if born else year) <= today.year:
        findings.report(place, "BIRTH_DATE_IMPOSSIBLE", value=born or year)
    return born, born.year if born else year


def is_minor(born: date | None, year: int | None, today: date) -> bool:
    """Whether somebody is certainly younger than 18; a year alone is certain only when the birthday cannot
    have been."""
    if born is not None:
        of_age = (born.year + OF_AGE, born.month, born.day)
        return born <= today and of_age > (today.year, today.month, today.day)
    return year is not None and today.year - OF_AGE < year <= today.year


def read_ethnicity(findings: Findings, field: str, person: Person) -> str | None:
    """The code of list B ("gso"): of a name in any known spelling, or of a code of the list it is from."""
    written = person["ethnicity"]
    if not written:
        return None
    group = ethnic_groups.find(written, person["ethnicity_list"])
    if group is None:
        findings.report(f"{field}.ethnicity", "ETHNICITY_UNKNOWN", value=written)
        return None
    return group.code_gso


def read_citizen_id(findings: Findings, field: str, person: Person, year: int | None) -> str | None:
    """12 digits; what they say of sex and birth year is held against what was typed."""
    written = person["citizen_id"]
    if not written:
        return None
    checked = identifiers.citizen_id(written, sex=person["sex"], birth_year=year)
    return take(findings, f"{field}.citizen_id", checked)


def read_cmnd(findings: Findings, field: str, person: Person) -> str | None:
    """The 9 digits of an old card."""
    written = person["cmnd"]
    return take(findings, f"{field}.cmnd", identifiers.cmnd(written)) if written else None


def take(findings: Findings, field: str, checked: identifiers.Checked) -> str | None:
    """An identifier's value; its problem and its doubts become findings."""
    for code in (checked.problem, *checked.warnings):
        if code is not None:
            code = _CMND_CODES.get(code, code)
            findings.report(field, _MEMBER_CODES.get(code, code) if field.startswith("members") else code)
    return checked.value


def read_members(
    findings: Findings, members: Sequence[Person], of_head: Sequence[str | None], today: date
) -> tuple[Member, ...]:
    """Everybody but the head. `of_head`: the head's numbers, which no member can have."""
    found = tuple(_member(findings, f"members.{n}", one, today) for n, one in enumerate(members))
    _no_number_twice(findings, found, {number for number in of_head if number})
    return found


def _member(findings: Findings, field: str, person: Person, today: date) -> Member:
    if not any(letter.isalpha() for letter in person["name"]):
        findings.report(f"{field}.name", "MEMBER_NAME_UNREADABLE")
    born, year = read_birth(findings, field, person, today)
    return Member(
        name=person["name"],
        relation=person["relation"],
        birth_date=born,
        birth_year=year,
        sex=person["sex"],
        ethnicity=read_ethnicity(findings, field, person),
        citizen_id=read_citizen_id(findings, field, person, year),
        cmnd=read_cmnd(findings, field, person),
    )


def _no_number_twice(findings: Findings, members: Sequence[Member], of_head: set[str]) -> None:
    seen: set[str] = set()
    for place, member in enumerate(members):
        for name, number in (("citizen_id", member.citizen_id), ("cmnd", member.cmnd)):
            if number is None:
                continue
            if number in of_head:
                findings.report(f"members.{place}.{name}", "MEMBER_ID_OF_HEAD")
            elif number in seen:
                findings.report(f"members.{place}.{name}", "MEMBER_ID_REPEATED")
            seen.add(number)
