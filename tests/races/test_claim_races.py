"""What enterprises are owed, under fire. Each race has a control with the guard taken out."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest
import requests
from sqlalchemy import text

from services.disbursement.commands import claims, payments
from shared.auth import Role
from tests.races.conftest import Served, all_at_once
from tests.support.disbursement import (
    AMOUNT,
    PROGRAMME,
    approvals,
    broken,
    cashier,
    give_money,
    open_shop,
    papers,
    sale,
)
from tests.support.service import MANAGER, actor

Serve = Callable[[str], Served]

TELECOM = actor(Role.ENTERPRISE, subject="ke-toan", commune=None, enterprise_id="telecom-1")
PAYERS = [actor(Role.PAYER, subject=f"quy-{number}", commune=None) for number in range(8)]
ACCOUNT = {"account_name": "CONG TY VIEN THONG 1", "bank": "NGAN HANG A", "account_number": "00110022003"}
CLAIM = {
    "enterprise_id": "telecom-1",
    "programme_id": PROGRAMME,
    "period_from": "2020-01-01",
    "period_to": "2099-12-31",
}
REDEEMED = 6


def redeemed(serve: Serve) -> Served:
    served = serve("disbursement")
    give_money(served.bench, 20 * AMOUNT)
    open_shop(served.bench)
    served.bench.take_in(approvals(REDEEMED))
    for serial, paper in enumerate(papers(served.bench), start=1):
        body = sale(paper, serial)
        assert (
            served.bench.call("POST", "/redemptions", cashier("shop-1"), json=body, key=True).status_code
            == 201
        )
    return served


def accepted(serve: Serve) -> tuple[Served, str]:
    served = redeemed(serve)
    made = served.bench
    claim_id = made.call("POST", "/claims", TELECOM, json=CLAIM, key=True).json["claim_id"]
    minutes = {"minutes": "07/BB", "minutes_date": "2026-11-25"}
    made.call("POST", f"/claims/{claim_id}:accept", PAYERS[0], json=minutes, key=True)
    made.call("PUT", "/payees/telecom-1", MANAGER, json=ACCOUNT, key=True)
    return served, claim_id


def outcomes(answers: Sequence[requests.Response]) -> Counter[str]:
    return Counter("201" if one.status_code == 201 else str(one.json().get("code")) for one in answers)


def eight_payers(served: Served, claim_id: str) -> Counter[str]:
    """Everybody orders all that is left, at the same moment."""
    calls = [
        partial(
            served.post, f"/claims/{claim_id}/payments", payer, {"amount": REDEEMED * AMOUNT}, payer.subject
        )
        for payer in PAYERS
    ]
    return outcomes(all_at_once(calls))


def assert_ordered_once(served: Served, outcome: Counter[str]) -> None:
    assert outcome == {"201": 1, "PAYMENT_TOO_LARGE": 7}
    assert served.bench.sql("SELECT sum(amount) FROM payment")[0][0] == REDEEMED * AMOUNT


def test_a_claim_is_paid_once_by_eight_payers(serve: Serve) -> None:
    served, claim_id = accepted(serve)
    assert_ordered_once(served, eight_payers(served, claim_id))


def test_control_without_the_guard_a_claim_is_paid_by_many(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    served, claim_id = accepted(serve)
    served.bench.sql("ALTER TABLE claim DROP CONSTRAINT claim_paid_within_accepted")
    checked = threading.Barrier(len(PAYERS))
    unguarded = text(
        "UPDATE claim SET ordered = ordered + :amount WHERE claim_id = :claim_id RETURNING claim_id"
    )
    look = payments._why_not_pay

    def wait_for_everybody(claim: Any, payer: Any) -> Any:
        """Everybody has looked at what is left before anybody orders."""
        found = look(claim, payer)
        checked.wait(timeout=30)
        return found

    monkeypatch.setattr(payments, "_ORDER", unguarded)
    monkeypatch.setattr(payments, "_why_not_pay", wait_for_everybody)
    outcome = eight_payers(served, claim_id)
    assert outcome["201"] > 1
    with pytest.raises(AssertionError):
        assert_ordered_once(served, outcome)


def eight_claims(served: Served) -> Counter[str]:
    calls = [partial(served.post, "/claims", TELECOM, CLAIM, f"claim-{number}") for number in range(8)]
    return outcomes(all_at_once(calls))


def assert_claimed_once(served: Served, outcome: Counter[str]) -> None:
    assert outcome == {"201": 1, "CLAIM_EMPTY": 7}
    assert served.bench.sql("SELECT sum(claimed) FROM claim")[0][0] == REDEEMED * AMOUNT


def test_redemptions_are_claimed_once_by_eight_claims_at_once(serve: Serve) -> None:
    served = redeemed(serve)
    assert_claimed_once(served, eight_claims(served))


def test_control_without_its_guards_redemptions_are_claimed_by_many(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = redeemed(serve)
    served.bench.sql("DROP INDEX claim_line_once")
    unlocked = text(str(claims._GATHER).replace("FOR UPDATE", ""))
    gathered = threading.Barrier(8)
    check = claims._why_no_claim

    def wait_for_everybody(*found: int) -> Any:
        gathered.wait(timeout=30)
        return check(*found)

    monkeypatch.setattr(claims, "_GATHER", unlocked)
    monkeypatch.setattr(claims, "_why_no_claim", wait_for_everybody)
    outcome = eight_claims(served)
    assert outcome["201"] > 1
    with pytest.raises(AssertionError):
        assert_claimed_once(served, outcome)


def asked_back(served: Served) -> list[tuple[str, str]]:
    """(redemption, reversal) of every sale: the shop wants all of them back, nobody has decided."""
    made = served.bench
    found = []
    for (redemption_id,) in made.sql("SELECT CAST(redemption_id AS text) FROM redemption"):
        body = {"reason": "HANDSET_FAULTY", "note": "Màn hình không lên"}
        answer = made.call(
            "POST", f"/redemptions/{redemption_id}:reverse", cashier("shop-1"), json=body, key=True
        )
        found.append((redemption_id, answer.json["reversal_id"]))
    return found


def claim_while_reversing(served: Served, wanted: Sequence[tuple[str, str]]) -> list[requests.Response]:
    calls = [partial(served.post, "/claims", TELECOM, CLAIM, "claim")]
    calls += [
        partial(served.post, f"/reversals/{reversal}:confirm", MANAGER, None, reversal)
        for _, reversal in wanted
    ]
    return all_at_once(calls)


def assert_each_is_claimed_or_reversed(served: Served) -> None:
    rows = served.bench.sql(
        "SELECT (claim_line.redemption_id IS NOT NULL) <> (reversed_at IS NOT NULL) FROM redemption"
        " LEFT JOIN claim_line USING (redemption_id)"
    )
    assert [one for (one,) in rows] == [True] * REDEEMED
    assert broken(served.bench) == {}


@pytest.mark.parametrize("round_", range(4))
def test_a_redemption_is_claimed_or_reversed_and_never_both(serve: Serve, round_: int) -> None:
    served = redeemed(serve)
    claim, *reversals = claim_while_reversing(served, asked_back(served))
    assert claim.status_code in (201, 409)
    if claim.status_code == 409:
        assert claim.json()["code"] == "CLAIM_EMPTY"
    assert {one.status_code for one in reversals} <= {200, 409}
    if claim.status_code == 409:
        assert served.bench.sql("SELECT count(*) FROM redemption WHERE reversed_at IS NULL") == [(0,)]
        return
    assert_each_is_claimed_or_reversed(served)


def test_control_without_its_guards_a_redemption_is_claimed_and_reversed(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = redeemed(serve)
    wanted = asked_back(served)
    served.bench.sql("ALTER TABLE redemption DROP CONSTRAINT redemption_claimed_or_reversed")
    gathered, reversed_ = threading.Event(), threading.Event()
    check = claims._why_no_claim

    def wait_for_the_reversals(*found: int) -> Any:
        """The claim has looked at what it gathers; now everything is taken back."""
        gathered.set()
        assert reversed_.wait(timeout=30)
        return check(*found)

    monkeypatch.setattr(claims, "_GATHER", text(str(claims._GATHER).replace("FOR UPDATE", "")))
    monkeypatch.setattr(claims, "_why_no_claim", wait_for_the_reversals)

    def reverse_all() -> None:
        assert gathered.wait(timeout=30)
        for _, reversal in wanted:
            assert served.post(f"/reversals/{reversal}:confirm", MANAGER, None, reversal).status_code == 200
        reversed_.set()

    all_at_once([partial(served.post, "/claims", TELECOM, CLAIM, "claim"), reverse_all])
    with pytest.raises(AssertionError):
        assert_each_is_claimed_or_reversed(served)
