"""Issuing vouchers, many at once in a handful of statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from services.disbursement import budgets
from services.disbursement.budgets import Movement
from services.disbursement.codes import new_code
from services.disbursement.domain import Place, local_date
from services.disbursement.models import Voucher, table
from shared.db import insert_rows
from shared.events import Envelope, NewEvent
from shared.events.envelope import new_id
from shared.outbox.record import record

SERVICE = "disbursement"
ACTOR = "service:disbursement"


@dataclass(frozen=True, slots=True)
class Promise:
    """What an approval entitles to: money at the time of approval, a voucher or a place in the waitlist.

    `budget_id` is the budget that pays.
    """

    application_id: str
    household_id: str
    programme_id: str
    budget_id: str
    commune: str
    province: str
    amount: int
    minimum_price: int
    validity_days: int
    position: int
    approved_at: datetime
    cause: Envelope | None = None

    @property
    def turn(self) -> tuple[int, datetime, str]:
        """Its place in the waitlist's order."""
        return self.position, self.approved_at, self.application_id

    @property
    def place(self) -> Place:
        return Place(self.programme_id, self.province, self.commune)


def issue(session: Session, promises: Sequence[Promise], now: datetime, *, fresh: bool = False) -> None:
    """Make the vouchers, their events and, last, their reservations.

    `fresh`: no event was recorded about any of these cases before. Raises BudgetTooSmall.
    """
    if not promises:
        return
    today = local_date(now)
    rows = [_voucher_row(promise, today, now) for promise in promises]
    insert_rows(session, table(Voucher), rows)
    events = [_issued(row, promise) for row, promise in zip(rows, promises, strict=True)]
    recorded = record(session, SERVICE, events, fresh=fresh)
    movements = [
        Movement(row["budget_id"], "reserve", row["amount"], event.id, row["voucher_id"])
        for row, event in zip(rows, recorded, strict=True)
    ]
    budgets.post(session, movements, now)


def _voucher_row(promise: Promise, today: date, now: datetime) -> dict[str, Any]:
    return {
        "voucher_id": new_id(),
        "application_id": promise.application_id,
        "household_id": promise.household_id,
        "programme_id": promise.programme_id,
        "budget_id": promise.budget_id,
        "commune": promise.commune,
        "province": promise.province,
        "code": new_code(),
        "amount": promise.amount,
        "minimum_price": promise.minimum_price,
        "expires_on": today + timedelta(days=promise.validity_days),
        "issued_at": now,
    }


def _issued(row: dict[str, Any], promise: Promise) -> NewEvent:
    data = {
        "application_id": promise.application_id,
        "household_id": promise.household_id,
        "programme_id": promise.programme_id,
        "budget_id": promise.budget_id,
        "voucher_id": row["voucher_id"],
        "commune": promise.commune,
        "amount": promise.amount,
        "minimum_price": promise.minimum_price,
        "expires_on": row["expires_on"].isoformat(),
    }
    return NewEvent("voucher.issued.v1", promise.application_id, data, ACTOR, promise.cause)
