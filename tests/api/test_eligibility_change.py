"""Corrections of cases that were decided: the decision stands, is taken back, or the case is marked."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from services.eligibility.jobs import renew_evidence
from shared.auth import Role
from shared.folds.eligibility import fold_eligibility, show_eligibility
from shared.jobs import JobContext
from tests.support.approval_lists import (
    MONDAY,
    OTHER,
    PROVINCIAL,
    act,
    code,
    decision,
    posted,
    posting_bench,
)
from tests.support.case_changes import (
    NEW_YEAR,
    approve,
    approved,
    cancel,
    correct,
    is_free,
    places,
    redeem,
    revoke,
    types,
)
from tests.support.eligibility import (
    about,
    application,
    case,
    disbursed,
    document,
    eligibility_bench,
    heard,
    person,
    publish,
    reasons,
    submit,
    submitted,
    take_in,
)
from tests.support.service import APPROVER, AUDITOR, COMMUNE, OFFICER, PROVINCE, Bench, actor


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(MONDAY, tick=True) as traveller:
        yield traveller


@pytest.fixture
def bench(clock: Any) -> Bench:
    return eligibility_bench()


class TestCorrectingAnApprovedCase:
    def test_that_stays_eligible_leaves_the_decision_standing(self, bench: Bench) -> None:
        one = approved(bench)
        correct(bench, one, members_count=2, entered_by="other")
        row = case(bench, one["application_id"])
        assert (row.status, row.outcome, row.flag, row.correctors) == (
            "approved",
            "eligible",
            None,
            ["other"],
        )
        assert types(bench, one) == ["assessed", "approved", "reviewed"]

    def test_that_turns_ineligible_is_revoked_and_says_why_only_in_the_seal(self, bench: Bench) -> None:
        one = approved(bench, persons=[person("Mẩy")])
        correct(bench, one, has_smartphone=True)
        row = case(bench, one["application_id"])
        assert (row.status, row.revoked_by, row.revoked_reason) == (
            "revoked",
            "service:eligibility",
            "NO_LONGER_ELIGIBLE",
        )
        assert types(bench, one) == ["assessed", "approved", "reviewed", "revoked"]
        assert reasons(bench, one["application_id"]) == ["OWNS_SMARTPHONE"]
        assert all("OWNS_SMARTPHONE" not in event.raw.decode() for event in bench.events()[1:])
        assert bench.sql("SELECT reason, count FROM reason_tally") == [("OWNS_SMARTPHONE", 1)]
        assert not is_free(bench, "Mẩy"), "until the voucher has ended"
        cancel(bench, one)
        assert is_free(bench, "Mẩy")

    def test_whose_new_person_is_taken_is_revoked(self, bench: Bench) -> None:
        submitted(bench, 1, persons=[person("Pà")])
        one = approved(bench, persons=[person("Mẩy")])
        correct(bench, one, persons=[person("Pà")])
        assert case(bench, one["application_id"]).status == "revoked"
        assert reasons(bench, one["application_id"]) == ["DUPLICATE_PERSON"]
        assert places(bench, one) == [person("Mẩy")], "it keeps its own until the voucher has ended"

    def test_takes_new_places_and_frees_old_ones(self, bench: Bench) -> None:
        one = approved(bench, persons=[person("Mẩy")])
        correct(bench, one, persons=[person("Pà")])
        assert places(bench, one) == [person("Pà")]
        assert is_free(bench, "Mẩy")

    def test_is_held_against_the_version_it_was_approved_under(self, bench: Bench) -> None:
        one = approved(bench)
        publish(bench, document(version=2, period={"from": "2026-01-01", "to": "2026-01-31"}))
        correct(bench, one, members_count=2)
        row = case(bench, one["application_id"])
        assert (row.status, row.outcome, row.programme_version) == ("approved", "eligible", 1)

    def test_with_a_phone_in_hand_stays_and_is_marked(self, bench: Bench) -> None:
        one = approved(bench)
        redeem(bench, one)
        correct(bench, one, has_smartphone=True)
        row = case(bench, one["application_id"])
        assert (row.status, row.outcome, row.flag) == ("approved", "ineligible", "REDEEMED_THOUGH_INELIGIBLE")
        assert types(bench, one) == ["assessed", "approved", "reviewed"]
        listed: Any = bench.call("GET", "/cases?flagged=true", OFFICER).json
        assert [item["flag"] for item in listed["items"]] == ["REDEEMED_THOUGH_INELIGIBLE"]
        correct(bench, one, revision=3)
        assert case(bench, one["application_id"]).flag is None, "the correction was the mistake"

    def test_that_becomes_doubtful_is_marked_not_revoked(self, bench: Bench) -> None:
        one = approved(bench)
        correct(bench, one, conflict_of_interest=True)
        row = case(bench, one["application_id"])
        assert (row.status, row.outcome, row.flag) == ("approved", "referred", "DOUBTFUL_AFTER_APPROVAL")

    def test_by_its_approver_makes_another_approval_necessary(self, bench: Bench) -> None:
        """Role changes in between: who approved a case and corrects it afterwards has made it."""
        one = approved(bench)
        correct(bench, one, entered_by=APPROVER.subject)
        row = case(bench, one["application_id"])
        assert (row.status, row.corrected_meanwhile) == ("revoked", [APPROVER.subject])
        cancel(bench, one)
        row = case(bench, one["application_id"])
        assert (row.status, row.approved_by, row.correctors) == ("eligible", None, [APPROVER.subject])
        assert types(bench, one) == ["assessed", "approved", "reviewed", "revoked", "assessed"]
        told = [event.data["reason"] for event in bench.events() if event.type == "eligibility.revoked.v1"]
        assert told == ["APPROVER_CORRECTED"]
        assert code(approve(bench, one)) == (403, "MAKER_IS_CHECKER")
        assert approve(bench, one, OTHER).status_code == 200

    def test_by_its_approver_after_the_voucher_expired_opens_it_anew_at_once(self, bench: Bench) -> None:
        one = approved(bench)
        take_in(bench, disbursed("voucher.expired", one))
        correct(bench, one, entered_by=APPROVER.subject, members_count=3)
        row = case(bench, one["application_id"])
        assert (row.status, row.correctors, row.corrected_meanwhile) == ("eligible", [APPROVER.subject], [])
        assert types(bench, one) == ["assessed", "approved", "reviewed", "revoked", "assessed"]

    @pytest.mark.parametrize("paper", [2026, 2027])
    def test_in_the_new_year_takes_nothing_back(self, bench: Bench, clock: Any, paper: int) -> None:
        """A certificate proves its year: the one that the approval rests on, or the new one, is enough."""
        one = approved(bench)
        clock.move_to(NEW_YEAR)
        correct(bench, one, members_count=2, certificate_year=paper)
        row = case(bench, one["application_id"])
        assert (row.status, row.outcome, row.assessed_year) == ("approved", "eligible", paper)
        correct(bench, one, revision=3, certificate_year=2025)
        assert case(bench, one["application_id"]).status == "revoked"

    def test_by_its_approver_with_a_phone_in_hand_is_marked(self, bench: Bench) -> None:
        one = approved(bench)
        redeem(bench, one)
        correct(bench, one, entered_by=APPROVER.subject)
        row = case(bench, one["application_id"])
        assert (row.status, row.flag, row.approved_by) == (
            "approved",
            "DOUBTFUL_AFTER_APPROVAL",
            APPROVER.subject,
        )

    def test_in_another_province_keeps_its_share_of_the_quota(self, bench: Bench) -> None:
        one = approved(bench)
        correct(bench, one, commune="00691", members_count=2)
        assert bench.sql("SELECT province, used FROM approval_count") == [(PROVINCE, 1)]


class TestOfficialsOfTheHousehold:
    """`officials` among the facts: accounts that belong to the household."""

    def test_decide_nothing_about_it(self, bench: Bench) -> None:
        kin = [PROVINCIAL.subject, APPROVER.subject]
        (one,) = submitted(bench, 1, conflict_of_interest=True, officials=kin)
        path = f"/referrals/{one['application_id']}"
        for step, body in (
            (":take", None),
            (":uphold", {"reason": "Đúng."}),
            (":refuse", decision(23, reason="Không.")),
        ):
            answer = bench.call("POST", f"{path}{step}", PROVINCIAL, json=body, key=True)
            assert code(answer) == (403, "MAKER_IS_CHECKER"), step
        second = actor(Role.APPROVER, subject="second", commune=None, province=PROVINCE)
        body = {"reason": "Hộ nghèo thật."}
        assert bench.call("POST", f"{path}:uphold", second, json=body, key=True).status_code == 200
        assert code(approve(bench, one)) == (403, "MAKER_IS_CHECKER")
        assert code(approve(bench, one, second)) == (403, "MAKER_IS_CHECKER"), "it upheld the case"
        assert approve(bench, one, OTHER).status_code == 200
        assert code(revoke(bench, one)) == (403, "MAKER_IS_CHECKER")

    def test_are_left_out_of_the_list_that_they_approve(self, bench: Bench) -> None:
        (mine,), (other,) = submitted(bench, 1, officials=[APPROVER.subject]), submitted(bench, 1)
        assert case(bench, mine["application_id"]).status == "eligible", "older facts say no conflict"
        body = {"programme_id": mine["programme_id"], **decision(23)}
        answer: Any = bench.call("POST", "/approval-lists", APPROVER, json=body, key=True).json
        assert (answer["approved"], answer["skipped_own"]) == (1, 1)
        assert case(bench, other["application_id"]).status == "approved"

    def test_stay_barred_when_they_have_left_it(self, bench: Bench) -> None:
        (one,) = submitted(bench, 1, conflict_of_interest=True, officials=[APPROVER.subject])
        correct(bench, one, members_count=4)
        row = case(bench, one["application_id"])
        assert (row.status, row.kin) == ("eligible", [APPROVER.subject])
        assert code(approve(bench, one)) == (403, "MAKER_IS_CHECKER")

    def test_an_approval_by_one_who_is_found_out_is_taken_back(self, bench: Bench) -> None:
        one = approved(bench)
        correct(bench, one, conflict_of_interest=True, officials=[APPROVER.subject])
        row = case(bench, one["application_id"])
        assert (row.status, row.revoked_reason, row.kin) == ("revoked", "APPROVER_BELONGS_TO_HOUSEHOLD", [])
        cancel(bench, one)
        row = case(bench, one["application_id"])
        assert (row.status, row.kin) == ("referred", [APPROVER.subject])
        assert reasons(bench, one["application_id"]) == ["CONFLICT_OF_INTEREST"]
        assert places(bench, one), "its place is its own"

    def test_a_phone_in_hand_is_marked(self, bench: Bench) -> None:
        one = approved(bench)
        redeem(bench, one)
        correct(bench, one, conflict_of_interest=True, officials=[APPROVER.subject])
        row = case(bench, one["application_id"])
        assert (row.status, row.flag) == ("approved", "DOUBTFUL_AFTER_APPROVAL")

    def test_a_rejection_by_one_stands_until_somebody_else_hears_the_appeal(self, bench: Bench) -> None:
        (one,) = submitted(bench, 1)
        path = f"/cases/{one['application_id']}:reject"
        body = decision(23, reason="Không có mặt.")
        assert bench.call("POST", path, APPROVER, json=body, key=True).status_code == 200
        correct(bench, one, conflict_of_interest=True, officials=[APPROVER.subject, "second"])
        assert case(bench, one["application_id"]).kin == ["second"]
        take_in(bench, heard("application.appealed.v1", about(one, sealed="x")))
        assert sorted(case(bench, one["application_id"]).kin) == [APPROVER.subject, "second"]

    @pytest.mark.parametrize("name", ['a"b', "c\\d,{e}", "Đỗ Văn 1", "NULL"])
    def test_any_subject_is_kept_as_it_is(self, bench: Bench, name: str) -> None:
        (one,) = submitted(bench, 1, officials=[name, "x"])
        assert case(bench, one["application_id"]).kin == [name, "x"]
        correct(bench, one, officials=[name, "y"])
        assert sorted(case(bench, one["application_id"]).kin) == sorted([name, "x", "y"])


class TestCorrectingACaseThatAPersonIsAskedAbout:
    def test_answers_no_appeal_and_moves_no_deadline(self, bench: Bench, clock: Any) -> None:
        one = application(has_smartphone=True)
        submit(bench, one)
        take_in(bench, heard("application.appealed.v1", about(one, sealed="x")))
        due = case(bench, one["application_id"]).due_on
        clock.shift(timedelta(days=3))
        correct(bench, one, has_smartphone=True, members_count=2)
        assert reasons(bench, one["application_id"]) == ["APPEAL_FILED", "OWNS_SMARTPHONE"]
        correct(bench, one, revision=3, members_count=2)
        row = case(bench, one["application_id"])
        assert (row.status, row.due_on) == ("referred", due)
        assert reasons(bench, one["application_id"]) == ["APPEAL_FILED"]
        path = f"/referrals/{one['application_id']}:uphold"
        assert bench.call("POST", path, PROVINCIAL, json={"reason": "Đúng."}, key=True).status_code == 200
        correct(bench, one, revision=4)
        assert case(bench, one["application_id"]).status == "eligible", "the person has answered"

    def test_answers_no_objection(self, clock: Any) -> None:
        bench = posting_bench()
        one, other = submitted(bench, 2)
        list_id = posted(bench)
        for each in (one, other):
            body = {"application_id": each["application_id"], "ground": "OWNS_A_PHONE", "text": "Đã có."}
            assert act(bench, list_id, "/objections", **body).status_code == 201
        correct(bench, one, members_count=2, conflict_of_interest=True)
        assert case(bench, one["application_id"]).status == "referred"
        assert reasons(bench, one["application_id"]) == ["OBJECTION_RAISED", "CONFLICT_OF_INTEREST"]
        correct(bench, one, revision=3, members_count=2)
        assert reasons(bench, one["application_id"]) == ["OBJECTION_RAISED"], "the other doubt is settled"
        correct(bench, other, has_smartphone=True)
        assert case(bench, other["application_id"]).status == "ineligible", "the objection was right"

    def test_settles_the_doubts_about_what_it_corrects(self, bench: Bench) -> None:
        (one,) = submitted(bench, 1, doubts=["CITIZEN_ID_SEX_DIFFERS"])
        assert case(bench, one["application_id"]).status == "referred"
        correct(bench, one)
        assert case(bench, one["application_id"]).status == "eligible"

    def test_the_turn_of_a_year_leaves_an_appeal_to_its_person(self, bench: Bench, clock: Any) -> None:
        one = application(has_smartphone=True)
        submit(bench, one)
        take_in(bench, heard("application.appealed.v1", about(one, sealed="x")))
        due = case(bench, one["application_id"]).due_on
        clock.move_to(NEW_YEAR)
        renew_evidence(JobContext(bench.settings, bench.database))
        row = case(bench, one["application_id"])
        assert (row.status, row.assessed_year, row.due_on) == ("referred", 2027, due)
        told = reasons(bench, one["application_id"])
        assert told[0] == "APPEAL_FILED"
        assert {"OWNS_SMARTPHONE", "CERTIFICATE_OF_ANOTHER_YEAR"} & set(told)


class TestCorrectingOtherDecidedCases:
    def test_a_rejection_stands_and_an_appeal_sees_the_new_facts(self, bench: Bench) -> None:
        (one,) = submitted(bench, 1)
        path = f"/cases/{one['application_id']}:reject"
        body = decision(23, reason="Không có mặt.")
        assert bench.call("POST", path, APPROVER, json=body, key=True).status_code == 200
        correct(bench, one, has_smartphone=True, entered_by=APPROVER.subject)
        row = case(bench, one["application_id"])
        assert (row.status, row.outcome, row.reviewers) == ("rejected", "ineligible", [APPROVER.subject])
        take_in(bench, heard("application.appealed.v1", about(one, sealed="x")))
        assert reasons(bench, one["application_id"]) == ["APPEAL_FILED", "OWNS_SMARTPHONE"]
        path = f"/referrals/{one['application_id']}:uphold"
        bench.call("POST", path, PROVINCIAL, json={"reason": "Đúng."}, key=True)
        assert code(approve(bench, one)) == (403, "MAKER_IS_CHECKER"), "who corrected it meanwhile made it"

    def test_a_revoked_case_opens_anew(self, bench: Bench) -> None:
        one = approved(bench)
        revoke(bench, one)
        cancel(bench, one)
        correct(bench, one, members_count=4)
        row = case(bench, one["application_id"])
        assert (row.status, row.approved_by, row.revoked_by, row.counted_in) == ("eligible", None, None, None)
        assert approve(bench, one).json["position"] == 2
        assert bench.sql("SELECT used FROM approval_count")[0][0] == 1

    def test_a_revoked_case_opens_anew_only_when_its_voucher_has_ended(self, bench: Bench) -> None:
        """Until then a shop may sell on it, so that its places must not serve anybody else."""
        one = approved(bench, persons=[person("Mẩy")])
        revoke(bench, one)
        correct(bench, one, persons=[person("Pà")], members_count=4, entered_by=APPROVER.subject)
        row = case(bench, one["application_id"])
        assert (row.status, row.corrected_meanwhile) == ("revoked", [APPROVER.subject])
        assert not is_free(bench, "Mẩy")
        cancel(bench, one)
        row = case(bench, one["application_id"])
        assert (row.status, row.correctors, row.voucher) == ("eligible", [APPROVER.subject], None)
        assert places(bench, one) == [person("Pà")]
        assert is_free(bench, "Mẩy")
        assert code(approve(bench, one)) == (403, "MAKER_IS_CHECKER")
        assert approve(bench, one, OTHER).status_code == 200
        assert types(bench, one)[2:] == ["revoked", "reviewed", "assessed", "approved"]

    def test_a_revoked_case_that_nobody_corrected_stays_revoked(self, bench: Bench) -> None:
        one = approved(bench)
        revoke(bench, one)
        cancel(bench, one)
        assert case(bench, one["application_id"]).status == "revoked"

    def test_a_phone_that_was_sold_meanwhile_keeps_it_revoked(self, bench: Bench) -> None:
        one = approved(bench, persons=[person("Mẩy")])
        revoke(bench, one)
        correct(bench, one, members_count=4)
        redeem(bench, one)
        cancel(bench, one)
        assert case(bench, one["application_id"]).status == "revoked"
        assert not is_free(bench, "Mẩy")

    def test_a_revoked_case_whose_phone_was_handed_out_stays_revoked(self, bench: Bench) -> None:
        one = approved(bench)
        revoke(bench, one)
        redeem(bench, one)
        correct(bench, one, members_count=4)
        assert case(bench, one["application_id"]).status == "revoked"
        shown: Any = bench.call("GET", f"/cases/{one['application_id']}", OFFICER).json
        assert shown["flag"] == "REDEEMED_THOUGH_REVOKED"
        listed: Any = bench.call("GET", "/cases?flagged=true", OFFICER).json
        assert len(listed["items"]) == 1

    def test_a_withdrawn_case_is_passed_over(self, bench: Bench) -> None:
        (one,) = submitted(bench, 1)
        take_in(bench, heard("application.withdrawn.v1", about(one, reason="MOVED")))
        correct(bench, one, has_smartphone=True)
        assert types(bench, one) == ["assessed"]


def test_the_fold_of_every_change_equals_the_live_state(bench: Bench, clock: Any) -> None:
    log: list[Any] = []

    def hear(events: list[Any]) -> None:
        log.extend(events)
        take_in(bench, events)

    def corrected(one: dict[str, Any], **changes: Any) -> None:
        wanted = {name: one[name] for name in ("application_id", "household_id", "persons")}
        data = {**application(**{**wanted, **changes}), "revision": 2, "reason": "MISTYPED"}
        hear(heard("application.corrected.v1", data))

    data = [application() for _ in range(6)]
    hear(heard("application.submitted.v1", *data))
    stays, lost, marked, own, taken_back = data[:5]
    for one in data[:5]:
        assert approve(bench, one).status_code == 200
    hear(disbursed("voucher.redeemed", marked))
    corrected(stays, members_count=1)
    corrected(lost, has_smartphone=True)
    corrected(marked, has_smartphone=True)
    corrected(own, entered_by=APPROVER.subject)
    hear(disbursed("voucher.cancelled", own, voucher_id=None, amount=0, reason="REVOKED"))
    revoke(bench, taken_back)
    corrected(taken_back, members_count=2)
    clock.move_to(NEW_YEAR)
    renew_evidence(JobContext(bench.settings, bench.database))
    state: dict[str, Any] = {}
    for event in [*log, *bench.events()]:
        fold_eligibility(state, {"type": event.type, "data": event.data})
    page: Any = bench.call("GET", "/live-state", AUDITOR).json
    live = {item["key"]: item["state"] for item in page["items"]}
    assert live == {key: show_eligibility(key, row) for key, row in state.items()}
    statuses = [live[one["application_id"]]["status"] for one in data]
    assert statuses == ["approved", "revoked", "approved", "ineligible", "revoked", "ineligible"]
    assert {live[one["application_id"]]["commune"] for one in data} == {COMMUNE}
