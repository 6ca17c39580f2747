"""Entering, submitting and withdrawing applications one at a time."""

from uuid import uuid4

import pytest

from services.applications.entering import Secrets
from shared.auth import Role
from shared.privacy import IdentityHasher, unseal
from tests.support.applications import THIS_YEAR, applications_bench, enter, form, publish
from tests.support.service import OFFICER, OTHER_COMMUNE, Bench, actor, problem

OTHER_OFFICER = actor(Role.OFFICER, subject="other", commune=OTHER_COMMUNE)


@pytest.fixture
def bench() -> Bench:
    return applications_bench()


def test_an_application_is_entered_with_one_event_that_names_nobody(bench: Bench) -> None:
    answer = enter(bench)
    assert answer["status"] == "submitted"
    assert answer["warnings"] == []
    (event,) = bench.events()
    assert (event.type, event.key) == ("application.submitted.v1", answer["application_id"])
    for personal in ("Lừu", "002185001234", "1985", "Mông"):
        assert personal not in event.raw.decode()
    assert event.data["persons"] == [IdentityHasher(bench.settings.identity_key).citizen_id("002185001234")]
    assert event.data["entered_by"] == OFFICER.subject


def test_the_facts_travel_sealed_under_the_households_key(bench: Bench) -> None:
    answer = enter(bench)
    (event,) = bench.events()
    with bench.database.transaction() as session:
        keys = Secrets.of(bench.settings).ring.load(session, [answer["household_id"]])
    facts = unseal(keys[answer["household_id"]], event.data["sealed"], f"facts/{answer['application_id']}")
    assert facts == {
        "poverty_status": "poor",
        "ethnicity": "08",
        "ethnic_minority": True,
        "has_smartphone": False,
        "members_count": 5,
        "certificate_year": THIS_YEAR,
        "priority_group": None,
        "extremely_difficult_village": False,
        "extremely_difficult_commune": False,
        "already_received": False,
        "identity": "citizen_id",
        "conflict_of_interest": False,
        "doubts": [],
        "officials": [],
    }


def test_nothing_readable_lies_in_the_tables(bench: Bench) -> None:
    enter(bench, notes="nhà ở cuối bản")
    for table in ("household", "application", "application_person", "event_log", "idempotency", "outbox"):
        dump = str(bench.sql(f"SELECT t::text FROM {table} t"))
        for personal in ("Lừu", "002185001234", "cuối bản"):
            assert personal not in dump
            assert personal.encode().hex() not in dump


def test_a_person_is_entered_once_per_programme_and_commune(bench: Bench) -> None:
    enter(bench)
    refused = bench.call("POST", "/applications", OFFICER, json=form(head={"name": "Tên Khác"}), key=True)
    assert (refused.status_code, problem(refused)["code"]) == (409, "ALREADY_APPLIED")
    assert "Lừu" not in refused.text
    for table in ("application", "household", "household_key"):
        assert bench.sql(f"SELECT count(*) FROM {table}")[0][0] == 1


def test_another_commune_is_not_told_that_a_person_applied_elsewhere(bench: Bench) -> None:
    enter(bench)
    elsewhere = form(commune=OTHER_COMMUNE, head={"name": "Tên Khác"})
    assert bench.call("POST", "/applications", OTHER_OFFICER, json=elsewhere, key=True).status_code == 201


def test_a_person_is_found_by_the_old_number_too(bench: Bench) -> None:
    enter(bench, head={"cmnd": "073123456"})
    again = form(head={"citizen_id": None, "cmnd": "073123456"})
    assert problem(bench.call("POST", "/applications", OFFICER, json=again, key=True))["code"] == (
        "ALREADY_APPLIED"
    )
    both = form(head={"citizen_id": "002185009999", "cmnd": "073123456"})
    assert bench.call("POST", "/applications", OFFICER, json=both, key=True).status_code == 409
    assert bench.sql("SELECT count(*) FROM application_person")[0][0] == 2


def test_without_any_number_name_birth_and_village_tell_persons_apart(bench: Bench) -> None:
    no_number = {"citizen_id": None}
    enter(bench, head=no_number)
    again = form(head={**no_number, "name": "LUU THI MAY"})
    assert bench.call("POST", "/applications", OFFICER, json=again, key=True).status_code == 409
    enter(bench, head=no_number, village="Nậm Dịch")


def test_a_person_in_another_programme_keeps_the_household(bench: Bench) -> None:
    first = enter(bench)
    other = publish(bench, "national")
    second = enter(bench, programme_id=other, head={"phone": "0912345678"})
    assert second["household_id"] == first["household_id"]
    read = bench.call("GET", f"/applications/{first['application_id']}", OFFICER)
    assert read.json["head"]["phone"] == "0912345678"


def test_a_draft_is_silent_until_it_is_submitted(bench: Bench) -> None:
    entered = enter(bench, submit=False)
    assert entered["status"] == "draft"
    assert bench.events() == []
    path = f"/applications/{entered['application_id']}:submit"
    assert bench.call("POST", path, OFFICER, key=True).json["status"] == "submitted"
    (event,) = bench.events()
    assert event.type == "application.submitted.v1"
    assert problem(bench.call("POST", path, OFFICER, key=True))["code"] == "NOT_A_DRAFT"
    assert len(bench.events()) == 1


def test_a_draft_submitted_later_says_the_same_as_one_submitted_at_once(bench: Bench) -> None:
    entered = enter(bench, submit=False)
    bench.call("POST", f"/applications/{entered['application_id']}:submit", OFFICER, key=True)
    enter(bench, head={"citizen_id": "002185005555"})
    late, direct = bench.events()
    same = ("programme_id", "commune", "village", "channel", "entered_by", "certificate")
    assert {name: late.data[name] for name in same} == {name: direct.data[name] for name in same}


def test_the_clients_own_id_is_kept_and_used_once(bench: Bench) -> None:
    mine = str(uuid4())
    assert enter(bench, application_id=mine)["application_id"] == mine
    other = form(application_id=mine, head={"citizen_id": "002185005555"})
    assert problem(bench.call("POST", "/applications", OFFICER, json=other, key=True))["code"] == (
        "APPLICATION_ID_TAKEN"
    )


def test_the_same_key_gives_the_same_answer_and_another_body_422(bench: Bench) -> None:
    first = bench.call("POST", "/applications", OFFICER, json=form(), key="k1")
    again = bench.call("POST", "/applications", OFFICER, json=form(), key="k1")
    assert (again.status_code, again.json) == (first.status_code, first.json)
    other = bench.call("POST", "/applications", OFFICER, json=form(members_count=6), key="k1")
    assert problem(other)["code"] == "IDEMPOTENCY_KEY_REUSED"
    assert len(bench.events()) == 1


def test_doubts_come_back_as_warnings(bench: Bench) -> None:
    answer = enter(bench, head={"sex": "male"}, certificate=None)
    assert {(one["field"], one["code"]) for one in answer["warnings"]} == {
        ("head.citizen_id", "CITIZEN_ID_SEX_DIFFERS"),
        ("certificate.number", "CERTIFICATE_NUMBER_MISSING"),
    }


@pytest.mark.parametrize(
    ("head", "field"),
    [
        ({"citizen_id": "12345"}, "citizen_id"),
        ({"citizen_id": "999185001234"}, "citizen_id"),
        ({"cmnd": "12"}, "cmnd"),
        ({"ethnicity": "Sao Hỏa"}, "ethnicity"),
        ({"birth_date": "2085-04-17", "birth_year": 2085}, "birth_date"),
        ({"birth_year": 1986}, "birth_date"),
        ({"name": "12"}, "name"),
    ],
)
def test_what_is_wrong_in_the_form_is_named_by_field(bench: Bench, head: dict, field: str) -> None:
    answer = bench.call("POST", "/applications", OFFICER, json=form(head=head), key=True)
    assert answer.status_code == 422
    assert field in problem(answer)["errors"]["json"]["head"]
    assert bench.sql("SELECT count(*) FROM household")[0][0] == 0


def test_every_member_with_a_number_is_in_the_programme_too(bench: Bench) -> None:
    spouse = {"name": "Giàng A Sở", "relation": "spouse", "citizen_id": "002086001234", "cmnd": "073123456"}
    entered = enter(bench, members=[spouse], members_count=2)
    (event,) = bench.events()
    assert len(event.data["persons"]) == 3
    for head in ({"citizen_id": "002086001234"}, {"citizen_id": None, "cmnd": "073123456"}):
        answer = bench.call("POST", "/applications", OFFICER, json=form(head=head), key=True)
        refused = problem(answer)
        assert (refused["code"], refused["facts"]) == (
            "ALREADY_APPLIED",
            {"application_id": entered["application_id"]},
        )
    assert bench.sql("SELECT count(*) FROM household") == [(1,)]


def test_everything_of_the_form_is_kept_and_shown(bench: Bench) -> None:
    parts = {
        "residence": "unregistered",
        "members": [
            {"name": "Giàng A Sở", "relation": "spouse", "birth_year": 1986, "sex": "male", "ethnicity": "06",
             "ethnicity_list": "1979"},
        ],
        "members_count": 2,
        "certificate": {"number": "7/GCN", "commune": "01075", "issued_on": None, "year": THIS_YEAR},
        "priority_group": "merit",
        "devices_received": [{"kind": "tablet", "programme": "Sóng và máy tính cho em", "year": 2022}],
        "verification": {"verified_by": "Trưởng thôn", "verified_on": f"{THIS_YEAR - 1}-11-01",
                         "result": "confirmed", "notes": ""},
        "conflict": "Em trai là công chức xã",
        "legal_basis": "consent",
        "consent_evidence": "Giấy đồng ý số 3, lưu tại xã",
        "notes": "nhà ở cuối bản",
    }  # fmt: skip
    entered = enter(bench, **parts)
    assert entered["warnings"] == []
    read = bench.call("GET", f"/applications/{entered['application_id']}", OFFICER).json
    (member,) = read.pop("members")
    assert member == {
        "name": "Giàng A Sở",
        "relation": "spouse",
        "birth_date": None,
        "birth_year": 1986,
        "sex": "male",
        "ethnicity": "04",
        "citizen_id": None,
        "cmnd": None,
    }
    assert {name: read[name] for name in parts if name != "members"} == {
        name: value for name, value in parts.items() if name != "members"
    }
    assert (read["doubts"], read["revision"], read["channel"]) == ([], 1, "form")
    for table in ("household", "application", "event_log", "idempotency"):
        dump = str(bench.sql(f"SELECT t::text FROM {table} t"))
        for personal in ("Giàng", "Em trai", "Giấy đồng ý", "Trưởng thôn"):
            assert personal not in dump
            assert personal.encode().hex() not in dump


def test_doubts_travel_sealed_with_the_application(bench: Bench) -> None:
    answer = enter(bench, head={"sex": "male"}, certificate=None)
    (event,) = bench.events()
    assert "DIFFERS" not in event.raw.decode()
    with bench.database.transaction() as session:
        keys = Secrets.of(bench.settings).ring.load(session, [answer["household_id"]])
    facts = unseal(keys[answer["household_id"]], event.data["sealed"], f"facts/{answer['application_id']}")
    assert facts["doubts"] == ["CITIZEN_ID_SEX_DIFFERS", "CERTIFICATE_NUMBER_MISSING"]


def test_withdrawing_takes_the_application_back_once(bench: Bench) -> None:
    path = f"/applications/{enter(bench)['application_id']}:withdraw"
    assert bench.call("POST", path, OFFICER, json={"reason": "MOVED"}, key=True).json["status"] == "withdrawn"
    assert bench.events()[-1].type == "application.withdrawn.v1"
    again = bench.call("POST", path, OFFICER, json={"reason": "MOVED"}, key=True)
    assert problem(again)["code"] == "NOT_WITHDRAWABLE"
    assert len(bench.events()) == 2


@pytest.mark.parametrize("action", ["submit", "withdraw"])
def test_outside_the_area_there_is_nothing(bench: Bench, action: str) -> None:
    entered = enter(bench, submit=False)
    path = f"/applications/{entered['application_id']}:{action}"
    body = {"reason": "MOVED"} if action == "withdraw" else None
    assert bench.call("POST", path, OTHER_OFFICER, json=body, key=True).status_code == 404
