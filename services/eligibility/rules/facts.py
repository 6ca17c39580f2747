"""What a decision table may look at: integers, booleans and known words, checked before the engine sees them.

For the engine a number in a text equals no number, so a fact of a wrong type would not fail: it would fall
through to the last row.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from shared.reference import ethnic_groups

POVERTY_STATUSES = frozenset({"poor", "near_poor", "none"})
_LARGEST = 9_999

Kind = type[bool] | type[int] | frozenset[str]


def fact_kinds() -> dict[str, Kind]:
    """Every fact a table may name: bool, int, or the set of words it takes."""
    return {
        "poverty_status": POVERTY_STATUSES,
        "ethnicity": frozenset(group.code_gso for group in ethnic_groups.all_groups()),
        "ethnic_minority": bool,
        "has_smartphone": bool,
        "members_count": int,
        "certificate_year": int,
        "assessment_year": int,
        "already_received": bool,
    }


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
    from this or an equal programme. Raises FactsInvalid on a wrong type, an unknown word, or a number outside
    0–9999.
    """

    poverty_status: str
    ethnicity: str
    has_smartphone: bool
    members_count: int
    certificate_year: int
    assessment_year: int
    already_received: bool = False

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

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> "Facts":
        """Facts out of a mapping such as an event's data; raises FactsInvalid, also on an unknown name."""
        known = {field.name for field in fields(cls)}
        unknown = tuple(f"{name}: no such fact" for name in sorted(values.keys() - known))
        missing = tuple(f"{name}: missing" for name in sorted(known - values.keys() - {"already_received"}))
        if unknown or missing:
            raise FactsInvalid(unknown + missing)
        return cls(**values)


_NAMES = tuple(fact_kinds())
_STATED = {name: kind for name, kind in fact_kinds().items() if name != "ethnic_minority"}


def _fits(value: object, kind: Kind) -> bool:
    if isinstance(kind, frozenset):
        return isinstance(value, str) and value in kind
    if kind is bool:
        return isinstance(value, bool)
    return type(value) is int and 0 <= value <= _LARGEST


def _expected(kind: Kind) -> str:
    if isinstance(kind, frozenset):
        return "a known code"
    return "true or false" if kind is bool else f"a whole number from 0 to {_LARGEST}"
