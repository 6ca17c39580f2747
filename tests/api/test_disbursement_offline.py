"""Sales made without a line: within the programme's limits, each answered by itself, never paid twice."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.disbursement.sale import WRONG_TRIES_AN_HOUR
from services.disbursement.tokens import Signer, programme_mark
from shared.auth import Role
from tests.support.disbursement import (
    AMOUNT,
    CASHIER,
    PROGRAMME,
    approvals,
    broken,
    budget,
    cashier,
    give_money,
    imei,
    open_shop,
    other_pin,
    papers,
    published,
    sale,
    signed,
    withdrawn,
)
from tests.support.service import AUDITOR, MANAGER, OFFICER, Bench, actor, bench, problem

LIMITS = {"per_voucher": AMOUNT, "per_shop_per_day": 3, "days_to_send": 5}
RECEIPT = {"reference": "BN-1", "sha256": "1" * 64}
OTHER_RECEIPT = {"reference": "BN-2", "sha256": "2" * 64}


def made_desk(count: int = 3, **approved: Any) -> Bench:
    desk = bench("disbursement")
    desk.take_in([published(offline=LIMITS)])
    give_money(desk, 10 * AMOUNT)
    open_shop(desk)
    desk.take_in(approvals(count, **approved))
    return desk


@pytest.fixture
def desk() -> Bench:
    """A programme that allows it, money, one shop, three vouchers."""
    return made_desk()


def sold(paper: dict[str, Any], serial: int = 1, **changes: Any) -> dict[str, Any]:
    """What a device keeps of a sale until it has a line again."""
    return {
        "sale_id": str(uuid4()),
        "token": signed(paper),
        "pin": paper["pin"],
        "imeis": [imei(serial)],
        "model": "Vivas Lotus S1",
        "price": 790_000,
        "id_checked": True,
        "sold_at": (datetime.now(UTC) - timedelta(hours=20)).isoformat(),
        "receipt": RECEIPT,
        **changes,
    }


def send(desk: Bench, *sales: dict[str, Any], who: Any = CASHIER) -> list[dict[str, Any]]:
    answer = desk.call("POST", "/redemptions:offline", who, json={"sales": list(sales)}, key=True)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return list(answer.json["results"])


def outcomes(results: list[dict[str, Any]]) -> list[tuple[str, str | None]]:
    return [(result["outcome"], result["code"]) for result in results]


def test_a_sale_without_a_line_becomes_a_redemption_when_it_is_sent(desk: Bench) -> None:
    one, other, _ = papers(desk)
    results = send(desk, sold(one, 1), sold(other, 2))
    assert outcomes(results) == [("redeemed", None)] * 2
    assert [(one["subsidy"], one["household_pays"]) for one in results] == [(AMOUNT, 290_000)] * 2
    assert budget(desk)[3] == 2 * AMOUNT
    assert broken(desk) == {}
    told = desk.events()[-1]
    assert (told.type, told.data["sold_by"], told.data["receipt"]) == (
        "voucher.redeemed.v1",
        "offline",
        "1" * 64,
    )
    assert desk.sql("SELECT DISTINCT channel, sold_at < redeemed_at FROM redemption") == [("offline", True)]


def test_a_batch_sent_again_is_answered_alike_and_does_nothing_twice(desk: Bench) -> None:
    batch = [sold(paper, serial) for serial, paper in enumerate(papers(desk))]
    batch[2]["pin"] = other_pin(batch[2]["pin"])
    first = send(desk, *batch)
    assert outcomes(first) == [("redeemed", None)] * 2 + [("refused", "PIN_WRONG")]
    before = (budget(desk), len(desk.events()))
    assert send(desk, *batch) == first
    assert send(desk, *reversed(batch)) == first[::-1]
    assert (budget(desk), len(desk.events())) == before
    assert desk.sql("SELECT sum(pin_attempts) FROM voucher")[0][0] == 1


def test_a_sale_id_with_another_content_is_refused(desk: Bench) -> None:
    one = sold(papers(desk)[0])
    send(desk, one)
    assert outcomes(send(desk, {**one, "price": 800_000})) == [("refused", "SALE_ID_REUSED")]
    open_shop(desk, "shop-2")
    theirs = send(desk, {**sold(papers(desk)[0], 2), "sale_id": one["sale_id"]}, who=cashier("shop-2"))
    assert outcomes(theirs) == [("redeemed", None)], "ids are each shop's own"


def test_a_second_claim_is_disputed_with_both_receipts_and_pays_nothing(desk: Bench) -> None:
    paper = papers(desk)[0]
    first = desk.call(
        "POST", "/redemptions", CASHIER, json={**sale(paper, 1), "receipt": RECEIPT}, key=True
    ).json
    open_shop(desk, "shop-2")
    before = budget(desk)
    batch = sold(paper, 2, receipt=OTHER_RECEIPT)
    results = send(desk, batch, who=cashier("shop-2"))
    assert outcomes(results) == [("disputed", "VOUCHER_USED")]
    assert results[0]["sentence_vi"]
    assert budget(desk) == before
    assert broken(desk) == {}
    (dispute,) = desk.call("GET", "/disputes?status=open", MANAGER).json["items"]
    assert dispute["dispute_id"] == results[0]["dispute_id"]
    assert dispute["first_redemption_id"] == first["redemption_id"]
    assert (dispute["receipt_reference"], dispute["first_receipt_reference"]) == ("BN-2", "BN-1")
    assert (dispute["receipt_sha256"], dispute["first_receipt_sha256"]) == ("2" * 64, "1" * 64)
    told = desk.events()[-1]
    assert told.type == "voucher.disputed.v1"
    assert (told.data["redemption_id"], told.data["first_receipt"]) == (first["redemption_id"], "1" * 64)
    assert send(desk, batch, who=cashier("shop-2")) == results
    assert desk.sql("SELECT count(*) FROM dispute") == [(1,)]


def test_a_handset_that_serves_another_household_is_disputed(desk: Bench) -> None:
    one, other, _ = papers(desk)
    results = send(desk, sold(one, 1), sold(other, 1))
    assert sorted(outcomes(results)) == [("disputed", "IMEI_USED"), ("redeemed", None)]
    assert budget(desk)[3] == AMOUNT
    (dispute,) = desk.call("GET", "/disputes", AUDITOR).json["items"]
    redeemed = next(result for result in results if result["outcome"] == "redeemed")
    assert dispute["first_redemption_id"] == redeemed["redemption_id"]


def test_a_voucher_that_was_cancelled_or_locked_meanwhile_is_disputed_without_a_first_receipt() -> None:
    desk = bench("disbursement")
    desk.take_in([published(offline=LIMITS)])
    give_money(desk, 10 * AMOUNT)
    open_shop(desk)
    cases = approvals(2)
    desk.take_in(cases)
    gone, locked = (papers(desk, [case.key])[0] for case in cases)
    desk.take_in([withdrawn(cases[0])])
    desk.sql("UPDATE voucher SET pin_attempts = 5, locked = true WHERE code = :code", code=locked["code"])
    results = send(desk, sold(gone, 1), sold(locked, 2))
    assert outcomes(results) == [("disputed", "VOUCHER_CANCELLED"), ("disputed", "VOUCHER_LOCKED")]
    assert {item["first_redemption_id"] for item in desk.call("GET", "/disputes", AUDITOR).json["items"]} == {
        None
    }


def test_a_voucher_sold_on_its_last_day_and_sent_later_is_good(desk: Bench) -> None:
    paper = papers(desk)[0]
    yesterday = datetime.now(UTC) - timedelta(days=1, hours=8)
    desk.sql("UPDATE voucher SET expires_on = :day", day=(yesterday + timedelta(hours=7)).date())
    assert outcomes(send(desk, sold(paper, sold_at=yesterday.isoformat()))) == [("redeemed", None)]


def test_one_that_the_office_has_expired_before_it_was_sent_is_disputed(desk: Bench) -> None:
    paper = papers(desk)[0]
    desk.sql("UPDATE voucher SET status = 'expired', live = false WHERE code = :code", code=paper["code"])
    assert outcomes(send(desk, sold(paper))) == [("disputed", "VOUCHER_EXPIRED")]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"id_checked": False}, "ID_NOT_CHECKED"),
        ({"imeis": ["000000000000000"]}, "IMEI_INVALID"),
        ({"token": "0123456789"}, "TOKEN_UNREADABLE"),
        ({"token": "SB1:" + "0" * 144}, "TOKEN_KEY_UNKNOWN"),
        ({"price": 499_999}, "HANDSET_BELOW_MINIMUM"),
        ({"sold_at": (datetime.now(UTC) + timedelta(hours=1)).isoformat()}, "OFFLINE_CLOCK"),
        ({"sold_at": (datetime.now(UTC) - timedelta(days=6)).isoformat()}, "OFFLINE_TOO_LATE"),
    ],
    ids=["unchecked", "imei", "code", "key", "price", "future", "late"],
)
def test_a_sale_that_should_not_have_been_made_is_refused(
    desk: Bench, change: dict[str, Any], code: str
) -> None:
    assert outcomes(send(desk, sold(papers(desk)[0], **change))) == [("refused", code)]
    assert budget(desk)[3] == 0


def test_a_forged_token_is_refused(desk: Bench) -> None:
    paper = papers(desk)[0]
    day = datetime.now(UTC).date() + timedelta(days=30)
    forged = Signer(b"f" * 32).sign(paper["code"], 10 * AMOUNT, 0, day, PROGRAMME)
    assert outcomes(send(desk, sold(paper, token=forged))) == [("refused", "TOKEN_KEY_UNKNOWN")]
    genuine = signed(paper)
    spoiled = genuine[:-1] + ("0" if genuine[-1] != "0" else "1")
    assert outcomes(send(desk, sold(paper, token=spoiled))) == [("refused", "TOKEN_FORGED")]


def test_the_limits_of_a_shop_and_a_day_and_of_a_voucher_hold() -> None:
    desk = made_desk(5)
    today = datetime.now(UTC) - timedelta(minutes=1)
    batch = [sold(paper, serial, sold_at=today.isoformat()) for serial, paper in enumerate(papers(desk)[:4])]
    codes = Counter(result["code"] for result in send(desk, *batch))
    assert codes == {None: 3, "OFFLINE_DAY_FULL": 1}
    desk.sql("UPDATE programme SET offline_per_voucher = offline_per_voucher - 1")
    (last,) = papers(desk)[-1:]
    assert outcomes(send(desk, sold(last, 9))) == [("refused", "OFFLINE_AMOUNT")]


def test_a_programme_that_says_nothing_allows_nothing() -> None:
    desk = bench("disbursement")
    give_money(desk, AMOUNT)
    open_shop(desk)
    desk.take_in(approvals(1))
    assert outcomes(send(desk, sold(papers(desk)[0]))) == [("refused", "OFFLINE_NOT_ALLOWED")]
    assert desk.call("GET", "/offline-terms", CASHIER).json == {"items": []}


def test_a_device_fetches_the_terms_and_the_keys(desk: Bench) -> None:
    assert desk.call("GET", "/offline-terms", CASHIER).json["items"] == [
        {
            "programme_id": PROGRAMME,
            "mark": programme_mark(PROGRAMME),
            "name_vi": "Hỗ trợ",
            "name_en": "Hỗ trợ (en)",
            "per_voucher": AMOUNT,
            "per_shop_per_day": 3,
            "days_to_send": 5,
        }
    ]
    keys = desk.call("GET", "/voucher-keys").json["keys"]
    assert [key["crv"] for key in keys] == ["Ed25519"]


def test_guessing_pins_by_batches_ends_with_the_shops_tries_and_keeps_nothing_for_ever() -> None:
    desk = made_desk(7)
    printed = papers(desk)
    desk.sql("UPDATE programme SET offline_per_day = 1000")
    guesses = [sold(paper, pin=other_pin(paper["pin"])) for paper in printed for _ in range(4)]
    results = send(desk, *guesses)
    codes = [result["code"] for result in results]
    assert codes.count("TOO_MANY_WRONG_TRIES") == len(guesses) - WRONG_TRIES_AN_HOUR
    assert desk.sql("SELECT sum(pin_attempts) FROM voucher")[0][0] == WRONG_TRIES_AN_HOUR
    right = sold(printed[0], 50)
    stopped = desk.call("POST", "/redemptions:offline", CASHIER, json={"sales": [right]}, key=True)
    assert (stopped.status_code, problem(stopped)["code"]) == (429, "TOO_MANY_WRONG_TRIES")
    desk.sql("UPDATE shop_quota SET hour = hour - interval '1 hour'")
    assert outcomes(send(desk, right)) == [("redeemed", None)]


def test_a_shop_that_may_not_redeem_sends_nothing(desk: Bench) -> None:
    one = sold(papers(desk)[0])
    desk.call("POST", "/shops/shop-1:suspend", MANAGER, json={"reason": "x"}, key=True)
    stopped = desk.call("POST", "/redemptions:offline", CASHIER, json={"sales": [one]}, key=True)
    assert (stopped.status_code, problem(stopped)["code"]) == (403, "SHOP_SUSPENDED")
    desk.call("POST", "/shops/shop-1:reinstate", MANAGER, json={"reason": "x"}, key=True)
    assert outcomes(send(desk, one)) == [("redeemed", None)]
    unknown = desk.call("POST", "/redemptions:offline", cashier("nowhere"), json={"sales": [one]}, key=True)
    assert problem(unknown)["code"] == "SHOP_UNKNOWN"


@pytest.mark.parametrize(
    "change",
    [{"sold_at": "2026-11-23T10:00:00"}, {"sale_id": "7"}, {"price": 0}, {"pin": ""}, {"extra": 1}],
    ids=["no-zone", "id", "price", "pin", "unknown"],
)
def test_a_malformed_sale_is_named_in_the_batch(desk: Bench, change: dict[str, Any]) -> None:
    good, bad = sold(papers(desk)[0]), sold(papers(desk)[1], **change)
    answer = desk.call("POST", "/redemptions:offline", CASHIER, json={"sales": [good, bad]}, key=True)
    assert problem(answer)["code"] == "INVALID_FIELDS"
    assert list(answer.json["errors"]["json"]["sales"]) == ["1"]


def test_a_batch_has_at_most_a_hundred_sales_and_each_once(desk: Bench) -> None:
    one = sold(papers(desk)[0])
    for sales in ([], [one, one], [sold(papers(desk)[0]) for _ in range(101)]):
        answer = desk.call("POST", "/redemptions:offline", CASHIER, json={"sales": sales}, key=True)
        assert problem(answer)["code"] == "INVALID_FIELDS"


def test_a_dispute_is_closed_once_by_a_person_of_the_area(desk: Bench) -> None:
    paper = papers(desk)[0]
    send(desk, sold(paper, 1))
    (result,) = send(desk, sold(paper, 2))
    path, why = f"/disputes/{result['dispute_id']}:close", {"reason": "Hai phiếu thu của cùng một máy"}
    far = actor(Role.MANAGER, subject="xa", commune=None, province="14")
    assert problem(desk.call("POST", path, far, json=why, key=True))["code"] == "NOT_FOUND"
    assert problem(desk.call("POST", path, OFFICER, json=why, key=True))["code"] == "ROLE_MISSING"
    closed = desk.call("POST", path, MANAGER, json=why, key=True)
    assert (closed.json["status"], closed.json["closed_by"]) == ("closed", MANAGER.subject)
    assert problem(desk.call("POST", path, MANAGER, json=why, key=True))["code"] == "CLOSED_ALREADY"
    assert desk.events()[-1].type == "dispute.closed.v1"
    assert why["reason"] not in desk.events()[-1].raw.decode()


def test_what_a_cheaper_phone_leaves_of_a_voucher_serves_who_waits() -> None:
    desk = bench("disbursement")
    desk.take_in([published(offline=LIMITS)])
    give_money(desk, AMOUNT)
    open_shop(desk)
    desk.take_in(approvals(1, minimum_price=0))
    desk.take_in(approvals(1, position=2, amount=100_000))
    paper = papers(desk)[0]
    assert outcomes(send(desk, sold(paper, price=350_000))) == [("redeemed", None)]
    assert budget(desk) == (AMOUNT, 50_000, 100_000, 350_000)
    assert broken(desk) == {}
