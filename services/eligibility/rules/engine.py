"""A programme's tables, compiled once and asked about households."""

from collections.abc import Callable, Iterable
from functools import cached_property
from operator import attrgetter
from typing import Any, NamedTuple

import zen

from services.eligibility.rules.facts import Context, Facts
from services.eligibility.rules.programme import Programme
from services.eligibility.rules.tables import TABLES, compiled, facts_used


class RulesFailed(RuntimeError):
    """The engine itself failed on facts and tables that were both checked before."""


class Assessment(NamedTuple):
    """What the rules say about one household.

    outcome: eligible, ineligible, referred, or error (facts that no row planned for: a person must look).
    reasons: codes with sentences in the programme, every reason of a refusal, in the table's order. rows: ids
    of the rows that hit, the deciding one last. facts: what was asked about.
    """

    outcome: str
    reasons: tuple[str, ...]
    rows: tuple[str, ...]
    facts: Facts

    @property
    def looked_at(self) -> Context:
        """All facts by name, so that the case can be assessed under other rules too; which of them these
        tables see stands in `RuleSet.seen`."""
        return self.facts.context()


class RuleSet:
    """The rules of one programme version, compiled: keep it, threads may share it."""

    def __init__(self, programme: Programme) -> None:
        self.programme = programme
        self.seen = facts_used(programme.rules)
        self._seen_of = _values_of(self.seen)

    @cached_property
    def _engine(self) -> zen.ZenEngine:
        """Made when it is first asked: to read a programme's terms needs no engine. Raises RulesFailed."""
        try:
            return compiled(self.programme.rules)
        except Exception as unreadable:  # the engine raises nothing narrower
            raise RulesFailed(str(unreadable)) from unreadable

    def assess(self, facts: Facts) -> Assessment:
        """One household's assessment; raises RulesFailed."""
        seen = dict(zip(self.seen, self._seen_of(facts), strict=False))
        try:
            result = self._engine.evaluate(TABLES, seen)["result"]
        except RuntimeError as failure:
            raise RulesFailed(str(failure)) from failure
        return _assessment(result, facts)

    def assess_many(self, households: Iterable[Facts]) -> list[Assessment]:
        """Many households' assessments in their order; raises RulesFailed."""
        return [self.assess(facts) for facts in households]


def _values_of(names: tuple[str, ...]) -> Callable[[Facts], tuple[Any, ...]]:
    values = attrgetter(*names)
    return values if len(names) > 1 else lambda facts: (values(facts),)


def _assessment(result: dict[str, Any], facts: Facts) -> Assessment:
    refusals, decision = result["refusals"], result["decision"]
    if not refusals:
        return Assessment(decision["outcome"], (decision["reason"],), (decision["row"],), facts)
    reasons = tuple(dict.fromkeys([refusal["reason"] for refusal in refusals]))
    rows = (*[refusal["row"] for refusal in refusals], decision["row"])
    return Assessment(decision["outcome"], reasons, rows, facts)
