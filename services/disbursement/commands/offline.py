"""What a device sold without a line becomes when it is sent: a phone, a dispute, or nothing."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from services.disbursement import budgets, offline, redemptions
from services.disbursement.codes import Pins
from services.disbursement.commands.redemptions import RACES, Ready, claim_of, counted
from services.disbursement.domain import Split, Voucher, gone, local_date, split
from services.disbursement.offline import Answer, refused
from services.disbursement.redemptions import Seen
from services.disbursement.sale import Counter, Sale, Till, phone_refusal, place_refusal, standing_refusal
from services.disbursement.waitlist import serve_waitlist
from shared.auth import Actor
from shared.db import broken_constraint
from shared.refusal import Refusal

NOT_FOR_EVER = {"TOO_MANY_WRONG_TRIES", "SHOP_SUSPENDED", "ENTERPRISE_SUSPENDED", "CLERK_SUSPENDED"}
"""Answers that are not kept: the same sale may be sent again and go well."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One sale of a batch. `sale_id` is the device's own; `sale` is a refusal where it could not be read;
    `content` is what was sent, without the PIN, to know the sale again."""

    sale_id: str
    sale: Sale | Refusal
    sold_at: datetime
    content: dict[str, Any]

    @property
    def request_hash(self) -> str:
        raw = orjson.dumps(self.content, option=orjson.OPT_SORT_KEYS, default=str)
        return hashlib.sha256(raw).hexdigest()


@dataclass(frozen=True, slots=True)
class Desk:
    """Who sends, from where, when, and what knows the PINs."""

    till: Till
    actor: Actor
    pins: Pins
    now: datetime


def take_in(session: Session, batch: Sequence[Sent], desk: Desk) -> list[Answer] | Refusal:
    """Answer each sale of the batch, in its order; a refusal when the shop may not redeem at all.

    Sales go in the order of their voucher codes, so that batches which meet wait for each other in turn. What
    was answered before is answered alike, and a second claim to anything becomes a dispute, never a payment.
    """
    counter = redemptions.look(session, desk.till, None, None, desk.now).counter
    if counter is None:
        return Refusal("SHOP_UNKNOWN")
    if refusal := standing_refusal(counter):
        return refusal
    answers: dict[str, Answer] = {}
    returned: set[str] = set()
    for sent in sorted(batch, key=lambda sent: sent.sale.code if isinstance(sent.sale, Sale) else ""):
        answers[sent.sale_id] = _answer(session, sent, counter.shop_id, desk, returned)
    for budget_id, available in budgets.hold(session, returned).items():
        serve_waitlist(session, budget_id, available, desk.now)
    return [answers[sent.sale_id] for sent in batch]


def _answer(session: Session, sent: Sent, shop_id: str, desk: Desk, returned: set[str]) -> Answer:
    """What was answered before, or what is answered now. When the same sale comes twice at once, the second
    forgets what it made of it and repeats the first one's answer."""
    known = offline.answered(session, shop_id, sent.sale_id, sent.request_hash)
    if known is not None:
        return known
    freed: set[str] = set()
    try:
        with session.begin_nested():
            sale = sent.sale
            answer = refused(sale) if isinstance(sale, Refusal) else _decide(session, sale, desk, freed)
            if answer.code not in NOT_FOR_EVER:
                known_by = (shop_id, sent.sale_id, sent.request_hash)
                offline.keep(session, *known_by, answer, sent.sold_at, desk.now)
    except IntegrityError as error:
        if broken_constraint(error) != "offline_sale_pkey":
            raise
        return _answer(session, sent, shop_id, desk, returned)
    returned |= freed
    return answer


def _decide(session: Session, sale: Sale, desk: Desk, returned: set[str]) -> Answer:
    seen = redemptions.look(session, desk.till, sale.code, sale.phone, desk.now)
    counter, voucher = seen.counter, seen.voucher
    if counter is None or voucher is None:
        return refused(Refusal("VOUCHER_UNKNOWN" if voucher is None else "SHOP_UNKNOWN"))
    shares = _shares(session, sale, seen, counter, voucher, desk)
    if isinstance(shares, Refusal):
        return refused(shares)
    reason = _taken(seen)
    if reason is None:
        done = _redeem(session, sale, Ready(seen, counter, voucher, shares), desk)
        if isinstance(done, Answer):
            returned |= {voucher.budget_id} if shares.returned else set()
            return done
        reason = done
    return offline.dispute(session, sale, counter, voucher, reason, desk.actor, desk.now)


def _shares(
    session: Session, sale: Sale, seen: Seen, counter: Counter, voucher: Voucher, desk: Desk
) -> Split | Refusal:
    """Who pays what; or why the sale should not have been made, whatever became of the voucher since."""
    terms = offline.terms_of(session, voucher.programme_id)
    refusal = (
        standing_refusal(counter)
        or place_refusal(counter, seen.terms)
        or offline.limits_refusal(terms, voucher, sale.sold_at, desk.now)
    )
    if refusal is not None or terms is None:
        return refusal or Refusal("OFFLINE_NOT_ALLOWED")
    if not desk.pins.fits(voucher.voucher_id, sale.pin):
        actor = replace(desk.actor, shop_id=counter.shop_id)
        return counted(session, Refusal("PIN_WRONG"), seen, actor, desk.now)
    shares = split(voucher.amount, voucher.minimum_price, sale.phone.price)
    if isinstance(shares, Refusal):
        return shares
    if refusal := phone_refusal(sale.phone, seen.model, seen.terms):
        return refusal
    day = local_date(sale.sold_at)
    if not offline.count(session, counter.shop_id, voucher.programme_id, day, terms):
        return Refusal("OFFLINE_DAY_FULL", most=terms.per_day)
    return shares


def _taken(seen: Seen) -> str | None:
    """What somebody else has done meanwhile to the voucher or the handset; None when both are free."""
    ended = gone(seen.voucher.status) if seen.voucher else Refusal("VOUCHER_UNKNOWN")
    if ended is not None:
        return ended.code
    if seen.voucher is not None and seen.voucher.locked:
        return "VOUCHER_LOCKED"
    return "IMEI_USED" if seen.imei_used else None


def _redeem(session: Session, sale: Sale, ready: Ready, desk: Desk) -> Answer | str:
    """The phone, or who was faster."""
    wanted = claim_of(ready, sale, desk.till, desk.actor, desk.now)
    try:
        with session.begin_nested():
            event = redemptions.claim(session, wanted)
    except IntegrityError as error:
        code = RACES.get(broken_constraint(error) or "")
        if code is None:
            raise
        return code
    if event is None:
        again = redemptions.look(session, desk.till, sale.code, sale.phone, desk.now)
        return _taken(again) or "VOUCHER_USED"
    shares = ready.shares
    facts = {"price": shares.price, "subsidy": shares.subsidy, "household_pays": shares.household_pays}
    return Answer("redeemed", None, facts, redemption_id=event.data["redemption_id"])
