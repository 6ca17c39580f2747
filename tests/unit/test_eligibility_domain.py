"""What becomes of an application, decided on plain values."""

from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.eligibility.domain import (
    Claim,
    FactsUnusable,
    Finding,
    Subject,
    appealed,
    day_of,
    duplicate,
    facts_from,
    find,
    priority_of,
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


@cache
def rules() -> RuleSet:
    return RuleSet(load_programme(PROGRAMMES / "tuyen-quang-2026.yaml"))


def subject(
    application_id: str = "a", *persons: str, province: str = "08", day: date = date(2026, 11, 23)
) -> Subject:
    return Subject(application_id, "household", "tuyen-quang-2026", "01075", province, persons, day)


def found(**facts: Any) -> Finding:
    return find(rules(), subject(), {**FACTS, **facts})


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


def test_a_duplicate_is_refused_without_a_word_about_the_other() -> None:
    finding = duplicate(found())
    assert (finding.outcome, finding.reasons) == ("ineligible", ("DUPLICATE_PERSON",))


def test_an_appeal_shows_the_reasons_that_were_given() -> None:
    finding = appealed(found(has_smartphone=True))
    assert (finding.outcome, finding.reasons) == ("referred", ("APPEAL_FILED", "OWNS_SMARTPHONE"))
    assert appealed(finding) == finding


class TestSettle:
    def test_the_first_of_two_gets_the_place(self) -> None:
        assert settle([subject("a", "p"), subject("b", "p")], {}) == [subject("a", "p")]

    def test_who_loses_one_person_keeps_none(self) -> None:
        others = [subject("b", "p", "q"), subject("c", "q")]
        assert settle(others, {("tuyen-quang-2026", "p"): "a"}) == [subject("c", "q")]

    def test_ones_own_place_is_no_obstacle(self) -> None:
        assert settle([subject("a", "p")], {("tuyen-quang-2026", "p"): "a"}) == [subject("a", "p")]

    @given(
        st.lists(st.lists(st.sampled_from("pqrs"), max_size=3, unique=True), max_size=8),
        st.dictionaries(st.sampled_from("pqrs"), st.sampled_from(["0", "1", "other"])),
    )
    def test_nobody_shares_a_person_and_nobody_loses_without_a_reason(
        self, households: list[list[str]], held: dict[str, str]
    ) -> None:
        subjects = [subject(str(number), *persons) for number, persons in enumerate(households)]
        places: dict[Claim, str] = {("tuyen-quang-2026", one): who for one, who in held.items()}
        winners = settle(subjects, places)
        taken = dict(places)
        for one in winners:
            for claim in one.claims():
                assert taken.setdefault(claim, one.application_id) == one.application_id
        for loser in (one for one in subjects if one not in winners):
            assert any(
                taken.get(claim, loser.application_id) != loser.application_id for claim in loser.claims()
            )


@pytest.mark.parametrize(
    ("status", "withdrawn", "makers", "code"),
    [
        ("eligible", False, ("chair", None), "MAKER_IS_CHECKER"),
        ("eligible", False, ("officer", "chair"), "MAKER_IS_CHECKER"),
        ("approved", False, ("chair", None), "CASE_NOT_OPEN"),
        ("eligible", True, ("chair", None), "CASE_NOT_OPEN"),
        ("referred", False, ("officer", None), "CASE_NOT_OPEN"),
    ],
)
def test_why_a_case_was_not_decided(
    status: str, withdrawn: bool, makers: tuple[str | None, ...], code: str
) -> None:
    assert why_not_open(status, withdrawn, makers, "chair", ("eligible",)).code == code
