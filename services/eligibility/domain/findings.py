"""What the rules and the registers find of an application: a pure function of facts, version and register."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from services.eligibility.domain.subjects import CERTIFICATE, HOUSEHOLD, PERSON, Subject
from services.eligibility.rules import Facts, FactsInvalid, Programme, RuleSet, RulesFailed

OUTSIDE_PROGRAMME_AREA = "OUTSIDE_PROGRAMME_AREA"
OUTSIDE_PROGRAMME_PERIOD = "OUTSIDE_PROGRAMME_PERIOD"
DUPLICATES = {
    PERSON: "DUPLICATE_PERSON",
    CERTIFICATE: "DUPLICATE_CERTIFICATE",
    HOUSEHOLD: "DUPLICATE_HOUSEHOLD",
}
"""What is said to whoever loses a place, by its kind."""

CONFLICT_OF_INTEREST = "CONFLICT_OF_INTEREST"
NEAR_DUPLICATE = "NEAR_DUPLICATE"
ID_MISMATCH = "ID_MISMATCH"
NINE_DIGIT_ID = "NINE_DIGIT_ID"
APPEAL_FILED = "APPEAL_FILED"
OBJECTION_RAISED = "OBJECTION_RAISED"
OWN_REASONS = (
    OUTSIDE_PROGRAMME_AREA,
    OUTSIDE_PROGRAMME_PERIOD,
    *DUPLICATES.values(),
    CONFLICT_OF_INTEREST,
    NEAR_DUPLICATE,
    ID_MISMATCH,
    NINE_DIGIT_ID,
    APPEAL_FILED,
    OBJECTION_RAISED,
)
"""Reasons no decision table gives; their sentences stand in `sentences.yaml`."""

ID_WARNINGS = frozenset({"CITIZEN_ID_SEX_DIFFERS", "CITIZEN_ID_BIRTH_YEAR_DIFFERS"})
"""Warnings of applications that say: the number does not fit the person, the head or a member."""


class FactsUnusable(ValueError):
    """Sealed facts that do not fit; names the fields, never their values: it ends in a dead letter."""


@dataclass(frozen=True, slots=True)
class Finding:
    """outcome: eligible, ineligible or referred; reasons: codes; rows: the table rows that hit, the deciding
    one last; looked_at: all facts by name; beside: what else it rests on (see `find` and `conclude`);
    priority: rank in the programme's order, 0 first."""

    outcome: str
    reasons: tuple[str, ...]
    rows: tuple[str, ...]
    looked_at: Mapping[str, Any]
    beside: Mapping[str, Any]
    priority: int

    @property
    def against(self) -> tuple[str, ...]:
        """What speaks against it: nothing against an eligible one."""
        return () if self.outcome == "eligible" else self.reasons

    def sealable(self) -> dict[str, Any]:
        """What is sealed: it would give the facts away."""
        return {
            "reasons": self.reasons,
            "rows": self.rows,
            "looked_at": self.looked_at,
            "beside": self.beside,
        }

    @classmethod
    def opened(cls, content: Mapping[str, Any], outcome: str, priority: int) -> "Finding":
        """The finding that stands in a case file; `content` is what `sealable` gave."""
        return cls(
            outcome,
            tuple(content["reasons"]),
            tuple(content["rows"]),
            content["looked_at"],
            content["beside"],
            priority,
        )

    def values(self) -> dict[str, Any]:
        """The unsealed facts that it was found from, as `find` takes them."""
        return {**self.looked_at, **self.beside, "doubts": str(self.beside["doubts"]).split()}


@dataclass(frozen=True, slots=True)
class Register:
    """What other applications say of this one. `lost`: the kinds of places that another one holds;
    `near_duplicate`: whether somebody else in the commune has the name and the birth date of a member."""

    lost: tuple[str, ...] = ()
    near_duplicate: bool = False

    @classmethod
    def of(cls, finding: Finding) -> "Register":
        """The register that a finding was made with."""
        return cls(tuple(finding.beside["duplicate"].split()), finding.beside["near_duplicate"])


def find(rules: RuleSet, subject: Subject, values: Mapping[str, Any]) -> Finding:
    """Assess one application by itself; `values` are its unsealed facts.

    The table's outcome, the programme's area and period, then the doubts that the programme refers to a
    person. Facts that no row planned for refer as well. Raises FactsUnusable.
    """
    facts = facts_from(values, subject.year)
    try:
        assessment = rules.assess(facts)
    except RulesFailed:
        raise FactsUnusable(f"the rules of {rules.programme.id} failed") from None
    outcome, reasons = assessment.outcome, assessment.reasons
    own = _own_refusals(rules.programme, subject)
    if own:
        reasons = (*own, *(reasons if outcome == "ineligible" else ()))
        outcome = "ineligible"
    finding = Finding(
        "referred" if outcome == "error" else outcome,
        reasons,
        assessment.rows,
        assessment.looked_at,
        _beside(subject, values),
        priority_of(rules.programme, facts),
    )
    return _doubted(finding, rules.programme, _doubts(values))


def find_again(
    rules: RuleSet, subject: Subject, values: Mapping[str, Any], decided_for: int
) -> tuple[Subject, Finding]:
    """Assess a decided case that was corrected: the evidence of the year it was decided for counts, or else
    that of the correction's (`subject.year`). Returns the subject with the year that counted. Raises
    FactsUnusable."""
    then = replace(subject, year=decided_for)
    finding = find(rules, then, values)
    if finding.outcome == "ineligible" and subject.year != decided_for:
        newer = find(rules, subject, values)
        if newer.outcome != "ineligible":
            return subject, newer
    return then, finding


def conclude(finding: Finding, programme: Programme, register: Register) -> Finding:
    """The finding with what the registers say: who lost a place is refused, without a word about the other
    one, or goes on to the person who hears the appeal; a near duplicate is referred where the programme says
    so."""
    seen = {"duplicate": " ".join(register.lost), "near_duplicate": register.near_duplicate}
    finding = replace(finding, beside={**finding.beside, **seen})
    if finding.outcome == "ineligible":
        return finding
    if register.lost:
        lost = tuple(DUPLICATES[kind] for kind in register.lost)
        if APPEAL_FILED in finding.reasons:
            return replace(finding, reasons=tuple(dict.fromkeys([*finding.reasons, *lost])))
        return replace(finding, outcome="ineligible", reasons=lost)
    return _doubted(finding, programme, (NEAR_DUPLICATE,) if register.near_duplicate else ())


def referred_again(finding: Finding, before: Sequence[str]) -> Finding:
    """A person has still to look at it, for the reasons that stood before; but what the rules refuse now is
    refused, unless an appeal waits for its answer."""
    if APPEAL_FILED in before:
        return appealed(finding)
    if finding.outcome == "ineligible":
        return finding
    return replace(finding, outcome="referred", reasons=tuple(dict.fromkeys([*before, *finding.against])))


def corrected(finding: Finding, before: Sequence[str]) -> Finding:
    """New facts settle the doubts about old ones, but answer neither an appeal nor an objection: a person
    does. `before`: why the case was referred."""
    waiting = [code for code in before if code in (APPEAL_FILED, OBJECTION_RAISED)]
    return referred_again(finding, waiting) if waiting else finding


def appealed(finding: Finding) -> Finding:
    """An appeal refers the case to a person, who sees the reasons that were given."""
    told = tuple(code for code in finding.against if code not in (APPEAL_FILED, *DUPLICATES.values()))
    return replace(finding, outcome="referred", reasons=(APPEAL_FILED, *told))


def objected(finding: Finding) -> Finding:
    """An objection to a posted list refers the case to a person."""
    return replace(finding, outcome="referred", reasons=(OBJECTION_RAISED,))


def _own_refusals(programme: Programme, subject: Subject) -> tuple[str, ...]:
    found = []
    if not programme.covers(subject.province):
        found.append(OUTSIDE_PROGRAMME_AREA)
    if not programme.runs_on(subject.day):
        found.append(OUTSIDE_PROGRAMME_PERIOD)
    return tuple(found)


def _beside(subject: Subject, values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "submitted_on": subject.day.isoformat(),
        "identity": values.get("identity", ""),
        "conflict_of_interest": bool(values.get("conflict_of_interest")),
        "doubts": " ".join(values.get("doubts", ())),
        "officials": list(values.get("officials", ())),
    }


def _doubts(values: Mapping[str, Any]) -> tuple[str, ...]:
    """What a person may have to look at. Facts of older events do not say it and raise no doubt."""
    found = []
    if values.get("conflict_of_interest"):
        found.append(CONFLICT_OF_INTEREST)
    if not ID_WARNINGS.isdisjoint(values.get("doubts", ())):
        found.append(ID_MISMATCH)
    if values.get("identity") == "cmnd":
        found.append(NINE_DIGIT_ID)
    return tuple(found)


def _doubted(finding: Finding, programme: Programme, doubts: tuple[str, ...]) -> Finding:
    """Refer for those doubts that the programme refers; what the tables refuse stays refused."""
    asked = tuple(code for code in doubts if code.lower() in programme.refer_on)
    if not asked or finding.outcome == "ineligible":
        return finding
    return replace(finding, outcome="referred", reasons=tuple(dict.fromkeys([*finding.against, *asked])))


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
