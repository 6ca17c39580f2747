"""What a form is told before anything is written: problems by field, and who of the commune it may be."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.auth import Role
from tests.support.applications import PROGRAMME, THIS_YEAR, applications_bench, enter, form, publish
from tests.support.service import AUDITOR, OFFICER, OTHER_COMMUNE, Bench, actor, problem

OTHER_OFFICER = actor(Role.OFFICER, subject="other", commune=OTHER_COMMUNE)
SPOUSE = {"name": "Giàng A Sở", "relation": "spouse", "birth_year": 1986, "citizen_id": "002086001234"}
TABLES = ("household", "application", "application_person", "idempotency")


@pytest.fixture
def bench() -> Bench:
    return applications_bench()


def check(bench: Bench, body: Any, as_: Any = OFFICER) -> dict[str, Any]:
    answer = bench.call("POST", "/applications:check", as_, json=body)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json
    return told


def found(bench: Bench, body: Any) -> list[tuple[str, str, list[str]]]:
    told = check(bench, body)["duplicates"]
    return [(one["application_id"], one["match"], one["matched_on"]) for one in told]


def test_a_good_form_has_nothing_to_be_told_and_nothing_is_written(bench: Bench) -> None:
    assert check(bench, form()) == {"problems": [], "duplicates": []}
    for table in TABLES:
        assert bench.sql(f"SELECT count(*) FROM {table}") == [(0,)], table
    assert bench.events() == []


def test_problems_come_by_field_in_both_languages(bench: Bench) -> None:
    body = form(
        head={"sex": "male", "phone": "01681234567"},
        members=[{**SPOUSE, "citizen_id": "12"}, SPOUSE, {**SPOUSE, "citizen_id": "002185001234"}],
        commune="01087",
        legal_basis="consent",
    )
    told = check(bench, body)["problems"]
    assert {(one["field"], one["code"], one["severity"]) for one in told} == {
        ("commune", "COMMUNE_MAPPED", "warning"),
        ("head.citizen_id", "CITIZEN_ID_SEX_DIFFERS", "warning"),
        ("head.phone", "PHONE_CONVERTED_2018", "warning"),
        ("members.0.citizen_id", "CITIZEN_ID_LENGTH", "error"),
        ("members.2.citizen_id", "MEMBER_ID_OF_HEAD", "error"),
        ("members.2.citizen_id", "CITIZEN_ID_BIRTH_YEAR_DIFFERS", "warning"),
        ("members_count", "MEMBERS_COUNT_DIFFERS", "warning"),
        ("consent_evidence", "CONSENT_EVIDENCE_MISSING", "error"),
    }
    assert all(one["message_vi"] and one["message_en"] != one["message_vi"] for one in told)


def test_a_form_that_is_only_begun_is_told_what_is_missing_and_whom_it_may_be(bench: Bench) -> None:
    entered = enter(bench)
    told = check(bench, {"head": {"citizen_id": "002185001234"}, "surprise": 1})
    missing = {one["field"] for one in told["problems"] if one["code"] == "FIELD_MISSING"}
    assert {"village", "head.name", "head.sex", "programme_id", "legal_basis"} <= missing
    assert {one["field"] for one in told["problems"] if one["code"] == "FIELD_UNKNOWN"} == {"surprise"}
    (duplicate,) = told["duplicates"]
    assert duplicate == {
        "application_id": entered["application_id"],
        "programme_id": PROGRAMME,
        "head_name": "Lừu Thị Mẩy",
        "village": "Nậm Ty",
        "status": "submitted",
        "match": "exact",
        "matched_on": ["number"],
    }


@pytest.mark.parametrize("body", [[], "text", 5, {"head": []}, {"head": 5, "members": {}}, {"commune": {}}])
def test_what_is_no_form_is_told_so(bench: Bench, body: Any) -> None:
    assert check(bench, body)["problems"]


@pytest.mark.parametrize(
    ("commune", "code"),
    [("00007", "COMMUNE_SPLIT"), ("99999", "COMMUNE_UNKNOWN"), (OTHER_COMMUNE, "OUTSIDE_AREA")],
)
def test_a_commune_that_is_not_ones_own_shows_nobody(bench: Bench, commune: str, code: str) -> None:
    enter(bench)
    told = check(bench, form(commune=commune))
    assert [(one["field"], one["code"]) for one in told["problems"]] == [("commune", code)]
    assert told["duplicates"] == []


def test_a_programme_that_takes_nobody_is_told(bench: Bench) -> None:
    told = check(bench, form(programme_id="nothing"))["problems"]
    assert [(one["field"], one["code"]) for one in told] == [("programme_id", "PROGRAMME_UNKNOWN")]


def test_the_same_person_is_found_by_any_number_of_anybody(bench: Bench) -> None:
    entered = enter(bench, members=[SPOUSE], members_count=2, head={"cmnd": "073123456"})
    one = entered["application_id"]
    other = {"name": "Ai Khác", "birth_date": None, "birth_year": 1970, "sex": "male"}
    no_paper = {"certificate": None}
    for head in ({"citizen_id": None, "cmnd": "073123456"}, {"citizen_id": SPOUSE["citizen_id"]}):
        assert found(bench, form(head={**other, **head}, **no_paper)) == [(one, "exact", ["number"])]
    as_member = {**SPOUSE, "name": "Tên Khác", "birth_year": 1970}
    body = form(head={**other, "citizen_id": None}, members=[as_member], members_count=2, **no_paper)
    assert found(bench, body) == [(one, "exact", ["number"])]


def test_a_namesake_born_in_the_same_year_is_near_and_one_of_another_year_is_nobody(bench: Bench) -> None:
    entered = enter(bench, members=[SPOUSE], members_count=2)
    one = entered["application_id"]
    nameless = {"citizen_id": None, "birth_date": None}
    for name, year, expected in (
        ("LUU THI MAY", 1985, [(one, "near", ["name_and_birth_year"])]),
        ("Giang a so", 1986, [(one, "near", ["name_and_birth_year"])]),
        ("Lừu Thị Mẩy", 1984, []),
        ("Mẩy Thị Lừu", 1985, []),
        ("Lừu Thị", 1985, []),
    ):
        head = {**nameless, "name": name, "birth_year": year, "sex": "female"}
        assert found(bench, form(head=head, certificate=None)) == expected, name


def test_the_same_certificate_is_near(bench: Bench) -> None:
    entered = enter(bench)
    head = {"citizen_id": "002185009999", "name": "Thào Thị Chu", "birth_year": 1985}
    assert found(bench, form(head=head)) == [(entered["application_id"], "near", ["certificate"])]
    other_year = {"number": "12/GCN-HN.HCN", "year": THIS_YEAR - 1}
    assert found(bench, form(head=head, certificate=other_year)) == []
    own_commune = {"number": "12/GCN-HN.HCN", "year": THIS_YEAR, "commune": "01087"}
    assert len(found(bench, form(head=head, certificate=own_commune))) == 1


def test_another_programme_shows_too_and_the_surest_comes_first(bench: Bench) -> None:
    publish(bench, "national")
    near = enter(bench, programme_id="national", head={"citizen_id": "002185007777"})
    exact = enter(bench)
    assert [(one, match) for one, match, _ in found(bench, form())] == [
        (exact["application_id"], "exact"),
        (near["application_id"], "near"),
    ]


def test_an_application_is_no_duplicate_of_itself(bench: Bench) -> None:
    entered = enter(bench)
    assert found(bench, form(application_id=entered["application_id"])) == []


def test_nobody_of_another_commune_is_ever_shown(bench: Bench) -> None:
    enter(bench)
    elsewhere = form(commune=OTHER_COMMUNE)
    assert check(bench, elsewhere, as_=OTHER_OFFICER)["duplicates"] == []
    assert check(bench, {"head": form()["head"]}, as_=OTHER_OFFICER)["duplicates"] == []
    assert [event.type for event in bench.events()] == ["application.submitted.v1"]


def test_what_is_shown_of_others_is_recorded(bench: Bench) -> None:
    entered = enter(bench)
    check(bench, form())
    trace = bench.events()[-1]
    assert (trace.type, trace.data["what"], trace.data["purpose"]) == (
        "access.recorded.v1",
        "search",
        "DUPLICATE_CHECK",
    )
    assert trace.data["households"] == [entered["household_id"]]


def test_only_officers_check(bench: Bench) -> None:
    assert problem(bench.call("POST", "/applications:check", AUDITOR, json=form()))["code"] == "ROLE_MISSING"


def test_an_old_commune_is_mapped_and_said_so_on_entering(bench: Bench) -> None:
    answer = enter(bench, commune="01087")
    assert [(one["field"], one["code"]) for one in answer["warnings"]] == [("commune", "COMMUNE_MAPPED")]
    assert "01075" in answer["warnings"][0]["message_vi"]
    assert bench.sql("SELECT commune FROM application") == [("01075",)]
    assert bench.events()[0].data["commune"] == "01075"


def test_a_split_commune_is_asked_back_with_its_choices(bench: Bench) -> None:
    answer = bench.call("POST", "/applications", OFFICER, json=form(commune="00007"), key=True)
    told = problem(answer)
    assert (answer.status_code, told["code"]) == (422, "COMMUNE_SPLIT")
    assert [choice["code"] for choice in told["facts"]["choices"]] == ["00008", "00025"]
    assert all(choice["name"] for choice in told["facts"]["choices"])
    assert "00008" in told["detail_vi"]


def test_a_refused_form_tells_both_languages_and_answers_in_the_readers(bench: Bench) -> None:
    body = form(head={"citizen_id": "12"}, members=[{**SPOUSE, "sex": "x"}])
    for field, broken in (("members.0.sex", body), ("head.citizen_id", {**body, "members": [SPOUSE]})):
        for language in ("vi", "en"):
            headers = {"Accept-Language": language}
            answer = bench.call("POST", "/applications", OFFICER, json=broken, key=True, headers=headers)
            told = problem(answer)
            (one,) = (found for found in told["facts"]["problems"] if found["field"] == field)
            place: Any = told["errors"]["json"]
            for name in field.split("."):
                place = place[name]
            assert place == [one[f"message_{language}"]]


TYPED = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=40),
    st.sampled_from(
        [
            "002185001234",
            "073123456",
            "1985-04-17",
            "2030-02-29",
            "01087",
            "00007",
            "Giàng A Páo",
            "poor",
            "'; --",
        ]
    ),
)
NAMES = st.text("abz", max_size=3)
ANYTHING = st.recursive(
    TYPED, lambda below: st.lists(below, max_size=3) | st.dictionaries(NAMES, below, max_size=3)
)
FIELDS = sorted({*form(), "members", "residence", "devices_received", "verification", "conflict", "submit"})
PERSON = sorted({*form()["head"], "relation", "ethnicity_list"})


@pytest.fixture(scope="module")
def typing_bench() -> Bench:
    return applications_bench()


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.dictionaries(st.sampled_from(FIELDS), ANYTHING, max_size=3),
    head=st.dictionaries(st.sampled_from(PERSON), TYPED, max_size=3),
    member=st.dictionaries(st.sampled_from(PERSON), TYPED, max_size=4),
)
def test_whatever_a_person_types_is_entered_or_told(
    typing_bench: Bench, changes: dict[str, Any], head: dict[str, Any], member: dict[str, Any]
) -> None:
    body = form(head=head)
    body["members"] = [{"name": "Giàng A Sở", "relation": "child", **member}]
    body.update(changes)
    entered = typing_bench.call("POST", "/applications", OFFICER, json=body, key=True)
    assert entered.status_code in (201, 403, 409, 422), entered.text
    if entered.status_code != 201:
        problem(entered)
    assert typing_bench.call("POST", "/applications:check", OFFICER, json=body).status_code == 200
    if entered.status_code == 201:
        path = f"/applications/{entered.json['application_id']}"
        if entered.json["status"] == "draft":
            assert typing_bench.call("DELETE", path, OFFICER, key=True).status_code == 204
        else:
            gone = typing_bench.call("POST", f"{path}:withdraw", OFFICER, json={"reason": "TEST"}, key=True)
            assert gone.status_code == 200
