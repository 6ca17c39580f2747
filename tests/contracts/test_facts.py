"""What applications seal is what eligibility looks at: from a form, and from a list, to the outcome."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from services.applications.domain import details_of, draft_of, facts_of, head_of
from services.applications.forms import read_form
from services.applications.household import HouseholdDraft
from services.applications.lists import ListRow, RowContext, parse_row
from services.applications.schemas.households import NewHouseholdForm
from services.eligibility.domain import Finding, Subject, find
from services.eligibility.rules import Facts, RuleSet, load_programme
from services.eligibility.rules.facts import fact_kinds
from tests.support.applications import form

PROGRAMMES = Path(__file__).parents[2] / "programmes"
SHIPPED = sorted(path.stem for path in PROGRAMMES.glob("*.yaml"))
SURVEY = {"income_per_person": 1_400_000, "deprivations": 3, "urban": False}
STATED: dict[str, tuple[dict[str, Any], object]] = {
    "poverty_status": ({"poverty_status": "near_poor"}, "near_poor"),
    "ethnicity": ({"head": {"ethnicity": "Tày"}}, "02"),
    "ethnic_minority": ({"head": {"ethnicity": "Kinh"}}, False),
    "has_smartphone": ({"has_smartphone": True}, True),
    "members_count": ({"members_count": 9}, 9),
    "certificate_year": ({"certificate": {"number": "1", "year": 2025}}, 2025),
    "assessment_year": ({}, 2026),
    "already_received": ({"devices_received": [{"kind": "tablet", "programme": "x"}]}, True),
    "income_per_person": ({"survey": SURVEY}, 1_400_000),
    "deprivations": ({"survey": SURVEY}, 3),
    "urban": ({"survey": {**SURVEY, "urban": True}}, True),
    "priority_group": ({"priority_group": "merit"}, "merit"),
    "extremely_difficult_village": ({"extremely_difficult_village": True}, True),
    "extremely_difficult_commune": ({"extremely_difficult_commune": True}, True),
}
"""Every fact that a table may name: a form that states it, and its value."""


def day_in(programme: str) -> date:
    """A day in the middle of a programme's period."""
    period = load_programme(PROGRAMMES / f"{programme}.yaml")
    return period.period_from + (period.period_to - period.period_from) / 2


def from_form(today: date, **changes: Any) -> HouseholdDraft:
    paper = {"number": "12/GCN", "issued_on": f"{today.year - 1}-12-10", "year": today.year}
    reading = read_form(NewHouseholdForm().load(form(**{"certificate": paper, **changes})), today)
    assert reading.draft is not None, reading.problems
    return reading.draft


def sealed_of(draft: HouseholdDraft) -> dict[str, Any]:
    """The facts as the event carries them."""
    facts: dict[str, Any] = orjson.loads(orjson.dumps(facts_of(head_of(draft), details_of(draft))))
    return facts


def found(programme: str, draft: HouseholdDraft, today: date) -> Finding:
    rules = RuleSet(load_programme(PROGRAMMES / f"{programme}.yaml"))
    province = (rules.programme.provinces or ("08",))[0]
    subject = Subject("a", "h", programme, "00000", province, (), today, today.year)
    return find(rules, subject, sealed_of(draft))


@pytest.mark.parametrize("fact", sorted(fact_kinds()))
def test_every_fact_can_be_stated_on_a_form(fact: str) -> None:
    changes, value = STATED[fact]
    draft = from_form(date(2026, 6, 1), **changes)
    assert Facts.of_application(sealed_of(draft), 2026).context()[fact] == value
    again = draft_of(draft.village, head_of(draft), orjson.loads(orjson.dumps(details_of(draft))))
    assert again == draft


@pytest.mark.parametrize("programme", SHIPPED)
def test_a_poor_minority_household_is_served_by_each_shipped_programme(programme: str) -> None:
    today = day_in(programme)
    finding = found(programme, from_form(today, survey=SURVEY), today)
    assert (finding.outcome, finding.reasons) == ("eligible", ("MEETS_ALL_CONDITIONS",))


@pytest.mark.parametrize(
    ("survey", "outcome", "reason"),
    [
        (None, "referred", "INCOME_NOT_MEASURED"),
        ({**SURVEY, "income_per_person": 2_200_000}, "eligible", "MEETS_ALL_CONDITIONS"),
        ({**SURVEY, "income_per_person": 2_200_001}, "ineligible", "ABOVE_POVERTY_LINE"),
        ({**SURVEY, "income_per_person": 2_800_000, "urban": True}, "eligible", "MEETS_ALL_CONDITIONS"),
        ({**SURVEY, "income_per_person": 2_800_001, "urban": True}, "ineligible", "ABOVE_POVERTY_LINE"),
    ],
)
def test_a_line_of_its_own_is_held_against_what_was_measured(
    survey: dict[str, Any] | None, outcome: str, reason: str
) -> None:
    today = day_in("dong-nai")
    finding = found("dong-nai", from_form(today, survey=survey), today)
    assert (finding.outcome, finding.reasons[0]) == (outcome, reason)


def test_who_lives_where_it_is_hardest_is_served_before_others() -> None:
    today = day_in("vinh-long")
    hard = {"extremely_difficult_village": True}
    minority = {"head": {"ethnicity": "Khmer"}}
    kinh = {"head": {"ethnicity": "Kinh"}}
    forms: list[dict[str, Any]] = [
        {"priority_group": "merit", **kinh},
        {"priority_group": "social_policy", **kinh},
        {**minority, **hard},
        minority,
        {**kinh, "extremely_difficult_commune": True},
        kinh,
    ]
    ranks = [found("vinh-long", from_form(today, **one), today).priority for one in forms]
    assert ranks == sorted(set(ranks))


def test_a_list_states_the_same_as_a_form() -> None:
    values: dict[str, Any] = {
        "head_name": "Lý Mùi Pết",
        "birth_date": "25/11/1982",
        "sex": "Nữ",
        "ethnicity": "Dao",
        "citizen_id": "002182125635",
        "village": "Thôn 5",
        "poverty_status": "Hộ nghèo",
        "certificate_number": "12/GCN-HN.HCN",
        "certificate_date": datetime(2025, 12, 20),  # noqa: DTZ001 - a cell has no zone
        "members_count": 7,
        "has_smartphone": "Không",
        "income_per_person": "1,4 triệu",
        "deprivations": "3",
        "urban": "Nông thôn",
        "extremely_difficult_village": "x",
    }
    outcome = parse_row(ListRow(6, values), RowContext(date(2026, 6, 1)))
    assert outcome.household is not None, outcome.problems
    facts = Facts.of_application(sealed_of(outcome.household), 2026).context()
    assert {name: facts[name] for name in SURVEY} == SURVEY
    assert (facts["extremely_difficult_village"], facts["extremely_difficult_commune"]) == (True, False)
    assert found("dong-nai", outcome.household, day_in("dong-nai")).outcome == "eligible"
