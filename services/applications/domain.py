"""What an application is made of, decided on plain values: places, identities, facts, what is kept sealed."""

import re
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

from services.applications.household import (
    DeviceReceived,
    FieldVerification,
    HouseholdDraft,
    Member,
    PovertySurvey,
)
from shared.privacy import IdentityHasher
from shared.reference import areas, ethnic_groups
from shared.reference.text import fold
from shared.refusal import Refusal

APPLICATION_STATES = ("draft", "submitted", "withdrawn", "appealed")
UNDER_WAY = ("submitted", "appealed")
"""Whose case goes on."""
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
CHANNELS = ("form", "list", "offline")
IMPORT_STATES = ("checking", "checked", "importing", "imported", "refused")
REQUEST_KINDS = ("access", "correction", "erasure", "restriction", "objection", "consent_withdrawn")
LEGAL_BASES = ("public_task", "consent")
LONGEST_LINE = 200
"""Letters of a name or a village; an event has no room for more."""

_PLAIN_DETAILS = (
    "poverty_status", "members_count", "residence", "has_smartphone", "priority_group",
    "extremely_difficult_village", "extremely_difficult_commune", "conflict",
    "legal_basis", "consent_evidence", "notes",
)  # fmt: skip

_WORD = re.compile(r"[a-z0-9]+")
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


@dataclass(frozen=True, slots=True)
class Located:
    """Where a code lies today; `mapped` when it is the code of a commune that the reform closed."""

    place: Place
    mapped: bool


def locate(commune: str) -> Located | Refusal:
    """The place that a 5-digit code means today.

    A code of today is understood as such, even if it named another commune before 01/07/2025. COMMUNE_SPLIT
    lists the communes among which somebody who knows the household must choose; COMMUNE_UNKNOWN.
    """
    found = areas.today_of(commune)
    if len(found) == 1:
        return Located(Place(found[0].code, found[0].province_code), mapped=found[0].code != commune)
    if not found:
        return Refusal("COMMUNE_UNKNOWN", commune=commune)
    choices = [{"code": unit.code, "name": unit.name} for unit in found]
    now = ", ".join(f"{unit.code} {unit.name}" for unit in found)
    return Refusal("COMMUNE_SPLIT", commune=commune, now=now, choices=choices)


def persons_of(draft: HouseholdDraft, commune: str, hasher: IdentityHasher) -> tuple[str, ...]:
    """Keyed hashes of everybody who can be told apart, the head first and its strongest hash before others.

    The head's citizen ID, CMND, else name, birth and village; of the members only those with a number: two
    children of one name in one village would else be taken for one.
    """
    numbers = [number for number in (draft.citizen_id, draft.cmnd) if number]
    heads = [hasher.citizen_id(number) for number in numbers]
    if not heads:
        birth = draft.birth_date.isoformat() if draft.birth_date else str(draft.birth_year)
        heads = [hasher.person_without_id(fold(draft.head_name), birth, fold(draft.village), commune)]
    others = [
        hasher.citizen_id(number)
        for member in draft.members
        for number in (member.citizen_id, member.cmnd)
        if number
    ]
    return tuple(dict.fromkeys([*heads, *others]))


def namesakes_of(draft: HouseholdDraft, commune: str, hasher: IdentityHasher) -> tuple[str, ...]:
    """Keyed hashes of name and full birth date, of everybody whose full birth date is known."""
    people = [(draft.head_name, draft.birth_date), *((one.name, one.birth_date) for one in draft.members)]
    found = (hasher.namesake(fold(name), born.isoformat(), commune) for name, born in people if born)
    return tuple(dict.fromkeys(found))


def words_of(draft: HouseholdDraft, hasher: IdentityHasher) -> list[int]:
    """Keyed hashes of the folded words of everybody's name, for search."""
    names = (draft.head_name, *(member.name for member in draft.members))
    return sorted({hasher.word(word) for name in names for word in search_words(name)})


def search_words(text: str) -> list[str]:
    """The words of a name as they are searched for: folded, letters and digits only."""
    return _WORD.findall(fold(text))


def certificate_of(draft: HouseholdDraft, commune: str, hasher: IdentityHasher) -> str | None:
    """Keyed hash of the poverty certificate, None without a number."""
    if not draft.certificate_number:
        return None
    return hasher.certificate(
        draft.certificate_number, draft.certificate_commune or commune, draft.certificate_year
    )


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
        "extremely_difficult_village": details["extremely_difficult_village"],
        "extremely_difficult_commune": details["extremely_difficult_commune"],
        **(details["survey"] or {}),
        "already_received": bool(details["devices_received"]),
        "identity": _identity(head, details["members"]),
        "conflict_of_interest": bool(details["conflict"]),
        "doubts": details["doubts"],
    }


def _identity(head: dict[str, Any], members: list[dict[str, Any]]) -> str:
    """The weakest of the household's papers: cmnd where anybody has only the old 9-digit number, else the
    head's citizen_id, or none."""
    if any(one["cmnd"] and not one["citizen_id"] for one in (head, *members)):
        return "cmnd"
    return "citizen_id" if head["citizen_id"] else "none"


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
        "certificate": _certificate(draft),
        "members": [{**asdict(one), "birth_date": _iso(one.birth_date)} for one in draft.members],
        "devices_received": [asdict(one) for one in draft.devices_received],
        "verification": _verification(draft.verification),
        "survey": asdict(draft.survey) if draft.survey else None,
        "doubts": list(draft.doubts),
        **{name: getattr(draft, name) for name in _PLAIN_DETAILS},
    }


def _verification(found: FieldVerification | None) -> dict[str, Any] | None:
    return None if found is None else {**asdict(found), "verified_on": found.verified_on.isoformat()}


def draft_of(village: str, head: dict[str, Any], details: dict[str, Any]) -> HouseholdDraft:
    """The household again, out of what `head_of` and `details_of` made of it."""
    certificate = details["certificate"] or {}
    found = details["verification"]
    return HouseholdDraft(
        head_name=head["name"],
        birth_date=_day(head["birth_date"]),
        **{name: head[name] for name in ("birth_year", "sex", "ethnicity", "citizen_id", "cmnd", "phone")},
        village=village,
        certificate_number=certificate.get("number"),
        certificate_commune=certificate.get("commune"),
        certificate_date=_day(certificate.get("issued_on")),
        certificate_year=certificate.get("year"),
        **{name: details[name] for name in _PLAIN_DETAILS},
        members=tuple(Member(**{**one, "birth_date": _day(one["birth_date"])}) for one in details["members"]),
        devices_received=tuple(DeviceReceived(**one) for one in details["devices_received"]),
        verification=FieldVerification(**{**found, "verified_on": _day(found["verified_on"])})
        if found
        else None,
        survey=PovertySurvey(**details["survey"]) if details["survey"] else None,
        doubts=tuple(details["doubts"]),
    )


def same_content(one: HouseholdDraft, other: HouseholdDraft) -> bool:
    """Whether two drafts say the same. Doubts do not count: they depend on the day a form is read."""
    return replace(one, doubts=()) == replace(other, doubts=())


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
        "commune": draft.certificate_commune,
        "issued_on": _iso(draft.certificate_date),
        "year": draft.certificate_year,
    }


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
