"""Lists, single applications, erasure, keys, counts, live state."""

import base64
from uuid import uuid4

import pytest

from shared.auth import Role
from tests.support.applications import THIS_YEAR, applications_bench, enter, publish
from tests.support.service import (
    AUDITOR,
    MANAGER,
    OFFICER,
    OTHER_COMMUNE,
    SERVICE,
    SHOP,
    Bench,
    actor,
    problem,
)

OTHER_OFFICER = actor(Role.OFFICER, subject="other", commune=OTHER_COMMUNE)
PERSON_ASKED = {"ground": "PERSON_ASKED"}


@pytest.fixture
def bench() -> Bench:
    return applications_bench()


def some(bench: Bench, number: int) -> list[dict]:
    return [
        enter(bench, head={"name": f"Giàng A {place}", "citizen_id": f"00218500000{place}"})
        for place in range(number)
    ]


def test_the_list_shows_names_newest_first_and_leaves_a_trace(bench: Bench) -> None:
    entered = some(bench, 3)
    answer = bench.call("GET", "/applications", OFFICER)
    items = answer.json["items"]
    assert [item["head_name"] for item in items] == ["Giàng A 2", "Giàng A 1", "Giàng A 0"]
    assert set(items[0]) == {
        "application_id",
        "household_id",
        "programme_id",
        "head_name",
        "village",
        "commune",
        "status",
        "entered_by",
        "submitted_at",
    }
    trace = bench.events()[-1]
    assert (trace.type, trace.key, trace.data["what"]) == ("access.recorded.v1", "01075", "list")
    assert trace.data["households"] == sorted(one["household_id"] for one in entered)


def test_pages_follow_each_other_without_gap_or_repeat(bench: Bench) -> None:
    entered = {one["application_id"] for one in some(bench, 5)}
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        path = f"/applications?limit=2{'&cursor=' + cursor if cursor else ''}"
        page = bench.call("GET", path, OFFICER).json
        seen += [item["application_id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert len(seen) == 5
    assert set(seen) == entered


def test_a_cursor_of_somebodys_making_is_refused(bench: Bench) -> None:
    for cursor in ("x", "WzEsMl0", "bnVsbA", "ää", "WyIyMDI2LTAxLTAxIiwieCJd"):
        answer = bench.call("GET", f"/applications?cursor={cursor}", OFFICER)
        assert problem(answer)["code"] == "CURSOR_INVALID"


def test_filters_narrow_the_list(bench: Bench) -> None:
    enter(bench, village="Bản A")
    enter(bench, village="Bản B", head={"citizen_id": "002185000002"}, submit=False)
    for query, number in (
        ("village=B%E1%BA%A3n A", 1),
        ("status=draft", 1),
        ("status=redeemed", 0),
        ("programme_id=tuyen-quang-2026", 2),
        ("programme_id=national", 0),
        ("commune=04186", 0),
    ):
        items = bench.call("GET", f"/applications?{query}", OFFICER).json["items"]
        assert len(items) == number, query


def test_everybody_sees_only_the_own_area(bench: Bench) -> None:
    path = f"/applications/{enter(bench)['application_id']}"
    assert bench.call("GET", "/applications", OTHER_OFFICER).json["items"] == []
    assert bench.call("GET", path, OTHER_OFFICER).status_code == 404
    for reader in (MANAGER, AUDITOR):
        assert len(bench.call("GET", "/applications", reader).json["items"]) == 1
        assert bench.call("GET", path, reader).status_code == 200
    assert problem(bench.call("GET", path, SHOP))["code"] == "ROLE_MISSING"


def test_one_application_shows_everything_and_the_reading_is_recorded(bench: Bench) -> None:
    entered = enter(bench)
    path = f"/applications/{entered['application_id']}?purpose=COMPLAINT"
    read = bench.call("GET", path, OFFICER).json
    assert read["head"]["name"] == "Lừu Thị Mẩy"
    assert read["head"]["citizen_id"] == "002185001234"
    issued = {"commune": None, "issued_on": f"{THIS_YEAR - 1}-12-10", "year": THIS_YEAR}
    assert read["certificate"] == {"number": "12/GCN-HN.HCN", **issued}
    assert [version["type"] for version in read["versions"]] == ["application.submitted.v1"]
    assert read["versions"][0]["actor"] == OFFICER.subject
    trace = bench.events()[-1]
    assert (trace.key, trace.data["purpose"]) == (entered["application_id"], "COMPLAINT")
    assert trace.data["households"] == [entered["household_id"]]


def test_erasing_leaves_nothing_that_opens(bench: Bench) -> None:
    entered = enter(bench)
    publish(bench, "national")
    second = enter(bench, programme_id="national")
    other = enter(bench, head={"citizen_id": "002185000002"})
    path = f"/households/{entered['household_id']}:erase"
    answer = bench.call("POST", path, MANAGER, json=PERSON_ASKED, key=True)
    assert answer.json == {"household_id": entered["household_id"], "applications": 2}
    erased = {event.key for event in bench.events() if event.type == "application.erased.v1"}
    assert erased == {entered["application_id"], second["application_id"]}
    for gone in erased:
        assert bench.call("GET", f"/applications/{gone}", OFFICER).status_code == 404
    items = bench.call("GET", "/applications", OFFICER).json["items"]
    assert [item["application_id"] for item in items] == [other["application_id"]]
    for table in ("household", "application", "application_person", "household_key"):
        assert bench.sql(f"SELECT count(*) FROM {table}")[0][0] == 1, table
    ids = [entered["household_id"]]
    released = bench.call("POST", "/keys:release", SERVICE, json={"household_ids": ids, "purpose": "RULES"})
    assert released.json == {"keys": {}}


def test_an_erased_person_may_apply_again_but_not_under_the_old_id(bench: Bench) -> None:
    entered = enter(bench)
    erase = f"/households/{entered['household_id']}:erase"
    assert bench.call("POST", erase, MANAGER, json=PERSON_ASKED, key=True).status_code == 200
    assert bench.call("POST", erase, MANAGER, json=PERSON_ASKED, key=True).status_code == 404
    assert enter(bench)["household_id"] != entered["household_id"]
    from tests.support.applications import form

    again = form(application_id=entered["application_id"], head={"citizen_id": "002185000009"})
    answer = bench.call("POST", "/applications", OFFICER, json=again, key=True)
    assert problem(answer)["code"] == "APPLICATION_ID_TAKEN"


def test_only_a_manager_of_the_area_erases(bench: Bench) -> None:
    path = f"/households/{enter(bench)['household_id']}:erase"
    elsewhere = actor(Role.MANAGER, subject="m2", commune=None, province="01")
    assert bench.call("POST", path, elsewhere, json=PERSON_ASKED, key=True).status_code == 404
    assert bench.call("POST", path, OFFICER, json=PERSON_ASKED, key=True).status_code == 403


def test_keys_are_released_to_services_with_a_trace(bench: Bench) -> None:
    household = enter(bench)["household_id"]
    body = {"household_ids": [household, str(uuid4())], "purpose": "ASSESSMENT"}
    answer = bench.call("POST", "/keys:release", SERVICE, json=body)
    (key,) = answer.json["keys"].values()
    assert len(base64.b64decode(key)) == 32
    trace = bench.events()[-1]
    assert (trace.data["what"], trace.data["purpose"]) == ("keys", "ASSESSMENT")
    assert trace.data["households"] == [household]
    assert bench.call("POST", "/keys:release", MANAGER, json=body).status_code == 403
    too_many = {"household_ids": [str(uuid4())] * 1001, "purpose": "ASSESSMENT"}
    assert bench.call("POST", "/keys:release", SERVICE, json=too_many).status_code == 422


def test_the_funnel_counts_the_own_area(bench: Bench) -> None:
    entered = some(bench, 3)
    enter(bench, head={"citizen_id": "002185000009"}, submit=False)
    withdraw = f"/applications/{entered[0]['application_id']}:withdraw"
    bench.call("POST", withdraw, OFFICER, json={"reason": "MOVED"}, key=True)
    path = "/funnel?programme_id=tuyen-quang-2026"
    counted = {
        "programme_id": "tuyen-quang-2026",
        "imported": 0,
        "submitted": 3,
        "withdrawn": 1,
        "by_status": {"submitted": 2, "withdrawn": 1, "draft": 1},
    }
    for reader in (OFFICER, MANAGER, AUDITOR):
        assert bench.call("GET", path, reader).json == counted
    for reader in (OTHER_OFFICER, SHOP):
        assert bench.call("GET", path, reader).json["submitted"] == 0


def test_the_live_state_pages_by_key_and_leaves_drafts_out(bench: Bench) -> None:
    entered = some(bench, 3)
    enter(bench, head={"citizen_id": "002185000009"}, submit=False)
    first = bench.call("GET", "/live-state?limit=2", AUDITOR).json
    rest = bench.call("GET", f"/live-state?limit=2&cursor={first['next_cursor']}", SERVICE).json
    items = first["items"] + rest["items"]
    assert rest["next_cursor"] is None
    assert [item["key"] for item in items] == sorted(one["application_id"] for one in entered)
    assert set(items[0]["state"]) == {
        "household_id",
        "programme_id",
        "commune",
        "revision",
        "application",
        "eligibility",
        "disbursement",
        "status",
    }
    assert bench.call("GET", "/live-state", OFFICER).status_code == 403
