"""Money, as decisions give it, take it back and move it. Amounts are whole đồng.

A programme's money comes from outside; a province's comes from the programme's budget, a commune's from its
province's. Whoever may decide about the budget above may change one: of a province's communes its manager, of
provinces the manager of a programme, who is the manager without an area, or of the one province it serves.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from services.disbursement import budgets, queries
from services.disbursement.budgets import BudgetTooSmall, Movement
from services.disbursement.domain import Place, budget_ids
from services.disbursement.models import Programme
from services.disbursement.vouchers import SERVICE
from services.disbursement.waitlist import move_down, serve_waitlist
from shared.auth import Actor
from shared.events import Envelope, NewEvent
from shared.outbox.record import record
from shared.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Change:
    """So much more, or, below zero, less for a place's budget, by a document. `reason` is that of an
    adjustment; an allocation has none."""

    place: Place
    amount: int
    document: str
    reason: str | None = None


def allocate(session: Session, change: Change, actor: Actor, now: datetime) -> Refusal | None:
    """Give money to a programme, or a share of it to a province or commune; who waits for it is served.

    Refusals: PROGRAMME_UNKNOWN, OUTSIDE_AREA, BUDGET_TOO_SMALL (the budget above has not so much left).
    """
    return _make(session, [change], actor, now)


def adjust(session: Session, change: Change, actor: Actor, now: datetime) -> Refusal | None:
    """Correct a budget, also downwards, never below what is available in it. Refusals: as `allocate`."""
    return _make(session, [change], actor, now)


def move(session: Session, taken: Change, to: Place, actor: Actor, now: datetime) -> Refusal | None:
    """Take money from one budget of a programme and give it to another, by way of the budgets above both.

    `taken` is what the first gives up (below zero). Refusals: as `allocate`, and BUDGET_SAME.
    """
    if taken.place == to:
        return Refusal("BUDGET_SAME")
    ups, downs = budget_ids(taken.place), budget_ids(to)
    down = [
        Change(_place(budget_id), -taken.amount, taken.document, taken.reason)
        for budget_id in reversed(downs)
        if budget_id not in ups
    ]
    up = [
        Change(_place(budget_id), taken.amount, taken.document, taken.reason)
        for budget_id in ups
        if budget_id not in downs
    ]
    return _make(session, [*up, *down], actor, now)


def _make(session: Session, changes: list[Change], actor: Actor, now: datetime) -> Refusal | None:
    programme = queries.programme(session, changes[0].place.programme_id)
    if programme is None:
        return Refusal("PROGRAMME_UNKNOWN", programme_id=changes[0].place.programme_id)
    if not all(_may_change(actor, programme, change.place) for change in changes):
        return Refusal("OUTSIDE_AREA")
    involved = {budget_id for change in changes for budget_id in budget_ids(change.place)}
    try:
        with session.begin_nested():
            budgets.hold(session, involved)
            events = [_change(session, change, actor, now) for change in changes]
    except BudgetTooSmall:
        return Refusal("BUDGET_TOO_SMALL")
    causes = {
        budget_id: event
        for change, event in zip(changes, events, strict=True)
        for budget_id in budget_ids(change.place)[:2]
    }
    for budget_id, available in budgets.hold(session, causes).items():
        serve_waitlist(session, budget_id, available, now, causes[budget_id])
    return None


def _may_change(actor: Actor, programme: Programme, place: Place) -> bool:
    served = programme.provinces is None or place.province is None or place.province in programme.provinces
    if actor.commune is not None or not served:
        return False
    if actor.province is None or programme.provinces == [actor.province]:
        return True
    return place.commune is not None and place.province == actor.province


def _change(session: Session, change: Change, actor: Actor, now: datetime) -> Envelope:
    """Open the budget at need, record the fact, move the money. Raises BudgetTooSmall."""
    place = change.place
    opened = budgets.open_budget(session, place)
    (event,) = record(session, SERVICE, [_fact(change, actor)])
    own, *above = budget_ids(place)
    given = change.amount > 0
    kinds = [(own, "allocate" if given else "withdraw")]
    if above:
        kinds.append((above[0], "distribute" if given else "collect"))
    movements = [
        Movement(
            budget_id, kind, abs(change.amount), event.id, document=change.document, reason=change.reason
        )
        for budget_id, kind in kinds
    ]
    budgets.post(session, movements, now)
    if opened and above:
        move_down(session, place)
    return event


def _fact(change: Change, actor: Actor) -> NewEvent:
    place = change.place
    data = {
        "programme_id": place.programme_id,
        "province": place.province,
        "commune": place.commune,
        "document": change.document,
    }
    if change.reason is None:
        new = ("budget.allocated.v1", {**data, "amount": change.amount})
    else:
        new = ("budget.adjusted.v1", {**data, "change": change.amount, "reason": change.reason})
    return NewEvent(new[0], place.programme_id, new[1], actor.subject)


def _place(budget_id: str) -> Place:
    programme_id, *below = budget_id.split("/")
    province, commune = [*below, None, None][:2]
    return Place(programme_id, province, commune)
