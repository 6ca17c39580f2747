"""What changes after the first assessment: corrections of decided cases, revocation, vouchers, the turn of a
year, programmes that approve by themselves."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine

from services.eligibility.jobs import JOBS, approve_waiting, renew_evidence
from shared.auth import Actor, Role
from shared.folds.eligibility import fold_eligibility, show_eligibility
from shared.jobs import JobContext
from tests.support.approval_lists import MONDAY, OTHER, PROVINCIAL, code, decision
from tests.support.eligibility import (
    PROGRAMME,
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
from tests.support.service import APPROVER, AUDITOR, COMMUNE, MANAGER, OFFICER, PROVINCE, Bench, actor

NEW_YEAR = datetime(2026, 12, 31, 17, 5, tzinfo=UTC)
"""Five past midnight in Viet Nam."""


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(MONDAY, tick=True) as traveller:
        yield traveller


@pytest.fixture
def bench(clock: Any) -> Bench:
    return eligibility_bench()


def approve(bench: Bench, one: dict[str, Any], who: Actor = APPROVER, day: int = 23) -> Any:
    path = f"/cases/{one['application_id']}:approve"
    return bench.call("POST", path, who, json=decision(day), key=True)


def approved(bench: Bench, **options: Any) -> dict[str, Any]:
    (one,) = submitted(bench, 1, **options)
    assert approve(bench, one).status_code == 200
    return one


def revoke(bench: Bench, one: dict[str, Any], who: Actor = PROVINCIAL, reason: str = "MOVED_AWAY") -> Any:
    path = f"/cases/{one['application_id']}:revoke"
    return bench.call("POST", path, who, json={"reason": reason}, key=True)


def correct(bench: Bench, one: dict[str, Any], *, revision: int = 2, **changes: Any) -> None:
    """The whole content anew: the facts that `application` gives, with `changes`."""
    wanted = {name: one[name] for name in ("application_id", "household_id", "programme_id", "persons")}
    corrected = {**application(**{**wanted, **changes}), "revision": revision, "reason": "MISTYPED"}
    take_in(bench, heard("application.corrected.v1", corrected))


def redeem(bench: Bench, one: dict[str, Any]) -> None:
    take_in(bench, disbursed("voucher.redeemed", one))


def cancel(bench: Bench, one: dict[str, Any], reason: str = "REVOKED") -> None:
    take_in(bench, disbursed("voucher.cancelled", one, voucher_id=None, amount=0, reason=reason))


def types(bench: Bench, one: dict[str, Any]) -> list[str]:
    """The types of the events about a case, in order, without their beginning and version."""
    key = one["application_id"]
    return [event.type.split(".")[1] for event in bench.events() if event.key == key]


def places(bench: Bench, one: dict[str, Any]) -> list[str]:
    statement = "SELECT hash FROM place_claim WHERE application_id = :id AND kind = 'person' ORDER BY hash"
    return [row.hash for row in bench.sql(statement, id=one["application_id"])]


def is_free(bench: Bench, name: str) -> bool:
    """Whether somebody of this name can apply."""
    (one,) = submitted(bench, 1, persons=[person(name)])
    return bool(case(bench, one["application_id"]).status == "eligible")


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
        assert (row.status, row.approved_by, row.correctors) == ("eligible", None, [APPROVER.subject])
        assert types(bench, one) == ["assessed", "approved", "revoked", "assessed"]
        told = [event.data["reason"] for event in bench.events() if event.type == "eligibility.revoked.v1"]
        assert told == ["APPROVER_CORRECTED"]
        assert code(approve(bench, one)) == (403, "MAKER_IS_CHECKER")
        assert approve(bench, one, OTHER).status_code == 200

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


class TestRevoking:
    def test_takes_back_an_approval_with_a_code(self, bench: Bench) -> None:
        one = approved(bench)
        assert revoke(bench, one).json == {"application_id": one["application_id"], "status": "revoked"}
        event = bench.events()[-1]
        assert event.data == {**about(one), "reason": "MOVED_AWAY", "revoked_by": "provincial"}
        shown: Any = bench.call("GET", f"/cases/{one['application_id']}", OFFICER).json
        assert (shown["revoked_by"], shown["revoked_reason"]) == ("provincial", "MOVED_AWAY")
        assert code(revoke(bench, one)) == (409, "CASE_NOT_OPEN")

    def test_is_for_the_province_and_never_for_the_maker(self, bench: Bench) -> None:
        one = approved(bench, entered_by=PROVINCIAL.subject)
        assert code(revoke(bench, one, APPROVER)) == (403, "PROVINCE_DECIDES")
        assert code(revoke(bench, one)) == (403, "MAKER_IS_CHECKER")
        assert revoke(bench, one, OFFICER).status_code == 403
        elsewhere = actor(Role.MANAGER, commune=None, province="14")
        assert code(revoke(bench, one, elsewhere)) == (404, "NOT_FOUND")
        assert revoke(bench, one, MANAGER, "why").status_code == 422
        assert revoke(bench, one, MANAGER).status_code == 200

    def test_leaves_alone_who_has_the_phone(self, bench: Bench) -> None:
        one = approved(bench)
        redeem(bench, one)
        assert code(revoke(bench, one)) == (409, "PHONE_HANDED_OUT")
        assert case(bench, one["application_id"]).status == "approved"


class TestVouchers:
    def withdraw(self, bench: Bench, one: dict[str, Any]) -> None:
        take_in(bench, heard("application.withdrawn.v1", about(one, reason="MOVED")))

    @pytest.mark.parametrize("cancelled_first", [False, True], ids=["told last", "told first"])
    def test_a_withdrawn_approval_frees_its_places_when_the_voucher_ended(
        self, bench: Bench, cancelled_first: bool
    ) -> None:
        one = approved(bench, persons=[person("Mẩy")])
        steps = [self.withdraw, lambda made, case_: cancel(made, case_, "WITHDRAWN")]
        first, last = reversed(steps) if cancelled_first else steps
        first(bench, one)
        assert not is_free(bench, "Mẩy")
        last(bench, one)
        assert is_free(bench, "Mẩy")
        assert bench.sql("SELECT used FROM approval_count")[0][0] == 0
        assert case(bench, one["application_id"]).status == "approved"

    def test_a_phone_that_was_handed_out_keeps_them_for_good(self, bench: Bench) -> None:
        one = approved(bench, persons=[person("Mẩy")])
        redeem(bench, one)
        self.withdraw(bench, one)
        cancel(bench, one, "WITHDRAWN")
        assert not is_free(bench, "Mẩy")

    def test_an_expired_voucher_keeps_the_place_of_who_is_still_in(self, bench: Bench) -> None:
        one = approved(bench, persons=[person("Mẩy")])
        take_in(bench, disbursed("voucher.expired", one))
        assert not is_free(bench, "Mẩy")
        self.withdraw(bench, one)
        assert is_free(bench, "Mẩy")

    def test_a_phone_that_came_back_is_as_if_it_had_never_left(self, bench: Bench) -> None:
        one = approved(bench)
        redeem(bench, one)
        take_in(bench, disbursed("voucher.reversed", one))
        assert case(bench, one["application_id"]).voucher is None
        assert revoke(bench, one).status_code == 200

    def test_the_end_of_an_older_voucher_says_nothing_of_a_newer_approval(self, bench: Bench) -> None:
        one = approved(bench, persons=[person("Mẩy")])
        revoke(bench, one)
        correct(bench, one, members_count=4)
        approve(bench, one)
        cancel(bench, one)
        assert case(bench, one["application_id"]).voucher is None
        self.withdraw(bench, one)
        assert not is_free(bench, "Mẩy"), "the newer voucher may be used"

    def test_what_is_said_of_an_unknown_case_is_passed_over(self, bench: Bench) -> None:
        stranger = application()
        redeem(bench, stranger)
        cancel(bench, stranger)
        assert bench.sql("SELECT count(*) FROM dead_letter")[0][0] == 0


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

    def test_it_is_done_in_pieces(self, bench: Bench, clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("services.eligibility.jobs.AT_ONCE", 2)
        data = submitted(bench, 5)
        clock.move_to(NEW_YEAR)
        self.renew(bench)
        assert {case(bench, one["application_id"]).status for one in data} == {"ineligible"}
        assert {job.name for job in JOBS} == {"renew-evidence", "approve-waiting", "overdue"}


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
    revoke(bench, taken_back)
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
