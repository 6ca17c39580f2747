"""What an input cell of a decision table may say, read the way the engine reads it.

A cell compares its column's fact with whole numbers, words, or another fact:

    'poor', 'near_poor'     one of these words       >= 1 and < 5        both
    != 'none'               any other word           [1..5], (1..5)      from 1 to 5, or between
    in ['a', 'b']           one of these             == assessment_year  as another fact
    true                    for facts that are true or false

`,` and `or` mean the same. The engine reads from left to right without precedence, so an `and` behind an `or`
would mean what nobody expects: such a cell is refused. So is all else that the engine knows (sums, functions,
minus, decimals): what it cannot read silently never matches, and what cannot be reasoned about cannot be
checked.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from operator import eq, ge, gt, le, lt, ne
from typing import Any

_COMPARE = {"==": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}
_TOKEN = re.compile(
    r"\s*(?:(?P<word>'[^']*'|\"[^\"]*\")|(?P<number>(?:0|[1-9]\d*)(?!\w|\.\d))|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<sign>==|!=|<=|>=|<|>|\.\.|[\[\](),]))"
)
_OPPOSITE = {">=": "<", ">": "<=", "<=": ">", "<": ">="}
_OR = frozenset({",", "or"})
_MOST_CHOICES = 64
_JOINTS = frozenset({"and", "or", "not", "in"})


class CellUnreadable(ValueError):
    """The cell is not written in this language; the message says how, in a few words."""


@dataclass(frozen=True, slots=True)
class Fact:
    """Another fact that a cell compares with."""

    name: str


Operand = int | str | Fact
"""A number (true and false among them), a word, or another fact."""


@dataclass(frozen=True, slots=True)
class Atom:
    """One comparison with the column's fact; `sign` is ==, !=, <, <=, > or >=."""

    sign: str
    operand: Operand


Choices = tuple[tuple[Atom, ...], ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """Holds where one of its `choices` holds; a choice holds where all of its atoms do."""

    choices: Choices

    def holds(self, value: Any, facts: Mapping[str, Any]) -> bool:
        """Whether the cell matches its column's value, beside the other facts."""
        return any(all(_holds(atom, value, facts) for atom in choice) for choice in self.choices)

    def atoms(self) -> tuple[Atom, ...]:
        return tuple(atom for choice in self.choices for atom in choice)

    def facts(self) -> frozenset[str]:
        """The other facts that it compares with."""
        return frozenset(atom.operand.name for atom in self.atoms() if isinstance(atom.operand, Fact))


def _holds(atom: Atom, value: Any, facts: Mapping[str, Any]) -> bool:
    operand = atom.operand
    other = facts[operand.name] if isinstance(operand, Fact) else operand
    return bool(_COMPARE[atom.sign](value, other))


def read_cell(text: str) -> Cell:
    """The meaning of a cell that is not empty. Raises CellUnreadable."""
    return Cell(_Reader(_tokens(text)).cell())


def _tokens(text: str) -> list[tuple[str, str]]:
    """(kind, text) of each token; kinds: word, number, name, sign."""
    found: list[tuple[str, str]] = []
    place, end = 0, len(text.rstrip())
    while place < end:
        match = _TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            raise CellUnreadable(f"cannot be read from {text[place:].strip()!r} on")
        found.append((match.lastgroup, match[match.lastgroup]))
        place = match.end()
    return found


class _Reader:
    """Recursive descent over the tokens; its methods return choices of joined atoms."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._next = 0

    def cell(self) -> Choices:
        """term (and term)* ((, | or) term)*"""
        choices, chosen = self._term(), False
        while self._next < len(self._tokens):
            _, joint = self._take()
            if joint == "and" and chosen:
                raise CellUnreadable("mixes 'and' behind 'or'; write the part with 'and' first, or two rows")
            if joint == "and":
                choices = _both(choices, self._term())
            elif joint in _OR:
                choices, chosen = (*choices, *self._term()), True
            else:
                raise CellUnreadable(f"cannot be read at {joint!r}")
        return choices

    def _term(self) -> Choices:
        kind, text = self._take()
        if text in _COMPARE:
            return ((Atom(text, self._operand()),),)
        if text == "not":
            self._expect("in")
            return self._among(*self._take(), negated=True)
        if text == "in":
            return self._among(*self._take(), negated=False)
        if text in ("[", "("):
            return _between(*self._range(text), negated=False)
        return ((Atom("==", _value(kind, text)),),)

    def _among(self, kind: str, text: str, *, negated: bool) -> Choices:
        """The list or range behind `in`."""
        if kind != "sign" or text not in ("[", "("):
            raise CellUnreadable("needs a list or a range behind 'in'")
        if text == "(" or self._sign_after_next() == "..":
            return _between(*self._range(text), negated=negated)
        values = [self._operand()]
        while self._take_sign() == ",":
            values.append(self._operand())
        if self._tokens[self._next - 1][1] != "]":
            raise CellUnreadable("has a list that does not end")
        if negated:
            return (tuple(Atom("!=", value) for value in values),)
        return tuple((Atom("==", value),) for value in values)

    def _range(self, opening: str) -> tuple[Atom, Atom]:
        lower = self._operand()
        self._expect("..")
        upper = self._operand()
        closing = self._take_sign()
        if closing not in ("]", ")"):
            raise CellUnreadable("has a range that does not end")
        return Atom(">=" if opening == "[" else ">", lower), Atom("<=" if closing == "]" else "<", upper)

    def _operand(self) -> Operand:
        return _value(*self._take())

    def _take_sign(self) -> str:
        kind, text = self._take()
        return text if kind == "sign" else ""

    def _sign_after_next(self) -> str:
        after = self._tokens[self._next + 1 : self._next + 2]
        return after[0][1] if after else ""

    def _expect(self, wanted: str) -> None:
        if self._take()[1] != wanted:
            raise CellUnreadable(f"misses {wanted!r}")

    def _take(self) -> tuple[str, str]:
        if self._next == len(self._tokens):
            raise CellUnreadable("ends too early")
        self._next += 1
        return self._tokens[self._next - 1]


def _value(kind: str, text: str) -> Operand:
    if kind == "word":
        return text[1:-1]
    if kind == "number":
        return int(text)
    if kind == "sign" or text in _JOINTS:
        raise CellUnreadable(f"cannot be read at {text!r}")
    return text == "true" if text in ("true", "false") else Fact(text)


def _both(left: Choices, right: Choices) -> Choices:
    if len(left) * len(right) > _MOST_CHOICES:
        raise CellUnreadable("says too much at once; use several rows")
    return tuple((*one, *other) for one in left for other in right)


def _between(lower: Atom, upper: Atom, *, negated: bool) -> Choices:
    if not negated:
        return ((lower, upper),)
    return (Atom(_OPPOSITE[lower.sign], lower.operand),), (Atom(_OPPOSITE[upper.sign], upper.operand),)
