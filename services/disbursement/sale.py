"""What decides at the counter: plain values in, decision out. Amounts are whole đồng."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.disbursement.domain import VIETNAM, vnd
from shared.refusal import Refusal

WRONG_TRIES_AN_HOUR = 20
"""Wrong PINs and unknown codes that one shop may try in an hour; docs/security.md does the arithmetic."""


@dataclass(frozen=True, slots=True)
class Till:
    """Where a sale is made: a clerk's shop (`enterprise_id` None: the token vouches for the shop), or a shop
    of the enterprise whose system calls. `subject` is who calls, `channel` counter, till or offline."""

    shop_id: str | None
    enterprise_id: str | None
    subject: str
    channel: str


@dataclass(frozen=True, slots=True)
class Phone:
    """A handset as it is sold. `imeis` are keyed hashes, `tacs` the first eight digits of its numbers,
    `block` the keyed hash of the hundred its serial number lies in."""

    imeis: tuple[str, ...]
    tacs: tuple[str, ...]
    block: str
    model: str
    price: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """The signed receipt: what the shop files it under, and the SHA-256 of its picture (hex)."""

    reference: str | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Sale:
    """What a shop sends. `sold_at` is when the phone was handed over."""

    code: str
    pin: str
    phone: Phone
    receipt: Receipt
    sold_at: datetime


@dataclass(frozen=True, slots=True)
class Counter:
    """A shop as the register has it now. `clerk_status`, `clerk_shop`: None for who is not registered."""

    shop_id: str
    enterprise_id: str
    province: str
    active: bool
    enterprise_active: bool
    hours: tuple[str, ...]
    day_full: bool
    minute_full: bool
    wrong_tries: int
    clerk_status: str | None
    clerk_shop: str | None


@dataclass(frozen=True, slots=True)
class Terms:
    """What a programme says about sales; None where it says nothing."""

    name_vi: str
    name_en: str
    provinces: tuple[str, ...] | None = None
    handset_kinds: tuple[str, ...] | None = None
    maximum_price: int | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """A model of the catalogue. `knows_tacs`: every number of the sold handset begins as its should."""

    listed: bool
    generation: str
    price_ceiling: int | None
    knows_tacs: bool


def terms_of_sale(document: Mapping[str, Any]) -> dict[str, Any]:
    """What a published programme's document says about sales, by the columns that keep it."""
    voucher, offline = document.get("voucher") or {}, document.get("offline") or {}
    return {
        "handset_kinds": voucher.get("handset_kinds") or None,
        "maximum_price": voucher.get("maximum_price"),
        "reversal_days": voucher.get("reversal_days"),
        "offline_per_voucher": offline.get("per_voucher"),
        "offline_per_day": offline.get("per_shop_per_day"),
        "offline_days_to_send": offline.get("days_to_send"),
    }


def counter_refusal(counter: Counter | None, now: datetime) -> Refusal | None:
    """Why nothing may be redeemed here now, whatever voucher comes."""
    if counter is None:
        return Refusal("SHOP_UNKNOWN")
    return standing_refusal(counter) or load_refusal(counter, now)


def standing_refusal(counter: Counter) -> Refusal | None:
    """Who may not redeem at all until somebody lets them again."""
    if not counter.enterprise_active:
        return Refusal("ENTERPRISE_SUSPENDED")
    if not counter.active:
        return Refusal("SHOP_SUSPENDED")
    if counter.clerk_status == "suspended":
        return Refusal("CLERK_SUSPENDED")
    if counter.clerk_shop not in (None, counter.shop_id):
        return Refusal("CLERK_OF_ANOTHER_SHOP")
    if counter.wrong_tries >= WRONG_TRIES_AN_HOUR:
        return Refusal("TOO_MANY_WRONG_TRIES")
    return None


def load_refusal(counter: Counter, now: datetime) -> Refusal | None:
    """Who must wait for a time of day."""
    if not open_at(counter.hours, now):
        return Refusal("SHOP_CLOSED")
    if counter.day_full:
        return Refusal("SHOP_DAY_FULL")
    return Refusal("SHOP_MINUTE_FULL") if counter.minute_full else None


def open_at(hours: Sequence[str], moment: datetime) -> bool:
    """Whether a shop with these hours is open. An entry is `1 07:30-11:30`: weekday (1 Monday), from, until;
    in Viet Nam's time. No entries: always open."""
    here = moment.astimezone(VIETNAM)
    day, clock = str(here.isoweekday()), f"{here:%H:%M}"
    return not hours or any(entry[0] == day and entry[2:7] <= clock < entry[8:13] for entry in hours)


def place_refusal(counter: Counter, terms: Terms) -> Refusal | None:
    """A programme's vouchers are redeemed in its own provinces."""
    if terms.provinces is not None and counter.province not in terms.provinces:
        return Refusal("VOUCHER_OTHER_SHOP")
    return None


def phone_refusal(phone: Phone, model: Model | None, terms: Terms) -> Refusal | None:
    """Why this handset may not be sold for the programme's voucher.

    A programme that names handset kinds wants a model of the catalogue; what the catalogue says of a model
    holds in every programme.
    """
    if terms.maximum_price is not None and phone.price > terms.maximum_price:
        return Refusal("HANDSET_ABOVE_MAXIMUM", maximum=vnd(terms.maximum_price))
    if model is None:
        return None if terms.handset_kinds is None else Refusal("HANDSET_NOT_LISTED")
    if not model.listed:
        return Refusal("HANDSET_NOT_LISTED")
    if terms.handset_kinds is not None and model.generation not in terms.handset_kinds:
        return Refusal("HANDSET_KIND_NOT_ACCEPTED", kinds=", ".join(terms.handset_kinds))
    if not model.knows_tacs:
        return Refusal("IMEI_NOT_OF_MODEL")
    if model.price_ceiling is not None and phone.price > model.price_ceiling:
        return Refusal("HANDSET_ABOVE_CEILING", ceiling=vnd(model.price_ceiling))
    return None
