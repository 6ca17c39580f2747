"""Programmes: published once and for good, stopped, read; by whom and with what answers."""

import copy
from datetime import date
from typing import Any
from uuid import uuid4

import orjson
import pytest
import time_machine
from sqlalchemy.exc import IntegrityError

from services.eligibility import rulebook
from services.eligibility.rules import document_digest
from shared.auth import Role
from songban import doctor
from tests.support.eligibility import (
    PROGRAMME,
    application,
    case,
    document,
    eligibility_bench,
    publish,
    submit,
    submitted,
)
from tests.support.service import APPROVER, AUDITOR, MANAGER, OFFICER, SHOP, Bench, actor, bench, problem

ELSEWHERE = actor(Role.MANAGER, commune=None, province="14")


@pytest.fixture
def empty() -> Bench:
    return bench("eligibility")


@pytest.fixture
def desk() -> Bench:
    return eligibility_bench()


def post(made: Bench, body: Any, who: Any = MANAGER) -> Any:
    return made.call("POST", "/programmes", who, json={"document": body}, key=True)


def test_a_programme_is_published_with_one_event_that_holds_its_document(empty: Bench) -> None:
    answer = post(empty, document())
    assert answer.status_code == 201
    (event,) = empty.events()
    assert (event.type, event.stream) == ("programme.published.v1", f"programme/{PROGRAMME}")
    assert orjson.loads(event.data["document"]) == document()
    assert {name: event.data[name] for name in ("programme_id", "version", "digest")} == answer.json


def test_publishing_the_same_again_changes_nothing(desk: Bench) -> None:
    turned = dict(reversed(document().items()))
    answer = post(desk, turned)
    assert answer.status_code == 200
    assert len(desk.events()) == 1


def test_a_published_version_cannot_say_something_else(desk: Bench) -> None:
    answer = post(desk, document(budget=1))
    assert (answer.status_code, problem(answer)["code"]) == (409, "VERSION_PUBLISHED")
    assert len(desk.events()) == 1


def test_a_version_below_the_newest_comes_too_late(desk: Bench) -> None:
    assert post(desk, document(version=3)).status_code == 201
    assert problem(post(desk, document(version=2)))["code"] == "VERSION_TOO_OLD"
    assert post(desk, document()).status_code == 200


def test_every_problem_of_a_document_is_named(empty: Bench) -> None:
    broken = copy.deepcopy(document())
    broken["benefit"]["amount"] = "500000"
    broken["budget"] = -1
    answer = post(empty, broken)
    assert (answer.status_code, problem(answer)["code"]) == (422, "PROGRAMME_INVALID")
    assert len(problem(answer)["errors"]["document"]) == 2


@pytest.mark.parametrize("programme_id", ["A", "-a", "a_b", "", "x" * 65, "a\n"])
def test_an_id_that_no_event_could_carry_is_refused(empty: Bench, programme_id: str) -> None:
    answer = post(empty, document(id=programme_id))
    assert (answer.status_code, problem(answer)["code"]) == (422, "PROGRAMME_INVALID")


@pytest.mark.parametrize(
    "body", [None, [], {}, {"document": "x"}, {"document": {}, "more": 1}, {"document": {"id": 1}}]
)
def test_a_malformed_request_is_refused(empty: Bench, body: Any) -> None:
    answer = empty.call("POST", "/programmes", MANAGER, json=body, key=True)
    assert answer.status_code in (400, 415, 422)
    assert problem(answer)


def test_only_managers_publish_and_only_for_their_province(empty: Bench) -> None:
    for who in (OFFICER, APPROVER, AUDITOR, SHOP):
        assert post(empty, document(), who).status_code == 403
    answer = post(empty, document(), ELSEWHERE)
    assert (answer.status_code, problem(answer)["code"]) == (403, "OUTSIDE_AREA")
    assert empty.call("POST", "/programmes", json={"document": document()}, key=True).status_code == 401


def test_a_province_does_not_take_over_anothers_programme(desk: Bench) -> None:
    answer = post(desk, document(version=2, area={"provinces": ["14"]}), ELSEWHERE)
    assert (answer.status_code, problem(answer)["code"]) == (403, "OUTSIDE_AREA")
    assert len(desk.events()) == 1


def test_a_key_is_needed(empty: Bench) -> None:
    answer = empty.call("POST", "/programmes", MANAGER, json={"document": document()})
    assert problem(answer)["code"] == "IDEMPOTENCY_KEY_MISSING"


class TestStopping:
    def stop(self, made: Bench, how: str, who: Any = MANAGER, programme_id: str = PROGRAMME) -> Any:
        path = f"/programmes/{programme_id}:{how}"
        return made.call("POST", path, who, json={"reason": "Hết kinh phí"}, key=True)

    def test_a_suspended_programme_approves_nothing_until_its_next_version(self, desk: Bench) -> None:
        (one,) = submitted(desk, 1)
        assert self.stop(desk, "suspend").json == {"programme_id": PROGRAMME, "status": "suspended"}
        path, body = (
            f"/cases/{one['application_id']}:approve",
            {"decision_number": "1", "decision_date": "2026-11-20"},
        )
        assert problem(desk.call("POST", path, APPROVER, json=body, key=True))["code"] == "PROGRAMME_STOPPED"
        publish(desk, document(version=2))
        assert desk.call("POST", path, APPROVER, json=body, key=True).status_code == 200

    def test_is_said_once(self, desk: Bench) -> None:
        for _ in range(2):
            assert self.stop(desk, "suspend").status_code == 200
        assert self.stop(desk, "close").status_code == 200
        assert [event.type for event in desk.events()][1:] == [
            "programme.suspended.v1",
            "programme.closed.v1",
        ]
        assert problem(self.stop(desk, "suspend"))["code"] == "PROGRAMME_CLOSED"

    def test_a_version_of_later_ends_no_suspension_of_today(self, desk: Bench) -> None:
        (one,) = submitted(desk, 1)
        path, body = (
            f"/cases/{one['application_id']}:approve",
            {"decision_number": "1", "decision_date": "2026-11-20"},
        )
        publish(desk, document(version=2, effective_from="2026-12-15"))
        assert self.stop(desk, "suspend").status_code == 200
        publish(desk, document(version=3, effective_from="2026-12-10"))
        assert problem(desk.call("POST", path, APPROVER, json=body, key=True))["code"] == "PROGRAMME_STOPPED"
        with time_machine.travel("2026-12-10 03:00"):
            assert desk.call("POST", path, APPROVER, json=body, key=True).status_code == 200

    def test_a_closed_programme_is_never_opened_again(self, desk: Bench) -> None:
        assert self.stop(desk, "close").status_code == 200
        answer = post(desk, document(version=2))
        assert (answer.status_code, problem(answer)["code"]) == (409, "PROGRAMME_CLOSED")
        assert post(desk, document()).status_code == 200, "what was published before was published"

    def test_is_for_the_provinces_manager(self, desk: Bench) -> None:
        assert self.stop(desk, "close", OFFICER).status_code == 403
        assert problem(self.stop(desk, "close", ELSEWHERE))["code"] == "OUTSIDE_AREA"
        assert self.stop(desk, "close", programme_id="nothing").status_code == 404


class TestReading:
    def test_everybody_sees_the_newest_version_of_each(self, desk: Bench) -> None:
        publish(desk, document(version=2))
        publish(desk, document("national"))
        for who in (OFFICER, MANAGER, AUDITOR, SHOP):
            items = desk.call("GET", "/programmes", who).json["items"]  # type: ignore[index]
            assert [(item["programme_id"], item["version"]) for item in items] == [
                ("national", 1),
                (PROGRAMME, 2),
            ]
        assert items[1]["amount"] == 500_000
        assert items[1]["name_vi"].startswith("Hỗ trợ")

    def test_of_their_area(self, desk: Bench) -> None:
        publish(desk, document("national"))
        items = desk.call("GET", "/programmes", ELSEWHERE).json["items"]  # type: ignore[index]
        assert [item["programme_id"] for item in items] == ["national"]

    def test_page_by_page(self, desk: Bench) -> None:
        publish(desk, document("national"))
        first: Any = desk.call("GET", "/programmes?limit=1", AUDITOR).json
        second: Any = desk.call("GET", f"/programmes?limit=1&cursor={first['next_cursor']}", AUDITOR).json
        assert [page["items"][0]["programme_id"] for page in (first, second)] == ["national", PROGRAMME]
        assert second["next_cursor"] is None

    def test_one_with_its_document_and_all_reasons_in_words(self, desk: Bench) -> None:
        publish(desk, document(version=2, budget=5))
        newest: Any = desk.call("GET", f"/programmes/{PROGRAMME}", OFFICER).json
        first: Any = desk.call("GET", f"/programmes/{PROGRAMME}?version=1", OFFICER).json
        assert (newest["version"], newest["document"]["budget"]) == (2, 5)
        assert first["document"] == document()
        assert first["reasons"]["OWNS_SMARTPHONE"]["en"] == "The household already has a smartphone."
        assert first["reasons"]["DUPLICATE_PERSON"]["vi"]

    @pytest.mark.parametrize(
        ("path", "status"),
        [
            ("/programmes/nothing", 404),
            (f"/programmes/{PROGRAMME}?version=9", 404),
            (f"/programmes/{PROGRAMME}?version=0", 422),
            (f"/programmes/{PROGRAMME}?version=99999999999", 422),
            ("/programmes/a%00b", 400),
            ("/programmes?cursor=x", 400),
            ("/programmes?limit=0", 422),
        ],
    )
    def test_what_is_not_there_or_not_asked_rightly(self, desk: Bench, path: str, status: int) -> None:
        answer = desk.call("GET", path, OFFICER)
        assert answer.status_code == status
        assert problem(answer)


class TestVersions:
    def test_are_all_listed_the_newest_first(self, desk: Bench) -> None:
        publish(desk, document(version=2, effective_from="2026-02-01"))
        items = desk.call("GET", f"/programmes/{PROGRAMME}/versions", OFFICER).json["items"]  # type: ignore[index]
        assert [(item["version"], item["effective_from"]) for item in items] == [
            (2, "2026-02-01"),
            (1, "2026-01-01"),
        ]
        assert desk.call("GET", "/programmes/nothing/versions", OFFICER).status_code == 404

    def test_the_newest_in_effect_assesses_and_is_recorded(self, desk: Bench) -> None:
        publish(desk, document(version=2, effective_from="2026-02-01"))
        publish(desk, document(version=3, effective_from="2026-12-31"))
        with desk.database.transaction() as session:
            found = {
                day: rulebook.current(session, [PROGRAMME], date.fromisoformat(day))[PROGRAMME].programme
                for day in (
                    "2025-12-31",
                    "2026-01-01",
                    "2026-01-31",
                    "2026-02-01",
                    "2026-12-30",
                    "2026-12-31",
                )
            }
        assert [programme.version for programme in found.values()] == [1, 1, 1, 2, 2, 3]
        with time_machine.travel("2026-03-01T00:00:00Z", tick=True):
            (one,) = submitted(desk, 1)
        row = case(desk, one["application_id"])
        assert (row.programme_version, row.digest) == (2, document_digest(desk_document(desk, 2)))

    def test_a_version_without_a_date_holds_from_the_period_on(self, desk: Bench) -> None:
        assert desk.call("GET", f"/programmes/{PROGRAMME}", OFFICER).json["effective_from"] == "2026-01-01"  # type: ignore[index]

    @pytest.mark.parametrize("day", ["2027-01-01", "soon", "2026-02-30"])
    def test_a_day_after_the_period_or_none_at_all_is_refused(self, empty: Bench, day: str) -> None:
        assert problem(post(empty, document(effective_from=day)))["code"] == "PROGRAMME_INVALID"


def desk_document(made: Bench, version: int) -> dict[str, Any]:
    (row,) = made.sql("SELECT document FROM programme WHERE version = :version", version=version)
    found: dict[str, Any] = orjson.loads(row.document)
    return found


def rewrite(made: Bench, programme_id: str, change: str) -> None:
    """Change a published version behind the service's back: the trigger that forbids it is taken away."""
    made.sql("ALTER TABLE programme DISABLE TRIGGER programme_terms_are_fixed")
    made.sql(f"UPDATE programme SET {change} WHERE id = :id", id=programme_id)
    made.sql("ALTER TABLE programme ENABLE TRIGGER programme_terms_are_fixed")


class TestAChangedByte:
    """Under ids of their own: what this process compiled before stays right and is not read again."""

    def tampered(self, change: str) -> tuple[Bench, str]:
        made, programme_id = bench("eligibility"), f"round-{uuid4().hex[:8]}"
        publish(made, document(id=programme_id))
        rewrite(made, programme_id, change)
        return made, programme_id

    FLIPPED = "regexp_replace(document, '500000', '500001')"
    FLIP = f"document = {FLIPPED}"
    BOTH = f"{FLIP}, digest = encode(sha256(convert_to({FLIPPED}, 'UTF8')), 'hex')"

    @pytest.mark.parametrize("change", [FLIP, BOTH], ids=["the document", "document and digest alike"])
    def test_is_noticed_and_nothing_is_assessed(self, change: str) -> None:
        made, programme_id = self.tampered(change)
        one = application(programme_id=programme_id)
        submit(made, one)
        assert case(made, one["application_id"]) is None
        (letter,) = made.sql("SELECT status, error FROM dead_letter")
        assert (letter.status, letter.error.partition(":")[0]) == ("poison", "RulesTampered")
        answer = made.call("GET", f"/programmes/{programme_id}", OFFICER)
        assert (answer.status_code, problem(answer)["code"]) == (500, "RULES_TAMPERED")
        exposed = made.call("GET", "/metrics").get_data(as_text=True)
        assert f'songban_rules_tampered_total{{programme="{programme_id}"}} ' in exposed

    def test_is_noticed_by_a_process_that_knows_the_rules(self, desk: Bench) -> None:
        submitted(desk, 1)
        rewrite(desk, PROGRAMME, self.FLIP)
        assert problem(desk.call("GET", f"/programmes/{PROGRAMME}", OFFICER))["code"] == "RULES_TAMPERED"

    def test_is_told_by_the_doctor(self) -> None:
        made, programme_id = self.tampered(self.FLIP)
        finding = doctor.published_rules(made.database)
        assert not finding.healthy
        assert finding.says == f"version 1 of {programme_id} is not what was published"

    def test_without_one_the_doctor_is_content(self, desk: Bench) -> None:
        assert doctor.published_rules(desk.database).healthy

    def test_cannot_be_made_by_the_service(self, desk: Bench) -> None:
        for change in (self.FLIP, "effective_from = '2026-02-01'"):
            with pytest.raises(IntegrityError, match="never changes"):
                desk.sql(f"UPDATE programme SET {change}")
