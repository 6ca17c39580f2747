"""Whether every row of the two tables can decide something, and whether the order of rows decides anything.

`refusals` collects: its rows may overlap as they like, but a row that can never hit, or that only repeats a
reason which earlier rows give to the same households, is a mistake. In `decision` the first row that hits
decides. Rows before the last may overlap in one way only: the earlier means strictly fewer households than
the later and is an exception to it. Otherwise their order would decide without anybody having said so.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from services.eligibility.rules.cells import Cell
from services.eligibility.rules.regions import (
    Box,
    Conditions,
    Household,
    Space,
    TooIntricate,
    meets,
    remainder,
)


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its id, its cells by fact, its reason; `count`: its cell on the number of refusals."""

    id: str
    conditions: Conditions
    reason: str | None
    count: Cell | None = None


def reach_problems(refusals: Sequence[Row], decision: Sequence[Row]) -> list[str]:
    """`decision`: the rows between the first, which refuses, and the last, which catches errors."""
    try:
        space = Space(row.conditions for row in (*refusals, *decision))
        return [*_refusal_problems(space, refusals), *_decision_problems(space, refusals, decision)]
    except TooIntricate as intricate:
        return [f"rules: cannot be checked for overlaps: {intricate}"]


def unplanned(refusals: Sequence[Row], decision: Sequence[Row]) -> Household | None:
    """A household that only the last row catches, by the facts that cells name; None when there is none."""
    space = Space(row.conditions for row in (*refusals, *decision))
    left = remainder([space.everything], [space.box(row.conditions) for row in (*refusals, *decision)])
    return space.example(left[0]) if left else None


def _refusal_problems(space: Space, rows: Sequence[Row]) -> Iterator[str]:
    for place, row in enumerate(rows):
        box = space.box(row.conditions)
        same = [space.box(one.conditions) for one in rows[:place] if one.reason == row.reason]
        if not all(box):
            yield f"refusals: row {row.id} can never hit, its cells contradict each other"
        elif not remainder([box], same):
            yield f"refusals: row {row.id} repeats the reason of earlier rows and adds no household"


def _decision_problems(space: Space, refusals: Sequence[Row], rows: Sequence[Row]) -> Iterator[str]:
    refused = [space.box(row.conditions) for row in refusals]
    regions: dict[str, list[Box]] = {}
    earlier: list[Box] = []
    for row in rows:
        box = space.box(row.conditions)
        region = remainder([box], refused)
        fault = _never(row, box, region, earlier)
        if fault:
            yield f"decision: row {row.id} can never hit, {fault}"
        else:
            regions[row.id] = region
            earlier.append(box)
    reachable = [row for row in rows if row.id in regions]
    yield from _order_problems(space, reachable, regions)


def _never(row: Row, box: Box, region: list[Box], earlier: list[Box]) -> str | None:
    """Why no household ever reaches the row."""
    if row.count is not None and not row.count.holds(0, {}):
        return "a household with refusals is decided by the first row"
    if not all(box):
        return "its cells contradict each other"
    if not region:
        return "every household that it means is refused"
    return None if remainder(region, earlier) else "the rows before it take every household that it means"


def _order_problems(space: Space, rows: Sequence[Row], regions: dict[str, list[Box]]) -> Iterator[str]:
    for one, other in combinations(rows, 2):
        box = space.box(other.conditions)
        shared = next((piece for piece in regions[one.id] if meets(piece, box)), None)
        if shared is None or not remainder(regions[one.id], [box]):
            continue
        both = tuple(ours & theirs for ours, theirs in zip(shared, box, strict=True))
        yield (
            f"decision: rows {one.id} and {other.id} both hit, and neither is an exception to the other, so"
            f" their order would decide: {in_words(space.example(both))}"
        )


def in_words(household: Household) -> str:
    """The facts of an example as a person would write them into cells."""
    return ", ".join(f"{name} {_word(value)}" for name, value in sorted(household.items()))


def _word(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)
