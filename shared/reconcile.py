"""Whether a service's tables tie out, and which rows do not.

A check is one statement, and so looks at one moment; each row that it returns is something that does not
hold, its first column a name that a person can look for.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from marshmallow import Schema, fields
from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

SHOWN = 100
"""Rows of a check that are named; all are counted."""


@dataclass(frozen=True, slots=True)
class Check:
    """`says` is what holds when `statement` returns no row."""

    name: str
    says: str
    statement: TextClause


@dataclass(frozen=True, slots=True)
class Result:
    """`rows` are the first that do not hold, `count` how many there are."""

    name: str
    says: str
    count: int
    rows: list[dict[str, Any]] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return self.count == 0


class CheckResponse(Schema):
    """`rows` are the first hundred that do not hold, `count` how many there are."""

    name = fields.String()
    says = fields.String()
    holds = fields.Boolean()
    count = fields.Integer()
    rows = fields.List(fields.Dict())


class ReconcileResponse(Schema):
    ties = fields.Boolean()
    checks = fields.List(fields.Nested(CheckResponse))


def check(name: str, says: str, statement: str) -> Check:
    return Check(name, says, text(statement))


def run(session: Session, checks: Iterable[Check]) -> list[Result]:
    """Run the checks, in order."""
    results = []
    for one in checks:
        rows = [dict(row._mapping) for row in session.execute(one.statement)]
        results.append(Result(one.name, one.says, len(rows), rows[:SHOWN]))
    return results


def answer(results: list[Result]) -> dict[str, Any]:
    """What ReconcileResponse shows."""
    return {"ties": all(result.holds for result in results), "checks": results}
