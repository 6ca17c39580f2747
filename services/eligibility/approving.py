"""The statement that approves: guarded, set-based, and the only place that gives out positions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Integer, cast, column, exists, func, select, update
from sqlalchemy.orm import Session

from services.eligibility import rulebook
from services.eligibility.models import CaseFile, PositionCounter, ProgrammeVersion


@dataclass(frozen=True, slots=True)
class Decision:
    """Number and date of the signed decision."""

    number: str
    date: date


@dataclass(frozen=True, slots=True)
class Terms:
    """What a voucher is made under: whole đồng, and days."""

    amount: int
    minimum_price: int
    validity_days: int


@dataclass(frozen=True, slots=True)
class Approved:
    """An approved case; `position` is its place among all that the programme ever approved, 1 first."""

    application_id: str
    household_id: str
    commune: str
    programme_version: int
    position: int
    terms: Terms


@dataclass(frozen=True, slots=True)
class Scope:
    """Which cases are meant: a programme in an `area`, narrowed to a commune and to ids where given."""

    programme_id: str
    area: ColumnElement[bool]
    commune: str | None
    application_ids: Sequence[str] | None

    def open(self, statuses: Sequence[str]) -> list[ColumnElement[bool]]:
        """The conditions on cases that wait for a decision."""
        conditions = [
            CaseFile.programme_id == self.programme_id,
            self.area,
            CaseFile.status.in_(statuses),
            ~CaseFile.withdrawn,
        ]
        if self.commune is not None:
            conditions.append(CaseFile.commune == self.commune)
        if self.application_ids is not None:
            conditions.append(CaseFile.application_id == func.any(list(self.application_ids)))
        return conditions

    def count_own(self, session: Session, approver: str, statuses: Sequence[str]) -> int:
        """How many of them the approver made, who therefore may not decide them."""
        query = select(func.count()).where(*self.open(statuses), _made_by(approver))
        return int(session.scalar(query) or 0)


def approve(
    session: Session, scope: Scope, approver: str, decision: Decision, statuses: Sequence[str]
) -> list[Approved]:
    """Approve what is open in `scope` and not the approver's own; returns it in the order of its positions.

    One statement. It locks the cases in the order of their ids (two lists at once never wait in a circle),
    ranks them by the programme's priority order, then submission, then id, and takes as many positions from
    the programme's counter, whose row lock is the last thing it waits for. Whoever comes second finds the
    status changed and approves the rest.
    """
    terms = _terms_by_version(session, scope.programme_id)
    rows = session.execute(_statement(scope, approver, decision, statuses, terms)).all()
    approved = [
        Approved(row[0], row.household_id, row.commune, row.programme_version, row.position, terms[row[3]])
        for row in rows
    ]
    return sorted(approved, key=lambda one: one.position)


def _made_by(person: str) -> ColumnElement[bool]:
    return (CaseFile.entered_by == person) | CaseFile.corrected_by.is_not_distinct_from(person)


def _terms_by_version(session: Session, programme_id: str) -> dict[int, Terms]:
    versions = session.execute(
        select(ProgrammeVersion.version, ProgrammeVersion.digest).where(ProgrammeVersion.id == programme_id)
    ).all()
    programmes = {
        version: rulebook.of_version(session, programme_id, version, digest).programme
        for version, digest in versions
    }
    return {
        version: Terms(one.amount, one.minimum_price, one.voucher_validity_days)
        for version, one in programmes.items()
    }


def _statement(
    scope: Scope, approver: str, decision: Decision, statuses: Sequence[str], terms: dict[int, Terms]
) -> Any:
    waiting = (
        select(CaseFile.application_id, CaseFile.programme_version, CaseFile.priority, CaseFile.submitted_at)
        .where(*scope.open(statuses), ~_made_by(approver))
        .order_by(CaseFile.application_id)
        .with_for_update()
        .cte("waiting")
    )
    order = (waiting.c.priority, waiting.c.submitted_at, waiting.c.application_id)
    placed = select(
        waiting.c.application_id,
        waiting.c.programme_version,
        func.row_number().over(order_by=order).label("place"),
    ).cte("placed")
    size = select(func.count()).select_from(placed).scalar_subquery()
    counter = (
        update(PositionCounter)
        .where(PositionCounter.programme_id == scope.programme_id, exists(select(placed.c.place)))
        .values(last=PositionCounter.last + size)
        .returning(PositionCounter.programme_id, (PositionCounter.last - size).label("base"))
        .cte("counter")
    )
    amounts = (
        func.unnest(
            cast(list(terms), ARRAY(Integer)), cast([one.amount for one in terms.values()], ARRAY(BigInteger))
        )
        .table_valued(column("version", Integer), column("amount", BigInteger))
        .alias("amounts")
        .render_derived()
    )
    return (
        update(CaseFile)
        .where(
            CaseFile.application_id == placed.c.application_id,
            CaseFile.status.in_(statuses),
            CaseFile.programme_id == counter.c.programme_id,
            amounts.c.version == placed.c.programme_version,
        )
        .values(
            status="approved",
            decision_number=decision.number,
            decision_date=decision.date,
            approved_by=approver,
            position=counter.c.base + placed.c.place,
            amount=amounts.c.amount,
        )
        .returning(
            CaseFile.application_id,
            CaseFile.household_id,
            CaseFile.commune,
            CaseFile.programme_version,
            CaseFile.position,
        )
        .execution_options(synchronize_session=False)
    )
