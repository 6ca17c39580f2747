"""Quotas: never exceeded, given to the first in the programme's order, free again when nobody uses them."""

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine

from shared.auth import Actor
from tests.support.approval_lists import MONDAY, OTHER, PROVINCIAL, code, decision
from tests.support.eligibility import (
    PROGRAMME,
    application,
    case,
    disbursed,
    document,
    eligibility_bench,
    publish,
    submit,
    submitted,
    take_in,
)
from tests.support.service import APPROVER, PROVINCE, Bench


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(MONDAY, tick=True) as traveller:
        yield traveller


class TestQuota:
    def quota(self, **quota: Any) -> Bench:
        made = eligibility_bench()
        publish(made, document(version=2, quota=quota))
        return made

    def approve(self, bench: Bench, who: Actor = APPROVER, **body: Any) -> Any:
        wanted = {"programme_id": PROGRAMME, **decision(23), **body}
        return bench.call("POST", "/approval-lists", who, json=wanted, key=True).json

    def statuses(self, bench: Bench, *data: dict[str, Any]) -> list[str]:
        return [case(bench, one["application_id"]).status for one in data]

    def test_goes_to_the_first_in_the_programmes_order(self, clock: Any) -> None:
        bench = self.quota(households=2)
        near, poor = application(poverty_status="near_poor"), application()
        merit = application(priority_group="merit")
        submit(bench, near, poor, merit)
        assert self.approve(bench) | {"list_id": ""} == {
            "list_id": "",
            "approved": 2,
            "skipped_own": 0,
            "over_quota": 1,
        }
        assert self.statuses(bench, near, poor, merit) == ["eligible", "approved", "approved"]
        path = f"/cases/{near['application_id']}:approve"
        answer = bench.call("POST", path, APPROVER, json=decision(23), key=True)
        assert code(answer) == (409, "QUOTA_USED_UP")

    def test_follows_the_order_in_force_whoever_was_ranked_by_another(self, clock: Any) -> None:
        bench = self.quota(households=1)
        poor, near = application(), application(poverty_status="near_poor")
        submit(bench, poor, near)
        turned = ["near_poor", "poor"]
        publish(bench, document(version=3, quota={"households": 1}, priority_order=turned))
        late = application(poverty_status="near_poor", ethnicity="08")
        submit(bench, late)
        assert [case(bench, one["application_id"]).priority for one in (poor, near, late)] == [2, 3, 0]
        assert self.approve(bench)["approved"] == 1
        assert self.statuses(bench, poor, near, late) == ["eligible", "approved", "eligible"]
        assert [case(bench, one["application_id"]).priority for one in (poor, near, late)] == [1, 0, 0]

    def test_of_a_province_is_its_own(self, clock: Any) -> None:
        bench = self.quota(households=3, by_province={PROVINCE: 1})
        submitted(bench, 2)
        assert self.approve(bench)["approved"] == 1
        assert bench.sql("SELECT province, used FROM approval_count") == [(PROVINCE, 1)]

    def test_ones_own_keep_their_room_for_somebody_else(self, clock: Any) -> None:
        bench = self.quota(households=1)
        (later,) = submitted(bench, 1, poverty_status="near_poor")
        (own,) = submitted(bench, 1, entered_by=APPROVER.subject)
        assert self.approve(bench)["approved"] == 0
        assert self.approve(bench, OTHER)["approved"] == 1
        assert self.statuses(bench, own, later) == ["approved", "eligible"]

    def test_a_revoked_case_frees_its_room_when_its_voucher_ended(self, clock: Any) -> None:
        bench = self.quota(households=1)
        first, second = submitted(bench, 2)
        self.approve(bench, application_ids=[first["application_id"]])
        path = f"/cases/{first['application_id']}:revoke"
        assert bench.call("POST", path, PROVINCIAL, json={"reason": "MOVED"}, key=True).status_code == 200
        assert self.approve(bench)["approved"] == 0
        ended = disbursed("voucher.cancelled", first, voucher_id=None, amount=0, reason="REVOKED")
        take_in(bench, ended)
        assert self.approve(bench)["approved"] == 1
        assert self.statuses(bench, first, second) == ["revoked", "approved"]

    def test_what_was_approved_before_there_was_a_quota_counts(self, clock: Any) -> None:
        bench = eligibility_bench()
        submitted(bench, 2)
        self.approve(bench)
        publish(bench, document(version=2, quota={"households": 3}))
        submitted(bench, 2)
        assert self.approve(bench)["approved"] == 1
