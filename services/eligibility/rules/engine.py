"""A programme's tables, compiled once and asked about households."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import zen

from services.eligibility.rules.facts import Context, Facts
from services.eligibility.rules.programme import Programme
from services.eligibility.rules.tables import facts_used

_KEY = "rules"


class RulesFailed(RuntimeError):
    """The engine itself failed on facts and tables that were both checked before."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the rules say about one household.

    outcome: eligible, ineligible, referred, or error (facts that no row planned for: a person must look).
    reasons: codes with sentences in the programme, every reason of a refusal, in the table's order. rows: ids
    of the rows that hit, the deciding one last. looked_at: all facts by name, so that the case can be
    assessed under other rules too; which of them these tables see stands in `RuleSet.seen`.
    """

    outcome: str
    reasons: tuple[str, ...]
    rows: tuple[str, ...]
    looked_at: Context


class RuleSet:
    """The rules of one programme version, compiled: keep it, threads may share it."""

    def __init__(self, programme: Programme) -> None:
        self.programme = programme
        self.seen = facts_used(programme.rules)
        # By key the engine keeps its tables compiled; a ZenDecision compiles them at each evaluation (7 times
        # slower), and the batch call's threads do not survive a fork.
        tables: dict[str, dict[str, Any]] = {_KEY: dict(programme.rules)}
        self._engine = zen.ZenEngine({"loader": {"type": "static", "content": tables}})

    def assess(self, facts: Facts) -> Assessment:
        """One household's assessment; raises RulesFailed."""
        context = facts.context()
        try:
            result = self._engine.evaluate(_KEY, {name: context[name] for name in self.seen})["result"]
        except RuntimeError as failure:
            raise RulesFailed(str(failure)) from failure
        return self._assessment(result, context)

    def assess_many(self, households: Iterable[Facts]) -> list[Assessment]:
        """Many households' assessments in their order; raises RulesFailed."""
        return [self.assess(facts) for facts in households]

    def _assessment(self, result: dict[str, Any], context: Context) -> Assessment:
        refusals, decision = result["refusals"], result["decision"]
        if not refusals:
            return Assessment(decision["outcome"], (decision["reason"],), (decision["row"],), context)
        return Assessment(
            outcome=decision["outcome"],
            reasons=tuple(dict.fromkeys([refusal["reason"] for refusal in refusals])),
            rows=(*[refusal["row"] for refusal in refusals], decision["row"]),
            looked_at=context,
        )
