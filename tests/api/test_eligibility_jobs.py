"""What eligibility does by itself: evidence expires with the year, automatic programmes serve who waits."""

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine

from services.eligibility.jobs import JOBS, approve_waiting, renew_evidence
from shared.jobs import JobContext
from tests.support.approval_lists import MONDAY, PROVINCIAL
from tests.support.case_changes import NEW_YEAR, approved, cancel, correct, is_free, revoke, types
from tests.support.eligibility import (
    PROGRAMME,
    application,
    case,
    document,
    eligibility_bench,
    person,
    publish,
    reasons,
    submit,
    submitted,
)
from tests.support.service import MANAGER, OTHER_COMMUNE, Bench, problem

DECISION = {"decision_number": "1/QĐ", "decision_date": "2026-11-20"}


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(MONDAY, tick=True) as traveller:
        yield traveller


@pytest.fixture
def bench(clock: Any) -> Bench:
    return eligibility_bench()


def without_certificates(rules: dict[str, Any]) -> dict[str, Any]:
    """The tables as if nobody looked at a certificate's year."""

    def table(node: dict[str, Any]) -> dict[str, Any]:
        content = node.get("content") or {}
        if "rules" not in content:
            return node
        kept = [row for row in content["rules"] if row["_id"] not in ("R2", "R3")]
        return {**node, "content": {**content, "rules": [{**row, "certificate": ""} for row in kept]}}

    return {**rules, "nodes": [table(node) for node in rules["nodes"]]}


class TestTheTurnOfAYear:
    def renew(self, bench: Bench) -> None:
        while renew_evidence(JobContext(bench.settings, bench.database)):
            pass

    def test_last_years_certificate_no_longer_proves_anything(self, bench: Bench, clock: Any) -> None:
        (waiting,), done = submitted(bench, 1, persons=[person("Mẩy")]), approved(bench)
        self.renew(bench)
        assert types(bench, waiting) == ["assessed"], "the year is not over"
        clock.move_to(NEW_YEAR)
        self.renew(bench)
        row = case(bench, waiting["application_id"])
        assert (row.status, row.assessed_year) == ("ineligible", 2027)
        assert reasons(bench, waiting["application_id"]) == ["CERTIFICATE_OF_ANOTHER_YEAR"]
        assert case(bench, done["application_id"]).status == "approved", "what was granted stands"
        assert is_free(bench, "Mẩy") is False, "a programme of 2026 takes nobody in 2027"
        assert bench.sql("SELECT count(*) FROM place_claim WHERE hash = :h", h=person("Mẩy"))[0][0] == 0
        self.renew(bench)
        assert types(bench, waiting) == ["assessed", "assessed"]

    def test_this_years_certificate_proves_it_again(self, bench: Bench, clock: Any) -> None:
        (one,) = submitted(bench, 1)
        clock.move_to(NEW_YEAR)
        self.renew(bench)
        correct(bench, one, certificate_year=2027)
        row = case(bench, one["application_id"])
        assert (row.status, row.assessed_year) == ("eligible", 2027)

    def test_a_referral_stays_one_with_its_deadline_unless_the_rules_refuse(
        self, bench: Bench, clock: Any
    ) -> None:
        rules = document()["rules"]
        publish(bench, document(version=2, rules=without_certificates(rules)))
        (one,) = submitted(bench, 1, conflict_of_interest=True)
        before = case(bench, one["application_id"])
        clock.move_to(NEW_YEAR)
        self.renew(bench)
        row = case(bench, one["application_id"])
        assert (row.status, row.due_on, row.assessed_year) == ("referred", before.due_on, 2027)
        assert reasons(bench, one["application_id"]) == ["CONFLICT_OF_INTEREST"]

    def test_nothing_is_approved_on_last_years_evidence(self, bench: Bench, clock: Any) -> None:
        (one,) = submitted(bench, 1)
        clock.move_to(NEW_YEAR)
        path = f"/cases/{one['application_id']}:approve"
        answer = bench.call("POST", path, PROVINCIAL, json=DECISION, key=True)
        assert problem(answer)["code"] == "EVIDENCE_EXPIRED"
        body = {"programme_id": PROGRAMME, **DECISION}
        listed: Any = bench.call("POST", "/approval-lists", PROVINCIAL, json=body, key=True).json
        assert listed["approved"] == 0

    def test_one_that_cannot_be_opened_is_in_nobodys_way(
        self, bench: Bench, clock: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("services.eligibility.jobs.AT_ONCE", 2)
        data = submitted(bench, 7)
        broken = {one["application_id"] for one in data[:3]}
        for one in broken:
            bench.sql("UPDATE case_file SET sealed = 'AAAA' || sealed WHERE application_id = :id", id=one)
        clock.move_to(NEW_YEAR)
        self.renew(bench)
        years = {one["application_id"]: case(bench, one["application_id"]).assessed_year for one in data}
        assert {one for one, year in years.items() if year == 2026} == broken
        assert {year for one, year in years.items() if one not in broken} == {2027}

    def test_it_is_done_in_pieces(self, bench: Bench, clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("services.eligibility.jobs.AT_ONCE", 2)
        data = submitted(bench, 5)
        clock.move_to(NEW_YEAR)
        self.renew(bench)
        assert {case(bench, one["application_id"]).status for one in data} == {"ineligible"}
        assert {job.name for job in JOBS} >= {"renew-evidence", "approve-waiting", "overdue"}


class TestAutomaticApproval:
    @pytest.fixture
    def bench(self, clock: Any) -> Bench:
        made = eligibility_bench()
        publish(made, document(version=2, approval={"mode": "automatic"}, quota={"households": 2}))
        return made

    def test_approves_in_the_batch_that_assesses(self, bench: Bench) -> None:
        one, refused = application(), application(has_smartphone=True)
        submit(bench, one, refused)
        row = case(bench, one["application_id"])
        assert (row.status, row.approved_by, row.decision_number, str(row.decision_date)) == (
            "approved",
            "service:eligibility",
            f"AUTO-{PROGRAMME}-v2",
            "2026-11-23",
        )
        assert types(bench, one) == ["assessed", "approved"]
        assert types(bench, refused) == ["assessed"]

    def test_keeps_to_the_quota_and_serves_who_waits_later(self, bench: Bench) -> None:
        first, second, third = submitted(bench, 3)
        context = JobContext(bench.settings, bench.database)
        assert not approve_waiting(context)
        waiting = next(
            one for one in (first, second, third) if case(bench, one["application_id"]).status == "eligible"
        )
        gone = first if waiting is not first else second
        revoke(bench, gone)
        cancel(bench, gone)
        approve_waiting(context)
        assert case(bench, waiting["application_id"]).status == "approved"

    def test_a_full_province_keeps_nobody_elsewhere_waiting(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("services.eligibility.jobs.AT_ONCE", 2)
        rules = {"approval": {"mode": "automatic"}, "area": {"provinces": ["08", "14"]}}
        publish(bench, document(version=3, quota={"by_province": {"08": 0, "14": 1}}, **rules))
        here = submitted(bench, 3, priority_group="merit")
        publish(bench, document(version=4, quota={"by_province": {"08": 0, "14": 0}}, **rules))
        (there,) = submitted(bench, 1, commune=OTHER_COMMUNE)
        publish(bench, document(version=5, quota={"by_province": {"08": 0, "14": 1}}, **rules))
        approve_waiting(JobContext(bench.settings, bench.database))
        assert case(bench, there["application_id"]).status == "approved"
        assert {case(bench, one["application_id"]).status for one in here} == {"eligible"}

    def test_serves_who_was_upheld_by_a_person(self, bench: Bench) -> None:
        (one,) = submitted(bench, 1, conflict_of_interest=True)
        path = f"/referrals/{one['application_id']}:uphold"
        assert bench.call("POST", path, PROVINCIAL, json={"reason": "Đúng."}, key=True).status_code == 200
        approve_waiting(JobContext(bench.settings, bench.database))
        assert case(bench, one["application_id"]).status == "approved"

    def test_a_stopped_programme_approves_nobody(self, bench: Bench) -> None:
        body = {"reason": "Chờ kinh phí"}
        path = f"/programmes/{PROGRAMME}:suspend"
        assert bench.call("POST", path, MANAGER, json=body, key=True).status_code == 200
        (one,) = submitted(bench, 1)
        approve_waiting(JobContext(bench.settings, bench.database))
        assert case(bench, one["application_id"]).status == "eligible"
