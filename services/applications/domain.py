"""What an application is made of, decided on plain values: places, identities, facts, what is kept sealed."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.applications.lists import HouseholdDraft
from shared.privacy import IdentityHasher
from shared.reference import areas, ethnic_groups
from shared.reference.text import fold
from shared.refusal import Refusal

APPLICATION_STATES = ("draft", "submitted", "withdrawn", "appealed")
ELIGIBILITY_STATES = ("eligible", "ineligible", "referred", "approved", "rejected", "revoked")
DISBURSEMENT_STATES = ("waitlisted", "issued", "redeemed", "expired", "cancelled")
STATUSES = (
    "draft",
    "submitted",
    "appealed",
    "withdrawn",
    "assessed",
    "ineligible",
    "referred",
    "approved",
    "rejected",
    "revoked",
    "waitlisted",
    "voucher_issued",
    "redeemed",
    "expired",
    "cancelled",
)
CHANNELS = ("form", "list")
LEGAL_BASES = ("public_task", "consent")
LONGEST_LINE = 200
"""Letters of a name or a village; an event has no room for more."""

_UNPRINTABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Place:
    """A commune of today (5-digit code) and its province (2-digit code)."""

    commune: str
    province: str


def place_of(commune: str) -> Place | Refusal:
    """Where a 5-digit code lies today.

    COMMUNE_CLOSED names today's communes for a code that ended with the reform of 01/07/2025; COMMUNE_UNKNOWN
    for one that never was.
    """
    found = areas.commune(commune)
    if found is not None:
        return Place(found.code, found.province_code)
    now = areas.resolve_old(commune)
    if now:
        return Refusal(
            "COMMUNE_CLOSED", commune=commune, now=", ".join(f"{unit.code} {unit.name}" for unit in now)
        )
    return Refusal("COMMUNE_UNKNOWN", commune=commune)


def persons_of(draft: HouseholdDraft, commune: str, hasher: IdentityHasher) -> tuple[str, ...]:
    """Keyed hashes of the head, the strongest first: citizen ID, CMND, else name, birth and village."""
    numbers = [number for number in (draft.citizen_id, draft.cmnd) if number]
    if numbers:
        return tuple(hasher.citizen_id(number) for number in numbers)
    birth = draft.birth_date.isoformat() if draft.birth_date else str(draft.birth_year)
    return (hasher.person_without_id(fold(draft.head_name), birth, fold(draft.village), commune),)


def certificate_of(draft: HouseholdDraft, commune: str, hasher: IdentityHasher) -> str | None:
    """Keyed hash of the poverty certificate, None without a number."""
    if not draft.certificate_number:
        return None
    return hasher.certificate(draft.certificate_number, commune, draft.certificate_year)


def facts_of(head: dict[str, Any], details: dict[str, Any]) -> dict[str, Any]:
    """What a rule may look at, out of the two sealed parts of a household's application."""
    certificate = details["certificate"]
    return {
        "poverty_status": details["poverty_status"],
        "ethnicity": head["ethnicity"],
        "ethnic_minority": head["ethnicity"] != ethnic_groups.KINH,
        "has_smartphone": details["has_smartphone"],
        "members_count": details["members_count"],
        "certificate_year": certificate["year"] if certificate else None,
        "priority_group": details["priority_group"],
        "already_received": False,
    }


def head_of(draft: HouseholdDraft) -> dict[str, Any]:
    """The person: kept sealed in the household's row."""
    return {
        "name": draft.head_name,
        "birth_date": _iso(draft.birth_date),
        "birth_year": draft.birth_year,
        "sex": draft.sex,
        "ethnicity": draft.ethnicity,
        "citizen_id": draft.citizen_id,
        "cmnd": draft.cmnd,
        "phone": draft.phone,
    }


def details_of(draft: HouseholdDraft) -> dict[str, Any]:
    """How the household stood when it applied: kept sealed in the application's row."""
    return {
        "poverty_status": draft.poverty_status,
        "certificate": _certificate(draft),
        "members_count": draft.members_count,
        "has_smartphone": draft.has_smartphone,
        "priority_group": draft.priority_group,
        "notes": draft.notes,
    }


def defects_of(draft: HouseholdDraft) -> list[tuple[str, str]]:
    """(field, code) of what a readable row still cannot be stored with: text too long or not printable."""
    lines = {"head_name": draft.head_name, "village": draft.village}
    too_long = [(field, "TEXT_TOO_LONG") for field, line in lines.items() if len(line) > LONGEST_LINE]
    return too_long + [(field, "TEXT_NOT_PRINTABLE") for field, line in lines.items() if not printable(line)]


def printable(line: str) -> bool:
    """Whether a line holds no control characters and no half of a surrogate pair."""
    return _UNPRINTABLE.search(line) is None


def _certificate(draft: HouseholdDraft) -> dict[str, Any] | None:
    if not (draft.certificate_number or draft.certificate_year):
        return None
    return {
        "number": draft.certificate_number,
        "issued_on": _iso(draft.certificate_date),
        "year": draft.certificate_year,
    }


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
