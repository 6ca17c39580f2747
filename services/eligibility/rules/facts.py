"""What a decision table may look at: integers, booleans and known words, checked before the engine sees them.

For the engine a number in a text equals no number, so a fact of a wrong type would not fail: it would fall
through to the last row.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from services.eligibility.rules.document import INDICATORS
from shared.reference import ethnic_groups

POVERTY_STATUSES = frozenset({"poor", "near_poor", "none"})
PRIORITY_GROUPS = frozenset({"merit", "social_policy", "none"})
_COUNTS = range(10_000)
_INCOMES = range(1_000_000_000)

Kind = type[bool] | range | frozenset[str]
"""true or false, whole numbers from 0 on, or words."""


def fact_kinds() -> dict[str, Kind]:
    """Every fact a table may name, with the values it takes."""
    return dict(_KINDS)


class FactsInvalid(ValueError):
    """Facts no table may be asked about; `problems` names each. A defect of the caller."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Facts:
    """One household as a rule sees it.

    ethnicity: 2-digit code of list B ("gso"); certificate_year: the year the poverty certificate proves, 0
    without one; assessment_year: the year the decision is made for; already_received: a device or voucher
    from this or an equal programme; income_per_person: đồng per month, 0 while nobody measured it;
    deprivations: how many of the 12 indicators the household lacks; urban: whether it lives in an urban
    commune; priority_group: merit, social_policy or none. Raises FactsInvalid on a wrong type, an unknown
    word, or a number out of bounds.
    """

    poverty_status: str
    ethnicity: str
    has_smartphone: bool
    members_count: int
    certificate_year: int
    assessment_year: int
    already_received: bool = False
    income_per_person: int = 0
    deprivations: int = 0
    urban: bool = False
    priority_group: str = "none"
    extremely_difficult_village: bool = False
    extremely_difficult_commune: bool = False

    def __post_init__(self) -> None:
        problems = tuple(
            f"{name}: {getattr(self, name)!r} is not {_expected(kind)}"
            for name, kind in _STATED.items()
            if not _fits(getattr(self, name), kind)
        )
        if problems:
            raise FactsInvalid(problems)

    @property
    def ethnic_minority(self) -> bool:
        """Whether the group is not Kinh."""
        return self.ethnicity != ethnic_groups.KINH

    def context(self) -> dict[str, str | int | bool]:
        """All facts under the names that tables use."""
        return {name: getattr(self, name) for name in _NAMES}

    def priority_codes(self) -> set[str]:
        """Every group of a programme's priority order that the household belongs to."""
        minority, village = self.ethnic_minority, self.extremely_difficult_village
        belongs = {
            "ethnic_minority": minority,
            "ethnic_minority_in_extremely_difficult_village": minority and village,
            "extremely_difficult_village": village,
            "extremely_difficult_commune": self.extremely_difficult_commune,
        }
        return {self.priority_group, self.poverty_status, *(code for code, is_so in belongs.items() if is_so)}

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> "Facts":
        """Facts out of a mapping by the facts' names; raises FactsInvalid, also on an unknown name."""
        known = {field.name for field in fields(cls)}
        unknown = tuple(f"{name}: no such fact" for name in sorted(values.keys() - known))
        missing = tuple(f"{name}: missing" for name in sorted(_NEEDED - values.keys()))
        if unknown or missing:
            raise FactsInvalid(unknown + missing)
        return cls(**values)

    @classmethod
    def of_application(cls, values: Mapping[str, Any], year: int) -> "Facts":
        """Facts out of an application's sealed ones, assessed for `year`; raises FactsInvalid.

        Income, deprivations and urban are measured together: where one of them is missing, none is known.
        """
        stated = {name: values[name] for name in _NEEDED | _OPTIONAL if values.get(name) is not None}
        if "certificate_year" in values:
            stated["certificate_year"] = values["certificate_year"] or 0
        stated["assessment_year"] = year
        unknown = _MEASURED if _MEASURED - stated.keys() else frozenset()
        return cls.from_values({name: value for name, value in stated.items() if name not in unknown})


_KINDS: dict[str, Kind] = {
    "poverty_status": POVERTY_STATUSES,
    "ethnicity": frozenset(group.code_gso for group in ethnic_groups.all_groups()),
    "ethnic_minority": bool,
    "has_smartphone": bool,
    "members_count": _COUNTS,
    "certificate_year": _COUNTS,
    "assessment_year": _COUNTS,
    "already_received": bool,
    "income_per_person": _INCOMES,
    "deprivations": range(INDICATORS + 1),
    "urban": bool,
    "priority_group": PRIORITY_GROUPS,
    "extremely_difficult_village": bool,
    "extremely_difficult_commune": bool,
}
_NAMES = tuple(_KINDS)
_STATED = {name: kind for name, kind in _KINDS.items() if name != "ethnic_minority"}
_OPTIONAL = frozenset(
    {
        "already_received",
        "income_per_person",
        "deprivations",
        "urban",
        "priority_group",
        "extremely_difficult_village",
        "extremely_difficult_commune",
    }
)
_NEEDED = frozenset(_STATED) - _OPTIONAL
_MEASURED = frozenset({"income_per_person", "deprivations", "urban"})


def _fits(value: object, kind: Kind) -> bool:
    if isinstance(kind, frozenset):
        return isinstance(value, str) and value in kind
    if isinstance(kind, range):
        return type(value) is int and value in kind
    return isinstance(value, bool)


def _expected(kind: Kind) -> str:
    if isinstance(kind, frozenset):
        return "a known code"
    return f"a whole number from 0 to {kind[-1]}" if isinstance(kind, range) else "true or false"
