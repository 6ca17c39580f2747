"""What becomes of an application: the rules' finding, its place in the order, who may decide it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from services.eligibility.rules import Facts, FactsInvalid, Programme, RuleSet, RulesFailed
from shared.refusal import Refusal

VIET_NAM = ZoneInfo("Asia/Ho_Chi_Minh")

DUPLICATE_PERSON = "DUPLICATE_PERSON"
OUTSIDE_PROGRAMME_AREA = "OUTSIDE_PROGRAMME_AREA"
OUTSIDE_PROGRAMME_PERIOD = "OUTSIDE_PROGRAMME_PERIOD"
APPEAL_FILED = "APPEAL_FILED"
OWN_REASONS = (DUPLICATE_PERSON, OUTSIDE_PROGRAMME_AREA, OUTSIDE_PROGRAMME_PERIOD, APPEAL_FILED)
"""Reasons no decision table gives; their sentences stand in `sentences.yaml`."""

OPEN = ("eligible", "ineligible", "referred")
"""Statuses in which nobody has decided yet."""
APPEALABLE = ("ineligible", "rejected")

Claim = tuple[str, str]
"""A programme's id and a person's hash: a place that one application holds."""


class FactsUnusable(ValueError):
    """Sealed facts that do not fit; names the fields, never their values: it ends in a dead letter."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The application that an assessment is about. `day` is the day in Viet Nam on which it was submitted."""

    application_id: str
    household_id: str
    programme_id: str
    commune: str
    province: str
    persons: tuple[str, ...]
    day: date

    def claims(self) -> list[Claim]:
        """The places this application needs for itself."""
        return [(self.programme_id, person) for person in self.persons]


@dataclass(frozen=True, slots=True)
class Finding:
    """outcome: eligible, ineligible or referred; reasons: codes; rows: the table rows that hit, the deciding
    one last; looked_at: all facts by name; priority: rank in the programme's order, 0 first."""

    outcome: str
    reasons: tuple[str, ...]
    rows: tuple[str, ...]
    looked_at: Mapping[str, Any]
    priority: int

    def sealable(self) -> dict[str, Any]:
        """What is sealed: it would give the facts away."""
        return {"reasons": self.reasons, "rows": self.rows, "looked_at": self.looked_at}


def day_of(timestamp: str) -> date:
    """The day in Viet Nam of an event's UTC time."""
    return moment_of(timestamp).astimezone(VIET_NAM).date()


def moment_of(timestamp: str) -> datetime:
    return datetime.fromisoformat(timestamp).astimezone(UTC)


def today() -> date:
    return datetime.now(VIET_NAM).date()


def find(rules: RuleSet, subject: Subject, values: Mapping[str, Any]) -> Finding:
    """Assess one application; `values` are its unsealed facts.

    The year of the assessment is the year of submission, so that a replay finds the same. Facts that no row
    planned for refer the case to a person. Raises FactsUnusable.
    """
    facts = facts_from(values, subject.day.year)
    try:
        assessment = rules.assess(facts)
    except RulesFailed:
        raise FactsUnusable(f"the rules of {rules.programme.id} failed") from None
    outcome, reasons = assessment.outcome, assessment.reasons
    own = _own_refusals(rules.programme, subject)
    if own:
        reasons = (*own, *(reasons if outcome == "ineligible" else ()))
        outcome = "ineligible"
    return Finding(
        "referred" if outcome == "error" else outcome,
        reasons,
        assessment.rows,
        assessment.looked_at,
        priority_of(rules.programme, facts),
    )


def _own_refusals(programme: Programme, subject: Subject) -> tuple[str, ...]:
    found = []
    if not programme.covers(subject.province):
        found.append(OUTSIDE_PROGRAMME_AREA)
    if not programme.runs_on(subject.day):
        found.append(OUTSIDE_PROGRAMME_PERIOD)
    return tuple(found)


def facts_from(values: Mapping[str, Any], year: int) -> Facts:
    """The rules' facts out of the sealed ones. No certificate is one of year 0. Raises FactsUnusable."""
    try:
        return Facts.of_application(values, year)
    except FactsInvalid as invalid:
        names = ", ".join(problem.partition(":")[0] for problem in invalid.problems)
        raise FactsUnusable(f"facts that do not fit: {names}") from None


def priority_of(programme: Programme, facts: Facts) -> int:
    """The household's rank in the programme's priority order; whoever fits nowhere comes last."""
    codes = facts.priority_codes()
    for rank, code in enumerate(programme.priority_order):
        if code in codes:
            return rank
    return len(programme.priority_order)


def duplicate(finding: Finding) -> Finding:
    """The finding of an application whose person already holds a place; says nothing about the other one."""
    return replace(finding, outcome="ineligible", reasons=(DUPLICATE_PERSON,))


def appealed(finding: Finding) -> Finding:
    """An appeal refers the case to a person, who sees the reasons that were given."""
    told = tuple(reason for reason in finding.reasons if reason not in (APPEAL_FILED, DUPLICATE_PERSON))
    return replace(finding, outcome="referred", reasons=(APPEAL_FILED, *told))


def settle(subjects: Iterable[Subject], held: Mapping[Claim, str]) -> list[Subject]:
    """Who gets all the places it needs, in the order of arrival; `held`: who holds which place already."""
    taken, winners = dict(held), []
    for subject in subjects:
        wanted = subject.claims()
        if all(taken.get(claim, subject.application_id) == subject.application_id for claim in wanted):
            taken.update(dict.fromkeys(wanted, subject.application_id))
            winners.append(subject)
    return winners


def why_not_open(
    status: str, withdrawn: bool, makers: Sequence[str | None], approver: str, wanted: Sequence[str]
) -> Refusal:
    """Why a case that exists was not decided; `wanted`: the statuses in which the approver may decide it."""
    if not withdrawn and status in wanted and approver in makers:
        return Refusal("MAKER_IS_CHECKER")
    return Refusal("CASE_NOT_OPEN", status="withdrawn" if withdrawn else status)
