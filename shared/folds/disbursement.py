"""The disbursement service's state: each case's voucher, each programme's budget, each shop.

Budgets are sums, in whole đồng: allocated from the budget's own stream, reserved and spent from the
voucher events of all cases, available = allocated - reserved - spent. Issuing reserves the voucher's
amount; redeeming turns the subsidy into spending and frees the rest; cancelling and expiring free the
amount; reversing puts the whole amount back into reservation. Beside the money each budget counts vouchers,
for the funnel: issued = redeemed + expired + cancelled + outstanding.
"""

from typing import Any

from shared.folds.base import Event, Row, Shape, State, Step, fold

Data = dict[str, Any]

COUNTED = ("issued", "redeemed", "expired", "cancelled")
"""What a budget counts of its vouchers: ever issued, and now redeemed, expired, cancelled."""


def fold_disbursement(state: State, event: Event) -> State:
    """Fold one event into `state`, in place. Cases are keyed by id, the rest by `budget/<programme_id>` and
    `shop/<shop_id>`. Erasing a household changes nothing here: vouchers name nobody, and amounts stay."""
    return fold(STEPS, state, event)


def show_disbursement(key: str, row: Row) -> Shape | None:
    """The public shape; a budget's `available` is worked out here."""
    if key.startswith("budget/"):
        allocated, reserved, spent = row["allocated"], row["reserved"], row["spent"]
        available = allocated - reserved - spent
        return {"allocated": allocated, "available": available, "reserved": reserved, "spent": spent}
    if key.startswith("shop/"):
        return dict(row)
    return {name: value for name, value in row.items() if name != "programme_id"}


def _new_case(state: State, data: Data) -> Row:
    """A blank row: what a new promise (waitlisted or issued) starts from, also after a cancelled one."""
    row = state[data["application_id"]] = {
        "programme_id": data["programme_id"],
        "voucher_id": None,
        "status": None,
        "amount": 0,
        "expires_on": None,
        "position": None,
        "redemption_id": None,
        "shop_id": None,
        "price": None,
        "subsidy": None,
    }
    return row


def _case(state: State, data: Data) -> Row:
    return state.get(data["application_id"]) or _new_case(state, data)


def _budget(state: State, data: Data) -> Row:
    key = f"budget/{data['programme_id']}"
    row = state.get(key)
    if row is None:
        row = state[key] = dict.fromkeys(("allocated", "reserved", "spent", *COUNTED), 0)
    return row


def _allocated(state: State, data: Data) -> None:
    _budget(state, data)["allocated"] += data["amount"]


def _adjusted(state: State, data: Data) -> None:
    _budget(state, data)["allocated"] += data["change"]


def _waitlisted(state: State, data: Data) -> None:
    """Who waits, waits for a budget: it is there from then on, if only with zeros."""
    row = _new_case(state, data)
    row["status"] = "waitlisted"
    row["amount"] = data["amount"]
    row["position"] = data["position"]
    _budget(state, data)


def _issued(state: State, data: Data) -> None:
    row = _new_case(state, data)
    row["status"] = "issued"
    row["voucher_id"] = data["voucher_id"]
    row["amount"] = data["amount"]
    row["expires_on"] = data["expires_on"]
    budget = _budget(state, data)
    budget["reserved"] += data["amount"]
    budget["issued"] += 1


def _redeemed(state: State, data: Data) -> None:
    row, budget = _case(state, data), _budget(state, data)
    row["status"] = "redeemed"
    row["redemption_id"] = data["redemption_id"]
    row["shop_id"] = data["shop_id"]
    row["price"] = data["price"]
    row["subsidy"] = data["subsidy"]
    budget["reserved"] -= row["amount"]
    budget["spent"] += data["subsidy"]
    budget["redeemed"] += 1


def _reversed(state: State, data: Data) -> None:
    row, budget = _case(state, data), _budget(state, data)
    row["status"] = "issued"
    row["redemption_id"] = row["shop_id"] = row["price"] = row["subsidy"] = None
    budget["spent"] -= data["subsidy"]
    budget["reserved"] += row["amount"]
    budget["redeemed"] -= 1


def _cancelled(state: State, data: Data) -> None:
    row = _case(state, data)
    row["status"] = "cancelled"
    if data["voucher_id"] is not None:
        _ended(state, data, "cancelled")


def _expired(state: State, data: Data) -> None:
    _case(state, data)["status"] = "expired"
    _ended(state, data, "expired")


def _ended(state: State, data: Data, how: str) -> None:
    """A voucher ended unused: its money is free again."""
    budget = _budget(state, data)
    budget["reserved"] -= data["amount"]
    budget[how] += 1


def _reissued(state: State, data: Data) -> None:
    row = _case(state, data)
    row["status"] = "issued"
    row["voucher_id"] = data["voucher_id"]
    row["expires_on"] = data["expires_on"]


def _registered(state: State, data: Data) -> None:
    state[f"shop/{data['shop_id']}"] = {
        "enterprise_id": data["enterprise_id"],
        "name": data["name"],
        "commune": data["commune"],
        "status": "active",
    }


def _suspended(state: State, data: Data) -> None:
    blank = {"enterprise_id": None, "name": None, "commune": None}
    state.setdefault(f"shop/{data['shop_id']}", blank)["status"] = "suspended"


STEPS: dict[str, Step] = {
    "budget.allocated.v1": _allocated,
    "budget.adjusted.v1": _adjusted,
    "voucher.waitlisted.v1": _waitlisted,
    "voucher.issued.v1": _issued,
    "voucher.redeemed.v1": _redeemed,
    "voucher.reversed.v1": _reversed,
    "voucher.cancelled.v1": _cancelled,
    "voucher.expired.v1": _expired,
    "voucher.reissued.v1": _reissued,
    "shop.registered.v1": _registered,
    "shop.suspended.v1": _suspended,
}
