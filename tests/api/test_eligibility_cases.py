"""Cases one by one: listed, read with their reasons, approved, rejected; by whom, where, and once."""

from typing import Any
from uuid import uuid4

import pytest

from shared.auth import Actor, Role
from shared.privacy import unseal
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
    submit,
    submitted,
    take_in,
)
from tests.support.service import (
    APPROVER,
    AUDITOR,
    MANAGER,
    OFFICER,
    OTHER_COMMUNE,
    PROVINCE,
    SERVICE,
    SHOP,
    Bench,
    actor,
    problem,
)

DECISION = {"decision_number": "12/QĐ-UBND", "decision_date": "2026-11-20"}
REJECTION = {**DECISION, "reason": "Hộ đã chuyển đi nơi khác."}
ELSEWHERE = actor(Role.APPROVER, Role.OFFICER, subject="elsewhere", commune=OTHER_COMMUNE)
PROVINCIAL = actor(Role.APPROVER, subject="provincial", commune=None, province=PROVINCE)


@pytest.fixture
def bench() -> Bench:
    return eligibility_bench()


def decide(bench: Bench, one: dict[str, Any], how: str, who: Actor = APPROVER, **body: Any) -> Any:
    wanted = {**(DECISION if how == "approve" else REJECTION), **body}
    path = f"/cases/{one['application_id']}:{how}"
    return bench.call("POST", path, who, json=wanted, key=True)


def ids(answer: Any) -> list[str]:
    return [item["application_id"] for item in answer.json["items"]]


class TestListing:
    def test_shows_the_area_in_the_order_of_submission(self, bench: Bench) -> None:
        first, second = submitted(bench, 1) + submitted(bench, 1)
        submit(bench, application(commune=OTHER_COMMUNE))
        expected = [first["application_id"], second["application_id"]]
        for who in (OFFICER, APPROVER, MANAGER, PROVINCIAL):
            assert ids(bench.call("GET", "/cases", who)) == expected
        assert len(ids(bench.call("GET", "/cases", AUDITOR))) == 3
        assert len(ids(bench.call("GET", "/cases", ELSEWHERE))) == 1

    def test_narrows_and_pages_without_loss(self, bench: Bench) -> None:
        submitted(bench, 5)
        submit(bench, application(has_smartphone=True))
        seen: list[str] = []
        cursor = ""
        while True:
            answer: Any = bench.call("GET", f"/cases?limit=2&status=eligible{cursor}", OFFICER)
            seen += ids(answer)
            if answer.json["next_cursor"] is None:
                break
            cursor = f"&cursor={answer.json['next_cursor']}"
        assert len(seen) == len(set(seen)) == 5
        assert ids(bench.call("GET", f"/cases?commune={OTHER_COMMUNE}", OFFICER)) == []
        assert len(ids(bench.call("GET", f"/cases?programme_id={PROGRAMME}", OFFICER))) == 6
        assert ids(bench.call("GET", "/cases?programme_id=national", OFFICER)) == []

    @pytest.mark.parametrize(
        ("query", "status"),
        [
            ("cursor=abc", 400),
            ("cursor=WyJ4IiwieSJd", 400),
            ("status=good", 422),
            ("limit=501", 422),
            ("commune=1", 422),
            ("colour=red", 422),
        ],
    )
    def test_refuses_what_it_does_not_know(self, bench: Bench, query: str, status: int) -> None:
        answer = bench.call("GET", f"/cases?{query}", OFFICER)
        assert answer.status_code == status
        assert problem(answer)

    def test_is_not_for_everyone(self, bench: Bench) -> None:
        for who in (SHOP, SERVICE, actor(Role.PAYER, commune=None)):
            assert bench.call("GET", "/cases", who).status_code == 403


class TestReading:
    def test_gives_the_reasons_in_both_languages_and_records_the_reading(self, bench: Bench) -> None:
        one = application(has_smartphone=True, certificate_year=2025)
        submit(bench, one)
        answer: Any = bench.call("GET", f"/cases/{one['application_id']}?purpose=COMPLAINT", OFFICER)
        assert [reason["code"] for reason in answer.json["reasons"]] == [
            "CERTIFICATE_OF_ANOTHER_YEAR",
            "OWNS_SMARTPHONE",
        ]
        assert answer.json["reasons"][1]["vi"] == "Hộ đã có điện thoại thông minh."
        assert answer.json["looked_at"]["certificate_year"] == 2025
        event = bench.events()[-1]
        assert (event.type, event.actor, event.key) == (
            "access.recorded.v1",
            "officer",
            one["application_id"],
        )
        assert event.data == {
            "purpose": "COMPLAINT",
            "what": "household",
            "households": [one["household_id"]],
            "count": 1,
        }

    def test_speaks_the_services_words_for_its_own_reasons(self, bench: Bench) -> None:
        one = application(commune=OTHER_COMMUNE)
        submit(bench, one)
        answer: Any = bench.call("GET", f"/cases/{one['application_id']}", AUDITOR)
        assert answer.json["reasons"][0] == {
            "code": "OUTSIDE_PROGRAMME_AREA",
            "vi": "Xã này không thuộc địa bàn của chương trình.",
            "en": "The commune lies outside the programme's area.",
        }

    def test_outside_the_area_there_is_nothing_and_no_trace(self, bench: Bench) -> None:
        (one,) = submitted(bench, 1)
        number = len(bench.events())
        for path in (f"/cases/{one['application_id']}", f"/cases/{uuid4()}"):
            answer = bench.call("GET", path, ELSEWHERE)
            assert (answer.status_code, problem(answer)["code"]) == (404, "NOT_FOUND")
        assert len(bench.events()) == number

    def test_a_bad_id_or_purpose_is_refused(self, bench: Bench) -> None:
        (one,) = submitted(bench, 1)
        assert bench.call("GET", "/cases/1", OFFICER).status_code == 404
        assert bench.call("GET", f"/cases/{one['application_id']}?purpose=why", OFFICER).status_code == 422


class TestApproving:
    def test_gives_the_next_position_and_the_terms_of_its_version(self, bench: Bench) -> None:
        first, second = submitted(bench, 2)
        publish(bench, document(version=2, benefit={"amount": 700_000, "once_per": "household"}))
        (third,) = submitted(bench, 1)
        for place, (one, amount) in enumerate([(second, 500_000), (first, 500_000), (third, 700_000)], 1):
            assert decide(bench, one, "approve").json == {
                "application_id": one["application_id"],
                "status": "approved",
                "position": place,
                "amount": amount,
            }
        event = bench.events()[-1]
        assert (event.type, event.version, event.data["minimum_price"], event.data["validity_days"]) == (
            "eligibility.approved.v1",
            2,
            500_000,
            90,
        )
        assert event.data["programme_version"] == 2
        row = case(bench, first["application_id"])
        assert (row.approved_by, row.decision_number, str(row.decision_date)) == (
            "approver",
            "12/QĐ-UBND",
            "2026-11-20",
        )

    def test_happens_once(self, bench: Bench) -> None:
        (one,) = submitted(bench, 1)
        path = f"/cases/{one['application_id']}:approve"
        answers = [bench.call("POST", path, APPROVER, json=DECISION, key="k") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 200]
        assert len({answer.get_data() for answer in answers}) == 1
        again = decide(bench, one, "approve")
        assert (again.status_code, problem(again)["code"]) == (409, "CASE_NOT_OPEN")
        assert [event.type for event in bench.events()].count("eligibility.approved.v1") == 1
        other = bench.call("POST", path, APPROVER, json={**DECISION, "decision_number": "13"}, key="k")
        assert problem(other)["code"] == "IDEMPOTENCY_KEY_REUSED"

    def test_the_maker_is_never_the_checker(self, bench: Bench) -> None:
        (own,) = submitted(bench, 1, entered_by=APPROVER.subject)
        for how in ("approve", "reject"):
            answer = decide(bench, own, how)
            assert (answer.status_code, problem(answer)["code"]) == (403, "MAKER_IS_CHECKER")
        assert decide(bench, own, "approve", PROVINCIAL).status_code == 200

    def test_an_ineligible_case_is_not_open(self, bench: Bench) -> None:
        one = application(has_smartphone=True)
        submit(bench, one)
        for how in ("approve", "reject"):
            assert problem(decide(bench, one, how))["code"] == "CASE_NOT_OPEN"

    def test_referred_cases_are_the_provinces_and_nobody_approves_them_unheard(self, bench: Bench) -> None:
        one = application(members_count=0)
        submit(bench, one)
        assert problem(decide(bench, one, "reject"))["code"] == "CASE_NOT_OPEN"
        for who in (APPROVER, PROVINCIAL):
            assert problem(decide(bench, one, "approve", who))["code"] == "CASE_REFERRED"
        body = {"programme_id": PROGRAMME, "decision_number": "1/QĐ", "decision_date": "2026-11-20"}
        answer: Any = bench.call("POST", "/approval-lists", PROVINCIAL, json=body, key=True).json
        assert answer["approved"] == 0
        assert decide(bench, one, "reject", PROVINCIAL).status_code == 200

    def test_role_and_area_hold(self, bench: Bench) -> None:
        (one,) = submitted(bench, 1)
        for how in ("approve", "reject"):
            for who in (OFFICER, MANAGER, AUDITOR, SERVICE):
                assert decide(bench, one, how, who).status_code == 403
            assert decide(bench, one, how, ELSEWHERE).status_code == 404
            assert decide(bench, {"application_id": uuid4()}, how).status_code == 404
        assert case(bench, one["application_id"]).status == "eligible"

    @pytest.mark.parametrize(
        "body",
        [
            {"decision_number": ""},
            {"decision_number": "  "},
            {"decision_number": "1\x00"},
            {"decision_number": "1\n2"},
            {"decision_number": "x" * 101},
            {"decision_number": None},
            {"decision_date": "20/11/2026"},
            {"decision_date": "2026-02-30"},
            {"decision_date": "9999-12-31"},
            {"more": 1},
        ],
    )
    def test_a_malformed_decision_is_refused(self, bench: Bench, body: dict[str, Any]) -> None:
        (one,) = submitted(bench, 1)
        answer = decide(bench, one, "approve", **body)
        assert answer.status_code in (400, 422)
        assert problem(answer)
        assert case(bench, one["application_id"]).status == "eligible"


class TestRejecting:
    def test_keeps_the_reason_sealed_and_shows_it_to_who_may_read(self, bench: Bench) -> None:
        (one,) = submitted(bench, 1)
        answer = decide(bench, one, "reject").json
        assert (answer["application_id"], answer["status"]) == (one["application_id"], "rejected")
        assert "khiếu nại một lần" in answer["appeal"]["vi"]
        assert "appeal once" in answer["appeal"]["en"]
        event = bench.events()[-1]
        assert (event.type, event.data["rejected_by"]) == ("eligibility.rejected.v1", "approver")
        assert "chuyển đi" not in event.raw.decode()
        place = f"rejection/{one['application_id']}"
        assert unseal(key_of(one["household_id"]), event.data["sealed"], place) == {
            "reason": REJECTION["reason"]
        }
        shown: Any = bench.call("GET", f"/cases/{one['application_id']}", OFFICER).json
        assert (shown["status"], shown["rejection_reason"]) == ("rejected", REJECTION["reason"])
        assert "chuyển đi" not in str(bench.sql("SELECT t::text FROM case_file t"))

    def test_needs_a_reason(self, bench: Bench) -> None:
        (one,) = submitted(bench, 1)
        assert decide(bench, one, "reject", reason=" ").status_code == 422

    def test_a_withdrawn_case_is_not_open(self, bench: Bench) -> None:
        (one,) = submitted(bench, 1)
        take_in(bench, heard("application.withdrawn.v1", about(one, reason="MOVED")))
        assert problem(decide(bench, one, "reject"))["facts"] == {"status": "withdrawn"}
