"""A household as it applies: plain values, the same whether they came from a form, a list or a device."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

Sex = Literal["male", "female"]
PovertyStatus = Literal["poor", "near_poor", "none"]
PriorityGroup = Literal["merit", "social_policy"]
LegalBasis = Literal["public_task", "consent"]

RELATIONS = ("spouse", "child", "parent", "grandparent", "grandchild", "sibling", "in_law", "other")
"""How a member belongs to the head."""

RESIDENCES = ("permanent", "temporary", "unregistered")
DEVICE_KINDS = ("smartphone", "tablet", "computer", "other")
INDICATORS = 12
"""Deprivations that the multidimensional poverty measure knows."""
LOWEST_INCOME, HIGHEST_INCOME = 10_000, 999_999_999
"""đồng per person and month: less is an amount in thousands, more is one of years. Zero is an income, too."""
VERIFICATION_RESULTS = ("confirmed", "not_confirmed", "not_found")


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody of the household who is not its head.

    birth_date: None if only the year is known; ethnicity: code of list B ("gso"), None = as the head;
    citizen_id: 12 digits or None; cmnd: 9 digits or None.
    """

    name: str
    relation: str
    birth_date: date | None
    birth_year: int | None
    sex: Sex | None
    ethnicity: str | None = None
    citizen_id: str | None = None
    cmnd: str | None = None


@dataclass(frozen=True, slots=True)
class DeviceReceived:
    """A device that some programme gave to this household before; `programme`: its name as people know it."""

    kind: str
    programme: str
    year: int | None = None


@dataclass(frozen=True, slots=True)
class FieldVerification:
    """Who went there, when, and what was found."""

    verified_by: str
    verified_on: date
    result: str
    notes: str = ""


@dataclass(frozen=True, slots=True)
class PovertySurvey:
    """What the multidimensional poverty measure found, all of it in one visit.

    income_per_person: đồng per month; deprivations: how many of the 12 indicators the household lacks; urban:
    whether the line of urban communes counts.
    """

    income_per_person: int
    deprivations: int
    urban: bool


@dataclass(frozen=True, slots=True)
class HouseholdDraft:
    """A household before it is stored.

    head_name: NFC; birth_date: None if only the year is known; ethnicity: 2-digit code of list B ("gso");
    citizen_id: 12 digits, or None and then cmnd: 9 digits; certificate_year: the year it holds for;
    certificate_commune: 5-digit code of who issued it, None = the household's own; phone: 10 digits;
    priority_group: merit (người có công) or social_policy; survey: None where nobody measured;
    extremely_difficult_village and _commune: whether the household lives in one that is officially named so;
    doubts: codes of the warnings that travel with the application; conflict: who at the commune is kin to the
    household or of it, "" for nobody; legal_basis: why the personal data may be used, and consent_evidence
    where the proof of a consent lies.
    """

    head_name: str
    birth_date: date | None
    birth_year: int
    sex: Sex
    ethnicity: str
    citizen_id: str | None
    cmnd: str | None
    village: str
    poverty_status: PovertyStatus
    certificate_number: str | None
    certificate_date: date | None
    certificate_year: int | None
    members_count: int
    phone: str | None
    has_smartphone: bool
    priority_group: PriorityGroup | None
    notes: str
    certificate_commune: str | None = None
    residence: str = "permanent"
    members: tuple[Member, ...] = ()
    devices_received: tuple[DeviceReceived, ...] = ()
    verification: FieldVerification | None = None
    survey: PovertySurvey | None = None
    extremely_difficult_village: bool = False
    extremely_difficult_commune: bool = False
    conflict: str = ""
    legal_basis: LegalBasis = "public_task"
    consent_evidence: str = ""
    doubts: tuple[str, ...] = ()
