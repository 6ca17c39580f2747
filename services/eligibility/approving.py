"""The statement that approves: guarded, set-based, and the only place that gives out positions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    CTE,
    BigInteger,
    ColumnElement,
    Integer,
    Text,
    any_,
    cast,
    column,
    exists,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.orm import Session

from services.eligibility import entries, quotas, rulebook
from services.eligibility.domain import today
from services.eligibility.models import ApprovalList, CaseFile, ListEntry, PositionCounter
from services.eligibility.quotas import Room
from services.eligibility.rules import Programme
from shared.events import NewEvent
from shared.outbox import record

SERVICE = "eligibility"
CHUNK = 1000
"""Events recorded per statement: some 2 MB."""


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
    province: str
    programme_version: int
    priority: int
    submitted_at: datetime
    position: int
    terms: Terms


@dataclass(frozen=True, slots=True)
class Scope:
    """Which cases are meant: a programme in an `area`, narrowed to a commune, to ids, to those on a list, and
    to those whose list hung out until a day before `posted_until`, and was not made by `not_by`, where
    given."""

    programme_id: str
    area: ColumnElement[bool]
    commune: str | None = None
    application_ids: Sequence[str] | None = None
    list_id: str | None = None
    posted_until: date | None = None
    not_by: str | None = None

    def open(self, statuses: Sequence[str]) -> list[ColumnElement[bool]]:
        """The conditions on cases that wait for a decision. What somebody has taken on is not approved, nor
        what rests on the evidence of a year that is over: it is about to be assessed anew."""
        conditions = [
            CaseFile.programme_id == self.programme_id,
            self.area,
            CaseFile.status.in_(statuses),
            CaseFile.taken_by.is_(None),
            ~CaseFile.withdrawn,
            CaseFile.assessed_year >= today().year,
        ]
        if self.commune is not None:
            conditions.append(CaseFile.commune == self.commune)
        if self.application_ids is not None:
            conditions.append(CaseFile.application_id == func.any(list(self.application_ids)))
        if self.list_id is not None or self.posted_until is not None:
            conditions.append(self._on_list())
        return conditions

    def rank(self) -> ColumnElement[int]:
        """A case's rank on the scope's list, which was published with it; the same for all without one."""
        if self.list_id is None:
            return literal(0)
        query = select(ListEntry.rank).where(
            ListEntry.list_id == self.list_id, ListEntry.application_id == CaseFile.application_id
        )
        return query.correlate(CaseFile).scalar_subquery()

    def count_own(self, session: Session, approver: str, statuses: Sequence[str]) -> int:
        """How many of them the approver made, who therefore may not decide them."""
        query = select(func.count()).where(*self.open(statuses), made_by(approver))
        return int(session.scalar(query) or 0)

    def _on_list(self) -> ColumnElement[bool]:
        query = select(ListEntry.list_id).where(
            ListEntry.application_id == CaseFile.application_id, ListEntry.state == "listed"
        )
        if self.list_id is not None:
            query = query.where(ListEntry.list_id == self.list_id)
        if self.posted_until is not None:
            query = query.join(ApprovalList, ApprovalList.id == ListEntry.list_id).where(
                ApprovalList.status == "posted",
                ApprovalList.last_day < self.posted_until,
                ApprovalList.drafted_by != self.not_by,
                ApprovalList.posted_by != self.not_by,
            )
        return exists(query.correlate(CaseFile))


def approve(
    session: Session,
    scope: Scope,
    programme: Programme,
    approver: str,
    decision: Decision,
    statuses: Sequence[str],
) -> list[Approved]:
    """Approve what is open in `scope`, not the approver's own, and within the quota of `programme`, which is
    its newest version; returns it in the order of its positions.

    One statement. It locks the cases in the order of their ids (two lists at once never wait in a circle),
    ranks them as the list did that they stand on, else by the programme's priority order (`ranking.align`
    sees to it that all are ranked by one), then submission, then id, and takes as many positions from
    the programme's counter, whose row lock is the last thing it waits for. Whoever comes second finds the
    status changed and approves the rest. Room that a quota leaves goes to the first in that order; the
    approver's own keep theirs for somebody else.
    """
    terms = _terms_by_version(session, scope.programme_id)
    left = quotas.room(session, programme)
    rows = session.execute(_statement(scope, approver, decision, statuses, terms, left)).all()
    approved = [
        Approved(
            row.application_id,
            row.household_id,
            row.commune,
            row.province,
            row.programme_version,
            row.priority,
            row.submitted_at,
            row.position,
            terms[row.programme_version],
        )
        for row in rows
    ]
    if approved:
        quotas.take(session, programme, (one.province for one in approved))
        entries.leave(session, [one.application_id for one in approved], "approved", approver)
    return sorted(approved, key=lambda one: one.position)


def tell(
    session: Session, programme_id: str, approved: Sequence[Approved], decision: Decision, approver: str
) -> None:
    """Record the approvals."""
    for start in range(0, len(approved), CHUNK):
        events = [
            NewEvent(
                "eligibility.approved.v1",
                one.application_id,
                {
                    "application_id": one.application_id,
                    "household_id": one.household_id,
                    "programme_id": programme_id,
                    "commune": one.commune,
                    "programme_version": one.programme_version,
                    "decision_number": decision.number,
                    "decision_date": decision.date.isoformat(),
                    "approved_by": approver,
                    "position": one.position,
                    "amount": one.terms.amount,
                    "minimum_price": one.terms.minimum_price,
                    "validity_days": one.terms.validity_days,
                },
                approver,
            )
            for one in approved[start : start + CHUNK]
        ]
        record(session, SERVICE, events)


def made_by(person: str) -> ColumnElement[bool]:
    """Whether a person is a party to a case, or reviewed it."""
    return party_to(person) | (literal(person) == any_(CaseFile.reviewers))


def party_to(person: str) -> ColumnElement[bool]:
    """Whether a person entered or corrected a case, or belongs to its household."""
    return (CaseFile.entered_by == person) | (literal(person) == any_(CaseFile.correctors + CaseFile.kin))


def _terms_by_version(session: Session, programme_id: str) -> dict[int, Terms]:
    return {
        version: Terms(one.amount, one.minimum_price, one.voucher_validity_days)
        for version, one in rulebook.all_versions(session, programme_id).items()
    }


def _statement(
    scope: Scope,
    approver: str,
    decision: Decision,
    statuses: Sequence[str],
    terms: dict[int, Terms],
    left: Room | None,
) -> Any:
    waiting = (
        select(
            CaseFile.application_id,
            CaseFile.programme_version,
            CaseFile.province,
            CaseFile.priority,
            CaseFile.submitted_at,
            made_by(approver).label("own"),
            scope.rank().label("rank"),
        )
        .where(*scope.open(statuses))
        .order_by(CaseFile.application_id)
        .with_for_update()
        .cte("waiting")
    )
    fitting = waiting if left is None else _fitting(waiting, left)
    placed = (
        select(
            fitting.c.application_id,
            fitting.c.programme_version,
            func.row_number().over(order_by=_order(fitting)).label("place"),
        )
        .where(~fitting.c.own)
        .cte("placed")
    )
    size = select(func.count()).select_from(placed).scalar_subquery()
    counter = (
        update(PositionCounter)
        .where(PositionCounter.programme_id == scope.programme_id, exists(select(placed.c.place)))
        .values(last=PositionCounter.last + size)
        .returning(PositionCounter.programme_id, (PositionCounter.last - size).label("base"))
        .cte("counter")
    )
    amounts = _table(
        "amounts",
        ("version", Integer, list(terms)),
        ("amount", BigInteger, [one.amount for one in terms.values()]),
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
            due_on=None,
            taken_by=None,
            decision_number=decision.number,
            decision_date=decision.date,
            approved_by=approver,
            position=counter.c.base + placed.c.place,
            amount=amounts.c.amount,
            counted_in=CaseFile.province,
            voucher=None,
        )
        .returning(
            CaseFile.application_id,
            CaseFile.household_id,
            CaseFile.commune,
            CaseFile.province,
            CaseFile.programme_version,
            CaseFile.priority,
            CaseFile.submitted_at,
            CaseFile.position,
        )
        .execution_options(synchronize_session=False)
    )


def _fitting(waiting: CTE, left: Room) -> CTE:
    """Those of `waiting` whom the quota reaches, in the programme's order: first within each province, then
    in the whole."""
    rooms = _table(
        "rooms",
        ("province", Text, list(left.by_province)),
        ("room", Integer, list(left.by_province.values())),
    )
    in_province = func.row_number().over(partition_by=waiting.c.province, order_by=_order(waiting))
    ranked = select(waiting, in_province.label("nth")).cte("ranked")
    within = (
        select(ranked, func.row_number().over(order_by=_order(ranked)).label("nth_of_all"))
        .select_from(ranked.outerjoin(rooms, rooms.c.province == ranked.c.province))
        .where(ranked.c.nth <= func.coalesce(rooms.c.room, ranked.c.nth))
        .cte("within")
    )
    query = select(within)
    if left.whole is not None:
        query = query.where(within.c.nth_of_all <= left.whole)
    return query.cte("fitting")


def _order(cases: CTE) -> tuple[ColumnElement[Any], ...]:
    """The order in which a programme serves: the list's, else its priority, then submission, then id."""
    return cases.c.rank, cases.c.priority, cases.c.submitted_at, cases.c.application_id


def _table(name: str, *columns: tuple[str, Any, list[Any]]) -> Any:
    """Lists of values as a table with these columns."""
    arrays = [cast(values, ARRAY(kind)) for _, kind, values in columns]
    named = [column(title, kind) for title, kind, _ in columns]
    return func.unnest(*arrays).table_valued(*named).alias(name).render_derived()
