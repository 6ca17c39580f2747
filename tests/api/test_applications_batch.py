"""Forms filled in without a line: each item once, however often the batch is sent, and none stops another."""

from typing import Any
from uuid import UUID, uuid5

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from shared.auth import Role
from tests.support.applications import applications_bench, enter, form, heard, publish
from tests.support.facts import fact
from tests.support.service import (
    APPROVER,
    COMMUNE,
    MANAGER,
    OFFICER,
    OTHER_COMMUNE,
    Bench,
    actor,
    problem,
)

OTHER_OFFICER = actor(Role.OFFICER, subject="other", commune=OTHER_COMMUNE)
SPACE = UUID("01938b2c-5a10-7c3e-9f00-000000000001")


@pytest.fixture
def bench() -> Bench:
    return applications_bench()


def item(number: int, **changes: Any) -> dict[str, Any]:
    """Household `number` as a device sends it: its own id, its own citizen ID."""
    head = {"citizen_id": f"002185{number:06}", "name": f"Giàng Thị Páo {number}", **changes.pop("head", {})}
    application_id = str(uuid5(SPACE, str(number)))
    return form(**{"application_id": application_id, "head": head, "village": "Nậm Ty", **changes})


def send(bench: Bench, *items: Any, as_: Any = OFFICER) -> list[dict[str, Any]]:
    answer = bench.call("POST", "/applications:batch", as_, json={"items": list(items)})
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json["items"]
    return results


def statuses(results: list[dict[str, Any]]) -> list[str]:
    return [result["status"] for result in results]


def codes(result: dict[str, Any]) -> list[str]:
    return [one["code"] for one in result["problems"]]


def applied(bench: Bench) -> int:
    return [one.type for one in bench.events()].count("application.submitted.v1")


def test_every_item_becomes_an_application_with_its_event(bench: Bench) -> None:
    results = send(bench, *(item(number) for number in range(20)))
    assert statuses(results) == ["created"] * 20
    assert [one["application_id"] for one in results] == [item(n)["application_id"] for n in range(20)]
    assert {(one["revision"], tuple(one["problems"])) for one in results} == {(1, ())}
    assert bench.sql("SELECT DISTINCT channel, entered_by FROM application") == [("offline", OFFICER.subject)]
    assert applied(bench) == 20
    assert {one.data["channel"] for one in bench.events()} == {"offline"}


def test_a_batch_sent_again_after_a_lost_answer_changes_nothing(bench: Bench) -> None:
    items = [item(number) for number in range(10)]
    send(bench, *items)
    assert statuses(send(bench, *items)) == ["unchanged"] * 10
    changed = [item(number, village="Nậm Dịch", expected_revision=1) for number in range(5)]
    assert [(one["status"], one["revision"]) for one in send(bench, *changed)] == [("corrected", 2)] * 5
    assert [(one["status"], one["revision"]) for one in send(bench, *changed)] == [("unchanged", 2)] * 5
    assert applied(bench) == 10
    assert [one.type for one in bench.events()].count("application.corrected.v1") == 5


def test_a_correction_from_a_device_says_who_why_and_how(bench: Bench) -> None:
    send(bench, item(1))
    again = item(1, village="Nậm Dịch", expected_revision=1, reason="NEW_PAPER", note="Có giấy mới")
    assert statuses(send(bench, again)) == ["corrected"]
    last = bench.events()[-1]
    assert (last.data["reason"], last.data["channel"], last.data["revision"]) == ("NEW_PAPER", "offline", 2)
    path = f"/applications/{again['application_id']}/versions"
    items = bench.call("GET", path, OFFICER).json["items"]
    assert [(one["reason"], one["note"]) for one in items] == [(None, ""), ("NEW_PAPER", "Có giấy mới")]


@pytest.mark.parametrize("expected", [None, 2])
def test_another_content_on_another_revision_is_a_conflict_with_both_versions(
    bench: Bench, expected: int | None
) -> None:
    (made,) = send(bench, item(1))
    stale = item(1, village="Nậm Dịch", expected_revision=expected)
    result, other = send(bench, stale, item(2))
    assert (result["status"], result["revision"], other["status"]) == ("conflict", 1, "created")
    assert (result["stored"]["village"], result["sent"]["village"]) == ("Nậm Ty", "Nậm Dịch")
    assert result["stored"]["head"]["citizen_id"] == "002185000001"
    trace = next(one for one in bench.events() if one.type == "access.recorded.v1")
    assert (trace.key, trace.data["purpose"], trace.data["count"]) == (COMMUNE, "REVISION_CONFLICT", 1)
    assert bench.sql("SELECT count(*) FROM idempotency") == [(0,)]
    assert made["application_id"] == result["application_id"]


def test_a_bad_item_never_blocks_a_good_one(bench: Bench) -> None:
    enter(bench, head={"citizen_id": "002185000009"})
    results = send(
        bench,
        item(1),
        5,
        {},
        item(2, application_id="no uuid"),
        item(3, head={"citizen_id": "12"}),
        item(4, commune=OTHER_COMMUNE),
        item(5, commune="00007"),
        item(6, programme_id="nothing"),
        item(7, surprise=1),
        item(9),
        item(8, commune="01087"),
    )
    assert statuses(results) == ["created", *["refused"] * 9, "created"]
    assert [codes(one)[:1] for one in results] == [
        [],
        ["FIELD_INVALID"],
        ["FIELD_MISSING"],
        ["FIELD_NOT_AN_ID"],
        ["CITIZEN_ID_LENGTH"],
        ["OUTSIDE_AREA"],
        ["COMMUNE_SPLIT"],
        ["PROGRAMME_UNKNOWN"],
        ["FIELD_UNKNOWN"],
        ["ALREADY_APPLIED"],
        ["COMMUNE_MAPPED"],
    ]
    for result in results:
        for told in result["problems"]:
            assert told["message_vi"] != told["message_en"]
            assert "{" not in told["message_vi"] + told["message_en"]
    assert bench.sql("SELECT count(*) FROM application") == [(3,)]


def test_a_person_who_applied_is_refused_with_the_communes_own_application(bench: Bench) -> None:
    there = enter(bench, head={"citizen_id": "002185000001"})
    twin = item(2, head={"citizen_id": "002185000003"})
    first, second, third = send(bench, item(1), twin, item(3))
    assert (first["status"], first["duplicate_of"]) == ("refused", there["application_id"])
    assert second["status"] == "created"
    assert (third["status"], third["duplicate_of"]) == ("refused", twin["application_id"])


def test_who_loses_a_place_to_somebody_who_loses_another_gets_a_second_chance(bench: Bench) -> None:
    def member(number: int) -> dict[str, Any]:
        return {"name": f"Người {number}", "relation": "other", "citizen_id": f"002185{number:06}"}

    chain = [
        item(1, members=[member(50)], members_count=2),
        item(50, members=[member(60)], members_count=2),
        item(60),
    ]
    assert statuses(send(bench, *chain)) == ["created", "refused", "created"]


def test_one_id_twice_in_a_batch_is_settled_in_order(bench: Bench) -> None:
    results = send(
        bench,
        item(1),
        item(2),
        item(1, village="Nậm Dịch", expected_revision=1),
        item(1, village="Tả Sử Choóng"),
        item(1, village="Nậm Dịch"),
    )
    assert statuses(results) == ["created", "created", "corrected", "conflict", "unchanged"]


def test_a_draft_from_a_device_is_kept_replaced_and_submitted(bench: Bench) -> None:
    assert statuses(send(bench, item(1, submit=False))) == ["created"]
    assert applied(bench) == 0
    assert statuses(send(bench, item(1, submit=False))) == ["unchanged"]
    assert statuses(send(bench, item(1, submit=False, village="Nậm Dịch"))) == ["conflict"]
    replaced = item(1, submit=False, village="Nậm Dịch", expected_revision=1)
    assert [(one["status"], one["revision"]) for one in send(bench, replaced)] == [("corrected", 1)]
    assert statuses(send(bench, item(1, village="Nậm Dịch"))) == ["corrected"]
    assert applied(bench) == 1
    assert statuses(send(bench, item(1, village="Nậm Dịch"))) == ["unchanged"]


def test_what_is_not_under_way_any_more_is_refused_and_an_equal_item_stays_unchanged(bench: Bench) -> None:
    send(bench, item(1), item(2))
    path = f"/applications/{item(1)['application_id']}:withdraw"
    assert bench.call("POST", path, OFFICER, json={"reason": "MOVED"}, key=True).status_code == 200
    household = bench.sql(
        "SELECT household_id::text FROM application WHERE id = :id", id=item(2)["application_id"]
    )[0][0]
    sale = fact("voucher.redeemed", item(2)["application_id"], household_id=household)
    bench.take_in(heard("disbursement", sale))
    results = send(bench, item(1), *(item(n, village="Nậm Dịch", expected_revision=1) for n in (1, 2)))
    assert statuses(results) == ["unchanged", "refused", "refused"]
    assert [codes(one) for one in results[1:]] == [["NOT_CORRECTABLE"]] * 2


def test_an_item_never_moves_an_application(bench: Bench) -> None:
    publish(bench, "national")
    send(bench, item(1))
    (result,) = send(bench, item(1, programme_id="national", expected_revision=1))
    assert (result["status"], codes(result)) == ("refused", ["PROGRAMME_FIXED"])
    assert result["problems"][0]["field"] == "programme_id"


def test_programmes_and_communes_may_be_mixed_and_a_stopped_one_takes_nobody(bench: Bench) -> None:
    publish(bench, "national")
    bench.sql("UPDATE programme SET status = 'suspended' WHERE id = 'national'")
    first, second = send(bench, item(1, programme_id="national"), item(2))
    assert (first["status"], codes(first), second["status"]) == (
        "refused",
        ["PROGRAMME_SUSPENDED"],
        "created",
    )


@pytest.mark.parametrize("number", [0, 501])
def test_a_batch_holds_one_to_five_hundred_items(bench: Bench, number: int) -> None:
    answer = bench.call("POST", "/applications:batch", OFFICER, json={"items": [{}] * number})
    assert (answer.status_code, problem(answer)["code"]) == (422, "INVALID_FIELDS")


def test_a_batch_that_is_too_large_is_refused_whole() -> None:
    small = applications_bench(max_body_bytes=20_000)
    answer = small.call("POST", "/applications:batch", OFFICER, json={"items": [item(n) for n in range(99)]})
    assert (answer.status_code, problem(answer)["code"]) == (413, "BODY_TOO_LARGE")
    assert small.sql("SELECT count(*) FROM application") == [(0,)]


@pytest.mark.parametrize("body", [[], {"items": 5}, {"items": None}, {"items": [{}], "more": 1}, {}])
def test_a_body_that_is_no_batch_is_refused(bench: Bench, body: Any) -> None:
    answer = bench.call("POST", "/applications:batch", OFFICER, json=body)
    assert (answer.status_code, problem(answer)["code"]) == (422, "INVALID_FIELDS")


def test_another_commune_cannot_tell_an_id_that_is_not_theirs_from_one_that_is_not_there(
    bench: Bench,
) -> None:
    send(bench, item(1))
    probes = [item(n, commune=OTHER_COMMUNE, expected_revision=1, head={"name": "Ai Đó"}) for n in (1, 2)]
    told = send(bench, *probes, as_=OTHER_OFFICER)
    assert [{**one, "application_id": None} for one in told] == [
        {**told[0], "application_id": None},
    ] * 2
    assert (told[0]["status"], codes(told[0])) == ("refused", ["NOT_FOUND"])
    own = item(1, commune=OTHER_COMMUNE, head={"citizen_id": "002185007777"})
    (result,) = send(bench, own, as_=OTHER_OFFICER)
    assert (result["status"], codes(result), result["stored"]) == ("refused", ["APPLICATION_ID_TAKEN"], None)
    assert result["duplicate_of"] is None


def test_an_erased_households_id_is_never_used_again(bench: Bench) -> None:
    send(bench, item(1))
    household = bench.sql("SELECT id::text FROM household")[0][0]
    path = f"/households/{household}:erase"
    assert bench.call("POST", path, MANAGER, json={"ground": "PERSON_ASKED"}, key=True).status_code == 200
    (result,) = send(bench, item(1))
    assert (result["status"], codes(result)) == ("refused", ["APPLICATION_ID_TAKEN"])


def test_only_officers_send_batches(bench: Bench) -> None:
    answer = bench.call("POST", "/applications:batch", APPROVER, json={"items": [item(1)]})
    assert problem(answer)["code"] == "ROLE_MISSING"


def test_the_common_case_takes_a_handful_of_statements(bench: Bench) -> None:
    statements: list[str] = []
    event.listen(
        bench.database.engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2])
    )
    items = [item(number) for number in range(100)]
    assert statuses(send(bench, *items)) == ["created"] * 100
    assert len(statements) <= 10, statements
    statements.clear()
    assert statuses(send(bench, *items)) == ["unchanged"] * 100
    assert len(statements) <= 4, statements
    assert not any("SAVEPOINT" in statement for statement in statements)


CHANGED = st.sampled_from(["village", "expected_revision", "submit", "head", "commune", "reason", "note"])
WRITTEN = st.one_of(
    st.none(), st.booleans(), st.integers(0, 3), st.sampled_from(["Nậm Dịch", "01087", "NEW_PAPER"])
)
ITEMS = st.lists(
    st.one_of(
        st.none(),
        st.integers(-(2**63), 2**63),
        st.text(max_size=5),
        st.builds(
            lambda number, changes: {**item(number), **changes},
            st.integers(0, 5),
            st.dictionaries(CHANGED, WRITTEN, max_size=2),
        ),
    ),
    min_size=1,
    max_size=6,
)


@pytest.fixture(scope="module")
def busy_bench() -> Bench:
    return applications_bench()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ITEMS)
def test_whatever_a_device_sends_each_item_has_one_result_and_sent_again_creates_nothing(
    busy_bench: Bench, items: list[Any]
) -> None:
    results = send(busy_bench, *items)
    assert len(results) == len(items)
    assert set(statuses(results)) <= {"created", "unchanged", "corrected", "conflict", "refused"}
    for result in results:
        assert result["problems"] or result["status"] != "refused"
    before = busy_bench.sql("SELECT count(*) FROM application")
    assert "created" not in statuses(send(busy_bench, *items))
    assert busy_bench.sql("SELECT count(*) FROM application") == before
