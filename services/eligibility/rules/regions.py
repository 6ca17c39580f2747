"""Which households a row of a table means: exact sets, compared without trying households out.

Facts that cells compare with each other form a group; every other fact is a group of its own. For a group a
few *points* stand for all its values: every word that a cell names and one that none names; every number that
a cell names, and between two of them as many as the group has facts, which is all that comparisons can tell
apart. A row is then a box: one set of points, an integer's bits, per group. Two rows meet where all their
sets do; a row is unreachable when nothing of its box remains after the boxes before it are cut out.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from math import prod

from services.eligibility.rules.cells import Cell, Operand
from services.eligibility.rules.facts import fact_kinds
from shared.reference import ethnic_groups

Conditions = Mapping[str, Cell]
"""A row: fact → its cell; a fact that is not named may be anything."""
Box = tuple[int, ...]
"""Per group of the space the set of its points, as bits."""
Household = dict[str, str | int | bool]

MOST_POINTS = 50_000
MOST_BOXES = 20_000
_APART = frozenset({ethnic_groups.KINH})
"""A word that always has a point of its own, because another fact follows from it."""
_MINORITY, _ETHNICITY = "ethnic_minority", "ethnicity"


class TooIntricate(ValueError):
    """The tables distinguish more cases than can be gone through."""


@dataclass(frozen=True, slots=True)
class Group:
    """Facts that depend on each other, and the points that stand for all their values."""

    facts: tuple[str, ...]
    points: tuple[Household, ...]


class Space:
    """All households, as far as `rows` can tell them apart. Raises TooIntricate."""

    def __init__(self, rows: Iterable[Conditions]) -> None:
        self._rows = list(rows)
        self.groups = tuple(Group(facts, self._points(facts)) for facts in self._grouped())
        self.everything: Box = tuple((1 << len(group.points)) - 1 for group in self.groups)

    def box(self, row: Conditions) -> Box:
        """The households that a row matches."""
        return tuple(_bits(group, row) for group in self.groups)

    def example(self, box: Box) -> Household:
        """One household of a box that is not empty: the values of the facts that the rows name."""
        found: Household = {}
        for group, points in zip(self.groups, box, strict=True):
            found |= group.points[(points & -points).bit_length() - 1]
        return found

    def _grouped(self) -> list[tuple[str, ...]]:
        """The named facts, joined where a cell compares one with another or one follows from another."""
        groups: list[set[str]] = []
        for linked in self._links():
            touching = [group for group in groups if group & linked]
            groups = [group for group in groups if not group & linked] + [linked.union(*touching)]
        return sorted(tuple(sorted(group)) for group in groups)

    def _links(self) -> Iterator[set[str]]:
        for row in self._rows:
            for fact, cell in row.items():
                yield {fact, *cell.facts()}
        if self._named() >= {_MINORITY, _ETHNICITY}:
            yield {_MINORITY, _ETHNICITY}

    def _named(self) -> set[str]:
        return {name for row in self._rows for fact, cell in row.items() for name in (fact, *cell.facts())}

    def _points(self, facts: tuple[str, ...]) -> tuple[Household, ...]:
        values = [self._values(fact, facts) for fact in facts]
        if prod(map(len, values)) > MOST_POINTS:
            raise TooIntricate(f"{', '.join(facts)}: too many combinations")
        return tuple(filter(_possible, (dict(zip(facts, one, strict=True)) for one in product(*values))))

    def _values(self, fact: str, group: tuple[str, ...]) -> Sequence[str | int | bool]:
        kind = fact_kinds()[fact]
        if isinstance(kind, range):
            return [number for number in self._numbers(group) if number in kind]
        if isinstance(kind, frozenset):
            named = sorted({word for word in self._operands((fact,)) if word in kind} | (_APART & kind))
            return [*named, *sorted(kind.difference(named))[:1]]
        return (False, True)

    def _numbers(self, group: tuple[str, ...]) -> list[int]:
        """The bounds of the facts and every number that a cell names, and what stands between them."""
        stops = [kind.stop for fact in group if isinstance(kind := fact_kinds()[fact], range)]
        named = [number for number in self._operands(group) if isinstance(number, int)]
        marks = sorted({0, *stops, *named})
        return [
            number
            for mark, after in pairwise(marks)
            for number in range(mark, min(mark + 1 + len(group), after))
        ]

    def _operands(self, facts: Sequence[str]) -> set[Operand]:
        """Everything that the cells of these facts compare with."""
        cells = (row[fact] for row in self._rows for fact in facts if fact in row)
        return {atom.operand for cell in cells for atom in cell.atoms()}


def boundaries(rows: Iterable[Conditions]) -> dict[str, list[int]]:
    """Where the meaning of a number changes, for each fact that cells compare with numbers only: two values
    between the same boundaries hit the same rows."""
    linked: set[str] = set()
    found: dict[str, set[int]] = {}
    for row in rows:
        for fact, cell in row.items():
            if cell.facts():
                linked |= {fact, *cell.facts()}
            named = {atom.operand for atom in cell.atoms() if isinstance(atom.operand, int)}
            if isinstance(fact_kinds()[fact], range):
                found.setdefault(fact, set()).update(named, (number + 1 for number in named))
    return {fact: sorted(marks) for fact, marks in found.items() if fact not in linked}


def meets(one: Box, other: Box) -> bool:
    """Whether a household lies in both."""
    return all(ours & theirs for ours, theirs in zip(one, other, strict=True))


def remainder(boxes: Iterable[Box], others: Sequence[Box]) -> list[Box]:
    """What is left of the boxes when the others are cut out: boxes that do not meet. Raises TooIntricate."""
    left = [box for box in boxes if all(box)]
    for other in others:
        left = [piece for box in left for piece in _cut(box, other)]
        if len(left) > MOST_BOXES:
            raise TooIntricate("the rows overlap in too many ways")
    return left


def _cut(box: Box, other: Box) -> Iterator[Box]:
    """The parts of a box that lie outside another one."""
    if not meets(box, other):
        yield box
        return
    rest = list(box)
    for place, theirs in enumerate(other):
        outside = rest[place] & ~theirs
        if outside:
            yield (*rest[:place], outside, *rest[place + 1 :])
        rest[place] &= theirs


def _bits(group: Group, row: Conditions) -> int:
    """The points of a group on which all cells of the row hold that look at it."""
    cells = [(fact, row[fact]) for fact in group.facts if fact in row]
    return sum(
        1 << place
        for place, point in enumerate(group.points)
        if all(cell.holds(point[fact], point) for fact, cell in cells)
    )


def _possible(point: Household) -> bool:
    """Whether the facts of a point agree: ethnic_minority follows from ethnicity."""
    if _MINORITY not in point or _ETHNICITY not in point:
        return True
    return point[_MINORITY] == (point[_ETHNICITY] != ethnic_groups.KINH)
