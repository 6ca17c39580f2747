"""Taking a redemption back: two people, in time, before it is claimed; voucher, money, handset."""

from typing import Any

import pytest

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
    papers,
    sale,
    withdrawn,
)
from tests.support.service import (
    AUDITOR,
    MANAGER,
    OFFICER,
    Bench,
    actor,
    bench,
    problem,
)

WHY = {"reason": "HANDSET_FAULTY", "note": "Máy không lên nguồn"}
ELSEWHERE = actor(Role.MANAGER, subject="o-noi-khac", commune=None, province="14")
TELECOM = actor(Role.ENTERPRISE, subject="vien-thong", commune=None, enterprise_id="telecom-1")


@pytest.fixture
def desk() -> Bench:
    """Money, one shop, two vouchers."""
    made = bench("disbursement")
    give_money(made, 4 * AMOUNT)
    open_shop(made)
    made.take_in(approvals(2))
    return made


def post(desk: Bench, path: str, who: Any, body: Any = None) -> Any:
    return desk.call("POST", path, who, json=body, key=True)


def refusal_of(answer: Any, status: int) -> str:
    assert answer.status_code == status, answer.get_data(as_text=True)
    return str(problem(answer)["code"])


def redeemed(desk: Bench, serial: int = 1, **changes: Any) -> tuple[dict[str, Any], str]:
    """A paper, and the id of its redemption."""
    paper = papers(desk)[0]
    answer = post(desk, "/redemptions", CASHIER, sale(paper, serial, **changes))
    assert answer.status_code == 201, answer.get_data(as_text=True)
    return paper, answer.json["redemption_id"]


def asked(desk: Bench, redemption_id: str, who: Any = CASHIER) -> str:
    answer = post(desk, f"/redemptions/{redemption_id}:reverse", who, WHY)
    assert answer.status_code == 201, answer.get_data(as_text=True)
    return str(answer.json["reversal_id"])


def test_a_reversal_makes_voucher_money_and_handset_free_and_keeps_the_history(desk: Bench) -> None:
    before = budget(desk)
    paper, redemption_id = redeemed(desk)
    reversal_id = asked(desk, redemption_id)
    assert budget(desk)[3] == AMOUNT, "asking changes nothing"
    done = post(desk, f"/reversals/{reversal_id}:confirm", MANAGER)
    assert done.json == {"reversal_id": reversal_id, "redemption_id": redemption_id, "status": "confirmed"}
    assert budget(desk) == before
    assert broken(desk) == {}
    again = post(desk, "/redemptions", CASHIER, sale(paper, 1))
    assert again.status_code == 201, "the same voucher and the same handset are good again"
    kept = desk.sql("SELECT redemption_id, reversed_at IS NOT NULL FROM redemption ORDER BY redeemed_at")
    assert [(str(row[0]), row[1]) for row in kept] == [
        (redemption_id, True),
        (again.json["redemption_id"], False),
    ]
    assert [str(row[0]) for row in desk.sql("SELECT redemption_id FROM freed_imei")] == [redemption_id]
    told = [event.type for event in desk.events() if event.key == desk.events()[-1].key]
    assert told == [
        "voucher.issued.v1",
        "voucher.redeemed.v1",
        "reversal.asked.v1",
        "voucher.reversed.v1",
        "voucher.redeemed.v1",
    ]
    assert WHY["note"] not in "".join(event.raw.decode() for event in desk.events())


def test_a_reversal_is_asked_by_the_shop_or_its_enterprise_and_by_nobody_else(desk: Bench) -> None:
    open_shop(desk, "shop-2")
    _, redemption_id = redeemed(desk)
    path = f"/redemptions/{redemption_id}:reverse"
    other = actor(Role.ENTERPRISE, subject="dn-2", commune=None, enterprise_id="telecom-2")
    homeless = actor(Role.SHOP, subject="homeless", commune=None)
    for who in (cashier("shop-2"), other, homeless):
        assert refusal_of(post(desk, path, who, WHY), 404) == "NOT_FOUND"
    for who in (OFFICER, MANAGER, AUDITOR):
        assert refusal_of(post(desk, path, who, WHY), 403) == "ROLE_MISSING"
    assert refusal_of(post(desk, "/redemptions/nonsense:reverse", CASHIER, WHY), 404) == "NOT_FOUND"
    asked(desk, redemption_id, TELECOM)
    assert refusal_of(post(desk, path, CASHIER, WHY), 409) == "REVERSAL_ASKED"


def test_who_asked_never_confirms(desk: Bench) -> None:
    both = actor(Role.SHOP, Role.MANAGER, subject="hai-vai", commune=None, province="08", shop_id="shop-1")
    _, redemption_id = redeemed(desk)
    reversal_id = asked(desk, redemption_id, both)
    for action in ("confirm", "refuse"):
        answer = post(desk, f"/reversals/{reversal_id}:{action}", both)
        assert refusal_of(answer, 409) == "MAKER_IS_CHECKER"
    assert post(desk, f"/reversals/{reversal_id}:confirm", MANAGER).status_code == 200


def test_only_the_areas_deciders_see_and_decide_a_reversal(desk: Bench) -> None:
    _, redemption_id = redeemed(desk)
    reversal_id = asked(desk, redemption_id)
    path = f"/reversals/{reversal_id}:confirm"
    assert refusal_of(post(desk, path, ELSEWHERE), 404) == "NOT_FOUND"
    for who in (OFFICER, CASHIER, TELECOM, AUDITOR):
        assert refusal_of(post(desk, path, who), 403) == "ROLE_MISSING"
    shown = {
        who.subject: desk.call("GET", "/reversals?status=asked", who).json["items"]
        for who in (MANAGER, CASHIER, TELECOM, AUDITOR, ELSEWHERE)
    }
    assert {subject for subject, items in shown.items() if items} == {
        MANAGER.subject,
        CASHIER.subject,
        TELECOM.subject,
        AUDITOR.subject,
    }


def test_a_refused_reversal_leaves_the_redemption_and_can_be_asked_again(desk: Bench) -> None:
    _, redemption_id = redeemed(desk)
    reversal_id = asked(desk, redemption_id)
    assert post(desk, f"/reversals/{reversal_id}:refuse", MANAGER).json["status"] == "refused"
    assert refusal_of(post(desk, f"/reversals/{reversal_id}:confirm", MANAGER), 409) == "REVERSAL_DECIDED"
    assert budget(desk)[3] == AMOUNT
    assert asked(desk, redemption_id) != reversal_id
    assert desk.events()[-2].type == "reversal.refused.v1"


def test_a_redemption_is_reversed_once(desk: Bench) -> None:
    _, redemption_id = redeemed(desk)
    post(desk, f"/reversals/{asked(desk, redemption_id)}:confirm", MANAGER)
    answer = post(desk, f"/redemptions/{redemption_id}:reverse", CASHIER, WHY)
    assert refusal_of(answer, 409) == "REDEMPTION_REVERSED"


def test_a_claimed_redemption_is_not_reversed(desk: Bench) -> None:
    _, redemption_id = redeemed(desk)
    reversal_id = asked(desk, redemption_id)
    period = {"period_from": "2020-01-01", "period_to": "2099-12-31"}
    body = {"enterprise_id": "telecom-1", "programme_id": PROGRAMME, **period}
    assert post(desk, "/claims", TELECOM, body).status_code == 201
    assert refusal_of(post(desk, f"/reversals/{reversal_id}:confirm", MANAGER), 409) == "REDEMPTION_CLAIMED"
    assert desk.sql("SELECT status FROM reversal") == [("asked",)]
    assert budget(desk)[3] == AMOUNT


def test_a_reversed_redemption_is_not_claimed(desk: Bench) -> None:
    _, redemption_id = redeemed(desk)
    post(desk, f"/reversals/{asked(desk, redemption_id)}:confirm", MANAGER)
    period = {"period_from": "2020-01-01", "period_to": "2099-12-31"}
    body = {"enterprise_id": "telecom-1", "programme_id": PROGRAMME, **period}
    assert refusal_of(post(desk, "/claims", TELECOM, body), 409) == "CLAIM_EMPTY"


@pytest.mark.parametrize(
    ("days_of_programme", "days_ago", "works"),
    [(None, 6, True), (None, 8, False), (3, 4, False), (10, 9, True)],
)
def test_a_redemption_is_reversed_within_the_programmes_days_else_the_settings(
    desk: Bench, days_of_programme: int | None, days_ago: int, works: bool
) -> None:
    _, redemption_id = redeemed(desk)
    desk.sql("UPDATE programme SET reversal_days = :days", days=days_of_programme)
    desk.sql("UPDATE redemption SET redeemed_at = redeemed_at - make_interval(days => :ago)", ago=days_ago)
    answer = post(desk, f"/redemptions/{redemption_id}:reverse", CASHIER, WHY)
    if works:
        assert post(desk, f"/reversals/{answer.json['reversal_id']}:confirm", MANAGER).status_code == 200
    else:
        assert refusal_of(answer, 409) == "REVERSAL_TOO_LATE"
        assert answer.json["facts"] == {"days": days_of_programme or 7}


def test_a_reversal_asked_in_time_and_confirmed_too_late_is_refused(desk: Bench) -> None:
    _, redemption_id = redeemed(desk)
    reversal_id = asked(desk, redemption_id)
    desk.sql("UPDATE redemption SET redeemed_at = redeemed_at - interval '8 days'")
    assert refusal_of(post(desk, f"/reversals/{reversal_id}:confirm", MANAGER), 409) == "REVERSAL_TOO_LATE"


def test_money_that_returned_at_the_sale_is_reserved_again_or_the_reversal_waits() -> None:
    desk = bench("disbursement")
    give_money(desk, AMOUNT)
    open_shop(desk)
    desk.take_in(approvals(1, minimum_price=0))
    _, redemption_id = redeemed(desk, price=350_000)
    assert budget(desk) == (AMOUNT, 150_000, 0, 350_000)
    reversal_id = asked(desk, redemption_id)
    desk.take_in(approvals(1, amount=150_000, position=2))
    assert budget(desk) == (AMOUNT, 0, 150_000, 350_000)
    short = post(desk, f"/reversals/{reversal_id}:confirm", MANAGER)
    assert refusal_of(short, 409) == "BUDGET_TOO_SMALL"
    assert budget(desk) == (AMOUNT, 0, 150_000, 350_000)
    give_money(desk, AMOUNT)
    assert post(desk, f"/reversals/{reversal_id}:confirm", MANAGER).status_code == 200
    assert budget(desk) == (2 * AMOUNT, 350_000, 650_000, 0)
    assert broken(desk) == {}


def test_the_voucher_of_a_household_that_withdrew_meanwhile_is_cancelled_not_out_again() -> None:
    desk = bench("disbursement")
    give_money(desk, AMOUNT)
    open_shop(desk)
    (approved,) = events = approvals(1)
    desk.take_in(events)
    _, redemption_id = redeemed(desk)
    desk.take_in([withdrawn(approved)])
    post(desk, f"/reversals/{asked(desk, redemption_id)}:confirm", MANAGER)
    assert desk.sql("SELECT status FROM voucher") == [("cancelled",)]
    assert budget(desk) == (AMOUNT, AMOUNT, 0, 0)
    assert broken(desk) == {}


def test_an_expired_voucher_that_comes_back_is_good_for_nothing(desk: Bench) -> None:
    paper, redemption_id = redeemed(desk)
    desk.sql("UPDATE voucher SET expires_on = '2020-01-01' WHERE status = 'redeemed'")
    post(desk, f"/reversals/{asked(desk, redemption_id)}:confirm", MANAGER)
    answer = post(desk, "/redemptions", CASHIER, sale(paper, imeis=[imei(5)]))
    assert refusal_of(answer, 409) == "VOUCHER_EXPIRED"


def test_redemptions_are_listed_newest_first_to_whom_they_concern(desk: Bench) -> None:
    ids = [redeemed(desk, serial)[1] for serial in (1, 2)]
    for who in (CASHIER, TELECOM, MANAGER, AUDITOR):
        page = desk.call("GET", "/redemptions?limit=1", who).json
        more = desk.call("GET", f"/redemptions?limit=1&cursor={page['next_cursor']}", who).json
        assert [item["redemption_id"] for item in page["items"] + more["items"]] == ids[::-1]
    assert desk.call("GET", "/redemptions?shop_id=shop-9", AUDITOR).json["items"] == []
    assert desk.call("GET", "/redemptions", cashier("shop-2")).json["items"] == []
    assert refusal_of(desk.call("GET", "/redemptions", OFFICER), 403) == "ROLE_MISSING"
    assert refusal_of(desk.call("GET", "/redemptions?cursor=WyJ4Il0", AUDITOR), 400) == "CURSOR_INVALID"
