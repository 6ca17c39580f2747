"""What a decision table may look at: integers, booleans and known words, checked before the engine sees them.

For the engine a number in a text equals no number, so a fact of a wrong type would not fail: it would fall
through to the last row.
"""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from operator import attrgetter, contains
from typing import Any

from services.eligibility.rules.document import INDICATORS
from shared.reference import ethnic_groups

POVERTY_STATUSES = frozenset({"poor", "near_poor", "none"})
PRIORITY_GROUPS = frozenset({"merit", "social_policy", "none"})
_COUNTS = range(10_000)
_INCOMES = range(1_000_000_000)

Kind = type[bool] | range | frozenset[str]
"""true or false, whole numbers from 0 on, or words."""
Context = dict[str, str | int | bool]


def fact_kinds() -> dict[str, Kind]:
    """Every fact a table may name, with the values it takes."""
    return dict(_KINDS)


class FactsInvalid(ValueError):
    """Facts no table may be asked about; `problems` names each. A defect of the caller."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(slots=True)
class Facts:
    """One household as a rule sees it. Never changed once made: to freeze it would cost more than to check.

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
        values = _stated_values(self)
        if tuple(map(type, values)) != _TYPES or not all(map(contains, _TAKEN, values)):
            raise FactsInvalid(
                tuple(
                    f"{name}: {value!r} is not {_expected(kind)}"
                    for (name, kind), value in zip(_STATED.items(), values, strict=True)
                    if type(value) is not _type_of(kind) or (kind is not bool and value not in kind)
                )
            )

    @property
    def ethnic_minority(self) -> bool:
        """Whether the group is not Kinh."""
        return self.ethnicity != ethnic_groups.KINH

    def context(self) -> Context:
        """All facts under the names that tables use."""
        context = dict(zip(_STATED, _stated_values(self), strict=True))
        context["ethnic_minority"] = self.ethnic_minority
        return context

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
        try:
            return cls(**values)
        except TypeError:
            unknown = [f"{name}: no such fact" for name in sorted(values.keys() - _STATED.keys())]
            missing = [f"{name}: missing" for name in sorted(_NEEDED - values.keys())]
            if not (unknown or missing):
                raise
            raise FactsInvalid((*unknown, *missing)) from None

    @classmethod
    def of_application(cls, values: Mapping[str, Any], year: int) -> "Facts":
        """Facts out of an application's sealed ones, assessed for `year`; raises FactsInvalid.

        Income, deprivations and urban are measured together: where one of them is missing, none is known.
        """
        get = values.get
        measured = all(get(name) is not None for name in _MEASURED)
        try:
            return cls(
                poverty_status=values["poverty_status"],
                ethnicity=values["ethnicity"],
                has_smartphone=values["has_smartphone"],
                members_count=values["members_count"],
                certificate_year=values["certificate_year"] or 0,
                assessment_year=year,
                already_received=get("already_received", False),
                income_per_person=values["income_per_person"] if measured else 0,
                deprivations=values["deprivations"] if measured else 0,
                urban=values["urban"] if measured else False,
                priority_group=get("priority_group") or "none",
                extremely_difficult_village=get("extremely_difficult_village", False),
                extremely_difficult_commune=get("extremely_difficult_commune", False),
            )
        except KeyError as missing:
            raise FactsInvalid((f"{missing.args[0]}: missing",)) from None


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


def _type_of(kind: Kind) -> type:
    if isinstance(kind, frozenset):
        return str
    return int if isinstance(kind, range) else bool


_STATED = dict(sorted(_KINDS.items(), key=lambda one: one[1] is bool))
"""What a household states: those that are true or false last, because their type says everything."""
del _STATED["ethnic_minority"]
_NEEDED = frozenset(one.name for one in fields(Facts) if one.default is MISSING)
_MEASURED = ("income_per_person", "deprivations", "urban")
_TYPES = tuple(map(_type_of, _STATED.values()))
_TAKEN = tuple(kind for kind in _STATED.values() if not isinstance(kind, type))
_stated_values = attrgetter(*_STATED)


def _expected(kind: Kind) -> str:
    if isinstance(kind, frozenset):
        return "a known code"
    return f"a whole number from 0 to {kind[-1]}" if isinstance(kind, range) else "true or false"
