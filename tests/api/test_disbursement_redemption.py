"""Redeeming a voucher: once, with the right PIN, for one handset, and every refusal in its own words."""

from datetime import date
from typing import Any

import pytest

from services.disbursement.codes import new_code
from services.disbursement.sale import WRONG_TRIES_AN_HOUR
from shared.auth import Role
from shared.web.problems import sentence
from tests.support.disbursement import (
    AMOUNT,
    CASHIER,
    approvals,
    budget,
    cashier,
    give_money,
    imei,
    open_shop,
    other_pin,
    papers,
    published,
    register_enterprise,
    sale,
    signed,
    withdrawn,
)
from tests.support.service import MANAGER, OFFICER, SHOP, Bench, actor, bench, problem


@pytest.fixture
def desk() -> Bench:
    """A service with money, one shop and three issued vouchers."""
    made = bench("disbursement")
    give_money(made, 10 * AMOUNT)
    open_shop(made)
    made.take_in(approvals(3))
    return made


def redeem(desk: Bench, body: dict[str, Any], who: Any = CASHIER, key: str | bool = True) -> Any:
    return desk.call("POST", "/redemptions", who, json=body, key=key)


def refusal_of(answer: Any, status: int) -> str:
    assert answer.status_code == status, answer.get_data(as_text=True)
    return str(problem(answer)["code"])


def test_a_voucher_becomes_a_phone_and_the_money_follows(desk: Bench) -> None:
    paper = papers(desk)[0]
    answer = redeem(desk, sale(paper, imeis=[imei(1), imei(2)]))
    assert answer.status_code == 201, answer.get_data(as_text=True)
    body = answer.json
    assert (body["price"], body["subsidy"], body["household_pays"]) == (790_000, 500_000, 290_000)
    assert body["voucher_id"] == paper["voucher_id"]
    assert budget(desk) == (5_000_000, 3_500_000, 1_000_000, 500_000)
    event = desk.events()[-1]
    assert event.type == "voucher.redeemed.v1"
    assert event.data["redemption_id"] == body["redemption_id"]
    assert event.version == 2
    assert imei(1) not in event.raw.decode()


def test_the_part_of_a_voucher_that_the_phone_does_not_cost_returns_and_serves_who_waits() -> None:
    desk = bench("disbursement")
    give_money(desk, 500_000)
    open_shop(desk)
    desk.take_in(approvals(1, minimum_price=0))
    (waiting,) = events = approvals(1, position=2, amount=100_000)
    desk.take_in(events)
    answer = redeem(desk, sale(papers(desk)[0], price=350_000))
    assert answer.json["subsidy"] == 350_000
    assert answer.json["household_pays"] == 0
    assert budget(desk) == (500_000, 50_000, 100_000, 350_000)
    assert desk.events()[-1].type == "voucher.issued.v1"
    assert desk.events()[-1].key == waiting.key


def test_a_used_voucher_is_refused(desk: Bench) -> None:
    paper = papers(desk)[0]
    redeem(desk, sale(paper))
    assert refusal_of(redeem(desk, sale(paper, serial=2)), 409) == "VOUCHER_USED"


def test_a_code_with_a_typing_mistake_and_a_code_of_nobody_are_unknown(desk: Bench) -> None:
    paper = papers(desk)[0]
    for code in ("0000000000", paper["code"][::-1], "ngắn", "U" * 10):
        assert refusal_of(redeem(desk, sale(paper, code=code)), 404) == "VOUCHER_UNKNOWN"


def test_a_code_is_read_in_small_letters_and_in_groups(desk: Bench) -> None:
    paper = papers(desk)[0]
    typed = f"{paper['code'][:3]} {paper['code'][3:6]}-{paper['code'][6:]}".lower()
    assert redeem(desk, sale(paper, code=typed)).status_code == 201


def test_an_expired_voucher_is_refused(desk: Bench) -> None:
    paper = papers(desk)[0]
    desk.sql("UPDATE voucher SET expires_on = '2020-01-01'")
    assert refusal_of(redeem(desk, sale(paper)), 409) == "VOUCHER_EXPIRED"


def test_a_cancelled_voucher_is_refused() -> None:
    desk = bench("disbursement")
    give_money(desk, AMOUNT)
    open_shop(desk)
    (approved,) = events = approvals(1)
    desk.take_in(events)
    paper = papers(desk)[0]
    desk.take_in([withdrawn(approved)])
    assert refusal_of(redeem(desk, sale(paper)), 409) == "VOUCHER_CANCELLED"


def test_the_fifth_wrong_pin_locks_the_voucher_for_the_right_one_too(desk: Bench) -> None:
    paper = papers(desk)[0]
    wrong = sale(paper, pin=other_pin(paper["pin"]))
    for left in (4, 3, 2, 1):
        answer = redeem(desk, wrong)
        assert refusal_of(answer, 409) == "PIN_WRONG"
        assert answer.json["facts"] == {"left": left}
    assert refusal_of(redeem(desk, wrong), 409) == "VOUCHER_LOCKED"
    assert refusal_of(redeem(desk, sale(paper)), 409) == "VOUCHER_LOCKED"
    assert budget(desk)[3] == 0


def test_a_wrong_pin_sent_again_under_its_key_is_counted_once(desk: Bench) -> None:
    paper = papers(desk)[0]
    wrong = sale(paper, pin=other_pin(paper["pin"]))
    answers = [redeem(desk, wrong, key="one-try").get_data() for _ in range(3)]
    assert len(set(answers)) == 1
    assert desk.sql("SELECT max(pin_attempts) FROM voucher")[0][0] == 1


def test_one_handset_serves_one_household_whichever_of_its_numbers_is_given(desk: Bench) -> None:
    first, second, _ = papers(desk)
    redeem(desk, sale(first, imeis=[imei(1), imei(2)]))
    for imeis in ([imei(1)], [imei(2)], [imei(9), imei(2)]):
        assert refusal_of(redeem(desk, sale(second, imeis=imeis)), 409) == "IMEI_USED"
    assert desk.sql("SELECT count(*) FROM redemption_imei")[0][0] == 2
    assert redeem(desk, sale(second, imeis=[imei(9)])).status_code == 201


@pytest.mark.parametrize(
    "imeis",
    [["000000000000000"], ["35693803000000X"], ["123"], [imei(1), imei(1)], [imei(1)[:-1] + "x"]],
)
def test_a_number_that_is_no_imei_is_refused(desk: Bench, imeis: list[str]) -> None:
    answer = redeem(desk, sale(papers(desk)[0], imeis=imeis))
    assert refusal_of(answer, 422) == "IMEI_INVALID"
    assert answer.json["facts"]["place"] == len(imeis)


def test_a_handset_below_the_minimum_is_refused_with_the_minimum(desk: Bench) -> None:
    answer = redeem(desk, sale(papers(desk)[0], price=499_999))
    assert refusal_of(answer, 409) == "HANDSET_BELOW_MINIMUM"
    assert "500.000 đ" in answer.json["detail_vi"]


def test_papers_that_nobody_checked_are_refused(desk: Bench) -> None:
    assert refusal_of(redeem(desk, sale(papers(desk)[0], id_checked=False)), 422) == "ID_NOT_CHECKED"


def test_shops_that_are_unknown_or_suspended_redeem_nothing(desk: Bench) -> None:
    paper = papers(desk)[0]
    assert refusal_of(redeem(desk, sale(paper), who=cashier("nowhere")), 403) == "SHOP_UNKNOWN"
    homeless = actor(Role.SHOP, subject="homeless", commune=None)
    assert refusal_of(redeem(desk, sale(paper), who=homeless), 403) == "SHOP_UNKNOWN"
    desk.call("POST", "/shops/shop-1:suspend", MANAGER, json={"reason": "Bán máy cũ"}, key=True)
    assert refusal_of(redeem(desk, sale(paper)), 403) == "SHOP_SUSPENDED"


def test_a_refused_redemption_leaves_nothing_behind(desk: Bench) -> None:
    first, second, _ = papers(desk)
    redeem(desk, sale(first))
    before = (budget(desk), len(desk.events()))
    assert refusal_of(redeem(desk, sale(second, imeis=[imei(1), imei(5)])), 409) == "IMEI_USED"
    assert (budget(desk), len(desk.events())) == before
    assert desk.sql("SELECT count(*) FROM redemption")[0][0] == 1


def test_the_same_key_gives_the_same_answer_and_another_body_is_refused(desk: Bench) -> None:
    first, second, _ = papers(desk)
    one = redeem(desk, sale(first), key="till-7")
    again = redeem(desk, sale(first), key="till-7")
    assert again.get_data() == one.get_data()
    assert again.headers["Idempotent-Replay"] == "true"
    assert refusal_of(redeem(desk, sale(second), key="till-7"), 422) == "IDEMPOTENCY_KEY_REUSED"
    assert refusal_of(redeem(desk, sale(second), key=False), 400) == "IDEMPOTENCY_KEY_MISSING"


@pytest.mark.parametrize(
    "change",
    [
        {"price": 0},
        {"price": "790000"},
        {"price": 10**18},
        {"imeis": []},
        {"imeis": ["1", "2", "3"]},
        {"id_checked": "yes"},
        {"model": "  "},
        {"extra": 1},
    ],
)
def test_a_malformed_sale_is_refused_field_by_field(desk: Bench, change: dict[str, Any]) -> None:
    answer = redeem(desk, sale(papers(desk)[0], **change))
    assert refusal_of(answer, 422) == "INVALID_FIELDS"
    assert answer.json["errors"]


def test_only_shops_redeem_and_look_up(desk: Bench) -> None:
    paper = papers(desk)[0]
    for who in (OFFICER, MANAGER):
        assert refusal_of(redeem(desk, sale(paper), who=who), 403) == "ROLE_MISSING"
        answer = desk.call("POST", "/vouchers:lookup", who, json={"code": paper["code"]})
        assert refusal_of(answer, 403) == "ROLE_MISSING"
    assert refusal_of(redeem(desk, sale(paper), who=None), 401) == "TOKEN_MISSING"


@pytest.mark.parametrize("scanned", [False, True], ids=["typed", "scanned"])
def test_a_lookup_tells_just_what_a_clerk_must_check(desk: Bench, scanned: bool) -> None:
    paper = papers(desk)[0]
    code = signed(paper) if scanned else paper["code"].lower()
    answer = desk.call("POST", "/vouchers:lookup", SHOP, json={"code": code})
    assert answer.status_code == 200
    assert answer.json == {
        "status": "issued",
        "sentence_vi": answer.json["sentence_vi"],
        "sentence_en": answer.json["sentence_en"],
        "amount": AMOUNT,
        "minimum_price": AMOUNT,
        "maximum_price": None,
        "handset_kinds": None,
        "expires_on": paper["expires_on"],
        "programme_name_vi": "Hỗ trợ",
        "programme_name_en": "Hỗ trợ (en)",
    }
    assert f"{date.fromisoformat(paper['expires_on']):%d/%m/%Y}" in answer.json["sentence_vi"]


def test_used_expired_cancelled_other_shop_unknown_and_locked_are_six_sentences() -> None:
    codes = ("USED", "EXPIRED", "CANCELLED", "OTHER_SHOP", "UNKNOWN", "LOCKED")
    for language in ("vi", "en"):
        sentences = {sentence(f"VOUCHER_{code}", language, {}) for code in codes}
        assert len(sentences) == 6
        assert all(len(text) < 120 and "VOUCHER" not in text for text in sentences)


def test_a_qr_code_redeems_like_the_code_below_it(desk: Bench) -> None:
    paper = papers(desk)[0]
    assert redeem(desk, sale(paper, code=signed(paper))).status_code == 201
    assert refusal_of(redeem(desk, sale(paper, 2)), 409) == "VOUCHER_USED"


def test_a_forged_or_torn_qr_code_is_refused_and_counted_against_nobody(desk: Bench) -> None:
    paper = papers(desk)[0]
    token = signed(paper)
    spoiled = token[:-1] + ("0" if token[-1] != "0" else "1")
    for code, said in ((spoiled, "TOKEN_FORGED"), (token[:-1], "TOKEN_UNREADABLE")):
        assert refusal_of(redeem(desk, sale(paper, code=code)), 422) == said
    assert desk.sql("SELECT wrong_tries FROM shop_quota") == [(0,)]


def test_a_voucher_of_another_province_is_for_another_shop() -> None:
    desk = bench("disbursement")
    desk.take_in([published(provinces=["14"])])
    give_money(desk, AMOUNT)
    open_shop(desk)
    desk.take_in(approvals(1))
    paper = papers(desk)[0]
    assert refusal_of(redeem(desk, sale(paper)), 409) == "VOUCHER_OTHER_SHOP"
    answer = desk.call("POST", "/vouchers:lookup", SHOP, json={"code": paper["code"]})
    assert refusal_of(answer, 409) == "VOUCHER_OTHER_SHOP"


def test_the_receipts_evidence_is_kept_and_its_reference_stays_here(desk: Bench) -> None:
    receipt = {"reference": "BN-0007", "sha256": "7" * 64}
    assert redeem(desk, sale(papers(desk)[0], receipt=receipt)).status_code == 201
    assert desk.sql("SELECT receipt_reference, receipt_sha256 FROM redemption") == [("BN-0007", "7" * 64)]
    event = desk.events()[-1]
    assert event.data["receipt"] == "7" * 64
    assert "BN-0007" not in event.raw.decode()
    for wrong in ({"reference": "BN"}, {"reference": "BN", "sha256": "x"}):
        answer = redeem(desk, sale(papers(desk)[0], 2, receipt=wrong))
        assert refusal_of(answer, 422) == "INVALID_FIELDS"


TILL = actor(Role.ENTERPRISE, subject="till:telecom-1", commune=None, enterprise_id="telecom-1")


def test_an_enterprises_till_looks_up_and_redeems_for_its_own_shops(desk: Bench) -> None:
    register_enterprise(desk, "telecom-2")
    open_shop(desk, "shop-2", enterprise_id="telecom-2")
    paper = papers(desk)[0]
    look = {"code": paper["code"], "shop_id": "shop-1"}
    assert desk.call("POST", "/vouchers:lookup", TILL, json=look).status_code == 200
    theirs = desk.call("POST", "/vouchers:lookup", TILL, json={**look, "shop_id": "shop-2"})
    assert refusal_of(theirs, 403) == "SHOP_UNKNOWN"
    for shop in ({}, {"shop_id": "shop-2"}, {"shop_id": "nowhere"}):
        assert refusal_of(redeem(desk, sale(paper, **shop), who=TILL), 403) == "SHOP_UNKNOWN"
    done = redeem(desk, sale(paper, shop_id="shop-1"), who=TILL)
    assert done.status_code == 201, done.get_data(as_text=True)
    event = desk.events()[-1]
    assert (event.actor, event.data["shop_id"], event.data["sold_by"]) == (TILL.subject, "shop-1", "till")


def test_a_till_without_an_enterprise_has_no_shop(desk: Bench) -> None:
    nobody = actor(Role.ENTERPRISE, subject="till:x", commune=None)
    answer = redeem(desk, sale(papers(desk)[0], shop_id="shop-1"), who=nobody)
    assert refusal_of(answer, 403) == "SHOP_UNKNOWN"


def test_a_clerk_speaks_for_the_own_shop_only(desk: Bench) -> None:
    open_shop(desk, "shop-2")
    paper = papers(desk)[0]
    assert refusal_of(redeem(desk, sale(paper, shop_id="shop-2")), 403) == "SHOP_UNKNOWN"
    assert redeem(desk, sale(paper, shop_id="shop-1")).status_code == 201


def selling(desk: Bench, **voucher: Any) -> None:
    """The programme's newest version says this about handsets, and the catalogue has one model."""
    desk.take_in([published(version=2, voucher=voucher)])
    model = {
        "handset_id": "lotus-s1",
        "model": "Vivas Lotus S1",
        "maker": "Vivas",
        "generation": "4g",
        "tacs": [imei(1)[:8]],
        "price_ceiling": 900_000,
    }
    assert desk.call("POST", "/handsets", MANAGER, json=model, key=True).status_code == 201


@pytest.mark.parametrize(
    ("terms", "change", "code"),
    [
        ({"handset_kinds": ["4g", "5g"]}, {}, None),
        ({"handset_kinds": ["4g"]}, {"model": "Máy lạ"}, "HANDSET_NOT_LISTED"),
        ({"handset_kinds": ["5g"]}, {}, "HANDSET_KIND_NOT_ACCEPTED"),
        ({}, {"model": "Máy lạ"}, None),
        ({}, {"imeis": ["490154203237518"]}, "IMEI_NOT_OF_MODEL"),
        ({}, {"imeis": [imei(1), "490154203237518"]}, "IMEI_NOT_OF_MODEL"),
        ({}, {"imeis": [imei(1), imei(2)]}, None),
        ({}, {"price": 900_001}, "HANDSET_ABOVE_CEILING"),
        ({"maximum_price": 700_000}, {}, "HANDSET_ABOVE_MAXIMUM"),
    ],
    ids=["listed", "unlisted", "kind", "any", "tac", "second-tac", "dual", "ceiling", "maximum"],
)
def test_the_handset_is_one_that_programme_and_catalogue_allow(
    desk: Bench, terms: dict[str, Any], change: dict[str, Any], code: str | None
) -> None:
    selling(desk, **terms)
    answer = redeem(desk, sale(papers(desk)[0], **change))
    if code is None:
        assert answer.status_code == 201, answer.get_data(as_text=True)
    else:
        assert refusal_of(answer, 409) == code
        assert budget(desk)[3] == 0


def test_a_shop_that_guesses_is_told_nothing_more_this_hour_not_even_what_is_right(desk: Bench) -> None:
    paper = papers(desk)[0]
    guess = {"code": new_code()}
    for _ in range(WRONG_TRIES_AN_HOUR):
        guess = {"code": new_code()}
        assert refusal_of(desk.call("POST", "/vouchers:lookup", SHOP, json=guess), 404) == "VOUCHER_UNKNOWN"
    for code in (guess["code"], paper["code"]):
        answer = desk.call("POST", "/vouchers:lookup", SHOP, json={"code": code})
        assert refusal_of(answer, 429) == "TOO_MANY_WRONG_TRIES"
    assert refusal_of(redeem(desk, sale(paper)), 429) == "TOO_MANY_WRONG_TRIES"
    open_shop(desk, "shop-2")
    assert redeem(desk, sale(paper), who=cashier("shop-2")).status_code == 201, "another shop goes on"


def test_a_mistyped_code_is_no_guess(desk: Bench) -> None:
    code = papers(desk)[0]["code"]
    mistyped = code[:-1] + ("0" if code[-1] != "0" else "1")
    for _ in range(WRONG_TRIES_AN_HOUR + 1):
        answer = desk.call("POST", "/vouchers:lookup", SHOP, json={"code": mistyped})
        assert refusal_of(answer, 404) == "VOUCHER_UNKNOWN"
    assert desk.sql("SELECT wrong_tries FROM shop_quota") == [(0,)]


def test_after_the_hour_a_shop_may_try_again(desk: Bench) -> None:
    desk.sql(
        "UPDATE shop_quota SET wrong_tries = :all, hour = date_trunc('hour', now()) - interval '1 hour'",
        all=WRONG_TRIES_AN_HOUR,
    )
    assert redeem(desk, sale(papers(desk)[0])).status_code == 201


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ("SELECT 1", 404, "VOUCHER_UNKNOWN"),
        ("UPDATE voucher SET status = 'redeemed'", 409, "VOUCHER_USED"),
        ("UPDATE voucher SET status = 'expired', live = false", 409, "VOUCHER_EXPIRED"),
        ("UPDATE voucher SET expires_on = '2020-01-01'", 409, "VOUCHER_EXPIRED"),
        (
            "UPDATE voucher SET status = 'cancelled', live = false, ended_reason = 'REVOKED'",
            409,
            "VOUCHER_CANCELLED",
        ),
        ("UPDATE voucher SET pin_attempts = 5, locked = true", 409, "VOUCHER_LOCKED"),
    ],
)
def test_a_lookup_says_why_a_voucher_is_good_for_nothing(
    desk: Bench, change: str, status: int, code: str
) -> None:
    paper = papers(desk)[0]
    desk.sql(change)
    typed = "ABCDEFGHJK" if code == "VOUCHER_UNKNOWN" else paper["code"]
    assert refusal_of(desk.call("POST", "/vouchers:lookup", SHOP, json={"code": typed}), status) == code
