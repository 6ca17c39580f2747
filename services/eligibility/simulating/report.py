"""What a simulation tells: counts only, and of ethnic groups none that few households belong to."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from services.eligibility.rules import Programme
from services.eligibility.simulating.judging import Verdict
from shared.reference import areas, ethnic_groups

OUTCOMES = ("eligible", "ineligible", "referred")
FEWEST = 5
"""Households that an ethnic group must have to be told apart; ethnicity is sensitive personal data."""
SMALL_GROUPS = "other"

Counts = Counter[tuple[str, Verdict]]
"""Cases by commune and verdict."""


@dataclass(frozen=True, slots=True)
class Line:
    """A commune's or an ethnic group's cases; `gained` become eligible under the draft, `lost` no longer are,
    `changed` come out otherwise in any way; money in đồng for those eligible under the draft."""

    code: str
    name: str
    cases: int
    eligible_before: int
    eligible_after: int
    gained: int
    lost: int
    changed: int
    money_after: int


@dataclass(frozen=True, slots=True)
class ReasonLine:
    """How many cases have the reason before and after, and its words under the draft."""

    code: str
    before: int
    after: int
    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class Money:
    """Whole đồng. `needed_before` under the rules that decided; `with_referred`: needed if a person found
    every referred case eligible; `quota`: households that the draft serves at most, None for no limit."""

    amount: int
    budget: int
    needed_before: int
    needed_after: int
    with_referred: int
    quota: int | None

    @property
    def left(self) -> int:
        """What remains of the budget; negative when it does not suffice."""
        return self.budget - self.needed_after


@dataclass(frozen=True, slots=True)
class Report:
    """A draft against recorded cases. `flows`: cases by (before, after); `unread`: cases whose facts do not
    open any more or do not fit; `other_reasons`: cases that come out the same, for other reasons."""

    programme_id: str
    draft_id: str
    draft_version: int
    draft_digest: str
    cases: int
    unread: int
    changed: int
    other_reasons: int
    flows: Mapping[tuple[str, str], int]
    communes: tuple[Line, ...]
    groups: tuple[Line, ...]
    reasons: tuple[ReasonLine, ...]
    money: Money

    def as_dict(self) -> dict[str, Any]:
        """For JSON; the flows as a list."""
        flows = [
            {"before": before, "after": after, "cases": number}
            for (before, after), number in sorted(self.flows.items())
        ]
        return {**asdict(self), "flows": flows, "money": {**asdict(self.money), "left": self.money.left}}


@dataclass(slots=True)
class Tally:
    """Counts that grow; workers send theirs to the one that reports."""

    counts: Counts = field(default_factory=Counter)
    unread: int = 0

    def add(self, other: "Tally") -> None:
        self.counts.update(other.counts)
        self.unread += other.unread


def report(programme_id: str, draft: Programme, words: Mapping[str, tuple[str, str]], tally: Tally) -> Report:
    """`words`: a reason's sentences in vi and en, for codes that the draft does not word itself."""
    by_verdict: Counter[Verdict] = Counter()
    for (_, verdict), number in tally.counts.items():
        by_verdict[verdict] += number
    flows: Counter[tuple[str, str]] = Counter()
    for verdict, number in by_verdict.items():
        flows[verdict.before, verdict.after] += number
    same = ((verdict, number) for verdict, number in by_verdict.items() if verdict.before == verdict.after)
    return Report(
        programme_id=programme_id,
        draft_id=draft.id,
        draft_version=draft.version,
        draft_digest=draft.digest,
        cases=sum(flows.values()),
        unread=tally.unread,
        changed=sum(number for (before, after), number in flows.items() if before != after),
        other_reasons=sum(
            number for verdict, number in same if verdict.reasons_before != verdict.reasons_after
        ),
        flows=dict(flows),
        communes=_communes(tally.counts),
        groups=_groups(by_verdict),
        reasons=_reasons(by_verdict, draft, words),
        money=_money(by_verdict, draft),
    )


def _line(code: str, name: str, verdicts: Iterable[tuple[Verdict, int]]) -> Line:
    some = list(verdicts)
    return Line(
        code,
        name,
        cases=sum(number for _, number in some),
        eligible_before=sum(number for one, number in some if one.before == "eligible"),
        eligible_after=sum(number for one, number in some if one.after == "eligible"),
        gained=sum(number for one, number in some if one.after == "eligible" != one.before),
        lost=sum(number for one, number in some if one.before == "eligible" != one.after),
        changed=sum(number for one, number in some if one.before != one.after),
        money_after=sum(number * one.money_after for one, number in some),
    )


def _communes(counts: Counts) -> tuple[Line, ...]:
    """By code."""
    found: dict[str, list[tuple[Verdict, int]]] = {}
    for (commune, verdict), number in counts.items():
        found.setdefault(commune, []).append((verdict, number))
    return tuple(_line(code, _commune_name(code), found[code]) for code in sorted(found))


def _commune_name(code: str) -> str:
    unit = areas.commune(code)
    return unit.name if unit else code


def _groups(by_verdict: Counter[Verdict]) -> tuple[Line, ...]:
    """The largest first. Groups of fewer than FEWEST are one line; when all of them together are still fewer,
    the next larger group joins them, so that no difference to the total gives them away."""
    found: dict[str, list[tuple[Verdict, int]]] = {}
    for verdict, number in by_verdict.items():
        found.setdefault(verdict.ethnicity, []).append((verdict, number))
    sizes = sorted((sum(number for _, number in some), code) for code, some in found.items())
    hidden: list[str] = []
    together = 0
    for size, code in sizes:
        if size >= FEWEST and (not hidden or together >= FEWEST):
            break
        hidden.append(code)
        together += size
    told = [_line(code, _group_name(code), found[code]) for _, code in reversed(sizes) if code not in hidden]
    if together >= FEWEST:
        told.append(_line(SMALL_GROUPS, "", [pair for code in hidden for pair in found[code]]))
    return tuple(told)


def _group_name(code: str) -> str:
    group = ethnic_groups.find(code)
    return group.name_gso if group else code


def _reasons(
    by_verdict: Counter[Verdict], draft: Programme, words: Mapping[str, tuple[str, str]]
) -> tuple[ReasonLine, ...]:
    before: Counter[str] = Counter()
    after: Counter[str] = Counter()
    for verdict, number in by_verdict.items():
        before.update(dict.fromkeys(verdict.reasons_before, number))
        after.update(dict.fromkeys(verdict.reasons_after, number))
    codes = sorted(before.keys() | after.keys(), key=lambda code: (-max(before[code], after[code]), code))
    return tuple(ReasonLine(code, before[code], after[code], *_words(code, draft, words)) for code in codes)


def _words(code: str, draft: Programme, words: Mapping[str, tuple[str, str]]) -> tuple[str, str]:
    own = draft.reasons.get(code)
    return (own.vi, own.en) if own else words.get(code, (code, code))


def _money(by_verdict: Counter[Verdict], draft: Programme) -> Money:
    after = sum(number * verdict.money_after for verdict, number in by_verdict.items())
    referred = sum(number for verdict, number in by_verdict.items() if verdict.after == "referred")
    return Money(
        amount=draft.amount,
        budget=draft.budget,
        needed_before=sum(number * verdict.money_before for verdict, number in by_verdict.items()),
        needed_after=after,
        with_referred=after + referred * draft.amount,
        quota=draft.quota,
    )
