"""The applications service's state: each case with what the three services say of it."""

from typing import Any

from shared.casestate import overall
from shared.folds.base import Event, Row, Shape, State, Step, fold

Data = dict[str, Any]


def fold_applications(state: State, event: Event) -> State:
    """Fold one event into `state`, in place. Erasure sticks, whatever comes later."""
    return fold(STEPS, state, event)


def show_application(_key: str, row: Row) -> Shape | None:
    """The public shape; None for an erased case and for one whose application has not come yet."""
    word = row["application"]
    if word is None or word == "erased":
        return None
    shape = {**row, "status": overall(word, row["eligibility"], row["disbursement"])}
    del shape["channel"]
    return shape


def _case(state: State, data: Data) -> Row:
    key = data["application_id"]
    row = state.get(key)
    if row is None:
        row = state[key] = {
            "household_id": None,
            "programme_id": None,
            "commune": None,
            "channel": None,
            "revision": 0,
            "application": None,
            "eligibility": None,
            "disbursement": None,
        }
    return row


def _describe(row: Row, data: Data, revision: int) -> None:
    row["household_id"] = data["household_id"]
    row["programme_id"] = data["programme_id"]
    row["commune"] = data["commune"]
    row["revision"] = revision


def _submitted(state: State, data: Data) -> None:
    row = _case(state, data)
    if row["application"] != "erased":
        _describe(row, data, 1)
        row["channel"] = data["channel"]
        row["application"] = "submitted"


def _corrected(state: State, data: Data) -> None:
    """The channel stays the one it was submitted by: who came with a list is counted as such."""
    row = _case(state, data)
    if row["application"] != "erased":
        _describe(row, data, data["revision"])


def _application_says(word: str) -> Step:
    def step(state: State, data: Data) -> None:
        row = _case(state, data)
        if row["application"] != "erased":
            row["application"] = word

    return step


def _assessed(state: State, data: Data) -> None:
    _case(state, data)["eligibility"] = data["outcome"]


def _says(service: str, word: str) -> Step:
    def step(state: State, data: Data) -> None:
        _case(state, data)[service] = word

    return step


STEPS: dict[str, Step] = {
    "application.submitted.v1": _submitted,
    "application.corrected.v1": _corrected,
    "application.withdrawn.v1": _application_says("withdrawn"),
    "application.appealed.v1": _application_says("appealed"),
    "application.erased.v1": _application_says("erased"),
    "eligibility.assessed.v1": _assessed,
    "eligibility.approved.v1": _says("eligibility", "approved"),
    "eligibility.rejected.v1": _says("eligibility", "rejected"),
    "eligibility.revoked.v1": _says("eligibility", "revoked"),
    "eligibility.objected.v1": _says("eligibility", "referred"),
    "eligibility.referral_upheld.v1": _says("eligibility", "eligible"),
    "voucher.waitlisted.v1": _says("disbursement", "waitlisted"),
    "voucher.issued.v1": _says("disbursement", "issued"),
    "voucher.redeemed.v1": _says("disbursement", "redeemed"),
    "voucher.reversed.v1": _says("disbursement", "issued"),
    "voucher.reissued.v1": _says("disbursement", "issued"),
    "voucher.cancelled.v1": _says("disbursement", "cancelled"),
    "voucher.expired.v1": _says("disbursement", "expired"),
}
"""A reversed or reissued voucher is an issued one again."""
