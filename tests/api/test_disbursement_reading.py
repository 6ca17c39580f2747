"""Shops, vouchers, the funnel and the live state: who sees what, and page by page."""

from typing import Any

import pytest

from shared.auth import Role
from tests.support.disbursement import (
    AMOUNT,
    PROGRAMME,
    approvals,
    budget,
    give_money,
    open_shop,
    papers,
    published,
    sale,
    withdrawn,
)
from tests.support.service import (
    AUDITOR,
    COMMUNE,
    OFFICER,
    OTHER_COMMUNE,
    SERVICE,
    SHOP,
    Bench,
    actor,
    bench,
    problem,
)

ELSEWHERE = actor(Role.OFFICER, commune=OTHER_COMMUNE)


@pytest.fixture
def desk() -> Bench:
    """Money for three: three issued (one redeemed, one cancelled and its money given to who waited)."""
    made = bench("disbursement")
    give_money(made, 3 * AMOUNT)
    open_shop(made)
    cases = approvals(5)
    made.take_in(cases)
    paper = papers(made, [cases[0].key])[0]
    assert made.call("POST", "/redemptions", SHOP, json=sale(paper), key=True).status_code == 201
    made.take_in([withdrawn(cases[1])])
    return made


def refusal_of(answer: Any, status: int) -> str:
    assert answer.status_code == status, answer.get_data(as_text=True)
    return str(problem(answer)["code"])


def test_vouchers_are_listed_page_by_page_without_their_secrets(desk: Bench) -> None:
    seen: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = desk.call("GET", f"/vouchers?limit=2&programme_id={PROGRAMME}{cursor}", OFFICER).json
        seen += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert sorted(item["status"] for item in seen) == ["cancelled", "issued", "issued", "redeemed"]
    assert set(seen[0]) == {
        "voucher_id",
        "application_id",
        "household_id",
        "commune",
        "status",
        "amount",
        "expires_on",
        "locked",
        "ended_reason",
        "replaces",
    }
    only = desk.call("GET", "/vouchers?status=redeemed", AUDITOR).json["items"]
    assert [item["status"] for item in only] == ["redeemed"]


@pytest.mark.parametrize("path", ["/vouchers", "/shops", "/live-state"])
def test_a_made_up_cursor_is_refused(desk: Bench, path: str) -> None:
    who = AUDITOR
    for cursor in ("x", "W10", "WyJ4Il0", "W3sieCI6MX1d", "WzAsIngiXQ", "W251bGwsbnVsbF0"):
        answer = desk.call("GET", f"{path}?cursor={cursor}", who)
        assert answer.status_code in (200, 400), answer.get_data(as_text=True)
    assert refusal_of(desk.call("GET", f"{path}?limit=0", who), 422) == "INVALID_FIELDS"


def test_another_communes_officer_sees_no_voucher(desk: Bench) -> None:
    assert desk.call("GET", f"/vouchers?commune={COMMUNE}", ELSEWHERE).json["items"] == []
    assert refusal_of(desk.call("GET", "/vouchers", SHOP), 403) == "ROLE_MISSING"


def test_the_funnel_ties_and_keeps_to_the_area(desk: Bench) -> None:
    counted = desk.call("GET", f"/funnel?programme_id={PROGRAMME}", OFFICER).json
    assert counted == {
        "programme_id": PROGRAMME,
        "issued": 4,
        "waitlisted": 1,
        "redeemed": 1,
        "expired": 0,
        "cancelled": 1,
        "reissued": 0,
        "outstanding": 2,
    }
    assert counted["issued"] == sum(
        counted[name] for name in ("redeemed", "expired", "cancelled", "reissued", "outstanding")
    )
    assert desk.call("GET", f"/funnel?programme_id={PROGRAMME}", ELSEWHERE).json["issued"] == 0
    assert desk.call("GET", f"/funnel?programme_id={PROGRAMME}", SHOP).json["issued"] == 0
    assert refusal_of(desk.call("GET", "/funnel", OFFICER), 422) == "INVALID_FIELDS"


def test_the_live_state_pages_through_cases_budgets_and_shops(desk: Bench) -> None:
    whole = desk.call("GET", "/live-state", SERVICE).json
    assert whole["next_cursor"] is None
    keys = [item["key"] for item in whole["items"]]
    assert keys[-2:] == [f"budget/{PROGRAMME}", "shop/shop-1"]
    assert keys[:-2] == sorted(keys[:-2])
    assert len(keys) == 7
    for limit in (1, 3, 6):
        paged: list[dict[str, Any]] = []
        cursor: str | None = ""
        while cursor is not None:
            page = desk.call(
                "GET", f"/live-state?limit={limit}{cursor and '&cursor=' + cursor}", SERVICE
            ).json
            assert len(page["items"]) <= limit
            paged += page["items"]
            cursor = page["next_cursor"]
        assert paged == whole["items"]
    assert refusal_of(desk.call("GET", "/live-state", OFFICER), 403) == "ROLE_MISSING"
    allocated, available, reserved, spent = budget(desk)
    assert whole["items"][-2]["state"] == {
        "allocated": allocated,
        "available": available,
        "reserved": reserved,
        "spent": spent,
        "distributed": 0,
    }


def test_the_newest_programme_version_gives_the_names_a_shop_reads(desk: Bench) -> None:
    desk.take_in([published(version=2, name="Một"), published(version=3, name="Hai")])
    code = papers(desk)[0]["code"]
    found = desk.call("POST", "/vouchers:lookup", SHOP, json={"code": code}).json
    assert (found["programme_name_vi"], found["programme_name_en"]) == ("Hai", "Hai (en)")
