"""From a form that fits its schema to a household's draft, with every problem named, not only the first."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.applications import domain
from services.applications.forms.findings import Findings
from services.applications.forms.persons import (
    is_minor,
    read_birth,
    read_citizen_id,
    read_cmnd,
    read_ethnicity,
    read_members,
    take,
)
from services.applications.household import DeviceReceived, FieldVerification, HouseholdDraft, PovertySurvey
from services.applications.lists import Problem
from shared.reference import identifiers
from shared.refusal import Refusal

EARLIEST_CERTIFICATE = 2000

Form = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FormReading:
    """`draft` is None when a problem is an error; fields are named as in the form (`members.2.sex`)."""

    draft: HouseholdDraft | None
    problems: tuple[Problem, ...]


def read_form(form: Form, today: date) -> FormReading:
    """The household of a form, as it stands on a day in Viet Nam."""
    findings = Findings()
    parts = {
        **_head(findings, form["head"], today),
        **_certificate(findings, form["poverty_status"], form["certificate"], today),
        "devices_received": _devices(findings, form["devices_received"], today),
        "verification": _verification(findings, form["verification"], today),
        "legal_basis": form["legal_basis"],
        "consent_evidence": _consent_evidence(findings, form),
    }
    of_head = (parts["citizen_id"], parts["cmnd"])
    parts["members"] = read_members(findings, form["members"] or (), of_head, today)
    parts["members_count"] = _members_count(findings, form)
    if findings.refused:
        return FormReading(None, findings.problems)
    draft = HouseholdDraft(
        **parts,
        village=form["village"],
        poverty_status=form["poverty_status"],
        residence=form["residence"],
        has_smartphone=form["has_smartphone"],
        priority_group=form["priority_group"],
        survey=PovertySurvey(**form["survey"]) if form["survey"] else None,
        extremely_difficult_village=form["extremely_difficult_village"],
        extremely_difficult_commune=form["extremely_difficult_commune"],
        conflict=form["conflict"] or "",
        notes=form["notes"] or "",
        doubts=findings.doubts,
    )
    return FormReading(draft, findings.problems)


def _head(findings: Findings, head: Form, today: date) -> dict[str, Any]:
    if not any(letter.isalpha() for letter in head["name"]):
        findings.report("head.name", "NAME_UNREADABLE")
    born, year = read_birth(findings, "head", head, today)
    if year is None:
        findings.report("head.birth_date", "BIRTH_DATE_MISSING")
    elif is_minor(born, year, today):
        findings.report("head.birth_date" if born else "head.birth_year", "HEAD_IS_MINOR")
    citizen_id = read_citizen_id(findings, "head", head, year)
    cmnd = read_cmnd(findings, "head", head)
    if cmnd and not head["citizen_id"]:
        findings.report("head.cmnd", "CMND_NOT_CITIZEN_ID")
    return {
        "head_name": head["name"],
        "birth_date": born,
        "birth_year": year,
        "sex": head["sex"],
        "ethnicity": read_ethnicity(findings, "head", head),
        "citizen_id": citizen_id,
        "cmnd": cmnd,
        "phone": take(findings, "head.phone", identifiers.phone(head["phone"])) if head["phone"] else None,
    }


def _certificate(findings: Findings, status: str, paper: Form | None, today: date) -> dict[str, Any]:
    """A poverty certificate proves the status of one year: reviews come every year."""
    if paper is None:
        if status != "none":
            findings.report("certificate.number", "CERTIFICATE_NUMBER_MISSING")
        return dict.fromkeys(("certificate_number", "certificate_date", "certificate_year"))
    issued, year = paper["issued_on"], paper["year"]
    if issued is not None and not (issued.year >= EARLIEST_CERTIFICATE and issued <= today):
        findings.report("certificate.issued_on", "CERTIFICATE_DATE_IMPOSSIBLE", value=issued)
    if year > today.year + 1:
        findings.report("certificate.year", "CERTIFICATE_YEAR_IMPOSSIBLE")
    elif year != today.year:
        findings.report("certificate.year", "CERTIFICATE_OF_ANOTHER_YEAR")
    return {
        "certificate_number": paper["number"],
        "certificate_commune": _issuer(findings, paper["commune"]),
        "certificate_date": issued,
        "certificate_year": year,
    }


def _issuer(findings: Findings, code: str | None) -> str | None:
    """The issuing commune under its code of today; None is the household's own."""
    if code is None:
        return None
    found = domain.locate(code)
    if isinstance(found, Refusal):
        findings.report("certificate.commune", found.code, **found.facts)
        return None
    if found.mapped:
        findings.report("certificate.commune", "COMMUNE_MAPPED", commune=code, now=found.place.commune)
    return found.place.commune


def _devices(findings: Findings, devices: list[Form] | None, today: date) -> tuple[DeviceReceived, ...]:
    for place, one in enumerate(devices or ()):
        if one["year"] is not None and one["year"] > today.year:
            findings.report(f"devices_received.{place}.year", "DATE_IN_FUTURE")
    return tuple(DeviceReceived(**one) for one in devices or ())


def _verification(findings: Findings, record: Form | None, today: date) -> FieldVerification | None:
    if record is None:
        return None
    if record["verified_on"] > today:
        findings.report("verification.verified_on", "DATE_IN_FUTURE")
    return FieldVerification(**{**record, "notes": record["notes"] or ""})


def _consent_evidence(findings: Findings, form: Form) -> str:
    """Consent is provable (Law 91/2025/QH15): where it is the ground, its proof is named."""
    evidence: str = form["consent_evidence"] or ""
    if form["legal_basis"] == "consent" and not evidence:
        findings.report("consent_evidence", "CONSENT_EVIDENCE_MISSING")
    return evidence


def _members_count(findings: Findings, form: Form) -> int:
    """The head and the members; what was typed stands where the two differ, for not everybody is listed."""
    typed, members = form["members_count"], form["members"]
    if typed is None:
        if members is None:
            findings.report("members_count", "MEMBERS_COUNT_MISSING")
        return len(members or ()) + 1
    if members and typed != len(members) + 1:
        findings.report("members_count", "MEMBERS_COUNT_DIFFERS")
    return int(typed)
