"""What people ask of this service. Each function runs in its caller's transaction."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from services.disbursement import budgets, redemptions
from services.disbursement.budgets import Movement
from services.disbursement.codes import Pins
from services.disbursement.domain import Sale, Split, Voucher, local_date, split, usable
from services.disbursement.redemptions import Seen
from services.disbursement.vouchers import SERVICE, serve_waitlist
from shared.auth import Actor
from shared.events import NewEvent
from shared.events.envelope import new_id
from shared.outbox.record import record
from shared.refusal import Refusal
from shared.web import Problem

_REGISTER_SHOP = text(
    """
    INSERT INTO shop (shop_id, enterprise_id, name, commune, province, status, registered_at)
    VALUES (:shop_id, :enterprise_id, :name, :commune, :province, 'active', :moment)
    ON CONFLICT DO NOTHING RETURNING shop_id
    """
)
_SUSPEND_SHOP = text(
    """
    UPDATE shop SET status = 'suspended', suspended_reason = :reason
    WHERE shop_id = :shop_id AND status = 'active' RETURNING shop_id
    """
)


@dataclass(frozen=True, slots=True)
class Redemption:
    """A voucher that has just become a phone. Amounts in đồng."""

    redemption_id: str
    voucher_id: str
    price: int
    subsidy: int
    household_pays: int


def allocate_budget(
    session: Session, programme_id: str, amount: int, document: str, actor: Actor, now: datetime
) -> None:
    """Add `amount` đồng, by the decision `document` names, and serve who waits for it."""
    data = {"programme_id": programme_id, "amount": amount, "document": document}
    (event,) = record(session, SERVICE, [NewEvent("budget.allocated.v1", programme_id, data, actor.subject)])
    budgets.post(session, [Movement(programme_id, "allocate", amount, event.id)], now)
    available = budgets.allocate(session, programme_id, amount, document)
    serve_waitlist(session, programme_id, available, now, event)


def register_shop(session: Session, shop: dict[str, Any], province: str, actor: Actor, now: datetime) -> bool:
    """False when a shop with this id is there already."""
    values = {**shop, "province": province, "moment": now}
    if session.execute(_REGISTER_SHOP, values).first() is None:
        return False
    record(session, SERVICE, [NewEvent("shop.registered.v1", shop["shop_id"], shop, actor.subject)])
    return True


def suspend_shop(session: Session, shop_id: str, reason: str, actor: Actor) -> bool:
    """From now on the shop redeems nothing. False when it is suspended already."""
    if session.execute(_SUSPEND_SHOP, {"shop_id": shop_id, "reason": reason}).first() is None:
        return False
    data = {"shop_id": shop_id, "reason": reason}
    record(session, SERVICE, [NewEvent("shop.suspended.v1", shop_id, data, actor.subject)])
    return True


def redeem_voucher(
    session: Session, sale: Sale, actor: Actor, pins: Pins, now: datetime
) -> Redemption | Refusal:
    """Turn a voucher into a phone, once. The look says which refusal a person reads; what protects the
    money are the guards inside `claim` and at its commit. A wrong PIN is counted, so the caller must commit.
    """
    seen = redemptions.look(session, sale.code, actor.shop_id, sale.imeis)
    voucher = seen.voucher
    refusal = _refusal(seen, now)
    if refusal is not None or voucher is None:
        return refusal or Refusal("VOUCHER_UNKNOWN")
    if not pins.fits(voucher.voucher_id, sale.pin):
        left = redemptions.count_wrong_pin(session, voucher.voucher_id)
        return Refusal("PIN_WRONG", left=left) if left else Refusal("VOUCHER_LOCKED")
    shares = split(voucher.amount, voucher.minimum_price, sale.price)
    if isinstance(shares, Refusal):
        return shares
    if seen.imei_used:
        return Refusal("IMEI_USED")
    return _settle(session, sale, shares, seen, voucher, actor, now)


def _refusal(seen: Seen, now: datetime) -> Refusal | None:
    if seen.shop_status is None:
        return Refusal("SHOP_UNKNOWN")
    if seen.shop_status != "active":
        return Refusal("SHOP_SUSPENDED")
    return usable(seen.voucher, local_date(now))


def _settle(
    session: Session, sale: Sale, shares: Split, seen: Seen, voucher: Voucher, actor: Actor, now: datetime
) -> Redemption | Refusal:
    new = _redeemed(sale, shares, seen, voucher, actor)
    try:
        event = redemptions.claim(session, sale, shares, new, seen.head, now)
    except IntegrityError as error:
        if _is_handset_clash(error):
            raise Problem(409, "IMEI_USED") from error
        raise
    if event is None:
        again = redemptions.look(session, sale.code, actor.shop_id, sale.imeis)
        return _refusal(again, now) or Refusal("IMEI_USED")
    if shares.returned:
        available = budgets.settle_now(session, voucher.programme_id)
        serve_waitlist(session, voucher.programme_id, available, now, event)
    return Redemption(
        event.data["redemption_id"], voucher.voucher_id, shares.price, shares.subsidy, shares.household_pays
    )


def _redeemed(sale: Sale, shares: Split, seen: Seen, voucher: Voucher, actor: Actor) -> NewEvent:
    data = {
        "application_id": voucher.application_id,
        "household_id": voucher.household_id,
        "programme_id": voucher.programme_id,
        "voucher_id": voucher.voucher_id,
        "redemption_id": new_id(),
        "shop_id": actor.shop_id,
        "enterprise_id": seen.enterprise_id,
        "imeis": list(sale.imeis),
        "model": sale.model,
        "price": shares.price,
        "subsidy": shares.subsidy,
    }
    return NewEvent("voucher.redeemed.v1", voucher.application_id, data, actor.subject)


def _is_handset_clash(error: IntegrityError) -> bool:
    """Whether another sale of the same handset came first, at the same moment."""
    constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
    return constraint == "redemption_imei_pkey"
