"""What becomes of an application, decided on plain values."""

from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.eligibility.domain import (
    KINDS,
    Claim,
    FactsUnusable,
    Finding,
    Register,
    Standing,
    Subject,
    appealed,
    case_number,
    conclude,
    corrected,
    day_of,
    due_on,
    facts_from,
    find,
    last_day_of_posting,
    objected,
    pair_scope,
    priority_of,
    referred_again,
    settle,
    why_not_open,
)
from services.eligibility.rules import RuleSet, load_programme

PROGRAMMES = Path(__file__).parents[2] / "programmes"
FACTS: dict[str, Any] = {
    "poverty_status": "poor",
    "ethnicity": "09",
    "has_smartphone": False,
    "members_count": 5,
    "certificate_year": 2026,
    "priority_group": None,
}


SCOPES = {"tuyen-quang-2026": ("tuyen-quang-2026",)}
DOUBTS = ("conflict_of_interest", "near_duplicate", "id_mismatch", "nine_digit_id")


@cache
def rules(*refer_on: str) -> RuleSet:
    programme = load_programme(PROGRAMMES / "tuyen-quang-2026.yaml")
    return RuleSet(replace(programme, refer_on=refer_on) if refer_on else programme)


def subject(
    application_id: str = "a",
    *persons: str,
    province: str = "08",
    day: date = date(2026, 11, 23),
    year: int | None = None,
    **more: Any,
) -> Subject:
    household = f"household of {application_id}"
    return Subject(
        application_id,
        household,
        "tuyen-quang-2026",
        "01075",
        province,
        persons,
        day,
        year or day.year,
        **more,
    )


def found(*refer_on: str, **facts: Any) -> Finding:
    return find(rules(*refer_on), subject(), {**FACTS, **facts})


def concluded(finding: Finding, *refer_on: str, **register: Any) -> Finding:
    return conclude(finding, rules(*refer_on).programme, Register(**register))


def test_an_eligible_household_is_found_eligible_with_its_reason() -> None:
    finding = found()
    assert (finding.outcome, finding.reasons) == ("eligible", ("MEETS_ALL_CONDITIONS",))
    assert finding.looked_at["assessment_year"] == 2026
    assert finding.looked_at["ethnicity"] == "09"


def test_the_year_of_submission_is_the_year_assessed_whenever_it_is_replayed() -> None:
    assert day_of("2026-12-31T17:00:00.000000Z") == date(2027, 1, 1)
    assert day_of("2026-12-31T16:59:59.999999Z") == date(2026, 12, 31)


def test_no_certificate_is_a_reason_not_an_error() -> None:
    assert found(certificate_year=None).reasons == ("NO_POVERTY_CERTIFICATE",)


def test_facts_that_no_row_planned_for_go_to_a_person() -> None:
    finding = found(members_count=0)
    assert (finding.outcome, finding.reasons) == ("referred", ("FACTS_NOT_PLANNED_FOR",))


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({"province": "14"}, ("OUTSIDE_PROGRAMME_AREA",)),
        ({"day": date(2027, 1, 1)}, ("OUTSIDE_PROGRAMME_PERIOD", "CERTIFICATE_OF_ANOTHER_YEAR")),
    ],
)
def test_a_programme_serves_its_area_in_its_period(changes: dict[str, Any], reasons: tuple[str, ...]) -> None:
    finding = find(rules(), subject(**changes), FACTS)
    assert (finding.outcome, finding.reasons) == ("ineligible", reasons)


@pytest.mark.parametrize(
    ("facts", "rank"),
    [
        ({"priority_group": "merit"}, 0),
        ({"priority_group": "social_policy", "poverty_status": "near_poor"}, 1),
        ({}, 2),
        ({"poverty_status": "near_poor"}, 3),
        ({"poverty_status": "none"}, 4),
    ],
)
def test_the_programmes_order_ranks_a_household(facts: dict[str, Any], rank: int) -> None:
    assert priority_of(rules().programme, facts_from({**FACTS, **facts}, 2026)) == rank


@pytest.mark.parametrize(
    "facts", [{"members_count": "secret"}, {"ethnicity": "H'Mông"}, {"poverty_status": "rich"}]
)
def test_unusable_facts_are_named_and_never_quoted(facts: dict[str, Any]) -> None:
    with pytest.raises(FactsUnusable) as unusable:
        facts_from({**FACTS, **facts}, 2026)
    ((name, value),) = facts.items()
    assert name in str(unusable.value)
    assert value not in str(unusable.value)


def test_a_missing_fact_is_named() -> None:
    with pytest.raises(FactsUnusable, match="ethnicity"):
        facts_from({name: value for name, value in FACTS.items() if name != "ethnicity"}, 2026)


def test_the_evidence_of_another_year_proves_nothing() -> None:
    late = find(rules(), subject(year=2027), FACTS)
    assert (late.outcome, late.reasons) == ("ineligible", ("CERTIFICATE_OF_ANOTHER_YEAR",))


@pytest.mark.parametrize(
    ("lost", "reasons"),
    [
        (("person",), ("DUPLICATE_PERSON",)),
        (("certificate",), ("DUPLICATE_CERTIFICATE",)),
        (("person", "household"), ("DUPLICATE_PERSON", "DUPLICATE_HOUSEHOLD")),
    ],
)
def test_a_duplicate_is_refused_without_a_word_about_the_other(
    lost: tuple[str, ...], reasons: tuple[str, ...]
) -> None:
    finding = concluded(found(), lost=lost)
    assert (finding.outcome, finding.reasons) == ("ineligible", reasons)
    assert finding.beside["duplicate"] == " ".join(lost)


class TestDoubts:
    @pytest.mark.parametrize(
        ("facts", "code"),
        [
            ({"conflict_of_interest": True}, "CONFLICT_OF_INTEREST"),
            ({"identity": "cmnd"}, "NINE_DIGIT_ID"),
            ({"doubts": ["CITIZEN_ID_SEX_DIFFERS"]}, "ID_MISMATCH"),
            ({"doubts": ["PHONE_NOT_MOBILE", "CITIZEN_ID_BIRTH_YEAR_DIFFERS"]}, "ID_MISMATCH"),
        ],
    )
    def test_refer_where_the_programme_says_so_and_nowhere_else(
        self, facts: dict[str, Any], code: str
    ) -> None:
        asked = found(*DOUBTS, **facts)
        assert (asked.outcome, asked.reasons) == ("referred", (code,))
        others = tuple(one for one in DOUBTS if one != code.lower())
        assert found(*others, **facts).outcome == "eligible"

    def test_a_doubt_makes_no_refused_household_wait(self) -> None:
        finding = found(*DOUBTS, conflict_of_interest=True, has_smartphone=True)
        assert (finding.outcome, finding.reasons) == ("ineligible", ("OWNS_SMARTPHONE",))

    def test_warnings_that_are_not_about_the_number_refer_nobody(self) -> None:
        assert found(*DOUBTS, doubts=["PHONE_NOT_MOBILE", "CERTIFICATE_NUMBER_MISSING"]).outcome == "eligible"

    def test_facts_of_older_events_raise_none(self) -> None:
        assert found(*DOUBTS).outcome == "eligible"

    def test_a_near_duplicate_is_referred(self) -> None:
        near = concluded(found(*DOUBTS, identity="cmnd"), *DOUBTS, near_duplicate=True)
        assert (near.outcome, near.reasons) == ("referred", ("NINE_DIGIT_ID", "NEAR_DUPLICATE"))
        assert concluded(found("id_mismatch"), "id_mismatch", near_duplicate=True).outcome == "eligible"

    def test_facts_that_no_row_planned_for_are_told_beside_the_doubt(self) -> None:
        finding = found(*DOUBTS, members_count=0, conflict_of_interest=True)
        assert finding.reasons == ("FACTS_NOT_PLANNED_FOR", "CONFLICT_OF_INTEREST")


def test_what_is_sealed_opens_to_the_same_finding_and_finds_the_same_again() -> None:
    facts = {"doubts": ["CITIZEN_ID_SEX_DIFFERS"], "identity": "cmnd", "priority_group": "merit"}
    finding = concluded(found(*DOUBTS, **facts), *DOUBTS, near_duplicate=True)
    opened = Finding.opened(orjson.loads(orjson.dumps(finding.sealable())), finding.outcome, finding.priority)
    assert opened == finding
    again = find(rules(*DOUBTS), subject(), opened.values())
    assert conclude(again, rules(*DOUBTS).programme, Register.of(opened)) == finding


def test_an_appeal_shows_the_reasons_that_were_given() -> None:
    finding = appealed(found(has_smartphone=True))
    assert (finding.outcome, finding.reasons) == ("referred", ("APPEAL_FILED", "OWNS_SMARTPHONE"))
    assert appealed(finding) == finding


def test_an_objection_is_the_reason_to_look() -> None:
    finding = objected(found())
    assert (finding.outcome, finding.reasons) == ("referred", ("OBJECTION_RAISED",))


def test_the_turn_of_a_year_leaves_a_referral_unless_the_rules_refuse_now() -> None:
    told = ("OBJECTION_RAISED",)
    assert referred_again(found(), told).reasons == told
    refused = referred_again(find(rules(), subject(year=2027), FACTS), told)
    assert (refused.outcome, refused.reasons) == ("ineligible", ("CERTIFICATE_OF_ANOTHER_YEAR",))


def test_an_appeal_waits_for_its_person_whatever_the_rules_say_of_another_year() -> None:
    late = referred_again(find(rules(), subject(year=2027), FACTS), ("APPEAL_FILED", "OWNS_SMARTPHONE"))
    assert (late.outcome, late.reasons) == ("referred", ("APPEAL_FILED", "CERTIFICATE_OF_ANOTHER_YEAR"))


@pytest.mark.parametrize(
    ("before", "facts", "outcome", "reasons"),
    [
        (("CONFLICT_OF_INTEREST",), {}, "eligible", ("MEETS_ALL_CONDITIONS",)),
        (("OBJECTION_RAISED", "CONFLICT_OF_INTEREST"), {}, "referred", ("OBJECTION_RAISED",)),
        (("OBJECTION_RAISED",), {"has_smartphone": True}, "ineligible", ("OWNS_SMARTPHONE",)),
        (("APPEAL_FILED", "OWNS_SMARTPHONE"), {}, "referred", ("APPEAL_FILED",)),
        (("APPEAL_FILED",), {"has_smartphone": True}, "referred", ("APPEAL_FILED", "OWNS_SMARTPHONE")),
    ],
)
def test_a_correction_settles_doubts_but_answers_nobody(
    before: tuple[str, ...], facts: dict[str, Any], outcome: str, reasons: tuple[str, ...]
) -> None:
    finding = corrected(found(*DOUBTS, **facts), before)
    assert (finding.outcome, finding.reasons) == (outcome, reasons)


def settled(subjects: list[Subject], held: dict[Claim, str]) -> tuple[list[str], dict[str, tuple[str, ...]]]:
    """Who won, and what each of the others lost."""
    _, lost = settle(subjects, held, SCOPES)
    return [one for one, kinds in lost.items() if not kinds], {
        one: kinds for one, kinds in lost.items() if kinds
    }


def place(hash_: str, kind: str = "person", scope: str = "tuyen-quang-2026") -> Claim:
    return scope, kind, hash_


class TestSettle:
    def test_the_first_of_two_gets_the_place(self) -> None:
        assert settled([subject("a", "p"), subject("b", "p")], {}) == (["a"], {"b": ("person",)})

    def test_who_loses_one_person_keeps_none(self) -> None:
        others = [subject("b", "p", "q"), subject("c", "q")]
        assert settled(others, {place("p"): "a"}) == (["c"], {"b": ("person",)})

    def test_ones_own_place_is_no_obstacle(self) -> None:
        assert settled([subject("a", "p")], {place("p"): "a"}) == (["a"], {})

    def test_a_certificate_and_a_household_are_places_too(self) -> None:
        held = {place("paper", "certificate"): "x", place("household of b", "household"): "x"}
        subjects = [subject("a", "p", certificate="paper"), subject("b", "q"), subject("c", "r")]
        assert settled(subjects, held) == (["c"], {"a": ("certificate",), "b": ("household",)})

    def test_programmes_that_exclude_each_other_share_one_scope_and_a_third_is_free(self) -> None:
        def one(programme: str) -> Subject:
            return replace(subject(programme, "p"), programme_id=programme)

        scopes = {
            "north": ("north", pair_scope("north", "south")),
            "south": ("south", pair_scope("south", "north"), pair_scope("south", "west")),
            "west": ("west", pair_scope("west", "south")),
        }
        _, lost = settle([one("north"), one("south"), one("west")], {}, scopes)
        assert lost == {"north": (), "south": ("person",), "west": ()}


PERSONS = st.lists(st.sampled_from("pqrs"), max_size=3, unique=True)
CERTIFICATES = st.sampled_from([None, None, "1", "2"])
HOUSEHOLDS = st.lists(st.tuples(PERSONS, CERTIFICATES), max_size=8)
HELD = st.dictionaries(st.sampled_from("pqrs"), st.sampled_from(["0", "1", "other"]))


class TestLaws:
    """What holds for whatever comes."""

    def subjects(self, households: list[tuple[list[str], str | None]]) -> list[Subject]:
        return [
            subject(str(number), *persons, certificate=paper)
            for number, (persons, paper) in enumerate(households)
        ]

    @given(HOUSEHOLDS, HELD)
    def test_nobody_shares_a_place_and_nobody_loses_without_a_reason(
        self, households: list[tuple[list[str], str | None]], held: dict[str, str]
    ) -> None:
        subjects = self.subjects(households)
        taken: dict[Claim, str] = {place(one): who for one, who in held.items()}
        winners, losers = settled(subjects, taken)
        for one in (one for one in subjects if one.application_id in winners):
            for claim in one.claims(SCOPES):
                assert taken.setdefault(claim, one.application_id) == one.application_id
        for one in (one for one in subjects if one.application_id in losers):
            foreign = {
                claim[1] for claim in one.claims(SCOPES) if taken.get(claim) not in (None, one.application_id)
            }
            assert set(losers[one.application_id]) <= foreign <= set(KINDS)
            assert losers[one.application_id]

    @given(HOUSEHOLDS, st.data())
    def test_adding_a_duplicate_never_makes_two_winners(
        self, households: list[tuple[list[str], str | None]], data: st.DataObject
    ) -> None:
        subjects = self.subjects(
            [([*persons, f"only {n}"], paper) for n, (persons, paper) in enumerate(households)]
        )
        before, _ = settled(subjects, {})
        if not before:
            return
        chosen = data.draw(st.sampled_from(before))
        copied = next(one for one in subjects if one.application_id == chosen)
        copy = replace(copied, application_id="copy", household_id="another")
        at = data.draw(st.integers(0, len(subjects)))
        after, _ = settled([*subjects[:at], copy, *subjects[at:]], {})
        assert len({copied.application_id, "copy"} & set(after)) <= 1
        later, lost = settled([*subjects, copy], {})
        assert later == before
        assert "person" in lost["copy"]

    @given(
        facts=st.fixed_dictionaries(
            {
                "poverty_status": st.sampled_from(["poor", "near_poor", "none"]),
                "ethnicity": st.sampled_from(["01", "09", "21"]),
                "has_smartphone": st.booleans(),
                "members_count": st.integers(0, 12),
                "certificate_year": st.sampled_from([None, 2025, 2026]),
                "priority_group": st.sampled_from([None, "merit", "social_policy"]),
                "conflict_of_interest": st.booleans(),
            }
        ),
        who=st.text("abc", min_size=1, max_size=4),
        persons=PERSONS,
        day=st.dates(date(2026, 1, 1), date(2026, 12, 31)),
    )
    def test_the_outcome_depends_on_facts_and_version_only(
        self, facts: dict[str, Any], who: str, persons: list[str], day: date
    ) -> None:
        one = find(rules(), subject(), facts)
        other = find(rules(), subject(who, *persons, day=day, certificate="c", namesakes=("n",)), facts)
        assert replace(other, beside=one.beside) == one
        assert one.priority == priority_of(rules().programme, facts_from(facts, 2026))


TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("standing", "code"),
    [
        (Standing("eligible", False, ("chair",)), "MAKER_IS_CHECKER"),
        (Standing("eligible", False, ("officer", "chair")), "MAKER_IS_CHECKER"),
        (Standing("approved", False, ("chair",)), "CASE_NOT_OPEN"),
        (Standing("eligible", True, ("chair",)), "CASE_NOT_OPEN"),
        (Standing("referred", False, ("officer",)), "CASE_NOT_OPEN"),
        (Standing("eligible", False, ("officer",)), "NOT_POSTED"),
        (Standing("eligible", False, ("officer",), TODAY), "POSTING_NOT_OVER"),
        (Standing("eligible", False, ("officer",), date(2026, 11, 22)), None),
    ],
)
def test_why_a_case_was_not_decided(standing: Standing, code: str | None) -> None:
    refusal = why_not_open(standing, "chair", ("eligible",), posting=True, today=TODAY)
    assert (refusal.code if refusal else None) == code


def test_without_posting_days_nothing_has_to_hang_out() -> None:
    standing = Standing("eligible", False, ("officer",))
    assert why_not_open(standing, "chair", ("eligible",), posting=False, today=TODAY) is None


def test_the_day_on_which_a_list_is_hung_out_does_not_count() -> None:
    assert last_day_of_posting(TODAY, 3) == date(2026, 11, 26)
    assert due_on(TODAY, 15) == date(2026, 12, 8)


def test_a_case_number_is_the_end_of_the_id() -> None:
    assert case_number("01938b2c-5a10-7c3e-9f00-0000deadbeef") == "DEAD-BEEF"
