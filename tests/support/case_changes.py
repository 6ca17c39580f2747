"""What happens to cases in tests: decided, corrected, revoked, their vouchers redeemed or ended."""

from datetime import UTC, datetime
from typing import Any

from shared.auth import Actor
from tests.support.approval_lists import PROVINCIAL, decision
from tests.support.eligibility import application, case, disbursed, heard, person, submitted, take_in
from tests.support.service import APPROVER, Bench

NEW_YEAR = datetime(2026, 12, 31, 17, 5, tzinfo=UTC)
"""Five past midnight in Viet Nam."""


def approve(bench: Bench, one: dict[str, Any], who: Actor = APPROVER, day: int = 23) -> Any:
    path = f"/cases/{one['application_id']}:approve"
    return bench.call("POST", path, who, json=decision(day), key=True)


def approved(bench: Bench, **options: Any) -> dict[str, Any]:
    (one,) = submitted(bench, 1, **options)
    assert approve(bench, one).status_code == 200
    return one


def revoke(bench: Bench, one: dict[str, Any], who: Actor = PROVINCIAL, reason: str = "MOVED_AWAY") -> Any:
    path = f"/cases/{one['application_id']}:revoke"
    return bench.call("POST", path, who, json={"reason": reason}, key=True)


def correct(bench: Bench, one: dict[str, Any], *, revision: int = 2, **changes: Any) -> None:
    """The whole content anew: the facts that `application` gives, with `changes`."""
    wanted = {name: one[name] for name in ("application_id", "household_id", "programme_id", "persons")}
    corrected = {**application(**{**wanted, **changes}), "revision": revision, "reason": "MISTYPED"}
    take_in(bench, heard("application.corrected.v1", corrected))


def redeem(bench: Bench, one: dict[str, Any]) -> None:
    take_in(bench, disbursed("voucher.redeemed", one))


def cancel(bench: Bench, one: dict[str, Any], reason: str = "REVOKED") -> None:
    take_in(bench, disbursed("voucher.cancelled", one, voucher_id=None, amount=0, reason=reason))


def types(bench: Bench, one: dict[str, Any]) -> list[str]:
    """The types of the events about a case, in order, without their beginning and version."""
    key = one["application_id"]
    return [event.type.split(".")[1] for event in bench.events() if event.key == key]


def places(bench: Bench, one: dict[str, Any]) -> list[str]:
    statement = (
        "SELECT DISTINCT hash FROM place_claim WHERE application_id = :id AND kind = 'person' ORDER BY hash"
    )
    return [row.hash for row in bench.sql(statement, id=one["application_id"])]


def is_free(bench: Bench, name: str) -> bool:
    """Whether somebody of this name can apply."""
    (one,) = submitted(bench, 1, persons=[person(name)])
    return bool(case(bench, one["application_id"]).status == "eligible")
