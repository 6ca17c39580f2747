"""The programmes' money: a tree of budgets, corrected and moved by documents, each movement a posting."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy.exc import IntegrityError

from services.disbursement.domain import Place, budget_ids, local_date
from services.disbursement.models.money import CREDITS, DEBITS
from shared.auth import Role
from tests.support.disbursement import (
    AMOUNT,
    CASHIER,
    FUND,
    PROGRAMME,
    approvals,
    broken,
    budget,
    give_money,
    open_shop,
    papers,
    published,
    sale,
    withdrawn,
)
from tests.support.service import (
    APPROVER,
    AUDITOR,
    COMMUNE,
    MANAGER,
    OFFICER,
    OTHER_COMMUNE,
    PROVINCE,
    SHOP,
    Bench,
    actor,
    bench,
    problem,
)

OTHER_PROVINCE = "14"
NEIGHBOUR = "00715"
ALLOCATE, ADJUST, MOVE = (f"/budgets/{PROGRAMME}:{word}" for word in ("allocate", "adjust", "move"))
OF_PROVINCE, OF_COMMUNE = f"{PROGRAMME}/{PROVINCE}", f"{PROGRAMME}/{PROVINCE}/{COMMUNE}"
DOCUMENT = {"document": "45/QĐ-UBND"}
WHY = {**DOCUMENT, "reason": "Điều chỉnh dự toán"}


@pytest.fixture
def desk() -> Bench:
    """A national programme and no money yet."""
    made = bench("disbursement")
    made.take_in([published()])
    return made


def post(desk: Bench, path: str, who: Any = FUND, **body: Any) -> Any:
    return desk.call("POST", path, who, json=body, key=True)


def refusal_of(answer: Any, status: int) -> str:
    assert answer.status_code == status, answer.get_data(as_text=True)
    return str(problem(answer)["code"])


def show(desk: Bench, who: Any = FUND, **place: str) -> Any:
    return desk.call("GET", f"/budgets/{PROGRAMME}", who, query_string=place)


def issued_from(desk: Bench) -> dict[str, int]:
    """Vouchers by the budget that they were charged to."""
    return dict(map(tuple, desk.sql("SELECT budget_id, count(*) FROM voucher GROUP BY budget_id")))


def waiting_for(desk: Bench) -> dict[str, int]:
    rows = desk.sql("SELECT budget_id, count(*) FROM waitlist WHERE status = 'waiting' GROUP BY budget_id")
    return dict(map(tuple, rows))


def test_money_is_allocated_by_a_document_and_adds_up(desk: Bench) -> None:
    body = {"amount": 200, "document": "45/QĐ-UBND"}
    answer = desk.call("POST", ALLOCATE, FUND, json=body, key="first")
    assert answer.json == {
        "budget_id": PROGRAMME,
        "programme_id": PROGRAMME,
        "province": None,
        "commune": None,
        "allocated": 200,
        "available": 200,
        "reserved": 0,
        "spent": 0,
        "distributed": 0,
    }
    again = desk.call("POST", ALLOCATE, FUND, json=body, key="first")
    assert again.get_data() == answer.get_data()
    post(desk, ALLOCATE, amount=50, **DOCUMENT)
    assert show(desk, OFFICER).json["allocated"] == 250
    assert [event.type for event in desk.events()] == ["budget.allocated.v1"] * 2
    assert desk.events()[1].stream == f"budget/{PROGRAMME}"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (ALLOCATE, {"amount": 0, **DOCUMENT}),
        (ALLOCATE, {"amount": 1}),
        (ALLOCATE, {"amount": 1.5, **DOCUMENT}),
        (ALLOCATE, {"amount": 1, "province": "8", **DOCUMENT}),
        (ADJUST, {"change": 0, **WHY}),
        (ADJUST, {"change": 1, **DOCUMENT}),
        (MOVE, {"amount": 1, "source": {}, **WHY}),
        (MOVE, {"amount": -1, "source": {}, "target": {"province": PROVINCE}, **WHY}),
    ],
)
def test_a_malformed_change_is_refused(desk: Bench, path: str, body: dict[str, Any]) -> None:
    assert refusal_of(post(desk, path, **body), 422) == "INVALID_FIELDS"
    assert desk.events() == []


@pytest.mark.parametrize(
    ("place", "code"),
    [
        ({"province": "99"}, "PROVINCE_UNKNOWN"),
        ({"commune": "99999"}, "COMMUNE_UNKNOWN"),
        ({"province": OTHER_PROVINCE, "commune": COMMUNE}, "COMMUNE_UNKNOWN"),
    ],
)
def test_money_for_a_place_that_is_none_is_refused(desk: Bench, place: dict[str, str], code: str) -> None:
    assert refusal_of(post(desk, ALLOCATE, amount=1, **DOCUMENT, **place), 422) == code


def test_money_for_a_programme_that_nobody_published_is_refused(desk: Bench) -> None:
    answer = post(desk, "/budgets/somewhere:allocate", amount=1, **DOCUMENT)
    assert refusal_of(answer, 404) == "PROGRAMME_UNKNOWN"
    assert desk.sql("SELECT count(*) FROM budget")[0][0] == 0


def test_only_managers_change_budgets_and_only_staff_sees_them(desk: Bench) -> None:
    give_money(desk, 1)
    for path, body in (
        (ALLOCATE, {"amount": 1, **DOCUMENT}),
        (ADJUST, {"change": 1, **WHY}),
        (MOVE, {"amount": 1, "source": {}, "target": {"province": PROVINCE}, **WHY}),
    ):
        for who in (OFFICER, APPROVER, AUDITOR, SHOP):
            assert refusal_of(post(desk, path, who, **body), 403) == "ROLE_MISSING"
    assert refusal_of(show(desk, SHOP), 403) == "ROLE_MISSING"
    assert refusal_of(desk.call("GET", "/budgets/nobody", FUND), 404) == "NOT_FOUND"
    assert refusal_of(post(desk, "/budgets/A B:allocate", amount=1, **DOCUMENT), 404) == "NOT_FOUND"


def test_a_province_distributes_its_own_share_and_touches_nothing_above_or_beside_it(desk: Bench) -> None:
    give_money(desk, 100)
    give_money(desk, 60, province=PROVINCE)
    assert post(desk, ALLOCATE, MANAGER, amount=25, commune=COMMUNE, **DOCUMENT).status_code == 200
    for place in ({}, {"province": PROVINCE}, {"province": OTHER_PROVINCE}, {"commune": OTHER_COMMUNE}):
        assert refusal_of(post(desk, ALLOCATE, MANAGER, amount=1, **DOCUMENT, **place), 403) == "OUTSIDE_AREA"
        assert refusal_of(post(desk, ADJUST, MANAGER, change=-1, **WHY, **place), 403) == "OUTSIDE_AREA"
    beside = {"source": {"commune": COMMUNE}, "target": {"commune": OTHER_COMMUNE}}
    assert refusal_of(post(desk, MOVE, MANAGER, amount=1, **beside, **WHY), 403) == "OUTSIDE_AREA"
    in_one_commune = actor(Role.MANAGER)
    answer = post(desk, ALLOCATE, in_one_commune, amount=1, commune=COMMUNE, **DOCUMENT)
    assert refusal_of(answer, 403) == "OUTSIDE_AREA"
    assert broken(desk) == {}


def test_the_manager_of_the_one_province_that_a_programme_serves_gives_it_its_money() -> None:
    desk = bench("disbursement")
    desk.take_in([published(provinces=[PROVINCE])])
    assert post(desk, ALLOCATE, MANAGER, amount=10, **DOCUMENT).status_code == 200
    elsewhere = actor(Role.MANAGER, commune=None, province=OTHER_PROVINCE)
    assert refusal_of(post(desk, ALLOCATE, elsewhere, amount=10, **DOCUMENT), 403) == "OUTSIDE_AREA"
    not_served = post(desk, ALLOCATE, FUND, amount=1, province=OTHER_PROVINCE, **DOCUMENT)
    assert refusal_of(not_served, 403) == "OUTSIDE_AREA"


def test_what_is_distributed_leaves_the_budget_above_and_is_there_below(desk: Bench) -> None:
    give_money(desk, 100)
    give_money(desk, 60, province=PROVINCE)
    give_money(desk, 25, commune=COMMUNE)
    tree = desk.call("GET", f"/budgets/{PROGRAMME}/tree", AUDITOR).json["items"]
    assert [(one["budget_id"], one["allocated"], one["available"], one["distributed"]) for one in tree] == [
        (PROGRAMME, 100, 40, 60),
        (OF_PROVINCE, 60, 35, 25),
        (OF_COMMUNE, 25, 25, 0),
    ]
    too_much = post(desk, ALLOCATE, amount=36, commune=COMMUNE, **DOCUMENT)
    assert refusal_of(too_much, 409) == "BUDGET_TOO_SMALL"
    assert broken(desk) == {}


def test_a_refused_share_opens_no_budget_and_leaves_nothing_behind(desk: Bench) -> None:
    give_money(desk, 100)
    answer = post(desk, ALLOCATE, amount=1, commune=COMMUNE, **DOCUMENT)
    assert refusal_of(answer, 409) == "BUDGET_TOO_SMALL", "its province has no budget of its own yet"
    assert desk.sql("SELECT budget_id FROM budget") == [(PROGRAMME,)]
    assert len(desk.events()) == 1


def test_each_area_sees_its_own_budgets_and_those_above(desk: Bench) -> None:
    give_money(desk, 100)
    for province, commune in ((PROVINCE, COMMUNE), (OTHER_PROVINCE, OTHER_COMMUNE)):
        give_money(desk, 10, province=province)
        give_money(desk, 5, commune=commune)

    def seen(who: Any) -> list[str]:
        tree = desk.call("GET", f"/budgets/{PROGRAMME}/tree", who).json["items"]
        return [one["budget_id"] for one in tree]

    assert seen(OFFICER) == [PROGRAMME, OF_PROVINCE, OF_COMMUNE]
    assert seen(MANAGER) == [PROGRAMME, OF_PROVINCE, OF_COMMUNE]
    assert len(seen(AUDITOR)) == 5
    assert refusal_of(show(desk, OFFICER, commune=OTHER_COMMUNE), 404) == "NOT_FOUND"
    assert show(desk, OFFICER, province=PROVINCE).json["allocated"] == 10


def test_an_approval_is_charged_to_the_most_specific_budget(desk: Bench) -> None:
    give_money(desk, 100 * AMOUNT)
    desk.take_in(approvals(1))
    give_money(desk, 50 * AMOUNT, province=PROVINCE)
    desk.take_in(approvals(2) + approvals(3, commune=OTHER_COMMUNE))
    give_money(desk, 20 * AMOUNT, commune=COMMUNE)
    desk.take_in(approvals(4))
    assert issued_from(desk) == {PROGRAMME: 1 + 3, OF_PROVINCE: 2, OF_COMMUNE: 4}
    assert budget(desk, OF_COMMUNE) == (20 * AMOUNT, 16 * AMOUNT, 4 * AMOUNT, 0)
    assert {event.data["budget_id"] for event in desk.events() if event.type == "voucher.issued.v1"} == set(
        issued_from(desk)
    )
    assert broken(desk) == {}


def test_a_commune_with_an_empty_budget_waits_although_its_province_has_money(desk: Bench) -> None:
    give_money(desk, 10 * AMOUNT)
    give_money(desk, 5 * AMOUNT, province=PROVINCE)
    give_money(desk, 1, commune=COMMUNE)
    desk.take_in(approvals(2))
    assert waiting_for(desk) == {OF_COMMUNE: 2}
    give_money(desk, AMOUNT, commune=COMMUNE)
    assert (issued_from(desk), waiting_for(desk)) == ({OF_COMMUNE: 1}, {OF_COMMUNE: 1})
    assert broken(desk) == {}


def test_who_waits_goes_to_the_line_of_a_budget_that_is_opened_for_him(desk: Bench) -> None:
    give_money(desk, AMOUNT - 1)
    here, there = approvals(2, amount=2 * AMOUNT), approvals(1, position=9, commune=OTHER_COMMUNE)
    desk.take_in(here + there)
    assert waiting_for(desk) == {PROGRAMME: 3}
    give_money(desk, 1, province=PROVINCE)
    assert waiting_for(desk) == {OF_PROVINCE: 2, PROGRAMME: 1}, "who is left has nobody before him any more"
    give_money(desk, 1)
    assert waiting_for(desk) == {OF_PROVINCE: 2, PROGRAMME: 1}
    give_money(desk, 1)
    assert issued_from(desk) == {PROGRAMME: 1}
    assert broken(desk) == {}


def test_the_first_in_line_that_moves_away_leaves_the_money_to_the_next(desk: Bench) -> None:
    give_money(desk, AMOUNT)
    big = approvals(1, amount=3 * AMOUNT)
    small = approvals(1, position=2, amount=AMOUNT // 2, commune=OTHER_COMMUNE)
    desk.take_in(big)
    desk.take_in(small)
    assert waiting_for(desk) == {PROGRAMME: 2}
    give_money(desk, AMOUNT // 2, province=PROVINCE)
    assert (issued_from(desk), waiting_for(desk)) == ({PROGRAMME: 1}, {OF_PROVINCE: 1})
    assert broken(desk) == {}


def test_the_first_in_line_that_gives_up_leaves_the_money_to_the_next(desk: Bench) -> None:
    give_money(desk, AMOUNT)
    big, small = approvals(1, amount=3 * AMOUNT), approvals(1, position=2)
    desk.take_in(big)
    desk.take_in(small)
    assert waiting_for(desk) == {PROGRAMME: 2}
    desk.take_in([withdrawn(big[0])])
    assert issued_from(desk) == {PROGRAMME: 1}
    assert broken(desk) == {}


def test_a_budget_is_adjusted_both_ways_by_a_document_and_for_a_reason(desk: Bench) -> None:
    give_money(desk, 2 * AMOUNT)
    desk.take_in(approvals(1))
    assert post(desk, ADJUST, change=-AMOUNT, **WHY).json["allocated"] == AMOUNT
    assert refusal_of(post(desk, ADJUST, change=-1, **WHY), 409) == "BUDGET_TOO_SMALL"
    assert post(desk, ADJUST, change=7, **WHY).json["available"] == 7
    adjusted = [event.data for event in desk.events() if event.type == "budget.adjusted.v1"]
    assert [(data["change"], data["document"], data["reason"]) for data in adjusted] == [
        (-AMOUNT, *WHY.values()),
        (7, *WHY.values()),
    ]
    assert broken(desk) == {}


def test_money_taken_from_a_commune_returns_to_its_province_and_serves_who_waits_there(desk: Bench) -> None:
    give_money(desk, 3 * AMOUNT)
    give_money(desk, 2 * AMOUNT, province=PROVINCE)
    give_money(desk, 2 * AMOUNT, commune=COMMUNE)
    neighbour = approvals(1, commune=NEIGHBOUR)
    desk.take_in(neighbour)
    assert waiting_for(desk) == {OF_PROVINCE: 1}
    answer = post(desk, ADJUST, MANAGER, change=-AMOUNT, commune=COMMUNE, **WHY)
    assert (answer.json["allocated"], answer.json["available"]) == (AMOUNT, AMOUNT)
    assert issued_from(desk) == {OF_PROVINCE: 1}
    assert budget(desk, OF_PROVINCE) == (2 * AMOUNT, 0, AMOUNT, 0)
    assert broken(desk) == {}


def test_money_moves_between_communes_of_two_provinces_by_way_of_the_programme(desk: Bench) -> None:
    give_money(desk, 100)
    for province, commune in ((PROVINCE, COMMUNE), (OTHER_PROVINCE, OTHER_COMMUNE)):
        give_money(desk, 40, province=province)
        give_money(desk, 30, commune=commune)
    places = {"source": {"commune": COMMUNE}, "target": {"commune": OTHER_COMMUNE}}
    answer = post(desk, MOVE, amount=12, **places, **WHY)
    assert (answer.json["source"]["allocated"], answer.json["target"]["allocated"]) == (18, 42)
    assert budget(desk)[1] == 20
    assert budget(desk, OF_PROVINCE)[:2] == (28, 10)
    assert budget(desk, f"{PROGRAMME}/{OTHER_PROVINCE}")[:2] == (52, 10)
    assert [event.data["change"] for event in desk.events()[-4:]] == [-12, -12, 12, 12]
    assert refusal_of(post(desk, MOVE, amount=19, **places, **WHY), 409) == "BUDGET_TOO_SMALL"
    same = {"source": {"commune": COMMUNE}, "target": {"province": PROVINCE, "commune": COMMUNE}}
    assert refusal_of(post(desk, MOVE, amount=1, **same, **WHY), 409) == "BUDGET_SAME"
    assert broken(desk) == {}


def test_money_that_only_passes_a_budget_serves_nobody_there(desk: Bench) -> None:
    give_money(desk, 2 * AMOUNT)
    give_money(desk, 2 * AMOUNT, province=PROVINCE)
    give_money(desk, AMOUNT, commune=COMMUNE)
    give_money(desk, 1, commune=NEIGHBOUR)
    big = approvals(1, amount=2 * AMOUNT, commune="00700")
    desk.take_in(big)
    assert waiting_for(desk) == {OF_PROVINCE: 1}
    move = {"source": {"commune": COMMUNE}, "target": {"commune": NEIGHBOUR}}
    assert post(desk, MOVE, MANAGER, amount=AMOUNT, **move, **WHY).status_code == 200
    assert waiting_for(desk) == {OF_PROVINCE: 1}
    assert broken(desk) == {}


# The journal


def test_a_statement_for_any_day_comes_from_the_postings_of_that_day_and_before(desk: Bench) -> None:
    give_money(desk, 5 * AMOUNT)
    give_money(desk, 2 * AMOUNT, province=PROVINCE)
    desk.take_in(approvals(1, commune=OTHER_COMMUNE))
    today = local_date(datetime.now(UTC))

    def statement(who: Any = AUDITOR, **query: str) -> Any:
        return desk.call("GET", f"/budgets/{PROGRAMME}/statement", who, query_string=query)

    found = statement().json
    assert found["as_of"] == today.isoformat()
    assert found["accounts"] == {
        name: value for name, value in show(desk).json.items() if name in found["accounts"]
    }
    assert found["accounts"]["reserved"] == AMOUNT
    assert [(line["kind"], line["debit"], line["credit"], line["amount"]) for line in found["turnover"]] == [
        ("allocate", "available", "allocated", 5 * AMOUNT),
        ("distribute", "distributed", "available", 2 * AMOUNT),
        ("reserve", "reserved", "available", AMOUNT),
    ]
    assert [paper["document"] for paper in found["documents"]] == ["45/QĐ-UBND"] * 2
    yesterday = statement(as_of=(today - timedelta(days=1)).isoformat()).json
    assert set(yesterday["accounts"].values()) == {0}
    assert (yesterday["turnover"], yesterday["documents"]) == ([], [])
    assert statement(OFFICER, province=PROVINCE).json["accounts"]["allocated"] == 2 * AMOUNT
    assert refusal_of(statement(OFFICER, province=OTHER_PROVINCE), 404) == "NOT_FOUND"


def test_a_posting_on_the_last_second_of_a_day_in_viet_nam_belongs_to_that_day(desk: Bench) -> None:
    give_money(desk, 1)
    desk.sql("ALTER TABLE posting DISABLE TRIGGER posting_is_append_only")
    desk.sql("UPDATE posting SET posted_at = '2026-11-23 16:59:59+00'")

    def allocated(day: str) -> int:
        answer = desk.call("GET", f"/budgets/{PROGRAMME}/statement?as_of={day}", AUDITOR)
        return int(answer.json["accounts"]["allocated"])

    assert (allocated("2026-11-22"), allocated("2026-11-23")) == (0, 1)
    desk.sql("UPDATE posting SET posted_at = '2026-11-23 17:00:00+00'")
    assert (allocated("2026-11-23"), allocated("2026-11-24")) == (0, 1)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE budget SET available = available",
        "UPDATE budget SET available = available - 1, allocated = allocated - 1",
        "DELETE FROM budget",
        "TRUNCATE budget CASCADE",
        "INSERT INTO budget SELECT 'p', 'p', NULL, NULL, NULL, 1, 1, 0, 0, 0",
    ],
)
def test_balances_change_by_postings_and_in_no_other_way(desk: Bench, statement: str) -> None:
    give_money(desk, AMOUNT)
    with pytest.raises(IntegrityError, match="money moves by postings only"):
        desk.sql(statement)


POSTING = (
    "INSERT INTO posting (budget_id, kind, amount, event_id, voucher_id, document, posted_at)"
    " VALUES ('{}', '{}', {}, gen_random_uuid(), {}, {}, now())"
)


@pytest.mark.parametrize(
    ("kind", "amount", "voucher", "document"),
    [
        ("reserve", AMOUNT + 1, "gen_random_uuid()", "NULL"),
        ("void", 1, "gen_random_uuid()", "NULL"),
        ("post", 1, "gen_random_uuid()", "NULL"),
        ("reverse", 1, "gen_random_uuid()", "NULL"),
        ("withdraw", AMOUNT + 1, "NULL", "'d'"),
        ("collect", 1, "NULL", "'d'"),
        ("reserve", 0, "gen_random_uuid()", "NULL"),
        ("allocate", -1, "NULL", "'d'"),
        ("reserve", 1, "NULL", "NULL"),
        ("allocate", 1, "NULL", "NULL"),
        ("give", 1, "NULL", "'d'"),
    ],
)
def test_a_posting_that_overdraws_an_account_or_names_no_cause_is_refused(
    desk: Bench, kind: str, amount: int, voucher: str, document: str
) -> None:
    give_money(desk, AMOUNT)
    with pytest.raises(IntegrityError):
        desk.sql(POSTING.format(PROGRAMME, kind, amount, voucher, document))
    assert broken(desk) == {}


def test_a_posting_to_a_budget_that_is_not_there_is_refused(desk: Bench) -> None:
    for kind, said in (("reserve", "there is no budget nowhere"), ("post", "without a redeemed voucher")):
        with pytest.raises(IntegrityError, match=said):
            desk.sql(POSTING.format("nowhere", kind, 1, "gen_random_uuid()", "NULL"))


@pytest.mark.parametrize("kind", sorted(DEBITS.keys() - {"post"}))
def test_a_posting_moves_the_two_accounts_of_its_kind(desk: Bench, kind: str) -> None:
    """And the journal names them. A `post` goes into a stripe and needs a redeemed voucher: here is one."""
    give_money(desk, 6 * AMOUNT)
    open_shop(desk)
    desk.take_in(approvals(2))
    give_money(desk, AMOUNT, province=PROVINCE)
    bought = desk.call("POST", "/redemptions", CASHIER, json=sale(papers(desk)[0]), key=True)
    assert bought.status_code == 201
    by_decision = kind in ("allocate", "withdraw", "distribute", "collect")
    about = ("NULL", "'46/QĐ-UBND'") if by_decision else ("gen_random_uuid()", "NULL")
    before = accounts(desk)
    desk.sql(POSTING.format(PROGRAMME, kind, 1, *about))
    named = dict(desk.sql("SELECT kind, ARRAY[debit, credit] FROM journal"))
    assert named[kind] == [DEBITS[kind], CREDITS[kind]]
    assert named["post"] == [DEBITS["post"], CREDITS["post"]]
    after = accounts(desk)
    after[DEBITS[kind]] -= 1
    after[CREDITS[kind]] += 1
    assert after == before


def accounts(desk: Bench) -> dict[str, int]:
    """Each account of the programme's budget; `allocated`, where the money comes from, below zero."""
    (row,) = desk.sql(
        "SELECT available, reserved, spent, distributed, -allocated AS allocated FROM budget_now"
        " WHERE budget_id = :budget_id",
        budget_id=PROGRAMME,
    )
    return dict(row._mapping)


def test_a_place_is_paid_from_its_own_budget_or_the_nearest_above() -> None:
    assert budget_ids(Place("p", "08", "01075")) == ("p/08/01075", "p/08", "p")
    assert budget_ids(Place("p", None, None)) == ("p",)


def test_the_balance_is_a_check_and_not_only_arithmetic(desk: Bench) -> None:
    give_money(desk, AMOUNT)
    desk.sql("ALTER TABLE budget DISABLE TRIGGER budget_moves_by_postings")
    for change in ("available = available - 1", "available = -1, reserved = reserved + 500001"):
        with pytest.raises(sqlalchemy.exc.IntegrityError, match="budget_"):
            desk.sql(f"UPDATE budget SET {change}")
