"""Who waits for money: one line for each budget, in the programme's order of priority."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.disbursement.domain import Place, affordable, budget_ids
from services.disbursement.models import Waitlisted, table
from services.disbursement.vouchers import ACTOR, SERVICE, Promise, issue
from shared.db import insert_rows
from shared.events import Envelope, NewEvent
from shared.outbox.record import record

SERVED_AT_ONCE = 500

_ENTER_AGAIN = """
ON CONFLICT (application_id) DO UPDATE SET
    budget_id = excluded.budget_id, amount = excluded.amount, minimum_price = excluded.minimum_price,
    validity_days = excluded.validity_days, position = excluded.position, approved_at = excluded.approved_at,
    status = excluded.status
"""
_NEXT = text(
    """
    SELECT application_id, household_id, programme_id, budget_id, commune, province, amount, minimum_price,
           validity_days, position, approved_at
    FROM waitlist WHERE budget_id = :budget_id AND status = 'waiting'
    ORDER BY position, approved_at, application_id LIMIT :limit FOR UPDATE SKIP LOCKED
    """
)
_SERVED = text(
    "UPDATE waitlist SET status = 'issued' WHERE application_id = ANY(CAST(:application_ids AS uuid[]))"
)
_MOVE_DOWN = text(
    """
    UPDATE waitlist SET budget_id = :budget_id WHERE application_id IN (
        SELECT application_id FROM waitlist
        WHERE budget_id = ANY(CAST(:above AS text[])) AND status = 'waiting' AND province = :province
          AND commune = coalesce(CAST(:commune AS text), commune)
        ORDER BY application_id FOR UPDATE SKIP LOCKED
    )
    """
)


def put_on_waitlist(session: Session, promises: Sequence[Promise], *, fresh: bool = False) -> None:
    """Note who waits, with the events. Whoever waited and was cancelled before may wait again."""
    if not promises:
        return
    rows = [
        {
            "application_id": promise.application_id,
            "household_id": promise.household_id,
            "programme_id": promise.programme_id,
            "budget_id": promise.budget_id,
            "commune": promise.commune,
            "province": promise.province,
            "amount": promise.amount,
            "minimum_price": promise.minimum_price,
            "validity_days": promise.validity_days,
            "position": promise.position,
            "approved_at": promise.approved_at,
            "status": "waiting",
        }
        for promise in promises
    ]
    insert_rows(session, table(Waitlisted), rows, suffix=_ENTER_AGAIN)
    record(session, SERVICE, [_waitlisted(promise) for promise in promises], fresh=fresh)


def _waitlisted(promise: Promise) -> NewEvent:
    data = {
        "application_id": promise.application_id,
        "household_id": promise.household_id,
        "programme_id": promise.programme_id,
        "commune": promise.commune,
        "amount": promise.amount,
        "position": promise.position,
    }
    return NewEvent("voucher.waitlisted.v1", promise.application_id, data, ACTOR, promise.cause)


def serve_waitlist(
    session: Session, budget_id: str, available: int, now: datetime, cause: Envelope | None = None
) -> int:
    """Issue to whoever is next for as long as `available` lasts; returns how many were served.

    The caller's transaction holds the budget's row, so `available` stands. Entries that another transaction
    is cancelling are passed over, never waited for.
    """
    served = 0
    while True:
        rows = session.execute(_NEXT, {"budget_id": budget_id, "limit": SERVED_AT_ONCE}).all()
        count = affordable([row.amount for row in rows], available)
        promises = [Promise(**_as_texts(row._mapping), cause=cause) for row in rows[:count]]
        if promises:
            session.execute(_SERVED, {"application_ids": [p.application_id for p in promises]})
            issue(session, promises, now)
            available -= sum(promise.amount for promise in promises)
            served += count
        if count < SERVED_AT_ONCE:
            return served


def move_down(session: Session, place: Place) -> None:
    """The budget of `place` is new: whoever waits above it for money that comes from here now waits here.

    The caller holds the budget above, in whose line they stand.
    """
    own, *above = budget_ids(place)
    values = {"budget_id": own, "above": above, "province": place.province, "commune": place.commune}
    session.execute(_MOVE_DOWN, values)


def _as_texts(row: Any) -> dict[str, Any]:
    """A raw row with its UUIDs as text."""
    ids = ("application_id", "household_id")
    return {name: str(value) if name in ids else value for name, value in row.items()}
