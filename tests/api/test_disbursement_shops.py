"""The registry: enterprises, shops with hours and limits, clerks, handsets; who changes it, who is out."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from shared.auth import Role
from tests.support.disbursement import (
    AMOUNT,
    CASHIER,
    FUND,
    approvals,
    cashier,
    give_money,
    open_shop,
    papers,
    register_enterprise,
    sale,
)
from tests.support.service import (
    AUDITOR,
    COMMUNE,
    MANAGER,
    OFFICER,
    PROVINCE,
    SHOP,
    Bench,
    actor,
    bench,
    problem,
)

FAR = actor(Role.MANAGER, subject="quan-ly-xa", commune=None, province="14")
OURS = actor(Role.ENTERPRISE, subject="dn-1", commune=None, enterprise_id="telecom-1")
THEIRS = actor(Role.ENTERPRISE, subject="dn-2", commune=None, enterprise_id="telecom-2")
WHY = {"reason": "Bán máy cũ"}
NEW_SHOP = {"shop_id": "shop-9", "enterprise_id": "telecom-1", "name": "Cửa hàng 9", "commune": COMMUNE}
LISTED = {"hours": [], "daily_limit": None, "minute_limit": 60, "status": "active"}
HANDSET = {
    "handset_id": "lotus-s1",
    "model": "Vivas Lotus S1",
    "maker": "Vivas",
    "generation": "4g",
    "tacs": ["35693803", "35693804"],
    "price_ceiling": 900_000,
}


@pytest.fixture
def desk() -> Bench:
    """Money, one enterprise with one shop, two vouchers."""
    made = bench("disbursement")
    give_money(made, 10 * AMOUNT)
    open_shop(made)
    made.take_in(approvals(2))
    return made


def post(desk: Bench, path: str, body: Any, who: Any = MANAGER) -> Any:
    return desk.call("POST", path, who, json=body, key=True)


def refusal_of(answer: Any, status: int) -> str:
    assert answer.status_code == status, answer.get_data(as_text=True)
    return str(problem(answer)["code"])


def redeem(desk: Bench, who: Any = CASHIER, number: int = 0) -> Any:
    """One more voucher is redeemed, for the handset `number`."""
    return post(desk, "/redemptions", sale(papers(desk)[0], number), who)


def types(desk: Bench) -> list[str]:
    return [event.type for event in desk.events() if event.type != "access.recorded.v1"]


def test_an_enterprise_is_registered_once_by_the_province_that_keeps_it() -> None:
    desk = bench("disbursement")
    body = {"enterprise_id": "t-1", "name": "Viễn thông 1", "contact": "1800 0000", "province": PROVINCE}
    assert post(desk, "/enterprises", body).json == {**body, "status": "active"}
    assert refusal_of(post(desk, "/enterprises", body), 409) == "ENTERPRISE_EXISTS"
    assert refusal_of(post(desk, "/enterprises", body, FAR), 403) == "OUTSIDE_AREA"
    assert refusal_of(post(desk, "/enterprises", body, OFFICER), 403) == "ROLE_MISSING"
    (event,) = desk.events()
    assert (event.type, event.stream) == ("enterprise.registered.v1", "enterprise/t-1")
    assert "1800" not in event.raw.decode(), "a contact stays in the register"


def test_suspending_an_enterprise_stops_its_shops_until_it_is_reinstated(desk: Bench) -> None:
    path = "/enterprises/telecom-1"
    assert post(desk, f"{path}:suspend", WHY).json["status"] == "suspended"
    assert refusal_of(post(desk, f"{path}:suspend", WHY), 409) == "ENTERPRISE_SUSPENDED"
    assert refusal_of(redeem(desk), 403) == "ENTERPRISE_SUSPENDED"
    look = desk.call("POST", "/vouchers:lookup", CASHIER, json={"code": papers(desk)[0]["code"]})
    assert refusal_of(look, 403) == "ENTERPRISE_SUSPENDED"
    assert post(desk, f"{path}:reinstate", WHY).json["status"] == "active"
    assert refusal_of(post(desk, f"{path}:reinstate", WHY), 409) == "NOT_SUSPENDED"
    assert redeem(desk).status_code == 201
    assert types(desk)[-3:] == [
        "enterprise.suspended.v1",
        "enterprise.reinstated.v1",
        "voucher.redeemed.v1",
    ]


def test_an_enterprise_is_stopped_by_its_own_province_or_the_fund_only(desk: Bench) -> None:
    path = "/enterprises/telecom-1:suspend"
    assert refusal_of(post(desk, path, WHY, FAR), 404) == "NOT_FOUND"
    for who in (OFFICER, AUDITOR, OURS):
        assert refusal_of(post(desk, path, WHY, who), 403) == "ROLE_MISSING"
    assert post(desk, path, WHY, FUND).status_code == 200


def test_an_enterprise_sees_itself_and_its_shops_only(desk: Bench) -> None:
    register_enterprise(desk, "telecom-2")
    open_shop(desk, "shop-2", enterprise_id="telecom-2")

    def ids(path: str, name: str, who: Any) -> list[str]:
        return [item[name] for item in desk.call("GET", path, who).json["items"]]

    assert ids("/enterprises", "enterprise_id", AUDITOR) == ["telecom-1", "telecom-2"]
    assert ids("/enterprises", "enterprise_id", THEIRS) == ["telecom-2"]
    assert ids("/shops", "shop_id", OURS) == ["shop-1"]
    assert ids("/shops", "shop_id", MANAGER) == ["shop-1", "shop-2"]
    nobody = actor(Role.ENTERPRISE, subject="dn-3", commune=None)
    assert ids("/shops", "shop_id", nobody) == []
    assert desk.call("GET", "/shops/shop-1/clerks", THEIRS).status_code == 404


def test_a_shop_is_registered_once_suspended_once_and_reinstated_once() -> None:
    desk = bench("disbursement")
    register_enterprise(desk)
    made = post(desk, "/shops", NEW_SHOP)
    assert made.status_code == 201
    assert made.json == {**NEW_SHOP, **LISTED}
    assert refusal_of(post(desk, "/shops", NEW_SHOP), 409) == "SHOP_EXISTS"
    stopped = post(desk, "/shops/shop-9:suspend", WHY)
    assert stopped.json["status"] == "suspended"
    assert refusal_of(post(desk, "/shops/shop-9:suspend", WHY), 409) == "SHOP_SUSPENDED"
    assert post(desk, "/shops/shop-9:reinstate", WHY).json == {**NEW_SHOP, **LISTED}
    assert refusal_of(post(desk, "/shops/shop-9:reinstate", WHY), 409) == "NOT_SUSPENDED"
    assert [event.stream for event in desk.events()[1:]] == ["shop/shop-9"] * 3


def test_a_shop_belongs_to_an_enterprise_that_is_there() -> None:
    desk = bench("disbursement")
    assert refusal_of(post(desk, "/shops", NEW_SHOP), 422) == "ENTERPRISE_UNKNOWN"
    assert desk.events() == []


def test_a_shop_outside_the_area_is_neither_made_nor_seen(desk: Bench) -> None:
    assert refusal_of(post(desk, "/shops", NEW_SHOP, FAR), 403) == "OUTSIDE_AREA"
    unknown = {**NEW_SHOP, "commune": "99999"}
    assert refusal_of(post(desk, "/shops", unknown), 422) == "COMMUNE_UNKNOWN"
    for action, body in (("suspend", WHY), ("reinstate", WHY), ("change", {"daily_limit": 1})):
        assert refusal_of(post(desk, f"/shops/shop-1:{action}", body, FAR), 404) == "NOT_FOUND"
    assert refusal_of(post(desk, "/shops/shop-1/clerks", {"subject": "x"}, FAR), 404) == "NOT_FOUND"
    assert desk.call("GET", "/shops", FAR).json == {"items": [], "next_cursor": None}
    assert [shop["shop_id"] for shop in desk.call("GET", "/shops", MANAGER).json["items"]] == ["shop-1"]
    assert refusal_of(post(desk, "/shops", NEW_SHOP, OFFICER), 403) == "ROLE_MISSING"
    assert refusal_of(desk.call("GET", "/shops", SHOP), 403) == "ROLE_MISSING"


@pytest.mark.parametrize(
    "hours", [["8 07:30-18:00"], ["1 18:00-07:30"], ["1 07:30-25:00"], ["1 07:30 18:00"], ["1 09:00-09:00"]]
)
def test_hours_that_are_none_are_refused(hours: list[str]) -> None:
    desk = bench("disbursement")
    register_enterprise(desk)
    assert refusal_of(post(desk, "/shops", {**NEW_SHOP, "hours": hours}), 422) == "INVALID_FIELDS"


def test_shops_are_listed_page_by_page(desk: Bench) -> None:
    for number in range(2, 5):
        open_shop(desk, f"shop-{number}")
    seen, cursor = [], ""
    while cursor is not None:
        page = desk.call("GET", f"/shops?limit=3{cursor and '&cursor=' + cursor}", MANAGER).json
        seen += [shop["shop_id"] for shop in page["items"]]
        cursor = page["next_cursor"]
    assert seen == [f"shop-{number}" for number in range(1, 5)]


def test_a_shop_that_is_closed_redeems_nothing_and_a_changed_one_does(desk: Bench) -> None:
    closed = {"hours": ["1 00:00-00:01"], "minute_limit": 60}
    changed = post(desk, "/shops/shop-1:change", closed)
    assert changed.json["hours"] == ["1 00:00-00:01"]
    assert refusal_of(redeem(desk), 403) == "SHOP_CLOSED"
    post(desk, "/shops/shop-1:change", {"hours": [f"{day} 00:00-24:00" for day in range(1, 8)]})
    assert redeem(desk).status_code == 201
    assert types(desk)[-1] == "voucher.redeemed.v1"


def test_a_shop_at_its_daily_limit_redeems_nothing_more_today(desk: Bench) -> None:
    post(desk, "/shops/shop-1:change", {"daily_limit": 1})
    assert redeem(desk).status_code == 201
    full = redeem(desk, number=1)
    assert refusal_of(full, 429) == "SHOP_DAY_FULL"
    assert full.headers["Retry-After"] == "60"
    desk.sql("UPDATE shop_quota SET day = day - 1")
    assert redeem(desk, number=1).status_code == 201


def test_a_shop_that_sends_too_much_in_a_minute_waits_and_may_use_its_key_again(desk: Bench) -> None:
    post(desk, "/shops/shop-1:change", {"minute_limit": 1})
    one, other = (sale(paper, serial) for serial, paper in enumerate(papers(desk)))
    now = datetime.now(UTC).replace(second=30)
    with time_machine.travel(now, tick=False):
        assert post(desk, "/redemptions", one, CASHIER).status_code == 201
        waiting = desk.call("POST", "/redemptions", CASHIER, json=other, key="till-1")
        assert refusal_of(waiting, 429) == "SHOP_MINUTE_FULL"
    with time_machine.travel(now + timedelta(minutes=1), tick=False):
        assert desk.call("POST", "/redemptions", CASHIER, json=other, key="till-1").status_code == 201


def test_a_suspended_clerk_redeems_nothing_and_a_reinstated_one_does(desk: Bench) -> None:
    made = post(desk, "/shops/shop-1/clerks", {"subject": CASHIER.subject})
    assert made.status_code == 201
    assert refusal_of(post(desk, "/shops/shop-1/clerks", {"subject": CASHIER.subject}), 409) == "CLERK_EXISTS"
    path = f"/clerks/{made.json['clerk_id']}"
    assert post(desk, f"{path}:suspend", WHY, OURS).json["status"] == "suspended"
    assert refusal_of(post(desk, f"{path}:suspend", WHY), 409) == "CLERK_SUSPENDED"
    assert refusal_of(redeem(desk), 403) == "CLERK_SUSPENDED"
    listed = desk.call("GET", "/shops/shop-1/clerks", OURS).json["items"]
    assert [(clerk["subject"], clerk["status"]) for clerk in listed] == [(CASHIER.subject, "suspended")]
    assert post(desk, f"{path}:reinstate", WHY).json["status"] == "active"
    assert redeem(desk).status_code == 201
    assert WHY["reason"] not in "".join(event.raw.decode() for event in desk.events())


def test_clerks_are_listed_page_by_page(desk: Bench) -> None:
    for name in ("a", "b", "c"):
        post(desk, "/shops/shop-1/clerks", {"subject": name})
    page = desk.call("GET", "/shops/shop-1/clerks?limit=2", MANAGER).json
    rest = desk.call("GET", f"/shops/shop-1/clerks?cursor={page['next_cursor']}", MANAGER).json
    assert [clerk["subject"] for clerk in page["items"] + rest["items"]] == ["a", "b", "c"]
    assert (
        refusal_of(desk.call("GET", "/shops/shop-1/clerks?cursor=WyJ4Il0", MANAGER), 400) == "CURSOR_INVALID"
    )


def test_a_clerk_of_one_shop_is_refused_at_another(desk: Bench) -> None:
    open_shop(desk, "shop-2")
    clerk = cashier("shop-2")
    post(desk, "/shops/shop-1/clerks", {"subject": clerk.subject})
    assert refusal_of(redeem(desk, clerk), 403) == "CLERK_OF_ANOTHER_SHOP"


def test_another_enterprises_clerk_is_nobodys_business(desk: Bench) -> None:
    made = post(desk, "/shops/shop-1/clerks", {"subject": "x"}, OURS)
    assert made.status_code == 201
    path = f"/clerks/{made.json['clerk_id']}:suspend"
    for who in (THEIRS, FAR):
        assert refusal_of(post(desk, path, WHY, who), 404) == "NOT_FOUND"
    assert refusal_of(post(desk, "/clerks/nobody:suspend", WHY), 404) == "NOT_FOUND"


def test_the_catalogue_lists_a_model_once_and_each_tac_once(desk: Bench) -> None:
    assert post(desk, "/handsets", HANDSET).json == {**HANDSET, "status": "listed"}
    assert refusal_of(post(desk, "/handsets", HANDSET), 409) == "HANDSET_EXISTS"
    other = {**HANDSET, "handset_id": "b", "model": "B"}
    assert refusal_of(post(desk, "/handsets", other), 409) == "TAC_OF_ANOTHER_MODEL"
    assert post(desk, "/handsets", {**other, "tacs": ["11111111"]}).status_code == 201
    shown = desk.call("GET", "/handsets", CASHIER).json["items"]
    assert [(one["handset_id"], sorted(one["tacs"])) for one in shown] == [
        ("b", ["11111111"]),
        ("lotus-s1", HANDSET["tacs"]),
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"tacs": []},
        {"tacs": ["1234567"]},
        {"tacs": ["12345678"] * 2},
        {"generation": "3g"},
        {"price_ceiling": 0},
    ],
)
def test_a_malformed_model_is_refused(desk: Bench, change: dict[str, Any]) -> None:
    assert refusal_of(post(desk, "/handsets", {**HANDSET, **change}), 422) == "INVALID_FIELDS"


def test_a_withdrawn_model_is_handed_to_nobody(desk: Bench) -> None:
    post(desk, "/handsets", HANDSET)
    assert post(desk, "/handsets/lotus-s1:withdraw", WHY).status_code == 204
    assert refusal_of(post(desk, "/handsets/lotus-s1:withdraw", WHY), 409) == "HANDSET_NOT_LISTED"
    assert refusal_of(redeem(desk), 409) == "HANDSET_NOT_LISTED"
    assert desk.call("GET", "/handsets?status=listed", CASHIER).json["items"] == []
    assert types(desk)[-2:] == ["handset.listed.v1", "handset.withdrawn.v1"]
