"""Taking a redemption back: a shop asks, somebody else decides, and one guarded UPDATE makes it so.

A redemption is reversed at most once, before it is claimed and within the programme's days. The voucher is
out again with its whole reservation (past its last day the expiry job ends it like any other), its handset's
numbers are free again, and the history of both stays.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from services.disbursement import budgets, ending
from services.disbursement.budgets import BudgetTooSmall, Movement
from services.disbursement.sale import Till
from services.disbursement.vouchers import SERVICE
from shared.auth import Actor
from shared.db import broken_constraint
from shared.events import NewEvent
from shared.events.envelope import new_id
from shared.outbox.record import record
from shared.refusal import Refusal
from shared.web import Problem

_STANDING = text(
    """
    SELECT redemption.redemption_id, redemption.voucher_id, redemption.shop_id, redemption.redeemed_at,
           redemption.reversed_at, redemption.claim_id, redemption.programme_id,
           voucher.application_id, voucher.household_id, programme.reversal_days, known_case.closed_reason
    FROM redemption
    JOIN voucher ON voucher.voucher_id = redemption.voucher_id
    LEFT JOIN programme ON programme.programme_id = redemption.programme_id
    LEFT JOIN known_case ON known_case.application_id = voucher.application_id
    WHERE redemption.redemption_id = CAST(:redemption_id AS uuid)
      AND redemption.shop_id = coalesce(CAST(:shop_id AS text), redemption.shop_id)
      AND redemption.enterprise_id = coalesce(CAST(:enterprise_id AS text), redemption.enterprise_id)
    """
)
_ASK = text(
    """
    INSERT INTO reversal (reversal_id, redemption_id, shop_id, reason, note, status, asked_by, asked_at)
    VALUES (CAST(:reversal_id AS uuid), CAST(:redemption_id AS uuid), :shop_id, :reason, :note, 'asked',
            :asked_by, :moment)
    """
)
_DECIDE = text(
    """
    UPDATE reversal SET status = :status, decided_by = :by, decided_at = :moment
    WHERE reversal_id = CAST(:reversal_id AS uuid) AND status = 'asked' AND asked_by <> :by
    RETURNING redemption_id, reason
    """
)
_REVERSE = text(
    """
    WITH reversed AS (
        UPDATE redemption SET reversed_at = :moment
        WHERE redemption_id = CAST(:redemption_id AS uuid) AND reversed_at IS NULL AND claim_id IS NULL
          AND redeemed_at >= :since
        RETURNING redemption_id, voucher_id, subsidy, amount
    ), freed AS (
        DELETE FROM redemption_imei USING reversed
        WHERE redemption_imei.redemption_id = reversed.redemption_id
        RETURNING redemption_imei.redemption_id, imei_hash
    ), kept AS (
        INSERT INTO freed_imei (redemption_id, imei_hash, freed_at)
        SELECT redemption_id, imei_hash, :moment FROM freed
    )
    UPDATE voucher SET status = 'issued' FROM reversed WHERE voucher.voucher_id = reversed.voucher_id
    RETURNING voucher.voucher_id, voucher.budget_id, reversed.subsidy, reversed.amount
    """
)


@dataclass(frozen=True, slots=True)
class Reversal:
    """A wish to take a redemption back. `status`: asked, confirmed or refused."""

    reversal_id: str
    redemption_id: str
    status: str


def ask(
    session: Session,
    redemption_id: str,
    till: Till,
    why: dict[str, str],
    actor: Actor,
    now: datetime,
    usual_days: int,
) -> Reversal | Refusal | None:
    """Note that the shop of the sale wants it back; None when it has no such redemption.

    `why`: `reason`, a code, and `note`, words that stay here. Refusals: as `_too_late`, REVERSAL_ASKED.
    """
    values = {
        "redemption_id": redemption_id,
        "shop_id": till.shop_id,
        "enterprise_id": till.enterprise_id,
    }
    row = session.execute(_STANDING, values).first()
    if row is None:
        return None
    if refusal := _too_late(row, now, usual_days):
        return refusal
    asked = {"reversal_id": new_id(), "shop_id": row.shop_id, "asked_by": actor.subject, "moment": now}
    try:
        with session.begin_nested():
            session.execute(_ASK, {**asked, **why, "redemption_id": redemption_id})
    except IntegrityError as error:
        if broken_constraint(error) != "reversal_one_at_a_time":
            raise
        return Refusal("REVERSAL_ASKED")
    data = {**_case(row), "reversal_id": asked["reversal_id"], "reason": why["reason"]}
    _record(session, "reversal.asked.v1", data, actor)
    return Reversal(str(asked["reversal_id"]), redemption_id, "asked")


def confirm(
    session: Session, reversal_id: str, actor: Actor, now: datetime, usual_days: int
) -> Reversal | Refusal:
    """Take the redemption back, decided by somebody else than who asked.

    Refusals: REVERSAL_DECIDED, as `_too_late`. Raises Problem 409 BUDGET_TOO_SMALL, with nothing changed,
    when what the handset cost less than the voucher has been given to somebody else meanwhile.
    """
    decided = _decided(session, reversal_id, "confirmed", actor, now)
    if decided is None:
        return Refusal("REVERSAL_DECIDED")
    row = _standing(session, decided)
    if refusal := _too_late(row, now, usual_days):
        raise Problem(409, refusal.code, **refusal.facts)
    since = now - timedelta(days=_days(row, usual_days))
    values = {"redemption_id": str(row.redemption_id), "moment": now, "since": since}
    returned = session.execute(_REVERSE, values).first()
    if returned is None:  # claimed or reversed between the look and the guard
        again = _too_late(_standing(session, decided), now, usual_days)
        raise Problem(409, again.code if again else "REVERSAL_DECIDED")
    data = {
        **_case(row),
        "subsidy": returned.subsidy,
        "reason": decided.reason,
        "approved_by": actor.subject,
    }
    event_id = _record(session, "voucher.reversed.v1", data, actor)
    _take_back(session, returned, event_id, now)
    if row.closed_reason is not None:  # the household withdrew, or was erased, while it had the phone
        ending.cancel(session, [(row.closed_reason, [str(row.application_id)])], now, {})
    return Reversal(reversal_id, str(row.redemption_id), "confirmed")


def _take_back(session: Session, returned: Any, event_id: str, now: datetime) -> None:
    """spent returns to reserved; so does, out of what is available, what the handset had cost less."""
    parts = (("reverse", returned.subsidy), ("retake", returned.amount - returned.subsidy))
    try:
        budgets.post(
            session,
            [
                Movement(returned.budget_id, kind, amount, event_id, str(returned.voucher_id))
                for kind, amount in parts
                if amount
            ],
            now,
        )
    except BudgetTooSmall as error:
        raise Problem(409, "BUDGET_TOO_SMALL") from error


def refuse(session: Session, reversal_id: str, actor: Actor, now: datetime) -> Reversal | Refusal:
    """Let the redemption stand, decided by somebody else than who asked. Refusal: REVERSAL_DECIDED."""
    decided = _decided(session, reversal_id, "refused", actor, now)
    if decided is None:
        return Refusal("REVERSAL_DECIDED")
    row = _standing(session, decided)
    data = {**_case(row), "reversal_id": reversal_id, "refused_by": actor.subject}
    _record(session, "reversal.refused.v1", data, actor)
    return Reversal(reversal_id, str(row.redemption_id), "refused")


def _decided(session: Session, reversal_id: str, status: str, actor: Actor, now: datetime) -> Any:
    values = {"reversal_id": reversal_id, "status": status, "by": actor.subject, "moment": now}
    return session.execute(_DECIDE, values).first()


def _standing(session: Session, decided: Any) -> Any:
    values = {"redemption_id": str(decided.redemption_id), "shop_id": None, "enterprise_id": None}
    return session.execute(_STANDING, values).one()


def _too_late(row: Any, now: datetime, usual_days: int) -> Refusal | None:
    """REDEMPTION_REVERSED, REDEMPTION_CLAIMED or REVERSAL_TOO_LATE; None while it can be taken back."""
    if row.reversed_at is not None:
        return Refusal("REDEMPTION_REVERSED")
    if row.claim_id is not None:
        return Refusal("REDEMPTION_CLAIMED")
    days = _days(row, usual_days)
    if row.redeemed_at < now - timedelta(days=days):
        return Refusal("REVERSAL_TOO_LATE", days=days)
    return None


def _days(row: Any, usual_days: int) -> int:
    """The programme's own days come before the setting."""
    return usual_days if row.reversal_days is None else int(row.reversal_days)


def _case(row: Any) -> dict[str, Any]:
    return {
        "application_id": str(row.application_id),
        "household_id": str(row.household_id),
        "programme_id": row.programme_id,
        "voucher_id": str(row.voucher_id),
        "redemption_id": str(row.redemption_id),
    }


def _record(session: Session, type_: str, data: dict[str, Any], actor: Actor) -> str:
    (event,) = record(session, SERVICE, [NewEvent(type_, data["application_id"], data, actor.subject)])
    return event.id
