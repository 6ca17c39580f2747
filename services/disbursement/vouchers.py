"""Issuing, waitlisting and cancelling, each for many cases at once in a handful of statements."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.disbursement import budgets
from services.disbursement.budgets import Movement
from services.disbursement.codes import new_code
from services.disbursement.domain import affordable, local_date
from services.disbursement.models import Voucher, Waitlisted, table
from shared.db import insert_rows
from shared.events import Envelope, NewEvent
from shared.events.envelope import new_id
from shared.outbox.record import record

SERVICE = "disbursement"
ACTOR = "service:disbursement"
SERVED_AT_ONCE = 500

_ENTER_AGAIN = """
ON CONFLICT (application_id) DO UPDATE SET
    amount = excluded.amount, minimum_price = excluded.minimum_price, validity_days = excluded.validity_days,
    position = excluded.position, approved_at = excluded.approved_at, status = excluded.status
"""
_NEXT = text(
    """
    SELECT application_id, household_id, programme_id, commune, province, amount, minimum_price,
           validity_days, position, approved_at
    FROM waitlist WHERE programme_id = :programme_id AND status = 'waiting'
    ORDER BY position, approved_at, application_id LIMIT :limit FOR UPDATE SKIP LOCKED
    """
)
_SERVED = text(
    "UPDATE waitlist SET status = 'issued' WHERE application_id = ANY(CAST(:application_ids AS uuid[]))"
)
_CANCEL_VOUCHERS = text(
    """
    WITH wanted AS (
        SELECT voucher_id FROM voucher
        WHERE application_id = ANY(CAST(:application_ids AS uuid[])) AND status = 'issued'
        ORDER BY voucher_id FOR UPDATE
    )
    UPDATE voucher SET status = 'cancelled', live = false, cancelled_reason = :reason
    FROM wanted WHERE voucher.voucher_id = wanted.voucher_id AND voucher.status = 'issued'
    RETURNING voucher.voucher_id, application_id, household_id, programme_id, amount
    """
)
_CANCEL_WAITING = text(
    """
    UPDATE waitlist SET status = 'cancelled'
    WHERE application_id = ANY(CAST(:application_ids AS uuid[])) AND status = 'waiting'
    RETURNING CAST(NULL AS uuid) AS voucher_id, application_id, household_id, programme_id, 0 AS amount
    """
)
_EXPIRE = text(
    """
    WITH wanted AS (
        SELECT voucher_id FROM voucher WHERE status = 'issued' AND expires_on < :today
        ORDER BY voucher_id LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    UPDATE voucher SET status = 'expired', live = false
    FROM wanted WHERE voucher.voucher_id = wanted.voucher_id
    RETURNING voucher.voucher_id, application_id, household_id, programme_id, amount, expires_on
    """
)


@dataclass(frozen=True, slots=True)
class Promise:
    """What an approval entitles to: money at the time of approval, a voucher or a place in the waitlist."""

    application_id: str
    household_id: str
    programme_id: str
    commune: str
    province: str
    amount: int
    minimum_price: int
    validity_days: int
    position: int
    approved_at: datetime
    cause: Envelope | None = None

    @property
    def place(self) -> tuple[int, datetime, str]:
        """Its place in the waitlist's order."""
        return self.position, self.approved_at, self.application_id


def issue(session: Session, promises: Sequence[Promise], now: datetime, *, fresh: bool = False) -> None:
    """Make the vouchers, their events and their reserve postings; the caller reserves the money.

    `fresh`: no event was recorded about any of these cases before.
    """
    if not promises:
        return
    rows = [_voucher_row(promise, now) for promise in promises]
    insert_rows(session, table(Voucher), rows)
    events = [_issued(row, promise) for row, promise in zip(rows, promises, strict=True)]
    recorded = record(session, SERVICE, events, fresh=fresh)
    movements = [
        Movement(row["programme_id"], "reserve", row["amount"], event.id, event.key, row["voucher_id"])
        for row, event in zip(rows, recorded, strict=True)
    ]
    budgets.post(session, movements, now)


def _voucher_row(promise: Promise, now: datetime) -> dict[str, Any]:
    return {
        "voucher_id": new_id(),
        "application_id": promise.application_id,
        "household_id": promise.household_id,
        "programme_id": promise.programme_id,
        "commune": promise.commune,
        "province": promise.province,
        "code": new_code(),
        "amount": promise.amount,
        "minimum_price": promise.minimum_price,
        "expires_on": local_date(now) + timedelta(days=promise.validity_days),
        "status": "issued",
        "live": True,
        "pin_attempts": 0,
        "locked": False,
        "issued_at": now,
    }


def _issued(row: dict[str, Any], promise: Promise) -> NewEvent:
    data = {
        "application_id": promise.application_id,
        "household_id": promise.household_id,
        "programme_id": promise.programme_id,
        "voucher_id": row["voucher_id"],
        "commune": promise.commune,
        "amount": promise.amount,
        "minimum_price": promise.minimum_price,
        "expires_on": row["expires_on"].isoformat(),
    }
    return NewEvent("voucher.issued.v1", promise.application_id, data, ACTOR, promise.cause)


def put_on_waitlist(session: Session, promises: Sequence[Promise], *, fresh: bool = False) -> None:
    """Note who waits, with the events. Whoever waited and was cancelled before may wait again."""
    if not promises:
        return
    rows = [
        {
            "application_id": promise.application_id,
            "household_id": promise.household_id,
            "programme_id": promise.programme_id,
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
    session: Session, programme_id: str, available: int, now: datetime, cause: Envelope | None = None
) -> int:
    """Issue to whoever is next for as long as `available` lasts; returns how many were served.

    The caller's transaction holds the budget's row (it has just changed it), so `available` stands. Entries
    that another transaction is cancelling are passed over, never waited for.
    """
    served = 0
    while True:
        rows = session.execute(_NEXT, {"programme_id": programme_id, "limit": SERVED_AT_ONCE}).all()
        count = affordable([row.amount for row in rows], available)
        promises = [Promise(**_as_texts(row._mapping), cause=cause) for row in rows[:count]]
        if promises:
            total = sum(promise.amount for promise in promises)
            session.execute(_SERVED, {"application_ids": [p.application_id for p in promises]})
            issue(session, promises, now)
            if not budgets.reserve(session, programme_id, total):
                raise budgets.BudgetBroken(f"{programme_id} lost {total} while its row was held")
            available -= total
            served += count
        if count < SERVED_AT_ONCE:
            return served


def cancel(
    session: Session, reasons: Iterable[tuple[str, Sequence[str]]], now: datetime, causes: dict[str, Envelope]
) -> None:
    """Cancel what the cases hold (voucher or place in the waitlist), return the money, serve who waits.

    `reasons`: a reason code and the application ids it is for. `causes`: application id → event.
    Redeemed, expired and unknown cases stay as they are.
    """
    closed: list[tuple[str, Any]] = []
    for reason, application_ids in reasons:
        values = {"application_ids": sorted(application_ids), "reason": reason}
        for statement in (_CANCEL_VOUCHERS, _CANCEL_WAITING):
            closed += [(reason, row) for row in session.execute(statement, values)]
    events = [_cancelled(row, reason, causes.get(str(row.application_id))) for reason, row in closed]
    recorded = record(session, SERVICE, events)
    freed = [(row, event) for (_, row), event in zip(closed, recorded, strict=True) if row.voucher_id]
    _return_money(session, freed, now)


def expire_due(session: Session, today: date, now: datetime, limit: int = SERVED_AT_ONCE) -> int:
    """Expire up to `limit` vouchers whose last day was before `today` (a day in Viet Nam), return the money
    and serve who waits; returns how many expired."""
    rows = session.execute(_EXPIRE, {"today": today, "limit": limit}).all()
    recorded = record(session, SERVICE, [_expired(row) for row in rows])
    _return_money(session, list(zip(rows, recorded, strict=True)), now)
    return len(rows)


def _return_money(session: Session, freed: Sequence[tuple[Any, Envelope]], now: datetime) -> None:
    movements = [
        Movement(row.programme_id, "void", row.amount, event.id, event.key, str(row.voucher_id))
        for row, event in freed
    ]
    budgets.post(session, movements, now)
    for programme_id in sorted({movement.programme_id for movement in movements}):
        total = sum(movement.amount for movement in movements if movement.programme_id == programme_id)
        cause = next(event for row, event in freed if row.programme_id == programme_id)
        available = budgets.void(session, programme_id, total)
        serve_waitlist(session, programme_id, available, now, cause)


def _case(row: Any) -> dict[str, Any]:
    return {
        "application_id": str(row.application_id),
        "household_id": str(row.household_id),
        "programme_id": row.programme_id,
        "voucher_id": str(row.voucher_id) if row.voucher_id else None,
        "amount": row.amount,
    }


def _cancelled(row: Any, reason: str, cause: Envelope | None) -> NewEvent:
    data = {**_case(row), "reason": reason}
    return NewEvent("voucher.cancelled.v1", data["application_id"], data, ACTOR, cause)


def _expired(row: Any) -> NewEvent:
    data = {**_case(row), "expired_on": row.expires_on.isoformat()}
    return NewEvent("voucher.expired.v1", data["application_id"], data, ACTOR)


def _as_texts(row: Any) -> dict[str, Any]:
    """A raw row with its UUIDs as text."""
    ids = ("application_id", "household_id")
    return {name: str(value) if name in ids else value for name, value in row.items()}
