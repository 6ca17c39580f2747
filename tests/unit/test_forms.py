"""The form: what it becomes, what it is told, in both languages and by field."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.applications import domain
from services.applications.forms import FormReading, read_form
from services.applications.forms.findings import SEVERITIES
from services.applications.household import Member
from services.applications.schemas import ApplicationRequest
from services.applications.schemas.batches import read_as
from services.applications.schemas.households import NewHouseholdForm
from shared.web.problems import known_codes
from tests.support.applications import form

TODAY = date(2026, 11, 25)
SCHEMA = NewHouseholdForm()
PAPER = {"number": "12/GCN", "issued_on": "2025-12-10", "year": 2026}
SPLIT, MAPPED, IN_BOTH = "00007", "01087", "01075"

IMPOSSIBLE = "BIRTH_DATE_IMPOSSIBLE"
NO_SUCH_DAY = "CERTIFICATE_DATE_IMPOSSIBLE"
SEX_DIFFERS = "CITIZEN_ID_SEX_DIFFERS"
YEAR_DIFFERS = "CITIZEN_ID_BIRTH_YEAR_DIFFERS"
YOUNG = {"citizen_id": None, "birth_date": None, "birth_year": 2009}
DEVICE = {"kind": "tablet", "programme": "x", "year": 2027}


def read(**changes: Any) -> FormReading:
    """The reading of a form on TODAY; what does not fit its schema raises."""
    loaded = SCHEMA.load(form(**{"certificate": PAPER, **changes}))
    return read_form(loaded, TODAY)


def member(**changes: Any) -> dict[str, Any]:
    return {"name": "Giàng A Sở", "relation": "spouse", **changes}


def told(reading: FormReading) -> dict[str, list[str]]:
    """Codes by field."""
    found: dict[str, list[str]] = {}
    for problem in reading.problems:
        found.setdefault(problem.field, []).append(problem.code)
    return found


def test_a_form_of_an_older_client_stays_valid_and_says_the_same() -> None:
    reading = read()
    assert reading.problems == ()
    assert reading.draft is not None
    facts = domain.facts_of(domain.head_of(reading.draft), domain.details_of(reading.draft))
    assert facts["members_count"] == 5
    assert (facts["already_received"], facts["conflict_of_interest"], facts["doubts"]) == (False, False, [])


def test_the_whole_form_becomes_a_household_and_comes_back_out_of_its_sealed_parts() -> None:
    reading = read(
        members=[
            member(birth_date="1986-02-03", sex="male", ethnicity="Dao", citizen_id="002086001234"),
            member(name="Lừu Thị Chá", relation="child", birth_year=2015, ethnicity="05"),
        ],
        members_count=None,
        residence="temporary",
        certificate={**PAPER, "commune": IN_BOTH},
        devices_received=[{"kind": "tablet", "programme": "Sóng và máy tính cho em", "year": 2022}],
        verification={"verified_by": "Trưởng thôn", "verified_on": "2026-11-01", "result": "confirmed"},
        conflict="Em trai là công chức xã",
        legal_basis="consent",
        consent_evidence="Giấy đồng ý 12/2026, lưu tại xã",
    )
    draft = reading.draft
    assert draft is not None
    assert draft.members_count == 3
    assert draft.members[0] == Member(
        "Giàng A Sở", "spouse", date(1986, 2, 3), 1986, "male", "09", "002086001234", None
    )
    assert domain.draft_of(draft.village, domain.head_of(draft), domain.details_of(draft)) == draft
    facts = domain.facts_of(domain.head_of(draft), domain.details_of(draft))
    assert (facts["already_received"], facts["conflict_of_interest"]) == (True, True)


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"head": {"name": "12"}}, "head.name", "NAME_UNREADABLE"),
        ({"head": {"birth_date": None, "birth_year": None}}, "head.birth_date", "BIRTH_DATE_MISSING"),
        ({"head": {"birth_date": "2026-11-26", "birth_year": 2026}}, "head.birth_date", IMPOSSIBLE),
        ({"head": {"birth_date": "0001-01-01", "birth_year": None}}, "head.birth_date", IMPOSSIBLE),
        ({"head": {"citizen_id": "00218500123"}}, "head.citizen_id", "CITIZEN_ID_LENGTH"),
        ({"head": {"ethnicity": "99", "ethnicity_list": "1979"}}, "head.ethnicity", "ETHNICITY_UNKNOWN"),
        ({"members": [member(citizen_id="1234")]}, "members.0.citizen_id", "CITIZEN_ID_LENGTH"),
        ({"members": [member(citizen_id="99920850012x")]}, "members.0.citizen_id", "MEMBER_ID_INVALID"),
        ({"members": [member(citizen_id="002185001234")]}, "members.0.citizen_id", "MEMBER_ID_OF_HEAD"),
        (
            {"members": [member(citizen_id="002086001234"), member(citizen_id="002 086 001 234")]},
            "members.1.citizen_id",
            "MEMBER_ID_REPEATED",
        ),
        ({"members": [member(name="??")]}, "members.0.name", "MEMBER_NAME_UNREADABLE"),
        ({"members": [member(birth_date="2030-01-01")]}, "members.0.birth_date", IMPOSSIBLE),
        ({"members": [member(ethnicity="Sao Hỏa")]}, "members.0.ethnicity", "ETHNICITY_UNKNOWN"),
        ({"members_count": None}, "members_count", "MEMBERS_COUNT_MISSING"),
        ({"certificate": {**PAPER, "year": 2028}}, "certificate.year", "CERTIFICATE_YEAR_IMPOSSIBLE"),
        ({"certificate": {**PAPER, "issued_on": "2026-11-26"}}, "certificate.issued_on", NO_SUCH_DAY),
        ({"certificate": {**PAPER, "commune": SPLIT}}, "certificate.commune", "COMMUNE_SPLIT"),
        ({"certificate": {**PAPER, "commune": "99999"}}, "certificate.commune", "COMMUNE_UNKNOWN"),
        ({"devices_received": [DEVICE]}, "devices_received.0.year", "DATE_IN_FUTURE"),
        (
            {"verification": {"verified_by": "x", "verified_on": "2026-11-26", "result": "confirmed"}},
            "verification.verified_on",
            "DATE_IN_FUTURE",
        ),
        ({"legal_basis": "consent"}, "consent_evidence", "CONSENT_EVIDENCE_MISSING"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_an_error_of_its_field(changes: dict, field: str, code: str) -> None:
    reading = read(**changes)
    assert reading.draft is None
    assert told(reading)[field] == [code]


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"head": {"sex": "male"}}, "head.citizen_id", SEX_DIFFERS),
        ({"head": {"birth_date": None, "birth_year": 1984}}, "head.citizen_id", YEAR_DIFFERS),
        ({"head": {"citizen_id": None, "cmnd": "073123456"}}, "head.cmnd", "CMND_NOT_CITIZEN_ID"),
        ({"head": {"phone": "01681234567"}}, "head.phone", "PHONE_CONVERTED_2018"),
        ({"head": {"phone": "0219 386 0000"}}, "head.phone", "PHONE_NOT_MOBILE"),
        (
            {"head": {"citizen_id": None, "birth_date": "2008-11-26", "birth_year": 2008}},
            "head.birth_date",
            "HEAD_IS_MINOR",
        ),
        ({"head": YOUNG}, "head.birth_year", "HEAD_IS_MINOR"),
        ({"members": [member(citizen_id="002086001234", sex="female")]}, "members.0.citizen_id", SEX_DIFFERS),
        ({"members": [member()]}, "members_count", "MEMBERS_COUNT_DIFFERS"),
        ({"certificate": {**PAPER, "year": 2025}}, "certificate.year", "CERTIFICATE_OF_ANOTHER_YEAR"),
        ({"certificate": {**PAPER, "year": 2027}}, "certificate.year", "CERTIFICATE_OF_ANOTHER_YEAR"),
        ({"certificate": {**PAPER, "commune": MAPPED}}, "certificate.commune", "COMMUNE_MAPPED"),
        ({"certificate": None}, "certificate.number", "CERTIFICATE_NUMBER_MISSING"),
    ],
)  # fmt: skip
def test_what_is_doubtful_is_a_warning_that_travels(changes: dict, field: str, code: str) -> None:
    if "members" in changes and code != "MEMBERS_COUNT_DIFFERS":
        changes = {**changes, "members_count": None}
    reading = read(**changes)
    assert reading.draft is not None
    assert told(reading) == {field: [code]}
    assert reading.draft.doubts == (code,)


@pytest.mark.parametrize(
    ("head", "minor"),
    [
        ({"birth_date": "2008-11-25", "birth_year": 2008}, False),
        ({"birth_date": "2008-11-26", "birth_year": 2008}, True),
        ({"birth_date": "2008-02-29", "birth_year": None}, False),
        ({"birth_date": None, "birth_year": 2008}, False),
        ({"birth_date": None, "birth_year": 2009}, True),
    ],
)
def test_a_head_is_of_age_on_the_birthday_and_a_year_alone_is_no_doubt(head: dict, minor: bool) -> None:
    reading = read(head={"citizen_id": None, **head})
    assert reading.draft is not None
    assert ("HEAD_IS_MINOR" in reading.draft.doubts) is minor


@pytest.mark.parametrize(
    ("written", "code_list", "stored"),
    [("06", "gso", "06"), ("06", "1979", "04"), ("6", "1979", "04"), ("H'Mông", "1979", "08")],
)
def test_a_code_of_an_ethnic_group_is_read_in_its_own_list(written: str, code_list: str, stored: str) -> None:
    reading = read(head={"ethnicity": written, "ethnicity_list": code_list})
    assert reading.draft is not None
    assert reading.draft.ethnicity == stored


def test_names_are_stored_in_nfc_and_villages_trimmed() -> None:
    import unicodedata

    reading = read(head={"name": unicodedata.normalize("NFD", "  Lừu  Thị Mẩy ")}, village="  Nậm Ty\t")
    assert reading.draft is not None
    assert (reading.draft.head_name, reading.draft.village) == ("Lừu Thị Mẩy", "Nậm Ty")


def test_the_number_of_people_follows_from_the_members() -> None:
    for members, count in (([], 1), ([member()], 2), ([member(), member(name="Lừu A Chớ")], 3)):
        reading = read(members=members, members_count=None)
        assert reading.draft is not None
        assert reading.draft.members_count == count
        assert reading.problems == ()


def test_a_code_of_before_and_of_today_means_todays_commune() -> None:
    assert domain.locate(IN_BOTH) == domain.Located(domain.Place(IN_BOTH, "08"), mapped=False)
    mapped = domain.locate(MAPPED)
    assert mapped == domain.Located(domain.Place(IN_BOTH, "08"), mapped=True)


def test_a_split_commune_lists_its_choices() -> None:
    refusal = domain.locate(SPLIT)
    assert not isinstance(refusal, domain.Located)
    assert refusal.code == "COMMUNE_SPLIT"
    assert [choice["code"] for choice in refusal.facts["choices"]] == ["00008", "00025"]


def test_every_problem_speaks_both_languages_and_fills_its_places() -> None:
    assert set(SEVERITIES) <= known_codes()
    for changes in (
        {"certificate": {**PAPER, "commune": SPLIT}, "members": [member(citizen_id="002185001234")]},
        {"certificate": {**PAPER, "commune": MAPPED}, "legal_basis": "consent", "members_count": None},
    ):
        for problem in read(**changes).problems:
            assert problem.message_vi != problem.message_en
            assert "{" not in problem.message_vi + problem.message_en


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"village": None}, "village", "FIELD_MISSING"),
        ({"village": " "}, "village", "FIELD_LENGTH"),
        ({"village": "x" * 201}, "village", "FIELD_LENGTH"),
        ({"village": "a\u0007"}, "village", "FIELD_NOT_PRINTABLE"),
        ({"village": 5}, "village", "FIELD_INVALID"),
        ({"surprise": 1}, "surprise", "FIELD_UNKNOWN"),
        ({"members_count": "5"}, "members_count", "FIELD_NOT_A_NUMBER"),
        ({"members_count": 100}, "members_count", "FIELD_RANGE"),
        ({"has_smartphone": "perhaps"}, "has_smartphone", "FIELD_NOT_A_CHOICE"),
        ({"poverty_status": "rich"}, "poverty_status", "FIELD_NOT_A_CHOICE"),
        ({"head": {"birth_date": "2026-02-30"}}, "head.birth_date", "FIELD_NOT_A_DATE"),
        ({"head": {"sex": None}}, "head.sex", "FIELD_MISSING"),
        ({"members": [member(), member(relation="head")]}, "members.1.relation", "FIELD_NOT_A_CHOICE"),
        ({"members": [member()] * 99}, "members", "FIELD_LENGTH"),
        ({"members": "x"}, "members", "FIELD_INVALID"),
        ({"commune": "1075"}, "commune", "FIELD_COMMUNE"),
        ({"programme_id": "../x"}, "programme_id", "FIELD_PROGRAMME"),
        ({"application_id": "1"}, "application_id", "FIELD_NOT_AN_ID"),
    ],
)
def test_what_does_not_fit_the_schema_is_told_by_field_too(changes: dict, field: str, code: str) -> None:
    (problem,) = read_as(SCHEMA, form(**changes)).problems
    assert (problem.field, problem.code, problem.severity) == (field, code, "error")
    assert "{" not in problem.message_vi + problem.message_en


def test_a_body_that_is_no_form_is_told_as_a_whole() -> None:
    for body in ([], "text", None, 5):
        (problem,) = read_as(SCHEMA, body).problems
        assert problem.field == "_schema"


SMALL = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=30))
ANYTHING = st.recursive(
    SMALL, lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=9), below, max_size=3)
)


@given(st.dictionaries(st.sampled_from(sorted(SCHEMA.fields)), ANYTHING, max_size=6), ANYTHING)
def test_no_form_raises(changes: dict[str, Any], head: Any) -> None:
    """Whatever stands in a form, it becomes a household or problems with a field."""
    whole = {**form(), **changes}
    whole["head"] = {**form()["head"], **head} if isinstance(head, dict) else whole["head"]
    found = read_as(SCHEMA, whole)
    if found.form is None:
        assert found.problems
        return
    reading = read_form(found.form, TODAY)
    assert reading.draft is not None or any(one.severity == "error" for one in reading.problems)
    if reading.draft is not None:
        draft = reading.draft
        assert domain.draft_of(draft.village, domain.head_of(draft), domain.details_of(draft)) == draft


def test_the_schemas_are_built_once() -> None:
    request = ApplicationRequest()
    assert request.fields["head"].schema is request.fields["head"].schema  # type: ignore[attr-defined]
