"""Referred cases: why, until when, whose they are, and what a person makes of them."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine

from services.eligibility.domain import case_number
from services.eligibility.jobs import count_what_is_overdue
from services.eligibility.overdue import count_overdue, overdue
from shared.auth import Actor, Role
from shared.jobs import JobContext
from shared.observability import metrics
from shared.privacy import unseal
from tests.support.approval_lists import MONDAY, PROVINCIAL, code, decision
from tests.support.clock import today
from tests.support.eligibility import (
    about,
    application,
    case,
    document,
    eligibility_bench,
    heard,
    key_of,
    person,
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
    PROVINCE,
    Bench,
    actor,
    problem,
)

COLLEAGUE = actor(Role.APPROVER, subject="colleague", commune=None, province=PROVINCE)
ELSEWHERE = actor(Role.APPROVER, subject="elsewhere", commune=None, province="14")
EVERY_DOUBT = ["conflict_of_interest", "near_duplicate", "id_mismatch", "nine_digit_id"]
UPHELD = {"reason": "Đã kiểm tra giấy tờ gốc."}


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(MONDAY, tick=True) as traveller:
        yield traveller


@pytest.fixture
def bench(clock: Any) -> Bench:
    made = eligibility_bench()
    publish(made, document(version=2, refer_on=EVERY_DOUBT))
    return made


def conflicted(bench: Bench, **options: Any) -> dict[str, Any]:
    (one,) = submitted(bench, 1, conflict_of_interest=True, **options)
    return one


def act(bench: Bench, one: dict[str, Any], how: str, who: Actor = PROVINCIAL, body: Any = None) -> Any:
    return bench.call("POST", f"/referrals/{one['application_id']}:{how}", who, json=body, key=True)


def uphold(bench: Bench, one: dict[str, Any], who: Actor = PROVINCIAL) -> Any:
    return act(bench, one, "uphold", who, UPHELD)


def approve(bench: Bench, one: dict[str, Any], who: Actor) -> Any:
    path = f"/cases/{one['application_id']}:approve"
    return bench.call("POST", path, who, json=decision(23), key=True)


def queue(bench: Bench, who: Actor = PROVINCIAL, **query: Any) -> list[dict[str, Any]]:
    answer = bench.call("GET", "/referrals", who, query_string=query)
    assert answer.status_code == 200, answer.text
    return list((answer.json or {})["items"])


class TestWhy:
    @pytest.mark.parametrize(
        ("facts", "expected"),
        [
            ({"conflict_of_interest": True}, ["CONFLICT_OF_INTEREST"]),
            ({"identity": "cmnd"}, ["NINE_DIGIT_ID"]),
            ({"doubts": ["CITIZEN_ID_SEX_DIFFERS"]}, ["ID_MISMATCH"]),
            ({"identity": "cmnd", "conflict_of_interest": True}, ["CONFLICT_OF_INTEREST", "NINE_DIGIT_ID"]),
            ({"members_count": 0}, ["FACTS_NOT_PLANNED_FOR"]),
        ],
    )
    def test_a_doubt_sends_the_case_to_a_person(
        self, bench: Bench, facts: dict[str, Any], expected: list[str]
    ) -> None:
        (one,) = submitted(bench, 1, **facts)
        assert case(bench, one["application_id"]).status == "referred"
        assert reasons(bench, one["application_id"]) == expected

    def test_of_a_near_duplicate_shows_whom_it_resembles(self, bench: Bench) -> None:
        same = {"namesakes": [person("tẩn mùi sán 1990-03-15")]}
        (first,), (refused,) = submitted(bench, 1, **same), submitted(bench, 1, has_smartphone=True, **same)
        (second,), (plain,) = submitted(bench, 1, village="Nà Khuông", **same), submitted(bench, 1)
        assert reasons(bench, second["application_id"]) == ["NEAR_DUPLICATE"]

        def similar(one: dict[str, Any], who: Actor = PROVINCIAL) -> Any:
            return (bench.call("GET", f"/cases/{one['application_id']}", who).json or {})["similar"]

        assert similar(second) == [
            {
                "application_id": first["application_id"],
                "case_number": case_number(first["application_id"]),
                "village": "Nậm Ty",
                "status": "eligible",
            }
        ]
        assert [one["application_id"] for one in similar(first)] == [second["application_id"]]
        assert similar(plain) == []
        assert len(similar(refused)) == 2, "it may have to be looked at again"
        take_in(bench, heard("application.withdrawn.v1", about(first, reason="MOVED")))
        assert similar(second) == []

    def test_it_holds_its_places_meanwhile(self, bench: Bench) -> None:
        conflicted(bench, persons=[person("Mẩy")])
        (other,) = submitted(bench, 1, persons=[person("Mẩy")])
        assert reasons(bench, other["application_id"]) == ["DUPLICATE_PERSON"]

    def test_a_namesake_of_the_same_birth_date_is_looked_at(self, bench: Bench) -> None:
        name = person("Lý Thị Mẩy 1980-02-03 01075")
        first, second = (application(namesakes=[name]) for _ in range(2))
        submit(bench, first, second)
        (third,) = submitted(bench, 1, namesakes=[person("somebody else"), name])
        statuses = [case(bench, one["application_id"]).status for one in (first, second, third)]
        assert statuses == ["eligible", "referred", "referred"]
        assert reasons(bench, third["application_id"]) == ["NEAR_DUPLICATE"]

    def test_a_namesake_who_is_out_of_it_is_none(self, bench: Bench) -> None:
        name = person("Lý Thị Mẩy 1980-02-03 01075")
        (withdrawn,) = submitted(bench, 1, namesakes=[name])
        take_in(bench, heard("application.withdrawn.v1", about(withdrawn, reason="MOVED")))
        submit(bench, application(namesakes=[name], has_smartphone=True))
        (one,) = submitted(bench, 1, namesakes=[name])
        assert case(bench, one["application_id"]).status == "eligible"
        publish(bench, document("national"))
        (elsewhere,) = submitted(bench, 1, namesakes=[name], programme_id="national")
        assert case(bench, elsewhere["application_id"]).status == "eligible"

    def test_a_correction_forgets_the_name_that_was_wrong(self, bench: Bench) -> None:
        wrong, right = person("wrong"), person("right")
        (one,) = submitted(bench, 1, namesakes=[wrong])
        wanted = {name: one[name] for name in ("application_id", "household_id")}
        corrected = {**application(**wanted, namesakes=[right]), "revision": 2, "reason": "MISTYPED"}
        take_in(bench, heard("application.corrected.v1", corrected))
        statuses = []
        for name in (wrong, right):
            (other,) = submitted(bench, 1, namesakes=[name])
            statuses.append(case(bench, other["application_id"]).status)
        assert statuses == ["eligible", "referred"]


class TestQueue:
    def test_says_why_whose_and_until_when_and_records_the_reading(self, bench: Bench) -> None:
        one = conflicted(bench)
        submitted(bench, 1)
        (shown,) = queue(bench)
        assert shown["application_id"] == one["application_id"]
        assert shown["reasons"][0]["code"] == "CONFLICT_OF_INTEREST"
        assert shown["reasons"][0]["vi"] != shown["reasons"][0]["en"]
        assert shown["owner"] == {"role": "approver", "province": PROVINCE, "person": None}
        assert (shown["due_on"], shown["overdue"]) == ("2026-12-08", False)
        event = bench.events()[-1]
        assert (event.type, event.data["purpose"], event.data["households"]) == (
            "access.recorded.v1",
            "REFERRALS",
            [one["household_id"]],
        )

    def test_is_ordered_by_deadline_paged_and_narrowed(self, bench: Bench, clock: Any) -> None:
        data = []
        for _ in range(3):
            data.append(conflicted(bench)["application_id"])
            clock.shift(timedelta(days=1))
        seen: list[str] = []
        cursor = ""
        while True:
            page: Any = bench.call("GET", f"/referrals?limit=2{cursor}", PROVINCIAL).json
            seen += [one["application_id"] for one in page["items"]]
            if page["next_cursor"] is None:
                break
            cursor = f"&cursor={page['next_cursor']}"
        assert seen == data
        clock.shift(timedelta(days=13))
        assert [one["application_id"] for one in queue(bench, overdue="true")] == data[:1]
        assert queue(bench, programme_id="national") == []
        assert len(queue(bench, commune=COMMUNE)) == 3
        assert queue(bench, mine="true") == []
        assert bench.call("GET", "/referrals?cursor=x", PROVINCIAL).status_code == 400

    def test_is_for_ones_area(self, bench: Bench) -> None:
        conflicted(bench)
        assert len(queue(bench, APPROVER)) == len(queue(bench, MANAGER)) == len(queue(bench, AUDITOR)) == 1
        assert queue(bench, ELSEWHERE) == []
        assert bench.call("GET", "/referrals", OFFICER).status_code == 403

    def test_the_programme_sets_the_days(self, bench: Bench) -> None:
        publish(bench, document(version=3, referral_days=2, refer_on=EVERY_DOUBT))
        conflicted(bench)
        assert queue(bench)[0]["due_on"] == "2026-11-25"


class TestTaking:
    def test_makes_a_person_of_the_province_the_owner(self, bench: Bench) -> None:
        one = conflicted(bench)
        answer = act(bench, one, "take")
        assert answer.json == {
            "application_id": one["application_id"],
            "taken_by": "provincial",
            "due_on": "2026-12-08",
        }
        assert queue(bench, mine="true")[0]["owner"]["person"] == "provincial"
        event = next(event for event in bench.events() if event.type == "eligibility.referral_taken.v1")
        assert event.data == {**about(one), "taken_by": "provincial"}
        assert act(bench, one, "take").status_code == 200, "it is one's own already"

    def test_by_somebody_else_waits_for_the_deadline(self, bench: Bench, clock: Any) -> None:
        one = conflicted(bench)
        act(bench, one, "take")
        for how, body in (("take", None), ("uphold", UPHELD), ("refuse", decision(23, reason="Không đúng."))):
            assert code(act(bench, one, how, COLLEAGUE, body)) == (409, "REFERRAL_TAKEN")
        clock.shift(timedelta(days=16))
        assert act(bench, one, "take", COLLEAGUE).status_code == 200
        row = case(bench, one["application_id"])
        assert (row.taken_by, row.reviewers) == ("colleague", ["provincial", "colleague"])

    def test_is_for_the_province_and_never_for_the_maker(self, bench: Bench) -> None:
        one = conflicted(bench, entered_by="provincial")
        assert code(act(bench, one, "take", APPROVER)) == (403, "PROVINCE_DECIDES")
        assert code(act(bench, one, "take")) == (403, "MAKER_IS_CHECKER")
        assert code(act(bench, one, "take", ELSEWHERE)) == (404, "NOT_FOUND")
        assert act(bench, one, "take", MANAGER).status_code == 403
        assert code(act(bench, {"application_id": uuid4()}, "take")) == (404, "NOT_FOUND")
        (eligible,) = submitted(bench, 1)
        assert code(act(bench, eligible, "take")) == (409, "CASE_NOT_OPEN")
        assert case(bench, one["application_id"]).taken_by is None


class TestDeciding:
    def test_upheld_it_is_eligible_and_somebody_else_approves_it(self, bench: Bench) -> None:
        one = conflicted(bench)
        act(bench, one, "take")
        assert uphold(bench, one).json == {"application_id": one["application_id"], "status": "eligible"}
        row = case(bench, one["application_id"])
        assert (row.status, row.outcome, row.due_on, row.taken_by) == ("eligible", "eligible", None, None)
        event = bench.events()[-1]
        assert (event.type, event.data["upheld_by"]) == ("eligibility.referral_upheld.v1", "provincial")
        place = f"referral/{one['application_id']}"
        assert unseal(key_of(one["household_id"]), event.data["sealed"], place) == UPHELD
        assert "giấy tờ" not in event.raw.decode()
        shown: Any = bench.call("GET", f"/cases/{one['application_id']}", OFFICER).json
        assert (shown["review_reason"], shown["reviewers"]) == (UPHELD["reason"], ["provincial"])
        assert code(approve(bench, one, PROVINCIAL)) == (403, "MAKER_IS_CHECKER")
        assert approve(bench, one, APPROVER).status_code == 200
        assert bench.sql("SELECT sum(count) FROM reason_tally")[0][0] == 0

    def test_nobody_approves_it_before_somebody_has_given_a_reason(self, bench: Bench) -> None:
        taken, free = conflicted(bench), conflicted(bench)
        act(bench, taken, "take")
        for one in (taken, free):
            assert code(approve(bench, one, COLLEAGUE)) == (409, "CASE_REFERRED")
        assert uphold(bench, free).status_code == 200
        assert approve(bench, free, COLLEAGUE).status_code == 200

    def test_without_taking_it_first_one_has_reviewed_it_all_the_same(self, bench: Bench) -> None:
        one = conflicted(bench)
        assert uphold(bench, one).status_code == 200
        assert code(approve(bench, one, PROVINCIAL)) == (403, "MAKER_IS_CHECKER")
        assert code(uphold(bench, one, COLLEAGUE)) == (409, "CASE_NOT_OPEN")

    def test_refused_it_is_rejected_with_a_reason_and_may_be_appealed(self, bench: Bench) -> None:
        one = conflicted(bench, persons=[person("Mẩy")])
        act(bench, one, "take")
        answer = act(bench, one, "refuse", body=decision(23, reason="Là hộ của cán bộ."))
        assert (answer.json["status"], "appeal" in answer.json) == ("rejected", True)
        shown: Any = bench.call("GET", f"/cases/{one['application_id']}", OFFICER).json
        assert shown["rejection_reason"] == "Là hộ của cán bộ."
        assert shown["appeal"]["en"].startswith("A household that disagrees may appeal once")
        (other,) = submitted(bench, 1, persons=[person("Mẩy")])
        assert case(bench, other["application_id"]).status == "eligible", "the place is free again"
        take_in(bench, heard("application.appealed.v1", about(one, sealed="x")))
        told = ["APPEAL_FILED", "CONFLICT_OF_INTEREST", "DUPLICATE_PERSON"]
        assert reasons(bench, one["application_id"]) == told, "and taken meanwhile"
        assert code(uphold(bench, one)) == (409, "PLACE_TAKEN")

    def test_an_appeal_is_referred_with_its_own_deadline(self, bench: Bench, clock: Any) -> None:
        (one,) = submitted(bench, 1, has_smartphone=True)
        clock.shift(timedelta(days=2))
        take_in(bench, heard("application.appealed.v1", about(one, sealed="x")))
        row = case(bench, one["application_id"])
        assert (row.status, str(row.due_on)) == ("referred", "2026-12-10")
        assert reasons(bench, one["application_id"]) == ["APPEAL_FILED", "OWNS_SMARTPHONE"]

    def test_a_correction_forgets_neither_reviewer_nor_doubt(self, bench: Bench) -> None:
        one = conflicted(bench)
        act(bench, one, "take")
        uphold(bench, one)
        wanted = {name: one[name] for name in ("application_id", "household_id")}
        facts = {"members_count": 3, "conflict_of_interest": True}
        corrected = {**application(**wanted, **facts), "revision": 2, "reason": "MISTYPED"}
        take_in(bench, heard("application.corrected.v1", corrected))
        row = case(bench, one["application_id"])
        assert (row.status, row.taken_by, row.reviewers) == ("referred", None, ["provincial"])

    def test_a_malformed_decision_is_refused(self, bench: Bench) -> None:
        one = conflicted(bench)
        assert act(bench, one, "uphold", body={}).status_code == 422
        assert act(bench, one, "uphold", body={"reason": " "}).status_code == 422
        assert act(bench, one, "refuse", body={"reason": "x"}).status_code == 422
        assert act(bench, one, "uphold", body={**UPHELD, "more": 1}).status_code == 422
        assert problem(act(bench, one, "uphold", body={}))["errors"]


def test_what_is_overdue_is_listed_and_counted(bench: Bench, clock: Any) -> None:
    late, taken, gone = conflicted(bench), conflicted(bench), conflicted(bench)
    act(bench, taken, "take")
    take_in(bench, heard("application.withdrawn.v1", about(gone, reason="MOVED")))
    with bench.database.transaction() as session:
        assert overdue(session, today()) == []
    clock.shift(timedelta(days=16))
    conflicted(bench)
    with bench.database.transaction() as session:
        found = overdue(session, today())
        assert count_overdue(session, today()) == 2
    owners = {one.application_id: one.owner for one in found}
    assert owners == {late["application_id"]: None, taken["application_id"]: "provincial"}
    assert {(one.commune, one.province, str(one.due_on)) for one in found} == {
        (COMMUNE, PROVINCE, "2026-12-08")
    }
    count_what_is_overdue(JobContext(bench.settings, bench.database))
    assert metrics.OVERDUE.labels("eligibility", "referral")._value.get() == 2


def test_no_case_of_another_province_is_touched(bench: Bench) -> None:
    publish(bench, document("national", refer_on=EVERY_DOUBT, version=2))
    far = conflicted(bench, programme_id="national", commune=OTHER_COMMUNE)
    for how, body in (("take", None), ("uphold", UPHELD), ("refuse", decision(23, reason="Không."))):
        assert code(act(bench, far, how, PROVINCIAL, body)) == (404, "NOT_FOUND")
    assert act(bench, far, "uphold", ELSEWHERE, UPHELD).status_code == 200
