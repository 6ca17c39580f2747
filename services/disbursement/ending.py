"""How vouchers end without a phone: cancelled, expired, or lost and made anew. Each end is one guarded
UPDATE, so that of several that meet on one voucher exactly one wins; the money goes back and serves who
waits."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import text, update
from sqlalchemy.orm import Session

from services.disbursement import budgets
from services.disbursement.budgets import Movement
from services.disbursement.codes import new_code
from services.disbursement.models import Voucher, table
from services.disbursement.vouchers import ACTOR, SERVICE
from services.disbursement.waitlist import serve_waitlist
from shared.auth import Actor, within
from shared.db import insert_rows
from shared.events import Envelope, NewEvent
from shared.events.envelope import new_id
from shared.outbox.record import record

EXPIRED_AT_ONCE = 500

_CANCEL_VOUCHERS = text(
    """
    WITH wanted AS (
        SELECT voucher_id FROM voucher
        WHERE application_id = ANY(CAST(:application_ids AS uuid[])) AND status = 'issued'
        ORDER BY voucher_id FOR UPDATE
    )
    UPDATE voucher SET status = 'cancelled', live = false, ended_reason = :reason
    FROM wanted WHERE voucher.voucher_id = wanted.voucher_id AND voucher.status = 'issued'
    RETURNING voucher.voucher_id, application_id, household_id, programme_id, budget_id, amount
    """
)
_CANCEL_WAITING = text(
    """
    UPDATE waitlist SET status = 'cancelled'
    WHERE application_id = ANY(CAST(:application_ids AS uuid[])) AND status = 'waiting'
    RETURNING CAST(NULL AS uuid) AS voucher_id, application_id, household_id, programme_id, budget_id,
              0 AS amount
    """
)
_EXPIRE = text(
    """
    WITH wanted AS (
        SELECT voucher_id FROM voucher WHERE live AND status = 'issued' AND expires_on < :today
        ORDER BY expires_on LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    UPDATE voucher SET status = 'expired', live = false
    FROM wanted WHERE voucher.voucher_id = wanted.voucher_id
    RETURNING voucher.voucher_id, application_id, household_id, programme_id, budget_id, amount, expires_on
    """
)


def cancel(
    session: Session,
    reasons: Iterable[tuple[str, Sequence[str]]],
    now: datetime,
    causes: Mapping[str, Envelope],
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
    events = [_cancelled(row, reason, ACTOR, causes.get(str(row.application_id))) for reason, row in closed]
    recorded = record(session, SERVICE, events)
    _return_money(session, [(row, event) for (_, row), event in zip(closed, recorded, strict=True)], now)


def cancel_one(session: Session, voucher_id: str, reason: str, actor: Actor, now: datetime) -> bool:
    """Cancel a voucher of the actor's area; False when there is none, or it is not out any more."""
    row = _end(session, actor, voucher_id, status="cancelled", ended_reason=reason)
    if row is None:
        return False
    recorded = record(session, SERVICE, [_cancelled(row, reason, actor.subject, None)])
    _return_money(session, [(row, recorded[0])], now)
    return True


def expire_due(session: Session, today: date, now: datetime, limit: int = EXPIRED_AT_ONCE) -> int:
    """Expire up to `limit` vouchers whose last day was before `today` (a day in Viet Nam), return the money
    and serve who waits; returns how many expired."""
    rows = session.execute(_EXPIRE, {"today": today, "limit": limit}).all()
    recorded = record(session, SERVICE, [_expired(row) for row in rows])
    _return_money(session, list(zip(rows, recorded, strict=True)), now)
    return len(rows)


def reissue(
    session: Session, voucher_id: str, reason: str, actor: Actor, today: date, now: datetime
) -> str | None:
    """Put a new voucher in the place of a lost one: new id, code and PIN, same amount, same last day. The old
    code is dead from here on, and its reservation passes to the new voucher without being free in between.

    Returns the new voucher's id; None when the actor's area has no such voucher that is out and in date.
    """
    old = _end(
        session, actor, voucher_id, Voucher.expires_on >= today, status="reissued", ended_reason=reason
    )
    if old is None:
        return None
    row = {
        "voucher_id": new_id(),
        "code": new_code(),
        "replaces": voucher_id,
        "issued_at": now,
        **{name: getattr(old, name) for name in _KEPT},
    }
    insert_rows(session, table(Voucher), [row])
    data = {
        **_case(old),
        "voucher_id": row["voucher_id"],
        "replaces": voucher_id,
        "reason": reason,
        "expires_on": old.expires_on.isoformat(),
    }
    new = NewEvent("voucher.reissued.v1", data["application_id"], data, actor.subject)
    (event,) = record(session, SERVICE, [new])
    passed = (("void", voucher_id), ("reserve", row["voucher_id"]))
    budgets.post(
        session, [Movement(old.budget_id, kind, old.amount, event.id, one) for kind, one in passed], now
    )
    return str(row["voucher_id"])


_NAMED = ("application_id", "household_id", "programme_id", "budget_id", "amount")
_KEPT = (*_NAMED, "commune", "province", "minimum_price", "expires_on")


def _end(session: Session, actor: Actor, voucher_id: str, *further: Any, **values: Any) -> Any:
    """The guard of every end that a person decides: only a voucher that is out, and of the actor's area."""
    statement = (
        update(Voucher)
        .where(
            Voucher.voucher_id == voucher_id,
            Voucher.status == "issued",
            within(actor, Voucher.commune, Voucher.province),
            *further,
        )
        .values(live=False, **values)
        .returning(Voucher.voucher_id, *(getattr(Voucher, name) for name in _KEPT))
        .execution_options(synchronize_session=False)
    )
    return session.execute(statement).first()


def _return_money(session: Session, ended: Sequence[tuple[Any, Envelope]], now: datetime) -> None:
    """Free what the vouchers had reserved. Also where only a place in the line was given up, the next may be
    in reach of the money now."""
    movements = [
        Movement(row.budget_id, "void", row.amount, event.id, str(row.voucher_id))
        for row, event in ended
        if row.voucher_id
    ]
    causes = {row.budget_id: event for row, event in reversed(ended)}
    available = budgets.hold(session, causes)
    budgets.post(session, movements, now)
    for movement in movements:
        available[movement.budget_id] += movement.amount
    for budget_id, reach in available.items():
        serve_waitlist(session, budget_id, reach, now, causes[budget_id])


def _case(row: Any) -> dict[str, Any]:
    return {
        "application_id": str(row.application_id),
        "household_id": str(row.household_id),
        "programme_id": row.programme_id,
        "voucher_id": str(row.voucher_id) if row.voucher_id else None,
        "amount": row.amount,
    }


def _cancelled(row: Any, reason: str, actor: str, cause: Envelope | None) -> NewEvent:
    data = {**_case(row), "reason": reason}
    return NewEvent("voucher.cancelled.v1", data["application_id"], data, actor, cause)


def _expired(row: Any) -> NewEvent:
    data = {**_case(row), "expired_on": row.expires_on.isoformat()}
    return NewEvent("voucher.expired.v1", data["application_id"], data, ACTOR)
