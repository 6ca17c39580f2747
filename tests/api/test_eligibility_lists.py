"""Approval lists: drafted in order, posted in public, objected to, approved when the posting is over."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from shared.auth import Actor, Role
from shared.folds.eligibility import fold_eligibility, show_eligibility
from shared.privacy import unseal
from tests.support.approval_lists import (
    MONDAY,
    OTHER,
    POSTING_DAYS,
    PROVINCIAL,
    act,
    code,
    decision,
    draft,
    drafted,
    ids,
    over,
    posted,
    posting_bench,
    show,
)
from tests.support.eligibility import (
    PROGRAMME,
    about,
    application,
    case,
    document,
    eligibility_bench,
    heard,
    key_of,
    publish,
    reasons,
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
    SHOP,
    Bench,
    actor,
    problem,
)

NEIGHBOUR = actor(Role.APPROVER, Role.OFFICER, subject="neighbour", commune=OTHER_COMMUNE)


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(MONDAY, tick=True) as traveller:
        yield traveller


@pytest.fixture
def bench(clock: Any) -> Bench:
    return posting_bench()


class TestDrafting:
    def test_gathers_the_commune_in_the_programmes_order_and_says_why(self, bench: Bench) -> None:
        near, poor = application(poverty_status="near_poor"), application()
        submit(bench, near, poor, application(has_smartphone=True))
        merit = application(poverty_status="near_poor", priority_group="merit")
        submit(bench, merit)
        found = show(bench, drafted(bench))
        order = [merit, poor, near]
        assert ids(found) == [one["application_id"] for one in order]
        assert [one["rank"] for one in found["cases"]] == [1, 2, 3]
        assert [one["group"] for one in found["cases"]] == ["merit", "poor", "near_poor"]
        assert found["priority_order"] == ["merit", "social_policy", "poor", "near_poor"]
        assert (found["status"], found["size"], found["drafted_by"]) == ("draft", 3, "officer")
        event = bench.events()[-1]
        assert (event.type, event.data["cases"]) == ("list.drafted.v1", ids(found))

    def test_ranks_all_by_one_order_and_keeps_to_it(self, bench: Bench, clock: Any) -> None:
        """Two versions order the groups differently: ranks of both would be mixed up."""
        poor, near = application(), application(poverty_status="near_poor")
        submit(bench, poor, near)
        turned = document(version=3, approval={"mode": "list", "posting_days": POSTING_DAYS})
        publish(bench, turned | {"priority_order": ["near_poor", "poor"]})
        (late,) = submitted(bench, 1, poverty_status="near_poor")
        list_id = posted(bench)
        order = [near, late, poor]
        found = show(bench, list_id)
        assert ids(found) == [one["application_id"] for one in order]
        assert [one["group"] for one in found["cases"]] == ["near_poor", "near_poor", "poor"]
        publish(bench, turned | {"version": 4, "priority_order": ["poor", "near_poor"]})
        over(clock)
        assert show(bench, list_id)["priority_order"] == ["near_poor", "poor"], "as it was published"
        assert act(bench, list_id, ":approve", **decision()).status_code == 200
        positions = [case(bench, one["application_id"]).position for one in order]
        assert positions == [1, 2, 3]

    def test_of_a_village_leaves_the_others(self, bench: Bench) -> None:
        (here,), (there,) = submitted(bench, 1, village="Bản Péo"), submitted(bench, 1, village="Nậm Ty")
        first = drafted(bench, village="Bản Péo")
        assert ids(show(bench, first)) == [here["application_id"]]
        assert ids(show(bench, drafted(bench))) == [there["application_id"]]

    def test_a_case_stands_on_one_open_list(self, bench: Bench) -> None:
        submitted(bench, 2)
        first = drafted(bench)
        assert code(draft(bench)) == (409, "NOTHING_TO_LIST")
        assert act(bench, first, ":cancel").status_code == 200
        assert show(bench, first)["status"] == "cancelled"
        assert len(show(bench, drafted(bench))["cases"]) == 2
        assert bench.sql("SELECT count(*) FROM approval_list")[0][0] == 2

    def test_role_area_and_programme_hold(self, bench: Bench) -> None:
        submitted(bench, 1)
        for who in (MANAGER, AUDITOR, SHOP):
            assert draft(bench, who).status_code == 403
        assert code(draft(bench, NEIGHBOUR)) == (403, "OUTSIDE_AREA")
        assert code(draft(bench, commune="99999")) == (422, "COMMUNE_UNKNOWN")
        assert code(draft(bench, programme_id="nothing")) == (404, "PROGRAMME_UNKNOWN")
        list_id = drafted(bench)
        for how in (":post", ":cancel"):
            assert code(act(bench, list_id, how, NEIGHBOUR)) == (404, "NOT_FOUND")
        assert code(act(bench, list_id, ":approve", NEIGHBOUR, **decision(23))) == (404, "NOT_FOUND")
        assert bench.call("GET", f"/lists/{list_id}", NEIGHBOUR).status_code == 404
        assert bench.call("GET", "/lists", NEIGHBOUR).json["items"] == []  # type: ignore[index]
        assert draft(bench, PROVINCIAL, commune="00691").status_code == 409

    def test_lists_are_paged_and_narrowed(self, bench: Bench) -> None:
        for village in "ABC":
            submitted(bench, 1, village=village)
            drafted(bench, village=village)
        seen: list[str] = []
        cursor = ""
        while True:
            answer: Any = bench.call("GET", f"/lists?limit=2&status=draft{cursor}", PROVINCIAL)
            seen += [one["village"] for one in answer.json["items"]]
            if answer.json["next_cursor"] is None:
                break
            cursor = f"&cursor={answer.json['next_cursor']}"
        assert seen == ["A", "B", "C"]
        assert bench.call("GET", "/lists?status=posted", OFFICER).json["items"] == []  # type: ignore[index]
        assert bench.call("GET", "/lists?programme_id=national", OFFICER).json["items"] == []  # type: ignore[index]
        assert bench.call("GET", "/lists?cursor=x", OFFICER).status_code == 400


class TestPosting:
    def test_nothing_is_approved_before_its_days_are_over(self, bench: Bench, clock: Any) -> None:
        (one,) = submitted(bench, 1)
        list_id = drafted(bench)
        path = f"/cases/{one['application_id']}:approve"
        everything = {"programme_id": PROGRAMME, "commune": COMMUNE, **decision(23)}

        def tried(day: int) -> list[Any]:
            return [
                bench.call("POST", path, APPROVER, json=decision(day), key=True),
                act(bench, list_id, ":approve", **decision(day)),
            ]

        assert [code(answer) for answer in tried(23)] == [(409, "NOT_POSTED")] * 2
        answer = act(bench, list_id, ":post", OFFICER)
        assert (answer.json["posted_on"], answer.json["last_day"]) == ("2026-11-23", "2026-11-26")
        clock.shift(timedelta(days=POSTING_DAYS))
        refused = tried(26)
        assert [code(one) for one in refused] == [(409, "POSTING_NOT_OVER")] * 2
        assert problem(refused[0])["facts"] == {"last_day": "2026-11-26"}
        at_once = bench.call("POST", "/approval-lists", APPROVER, json=everything, key=True)
        assert at_once.json["approved"] == 0  # type: ignore[index]
        assert case(bench, one["application_id"]).status == "eligible"
        clock.shift(timedelta(days=1))
        backdated = act(bench, list_id, ":approve", **decision(26))
        assert code(backdated) == (409, "POSTING_NOT_OVER")
        approved = act(bench, list_id, ":approve", **decision())
        assert approved.json == {"list_id": list_id, "approved": 1, "skipped_own": 0, "over_quota": 0}
        assert show(bench, list_id)["status"] == "closed"

    def test_a_list_approved_at_once_takes_whose_posting_is_over(self, bench: Bench, clock: Any) -> None:
        (one,) = submitted(bench, 1)
        posted(bench)
        over(clock)
        (late,) = submitted(bench, 1)
        body = {"programme_id": PROGRAMME, "commune": COMMUNE, **decision()}
        answer = bench.call("POST", "/approval-lists", APPROVER, json=body, key=True)
        assert answer.json["approved"] == 1  # type: ignore[index]
        assert [case(bench, each["application_id"]).status for each in (one, late)] == [
            "approved",
            "eligible",
        ]
        assert ids(show(bench, answer.json["list_id"])) == [one["application_id"]]  # type: ignore[index]

    @pytest.mark.parametrize("made", ["drafted_by", "posted_by"])
    def test_whoever_made_the_list_does_not_approve_it(self, bench: Bench, clock: Any, made: str) -> None:
        """Neither whole, nor all at once, nor case by case; nor by SQL."""
        (one,) = submitted(bench, 1)
        list_id = drafted(bench, who=APPROVER) if made == "drafted_by" else drafted(bench)
        assert act(bench, list_id, ":post", OFFICER if made == "drafted_by" else APPROVER).status_code == 200
        over(clock)
        assert code(act(bench, list_id, ":approve", **decision())) == (403, "LIST_MAKER_IS_CHECKER")
        path = f"/cases/{one['application_id']}:approve"
        answer = bench.call("POST", path, APPROVER, json=decision(), key=True)
        assert code(answer) == (403, "LIST_MAKER_IS_CHECKER")
        body = {"programme_id": PROGRAMME, "commune": COMMUNE, **decision()}
        at_once: Any = bench.call("POST", "/approval-lists", APPROVER, json=body, key=True).json
        assert at_once["approved"] == 0
        with pytest.raises(IntegrityError, match="approval_list_maker_is_not_checker"):
            bench.sql(
                f"UPDATE approval_list SET decision_number = '1', decision_date = '2026-11-27',"
                f" approved_by = {made}"
            )
        assert act(bench, list_id, ":approve", OTHER, **decision()).json["approved"] == 1

    @pytest.mark.parametrize("way", ["a list at once", "one case"])
    def test_no_decision_is_dated_before_its_end(self, bench: Bench, clock: Any, way: str) -> None:
        (one,) = submitted(bench, 1)
        posted(bench)
        over(clock)
        early = decision(26)
        if way == "one case":
            path = f"/cases/{one['application_id']}:approve"
            assert code(bench.call("POST", path, APPROVER, json=early, key=True)) == (409, "POSTING_NOT_OVER")
        else:
            body = {"programme_id": PROGRAMME, "commune": COMMUNE, **early}
            answer: Any = bench.call("POST", "/approval-lists", APPROVER, json=body, key=True).json
            assert answer["approved"] == 0
        assert case(bench, one["application_id"]).status == "eligible"

    def test_happens_once(self, bench: Bench) -> None:
        submitted(bench, 1)
        list_id = posted(bench)
        assert code(act(bench, list_id, ":post")) == (409, "LIST_NOT_OPEN")
        assert act(bench, list_id, ":cancel").status_code == 200
        for how in (":post", ":cancel"):
            assert code(act(bench, list_id, how)) == (409, "LIST_NOT_OPEN")
        assert code(act(bench, list_id, ":approve", **decision(23))) == (409, "LIST_NOT_OPEN")

    def test_without_posting_days_a_draft_is_approved(self, clock: Any) -> None:
        bench = eligibility_bench()
        submitted(bench, 2)
        list_id = drafted(bench)
        assert act(bench, list_id, ":approve", **decision(23)).json["approved"] == 2
        assert show(bench, list_id)["status"] == "closed"


class TestApproving:
    def test_gives_positions_in_the_order_of_the_list(self, bench: Bench, clock: Any) -> None:
        submitted(bench, 2, poverty_status="near_poor")
        submitted(bench, 2)
        list_id = posted(bench)
        over(clock)
        assert act(bench, list_id, ":approve", **decision()).json["approved"] == 4
        found = show(bench, list_id)
        assert [one["position"] for one in found["cases"]] == [1, 2, 3, 4]
        assert (found["decision_number"], found["approved_by"], found["approved"]) == (
            "12/QĐ-UBND",
            "approver",
            4,
        )
        assert {one["state"] for one in found["cases"]} == {"approved"}

    def test_case_by_case_leaves_the_list_open_until_nobody_waits(self, bench: Bench, clock: Any) -> None:
        first, second, third = submitted(bench, 3)
        list_id = posted(bench)
        over(clock)
        named = act(bench, list_id, ":approve", **decision(application_ids=[first["application_id"]]))
        assert named.json["approved"] == 1
        path = f"/cases/{second['application_id']}:approve"
        assert bench.call("POST", path, APPROVER, json=decision(), key=True).status_code == 200
        assert show(bench, list_id)["status"] == "posted"
        body = decision(reason="Hộ đã chuyển đi.")
        path = f"/cases/{third['application_id']}:reject"
        assert bench.call("POST", path, APPROVER, json=body, key=True).status_code == 200
        found = show(bench, list_id)
        assert found["status"] == "closed"
        assert sorted(one["state"] for one in found["cases"]) == ["approved", "approved", "rejected"]
        assert bench.events()[-2].type == "list.closed.v1"

    def test_ones_own_stay_on_it_for_somebody_else(self, bench: Bench, clock: Any) -> None:
        submitted(bench, 1)
        (own,) = submitted(bench, 1, entered_by=APPROVER.subject)
        list_id = posted(bench)
        over(clock)
        answer = act(bench, list_id, ":approve", **decision()).json
        assert (answer["approved"], answer["skipped_own"]) == (1, 1)
        assert show(bench, list_id)["status"] == "posted"
        assert act(bench, list_id, ":approve", OTHER, **decision()).json["approved"] == 1
        assert case(bench, own["application_id"]).approved_by == OTHER.subject
        assert show(bench, list_id)["status"] == "closed"

    def test_who_withdraws_or_corrects_leaves_it(self, bench: Bench, clock: Any) -> None:
        stays, leaves, changed = submitted(bench, 3)
        list_id = posted(bench)
        take_in(bench, heard("application.withdrawn.v1", about(leaves, reason="MOVED")))
        wanted = {name: changed[name] for name in ("application_id", "household_id")}
        corrected = {**application(**wanted, members_count=2), "revision": 2, "reason": "MISTYPED"}
        take_in(bench, heard("application.corrected.v1", corrected))
        states = {one["application_id"]: one["state"] for one in show(bench, list_id)["cases"]}
        assert states == {
            stays["application_id"]: "listed",
            leaves["application_id"]: "left",
            changed["application_id"]: "left",
        }
        over(clock)
        assert act(bench, list_id, ":approve", **decision()).json["approved"] == 1
        assert case(bench, changed["application_id"]).status == "eligible"
        assert ids(show(bench, drafted(bench))) == [changed["application_id"]]

    def test_an_erased_household_leaves_no_trace_on_it(self, bench: Bench) -> None:
        stays, gone = submitted(bench, 2)
        list_id = posted(bench)
        act(
            bench,
            list_id,
            "/objections",
            application_id=gone["application_id"],
            ground="MOVED",
            text="Đã đi.",
        )
        erased = {name: gone[name] for name in ("application_id", "household_id")}
        take_in(bench, heard("application.erased.v1", erased))
        assert ids(show(bench, list_id)) == [stays["application_id"]]
        assert bench.sql("SELECT count(*) FROM objection")[0][0] == 0


class TestObjections:
    def object_to(
        self, bench: Bench, list_id: str, one: dict[str, Any], who: Actor = OFFICER, **more: Any
    ) -> Any:
        body = {
            "application_id": one["application_id"],
            "ground": "OWNS_A_PHONE",
            "text": "Hộ này đã có điện thoại.",
            **more,
        }
        return bench.call("POST", f"/lists/{list_id}/objections", who, json=body, key=True)

    def test_take_the_case_off_the_list_and_to_the_province(self, bench: Bench, clock: Any) -> None:
        fine, odd = submitted(bench, 2)
        list_id = posted(bench)
        answer = self.object_to(bench, list_id, odd)
        assert (answer.status_code, answer.json["status"]) == (201, "referred")
        row = case(bench, odd["application_id"])
        assert (row.status, row.outcome, str(row.due_on)) == ("referred", "referred", "2026-12-08")
        assert reasons(bench, odd["application_id"]) == ["OBJECTION_RAISED"]
        event = bench.events()[-1]
        assert (event.type, event.data["list_id"]) == ("eligibility.objected.v1", list_id)
        assert "OWNS_A_PHONE" not in event.raw.decode()
        place = f"objection/{answer.json['objection_id']}"
        assert unseal(key_of(odd["household_id"]), event.data["sealed"], place)["ground"] == "OWNS_A_PHONE"
        over(clock)
        assert act(bench, list_id, ":approve", **decision()).json["approved"] == 1
        assert case(bench, fine["application_id"]).status == "approved"
        found = show(bench, list_id)
        assert (found["status"], sorted(one["state"] for one in found["cases"])) == (
            "closed",
            ["approved", "objected"],
        )
        shown: Any = bench.call("GET", f"/cases/{odd['application_id']}", OFFICER).json
        assert shown["objections"][0]["words"] == "Hộ này đã có điện thoại."
        assert "điện thoại" not in str(bench.sql("SELECT t::text FROM objection t"))

    def test_come_only_to_posted_lists_and_to_who_stands_on_them(self, bench: Bench) -> None:
        (one,) = submitted(bench, 1)
        list_id = drafted(bench)
        assert code(self.object_to(bench, list_id, one)) == (409, "NOT_POSTED")
        act(bench, list_id, ":post")
        assert code(self.object_to(bench, list_id, {"application_id": str(uuid4())})) == (409, "NOT_ON_LIST")
        assert code(self.object_to(bench, list_id, one, NEIGHBOUR)) == (404, "NOT_FOUND")
        assert self.object_to(bench, list_id, one, MANAGER).status_code == 403
        assert self.object_to(bench, list_id, one, ground="why").status_code == 422
        assert self.object_to(bench, list_id, one).status_code == 201
        assert code(self.object_to(bench, list_id, one)) == (409, "NOT_POSTED"), "nobody waits on it any more"

    def test_once_upheld_the_case_stands_on_the_next_list(self, bench: Bench) -> None:
        (one, _) = submitted(bench, 2)
        list_id = posted(bench)
        self.object_to(bench, list_id, one)
        path = f"/referrals/{one['application_id']}:uphold"
        assert (
            bench.call("POST", path, PROVINCIAL, json={"reason": "Đã kiểm tra."}, key=True).status_code == 200
        )
        assert ids(show(bench, drafted(bench))) == [one["application_id"]]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    waiting=st.lists(
        st.tuples(st.sampled_from(["merit", "social_policy", None]), st.sampled_from(["poor", "near_poor"])),
        min_size=1,
        max_size=8,
    )
)
def test_the_order_of_a_list_is_total_and_the_same_each_time(
    bench: Bench, waiting: list[tuple[str | None, str]]
) -> None:
    """Cases that came in one instant are told apart by their ids; drafting again gives the same list."""
    bench.sql("UPDATE case_file SET withdrawn = true")
    data = [application(priority_group=group, poverty_status=status) for group, status in waiting]
    submit(bench, *data)
    bench.sql("UPDATE case_file SET submitted_at = '2026-11-20'")
    first = drafted(bench)
    act(bench, first, ":cancel")
    again = drafted(bench)
    act(bench, again, ":cancel")
    ranked = ids(show(bench, first))
    rows = [case(bench, one) for one in ranked]
    assert ranked == ids(show(bench, again))
    assert sorted(ranked) == sorted(one["application_id"] for one in data)
    assert rows == sorted(rows, key=lambda row: (row.priority, row.submitted_at, row.application_id))


def test_the_fold_of_lists_equals_the_live_state(bench: Bench, clock: Any) -> None:
    """Drafted, posted, objected, approved, cancelled: folded from the events against GET /live-state."""
    everybody = [application(village=village) for village in "AABBC"]
    events = heard("application.submitted.v1", *everybody)
    take_in(bench, events)
    approved, cancelled, _draft = (
        posted(bench, village="A"),
        drafted(bench, village="B"),
        drafted(bench, village="C"),
    )
    body = {"application_id": everybody[0]["application_id"], "ground": "MOVED", "text": "Đã đi."}
    act(bench, approved, "/objections", **body)
    take = f"/referrals/{everybody[0]['application_id']}:take"
    assert bench.call("POST", take, PROVINCIAL, key=True).status_code == 200
    over(clock)
    act(bench, approved, ":approve", **decision())
    act(bench, cancelled, ":cancel")
    state: dict[str, Any] = {}
    for event in [*events, *bench.events()]:
        fold_eligibility(state, {"type": event.type, "data": event.data})
    shown = {key: show_eligibility(key, row) for key, row in state.items()}
    live: dict[str, Any] = {}
    cursor: str | None = ""
    while cursor is not None:
        page: Any = bench.call("GET", f"/live-state?limit=2{cursor}", AUDITOR).json
        live.update({item["key"]: item["state"] for item in page["items"]})
        cursor = f"&cursor={page['next_cursor']}" if page["next_cursor"] else None
    assert live == shown
    assert {live[f"list/{one}"]["status"] for one in (approved, cancelled)} == {"closed", "cancelled"}
    assert live[everybody[0]["application_id"]]["taken_by"] == PROVINCIAL.subject
