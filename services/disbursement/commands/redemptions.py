"""A voucher becomes a phone."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from services.disbursement import budgets, redemptions
from services.disbursement.codes import Pins
from services.disbursement.domain import Sale, Split, Voucher, local_date, split, usable
from services.disbursement.redemptions import Seen
from services.disbursement.vouchers import serve_waitlist
from shared.auth import Actor
from shared.events import NewEvent
from shared.events.envelope import new_id
from shared.refusal import Refusal
from shared.web import Problem


@dataclass(frozen=True, slots=True)
class Redemption:
    """A voucher that has just become a phone. Amounts in đồng."""

    redemption_id: str
    voucher_id: str
    price: int
    subsidy: int
    household_pays: int


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
