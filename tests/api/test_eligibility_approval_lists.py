"""Approval lists: who is on them, in which order, under one decision."""

from typing import Any
from uuid import uuid4

import pytest

from shared.auth import Actor, Role
from tests.support.eligibility import (
    PROGRAMME,
    about,
    application,
    case,
    document,
    eligibility_bench,
    heard,
    publish,
    submit,
    submitted,
    take_in,
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
    problem,
)

NEIGHBOUR = "00691"
BODY = {
    "programme_id": PROGRAMME,
    "commune": COMMUNE,
    "decision_number": "12/QĐ-UBND",
    "decision_date": "2026-11-20",
}
PROVINCIAL = actor(Role.APPROVER, subject="provincial", commune=None, province=PROVINCE)


@pytest.fixture
def bench() -> Bench:
    return eligibility_bench()


def approve(bench: Bench, who: Actor = APPROVER, key: Any = True, **changes: Any) -> Any:
    return bench.call("POST", "/approval-lists", who, json={**BODY, **changes}, key=key)


def counts(answer: Any) -> tuple[int, int]:
    assert answer.status_code == 201, answer.text
    return answer.json["approved"], answer.json["skipped_own"]


def statuses(bench: Bench, *data: dict[str, Any]) -> list[str]:
    return [case(bench, one["application_id"]).status for one in data]


def test_a_list_follows_the_programmes_order_then_submission(bench: Bench) -> None:
    later = application(poverty_status="near_poor")
    poor, poor_too = application(), application()
    merit = application(poverty_status="near_poor", priority_group="merit")
    social = application(priority_group="social_policy")
    submit(bench, later, poor)
    submit(bench, poor_too, merit, social)
    assert counts(approve(bench)) == (5, 0)
    order = [merit, social, poor, poor_too, later]
    assert [case(bench, one["application_id"]).position for one in order] == [1, 2, 3, 4, 5]
    approved = [event for event in bench.events() if event.type == "eligibility.approved.v1"]
    assert [event.key for event in approved] == [one["application_id"] for one in order]
    assert [event.data["position"] for event in approved] == [1, 2, 3, 4, 5]


def test_the_next_list_goes_on_where_the_last_one_ended(bench: Bench) -> None:
    submitted(bench, 3)
    approve(bench)
    (late,) = submitted(bench, 1, priority_group="merit")
    assert counts(approve(bench)) == (1, 0)
    assert case(bench, late["application_id"]).position == 4


def test_only_eligible_open_cases_are_on_it_and_ones_own_are_skipped(bench: Bench) -> None:
    (good,) = submitted(bench, 1)
    (own,) = submitted(bench, 1, entered_by=APPROVER.subject)
    refused, referred = application(has_smartphone=True), application(members_count=0)
    submit(bench, refused, referred)
    (gone,) = submitted(bench, 1)
    take_in(bench, heard("application.withdrawn.v1", about(gone, reason="MOVED")))
    assert counts(approve(bench)) == (1, 1)
    assert statuses(bench, good, own, refused, referred, gone) == [
        "approved",
        "eligible",
        "ineligible",
        "referred",
        "eligible",
    ]
    assert counts(approve(bench)) == (0, 1)
    assert counts(approve(bench, PROVINCIAL)) == (1, 0)


def test_a_list_keeps_to_its_programme_commune_and_ids(bench: Bench) -> None:
    publish(bench, document("national"))
    first, second = submitted(bench, 2)
    (other,) = submitted(bench, 1, programme_id="national")
    (neighbour,) = submitted(bench, 1, commune=NEIGHBOUR)
    named = [first["application_id"], other["application_id"], neighbour["application_id"], str(uuid4())]
    assert counts(approve(bench, application_ids=named)) == (1, 0)
    assert counts(approve(bench, application_ids=[])) == (0, 0)
    assert counts(approve(bench)) == (1, 0)
    assert statuses(bench, first, second, other, neighbour) == [
        "approved",
        "approved",
        "eligible",
        "eligible",
    ]


def test_without_a_commune_it_covers_the_approvers_whole_area(bench: Bench) -> None:
    (here,) = submitted(bench, 1)
    (neighbour,) = submitted(bench, 1, commune=NEIGHBOUR)
    assert counts(approve(bench, commune=None)) == (1, 0)
    assert statuses(bench, here, neighbour) == ["approved", "eligible"]
    assert counts(approve(bench, PROVINCIAL, commune=None)) == (1, 0)
    lists = bench.sql("SELECT commune, province, approved, approved_by FROM approval_list ORDER BY made_at")
    assert lists == [(COMMUNE, None, 1, "approver"), (None, PROVINCE, 1, "provincial")]


def test_a_key_makes_one_list(bench: Bench) -> None:
    submitted(bench, 2)
    first, second = (approve(bench, key="monday") for _ in range(2))
    assert first.json == second.json
    assert bench.sql("SELECT count(*) FROM approval_list")[0][0] == 1


def test_role_and_area_hold(bench: Bench) -> None:
    for who in (OFFICER, MANAGER, AUDITOR, SHOP):
        assert approve(bench, who).status_code == 403
    for who, commune in ((APPROVER, NEIGHBOUR), (APPROVER, OTHER_COMMUNE), (PROVINCIAL, OTHER_COMMUNE)):
        answer = approve(bench, who, commune=commune)
        assert (answer.status_code, problem(answer)["code"]) == (403, "OUTSIDE_AREA")
    assert bench.call("POST", "/approval-lists", json=BODY, key=True).status_code == 401


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"programme_id": "nothing"}, 404),
        ({"programme_id": "No Slug"}, 422),
        ({"commune": "99999"}, 422),
        ({"commune": "1"}, 422),
        ({"application_ids": ["x"]}, 422),
        ({"decision_date": "9999-01-01"}, 422),
        ({"decision_number": None}, 422),
        ({"colour": "red"}, 422),
    ],
)
def test_a_malformed_list_is_refused(bench: Bench, changes: dict[str, Any], status: int) -> None:
    answer = approve(bench, **changes)
    assert answer.status_code == status
    assert problem(answer)


def test_a_long_list_is_recorded_in_pieces(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.eligibility.approving.CHUNK", 3)
    submitted(bench, 10)
    assert counts(approve(bench)) == (10, 0)
    events = [event for event in bench.events() if event.type == "eligibility.approved.v1"]
    assert [event.data["position"] for event in events] == list(range(1, 11))
    assert {event.version for event in events} == {2}


def test_the_funnel_counts_ones_area(bench: Bench) -> None:
    submitted(bench, 2)
    submit(bench, application(has_smartphone=True), application(commune=NEIGHBOUR))
    approve(bench)
    expected = {
        "programme_id": PROGRAMME,
        "assessed": 3,
        "eligible": 2,
        "ineligible": 1,
        "referred": 0,
        "approved": 2,
        "rejected": 0,
        "reasons": {"OWNS_SMARTPHONE": 1},
    }
    path = f"/funnel?programme_id={PROGRAMME}"
    assert bench.call("GET", path, OFFICER).json == expected
    assert bench.call("GET", path, PROVINCIAL).json["assessed"] == 4  # type: ignore[index]
    assert bench.call("GET", path, SHOP).json["assessed"] == 0  # type: ignore[index]
    assert bench.call("GET", "/funnel", OFFICER).status_code == 422


def test_the_live_state_is_for_auditors_and_services(bench: Bench) -> None:
    assert bench.call("GET", "/live-state", OFFICER).status_code == 403
    for cursor in ("x", "WyJ4Il0"):
        assert bench.call("GET", f"/live-state?cursor={cursor}", AUDITOR).status_code == 400


def test_the_description_names_every_route_and_its_answers(bench: Bench) -> None:
    described: Any = bench.client.get("/openapi.json").json
    answers = {
        (path, method): set(operation["responses"])
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
        if method in ("get", "post")
    }
    assert {"200", "201", "403", "409", "422"} <= answers["/programmes", "post"]
    assert {"200", "403", "404", "409"} <= answers["/cases/{application_id}:approve", "post"]
    assert {"201", "403", "404", "409"} <= answers["/approval-lists", "post"]
    assert ("/live-state", "get") in answers
