"""A voucher becomes a phone."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from services.disbursement import budgets, locking, redemptions
from services.disbursement.codes import Pins
from services.disbursement.domain import Split, Voucher, local_date, split, usable
from services.disbursement.redemptions import Claim, Seen
from services.disbursement.sale import (
    Counter,
    Sale,
    Terms,
    Till,
    counter_refusal,
    phone_refusal,
    place_refusal,
)
from services.disbursement.waitlist import serve_waitlist
from shared.auth import Actor
from shared.db import broken_constraint
from shared.db.lean import Connected
from shared.events import NewEvent
from shared.events.envelope import new_id
from shared.idempotency import KEY_TAKEN, Kept
from shared.refusal import Refusal
from shared.web import Problem

RACES = {"redemption_imei_pkey": "IMEI_USED", "shop_within_its_limits": "SHOP_MINUTE_FULL"}
"""Constraints that decide between sales that meet, and what the one that came later hears."""


@dataclass(frozen=True, slots=True)
class Redemption:
    """A voucher that has just become a phone. Amounts in đồng."""

    redemption_id: str
    voucher_id: str
    price: int
    subsidy: int
    household_pays: int


@dataclass(frozen=True, slots=True)
class Ready:
    """A sale that nothing speaks against, so far as one look can tell."""

    seen: Seen
    counter: Counter
    voucher: Voucher
    shares: Split


def look_up_voucher(
    session: Session, code: str, till: Till, actor: Actor, now: datetime
) -> tuple[Voucher, Terms] | Refusal:
    """What a voucher is good for here today. An unknown code is counted, so the caller must commit."""
    seen = redemptions.look(session, till, code, None, now)
    refusal = _voucher_refusal(seen, now)
    if refusal is not None or seen.voucher is None:
        refusal = refusal or Refusal("VOUCHER_UNKNOWN")
        return counted(session, refusal, seen, replace(actor, shop_id=till.shop_id), now)
    return seen.voucher, seen.terms


def redeem_at_once(
    session: Connected,
    sale: Sale,
    till: Till,
    actor: Actor,
    pins: Pins,
    now: datetime,
    answer: Callable[[Redemption], Kept],
) -> Kept | None:
    """The usual way: one look, and one statement that is the whole transaction and keeps the `answer`.

    None, with nothing changed, for whatever is not usual: a refusal, a key that was used before, a sale that
    came second, money that returns to who waits. `redeem_voucher` under the key says what it is.
    """
    seen = redemptions.look(session, till, sale.code, sale.phone, now)
    ready = _ready(seen, sale, pins, now)
    if isinstance(ready, Refusal) or ready.shares.returned:
        return None
    wanted = claim_of(ready, sale, till, actor, now)
    kept = answer(_redemption(wanted, ready.voucher))
    try:
        event = redemptions.claim(session, wanted, kept)
    except IntegrityError as error:
        if broken_constraint(error) in (KEY_TAKEN, *RACES):
            return None
        raise
    return kept if event else None


def redeem_voucher(
    session: Session, sale: Sale, till: Till, actor: Actor, pins: Pins, now: datetime
) -> Redemption | Refusal:
    """Turn a voucher into a phone, once. The look says which refusal a person reads; what protects the
    money are the guards inside `claim` and at its commit. Wrong tries are counted, so the caller must commit.
    """
    seen = redemptions.look(session, till, sale.code, sale.phone, now)
    ready = _ready(seen, sale, pins, now)
    if isinstance(ready, Refusal):
        return counted(session, ready, seen, replace(actor, shop_id=till.shop_id), now)
    wanted = claim_of(ready, sale, till, actor, now)
    try:
        event = redemptions.claim(session, wanted)
    except IntegrityError as error:
        code = RACES.get(broken_constraint(error) or "")
        if code is None:
            raise
        raise Problem(429 if code == "SHOP_MINUTE_FULL" else 409, code) from error
    if event is None:
        again = _ready(redemptions.look(session, till, sale.code, sale.phone, now), sale, pins, now)
        return again if isinstance(again, Refusal) else Refusal("IMEI_USED")
    if ready.shares.returned:
        for budget_id, available in budgets.hold(session, [ready.voucher.budget_id]).items():
            serve_waitlist(session, budget_id, available, now, event)
    return _redemption(wanted, ready.voucher)


def _ready(seen: Seen, sale: Sale, pins: Pins, now: datetime) -> Ready | Refusal:
    counter, voucher, refusal = seen.counter, seen.voucher, _voucher_refusal(seen, now)
    if refusal is not None or counter is None or voucher is None:
        return refusal or Refusal("VOUCHER_UNKNOWN")
    if not pins.fits(voucher.voucher_id, sale.pin):
        return Refusal("PIN_WRONG")
    shares = split(voucher.amount, voucher.minimum_price, sale.phone.price)
    if isinstance(shares, Refusal):
        return shares
    if refusal := phone_refusal(sale.phone, seen.model, seen.terms):
        return refusal
    return Refusal("IMEI_USED") if seen.imei_used else Ready(seen, counter, voucher, shares)


def _voucher_refusal(seen: Seen, now: datetime) -> Refusal | None:
    """Why the voucher is good for nothing at this counter now."""
    refusal = counter_refusal(seen.counter, now) or usable(seen.voucher, local_date(now))
    if refusal is None and seen.counter is not None:
        refusal = place_refusal(seen.counter, seen.terms)
    return refusal


def counted(session: Session, refusal: Refusal, seen: Seen, actor: Actor, now: datetime) -> Refusal:
    """The refusal, after a wrong PIN or an unknown code was counted against the shop and the voucher.

    Once the shop's tries of the hour are used up, nobody is told what was wrong.
    """
    if refusal.code not in ("PIN_WRONG", "VOUCHER_UNKNOWN") or actor.shop_id is None:
        return refusal
    if not redemptions.count_wrong_try(session, actor.shop_id, now):
        return Refusal("TOO_MANY_WRONG_TRIES")
    if refusal.code == "VOUCHER_UNKNOWN" or seen.voucher is None:
        return refusal
    left = locking.count_wrong_pin(session, seen.voucher, actor)
    if left == 0 and seen.voucher.status == "issued":
        return Refusal("VOUCHER_LOCKED")
    return Refusal("PIN_WRONG", left=left)


def claim_of(ready: Ready, sale: Sale, till: Till, actor: Actor, now: datetime) -> Claim:
    """What `redemptions.claim` writes for this sale."""
    voucher, counter = ready.voucher, ready.counter
    data = {
        "application_id": voucher.application_id,
        "household_id": voucher.household_id,
        "programme_id": voucher.programme_id,
        "voucher_id": voucher.voucher_id,
        "redemption_id": new_id(),
        "shop_id": counter.shop_id,
        "enterprise_id": counter.enterprise_id,
        "sold_by": till.channel,
        "sold_on": local_date(sale.sold_at).isoformat(),
        "imeis": list(sale.phone.imeis),
        "model": sale.phone.model,
        "price": ready.shares.price,
        "subsidy": ready.shares.subsidy,
        "receipt": sale.receipt.sha256,
    }
    new = NewEvent("voucher.redeemed.v1", voucher.application_id, data, actor.subject)
    return Claim(sale, till, ready.shares, new, ready.seen.head, local_date(sale.sold_at), now)


def _redemption(wanted: Claim, voucher: Voucher) -> Redemption:
    shares = wanted.shares
    return Redemption(
        wanted.new.data["redemption_id"],
        voucher.voucher_id,
        shares.price,
        shares.subsidy,
        shares.household_pays,
    )
