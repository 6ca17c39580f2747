"""What draft rules say of a recorded case, beside what its own rules said: both anew, from recorded facts.

What a person decided since (an appeal, an objection, a referral upheld) is left aside on both sides, so that
every difference comes from the rules. A verdict is worked out once for all households that no cell of either
table can tell apart; the engine is slower than finding that out.
"""

from bisect import bisect_right
from collections.abc import Mapping
from datetime import date
from operator import itemgetter
from typing import Any, NamedTuple

from services.eligibility.domain import Finding, Register, Subject, conclude, find
from services.eligibility.rules import RuleSet
from services.eligibility.rules.regions import boundaries
from services.eligibility.rules.tables import table_rows

MOST_REMEMBERED = 100_000
_BESIDE = itemgetter("identity", "conflict_of_interest", "doubts", "duplicate", "near_duplicate")


class Verdict(NamedTuple):
    """Outcomes, reasons and đồng of benefit of one case, before and after. `ethnicity`: code of list B."""

    ethnicity: str
    before: str
    after: str
    reasons_before: tuple[str, ...]
    reasons_after: tuple[str, ...]
    money_before: int
    money_after: int


class Comparison:
    """One programme version against a draft. Not for several threads."""

    def __init__(self, own: RuleSet, draft: RuleSet) -> None:
        self._own, self._draft = own, draft
        rows = [row for rules in (own, draft) for part in table_rows(rules.programme.rules) for row in part]
        cuts = boundaries(row.conditions for row in rows)
        self._cuts = [(fact, marks) for fact, marks in cuts.items() if marks]
        plain = {"ethnicity", "assessment_year", *own.seen, *draft.seen} - cuts.keys()
        self._plain = itemgetter(*sorted(plain))
        self._periods = [
            (rules.programme.period_from.isoformat(), rules.programme.period_to.isoformat())
            for rules in (own, draft)
        ]
        self._in_periods: dict[str, tuple[bool, ...]] = {}
        self._known: dict[tuple[Any, ...], int] = {}
        self._numbers: dict[Verdict, int] = {}
        self.verdicts: list[Verdict] = []

    def verdict(self, province: str, content: Mapping[str, Any]) -> Verdict:
        """`province`: the case's 2-digit code; `content`: what is sealed in its file. Raises FactsUnusable,
        and KeyError for content that is no finding."""
        return self.verdicts[self.number(province, content)]

    def number(self, province: str, content: Mapping[str, Any]) -> int:
        """The place of the verdict in `verdicts`, where each stands once: numbers are quick to count."""
        key = self._class_of(province, content)
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            found = self._known[key] = self._number_of(self._judge(province, content))
        return found

    def _number_of(self, verdict: Verdict) -> int:
        found = self._numbers.setdefault(verdict, len(self.verdicts))
        if found == len(self.verdicts):
            self.verdicts.append(verdict)
        return found

    def _class_of(self, province: str, content: Mapping[str, Any]) -> tuple[Any, ...]:
        facts, beside = content["looked_at"], content["beside"]
        day = beside["submitted_on"]
        inside = self._in_periods.get(day)
        if inside is None:
            inside = tuple(first <= day <= last for first, last in self._periods)
            self._in_periods[day] = inside
        places = [bisect_right(marks, facts[fact]) for fact, marks in self._cuts]
        return (province, inside, self._plain(facts), _BESIDE(beside), *places)

    def _judge(self, province: str, content: Mapping[str, Any]) -> Verdict:
        day = date.fromisoformat(content["beside"]["submitted_on"])
        year = content["looked_at"]["assessment_year"]
        subject = Subject("", "", self._own.programme.id, "", province, (), day, year)
        recorded = Finding.opened(content, "", 0)
        before, after = (_anew(rules, subject, recorded) for rules in (self._own, self._draft))
        return Verdict(
            content["looked_at"]["ethnicity"],
            before.outcome,
            after.outcome,
            before.reasons,
            after.reasons,
            _money(self._own, before),
            _money(self._draft, after),
        )


def _anew(rules: RuleSet, subject: Subject, recorded: Finding) -> Finding:
    """What the rules find with the facts and the registers of the time."""
    return conclude(find(rules, subject, recorded.values()), rules.programme, Register.of(recorded))


def _money(rules: RuleSet, finding: Finding) -> int:
    return rules.programme.amount if finding.outcome == "eligible" else 0
