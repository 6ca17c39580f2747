"""What decides about money and vouchers: plain values in, decision out. Amounts are whole đồng."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import accumulate
from zoneinfo import ZoneInfo

from shared.refusal import Refusal

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
PIN_ATTEMPTS = 5
UNLOCKS = 3
"""How often a locked voucher is opened again, before only a new one helps."""

_GONE = {
    "redeemed": "VOUCHER_USED",
    "expired": "VOUCHER_EXPIRED",
    "cancelled": "VOUCHER_CANCELLED",
    "reissued": "VOUCHER_REISSUED",
}


@dataclass(frozen=True, slots=True)
class Voucher:
    """A voucher as a shop meets it. `expires_on` is the last good day in Viet Nam."""

    voucher_id: str
    application_id: str
    household_id: str
    programme_id: str
    budget_id: str
    status: str
    locked: bool
    amount: int
    minimum_price: int
    expires_on: date


@dataclass(frozen=True, slots=True)
class Split:
    """Who pays what: price = subsidy + household_pays; amount = subsidy + returned."""

    price: int
    subsidy: int
    household_pays: int
    returned: int


def local_date(moment: datetime) -> date:
    """The calendar day in Viet Nam."""
    return moment.astimezone(VIETNAM).date()


def gone(status: str) -> Refusal | None:
    """How a voucher with this status ended; None for one that is out."""
    return Refusal(_GONE[status]) if status in _GONE else None


def usable(voucher: Voucher | None, today: date) -> Refusal | None:
    """Why this voucher is good for nothing today; None when it is good."""
    if voucher is None:
        return Refusal("VOUCHER_UNKNOWN")
    if refusal := gone(voucher.status):
        return refusal
    if voucher.expires_on < today:
        return Refusal("VOUCHER_EXPIRED")
    if voucher.locked:
        return Refusal("VOUCHER_LOCKED")
    return None


def split(amount: int, minimum_price: int, price: int) -> Split | Refusal:
    """Share a handset's price between programme and household."""
    if price < minimum_price:
        return Refusal("HANDSET_BELOW_MINIMUM", minimum=vnd(minimum_price))
    subsidy = min(amount, price)
    return Split(price, subsidy, price - subsidy, amount - subsidy)


def affordable(amounts: Iterable[int], available: int) -> int:
    """How many of `amounts`, from the first on, `available` pays for. Nobody is overtaken: the first that
    does not fit ends the row."""
    return sum(1 for total in accumulate(amounts) if total <= available)


def vnd(amount: int) -> str:
    """`500.000 đ`, as Vietnamese paper writes it."""
    return f"{amount:,}".replace(",", ".") + " đ"


@dataclass(frozen=True, slots=True)
class Place:
    """Where money is spent: a commune (five digits) of a province (two digits), a province, or, with neither,
    wherever the programme reaches."""

    programme_id: str
    province: str | None
    commune: str | None


def budget_ids(place: Place) -> tuple[str, ...]:
    """The budgets that could pay for a place, the most specific first: its own, then those above it."""
    ids = [place.programme_id]
    for part in (place.province, place.commune):
        if part is not None:
            ids.append(f"{ids[-1]}/{part}")
    return tuple(reversed(ids))
