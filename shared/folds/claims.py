"""The part of disbursement's state that is owed to enterprises: each claim with its sums, in whole đồng.

*paid <= ordered <= accepted* and *accepted + disputed <= claimed*; all of it follows from the log alone.
"""

from typing import Any

from shared.folds.base import Row, State, Step

Data = dict[str, Any]


def _claim(state: State, data: Data) -> Row:
    key = f"claim/{data['claim_id']}"
    row = state.get(key)
    if row is None:
        row = state[key] = {
            "enterprise_id": data["enterprise_id"],
            "programme_id": data["programme_id"],
            "status": None,
            "claimed": 0,
            "disputed": 0,
            "accepted": 0,
            "ordered": 0,
            "paid": 0,
        }
    return row


def _submitted(state: State, data: Data) -> None:
    row = _claim(state, data)
    row["status"] = "submitted"
    row["claimed"] = data["amount"]


def _withdrawn(state: State, data: Data) -> None:
    row = _claim(state, data)
    row["status"] = "withdrawn"
    row["disputed"] = 0


def _disputed(state: State, data: Data) -> None:
    _claim(state, data)["disputed"] += data["amount"]


def _reinstated(state: State, data: Data) -> None:
    _claim(state, data)["disputed"] -= data["amount"]


def _accepted(state: State, data: Data) -> None:
    row = _claim(state, data)
    row["accepted"] = data["amount"]
    _settle(row)


def _ordered(state: State, data: Data) -> None:
    _claim(state, data)["ordered"] += data["amount"]


def _failed(state: State, data: Data) -> None:
    _claim(state, data)["ordered"] -= data["amount"]


def _paid(state: State, data: Data) -> None:
    row = _claim(state, data)
    row["paid"] += data["amount"]
    _settle(row)


def _settle(row: Row) -> None:
    row["status"] = "settled" if row["paid"] == row["accepted"] else "accepted"


STEPS: dict[str, Step] = {
    "claim.submitted.v1": _submitted,
    "claim.withdrawn.v1": _withdrawn,
    "claim.disputed.v1": _disputed,
    "claim.reinstated.v1": _reinstated,
    "claim.accepted.v1": _accepted,
    "claim.paid.v1": _paid,
    "payment.ordered.v1": _ordered,
    "payment.failed.v1": _failed,
}
