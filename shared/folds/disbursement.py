"""The disbursement service's state: each case's voucher, each budget, each shop.

Budgets are sums, in whole đồng: allocated and distributed (what the budgets right below were allocated) from
the programme's budget stream, reserved and spent from the voucher events of all cases, available = allocated
- reserved - spent - distributed. Issuing reserves the voucher's amount in the budget that the event names;
redeeming turns the subsidy into spending and frees the rest; cancelling and expiring free the amount;
reversing puts the whole amount back into reservation. Beside the money each budget counts vouchers, for the
funnel: issued = redeemed + expired + cancelled + reissued + outstanding.
"""

from typing import Any

from shared.folds import claims
from shared.folds.base import Event, Row, Shape, State, Step, fold

Data = dict[str, Any]

COUNTED = ("issued", "redeemed", "expired", "cancelled", "reissued")
"""What a budget counts of its vouchers: ever issued, and now redeemed, expired, cancelled, replaced by new
ones."""

MONEY = ("allocated", "reserved", "spent", "distributed")


def fold_disbursement(state: State, event: Event) -> State:
    """Fold one event into `state`, in place. Cases are keyed by id, the rest by `budget/<budget_id>` and
    `shop/<shop_id>`. Erasing a household changes nothing here: vouchers name nobody, and amounts stay."""
    return fold(STEPS, state, event)


def show_disbursement(key: str, row: Row) -> Shape | None:
    """The public shape; a budget's `available` is worked out here."""
    if key.startswith("budget/"):
        money = {name: row[name] for name in MONEY}
        available = row["allocated"] - row["reserved"] - row["spent"] - row["distributed"]
        return {**money, "available": available}
    if key.startswith(("shop/", "claim/")):
        return dict(row)
    return {name: value for name, value in row.items() if name != "programme_id"}


def _new_case(state: State, data: Data) -> Row:
    """A blank row: what a new promise (waitlisted or issued) starts from, also after a cancelled one."""
    row = state[data["application_id"]] = {
        "programme_id": data["programme_id"],
        "budget_id": None,
        "voucher_id": None,
        "status": None,
        "locked": False,
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


def _budget(state: State, budget_id: str) -> Row:
    key = f"budget/{budget_id}"
    row = state.get(key)
    if row is None:
        row = state[key] = dict.fromkeys((*MONEY, *COUNTED), 0)
    return row


def _charged(state: State, data: Data) -> Row:
    """The budget that the case's voucher was charged to."""
    return _budget(state, _case(state, data)["budget_id"] or data["programme_id"])


def _allocated(state: State, data: Data) -> None:
    _given(state, data, data["amount"])


def _adjusted(state: State, data: Data) -> None:
    _given(state, data, data["change"])


def _given(state: State, data: Data, change: int) -> None:
    """A programme's money comes from outside; a province's and a commune's from the budget above."""
    path = [data["programme_id"], *(part for part in (data["province"], data["commune"]) if part is not None)]
    _budget(state, "/".join(path))["allocated"] += change
    if len(path) > 1:
        _budget(state, "/".join(path[:-1]))["distributed"] += change


def _waitlisted(state: State, data: Data) -> None:
    """Who waits, waits for a budget: the programme's is there from then on, if only with zeros."""
    row = _new_case(state, data)
    row["status"] = "waitlisted"
    row["amount"] = data["amount"]
    row["position"] = data["position"]
    _budget(state, data["programme_id"])


def _issued(state: State, data: Data) -> None:
    row = _new_case(state, data)
    row["status"] = "issued"
    row["budget_id"] = data["budget_id"]
    row["voucher_id"] = data["voucher_id"]
    row["amount"] = data["amount"]
    row["expires_on"] = data["expires_on"]
    budget = _budget(state, data["budget_id"])
    budget["reserved"] += data["amount"]
    budget["issued"] += 1


def _redeemed(state: State, data: Data) -> None:
    row, budget = _case(state, data), _charged(state, data)
    row["status"] = "redeemed"
    row["redemption_id"] = data["redemption_id"]
    row["shop_id"] = data["shop_id"]
    row["price"] = data["price"]
    row["subsidy"] = data["subsidy"]
    budget["reserved"] -= row["amount"]
    budget["spent"] += data["subsidy"]
    budget["redeemed"] += 1


def _reversed(state: State, data: Data) -> None:
    row, budget = _case(state, data), _charged(state, data)
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
    budget = _charged(state, data)
    budget["reserved"] -= data["amount"]
    budget[how] += 1


def _reissued(state: State, data: Data) -> None:
    row = _case(state, data)
    row["status"] = "issued"
    row["voucher_id"] = data["voucher_id"]
    row["expires_on"] = data["expires_on"]
    row["locked"] = False
    budget = _charged(state, data)
    budget["issued"] += 1
    budget["reissued"] += 1


def _locks(locked: bool) -> Step:
    def step(state: State, data: Data) -> None:
        _case(state, data)["locked"] = locked

    return step


def _registered(state: State, data: Data) -> None:
    state[f"shop/{data['shop_id']}"] = {
        "enterprise_id": data["enterprise_id"],
        "name": data["name"],
        "commune": data["commune"],
        "status": "active",
    }


def _shop_is(status: str) -> Step:
    def step(state: State, data: Data) -> None:
        blank = {"enterprise_id": None, "name": None, "commune": None}
        state.setdefault(f"shop/{data['shop_id']}", blank)["status"] = status

    return step


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
    "voucher.locked.v1": _locks(True),
    "voucher.unlocked.v1": _locks(False),
    "shop.registered.v1": _registered,
    "shop.suspended.v1": _shop_is("suspended"),
    "shop.reinstated.v1": _shop_is("active"),
    **claims.STEPS,
}
