"""Each programme that comes with Sóng Bản, held against a table of cases: outcome, reasons, rows, rank.

The tables are data (`tests/programmes/<programme>.yaml`): whoever knows a programme can check them and
add to them without reading code.
"""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from services.eligibility.domain import priority_of
from services.eligibility.rules import Facts, RuleSet, load_document, load_programme
from services.eligibility.rules.facts import fact_kinds
from services.eligibility.rules.reach import Row
from services.eligibility.rules.tables import numbers_used, table_rows

ROOT = Path(__file__).parents[2]
SHIPPED = sorted(path.stem for path in (ROOT / "programmes").glob("*.yaml"))


@cache
def table(programme: str) -> dict[str, Any]:
    path = ROOT / "tests" / "programmes" / f"{programme}.yaml"
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


@cache
def rules(programme: str) -> RuleSet:
    return RuleSet(load_programme(ROOT / "programmes" / f"{programme}.yaml"))


def facts_of(programme: str, case: dict[str, Any]) -> Facts:
    return Facts.from_values({**table(programme)["household"], **case["facts"]})


CASES = [
    pytest.param(programme, case, id=f"{programme}: {case['name']}")
    for programme in SHIPPED
    for case in table(programme)["cases"]
]


@pytest.mark.parametrize(("programme", "case"), CASES)
def test_each_case_comes_out_as_its_table_says(programme: str, case: dict[str, Any]) -> None:
    facts = facts_of(programme, case)
    found = rules(programme).assess(facts)
    assert (found.outcome, list(found.reasons), list(found.rows)) == (
        case["outcome"],
        case["reasons"],
        case["rows"],
    )
    if "priority" in case:
        assert priority_of(rules(programme).programme, facts) == case["priority"]


@pytest.mark.parametrize("programme", SHIPPED)
def test_a_table_has_twelve_cases_and_reaches_every_row(programme: str) -> None:
    cases = table(programme)["cases"]
    assert len(cases) >= 12
    assert len({case["name"] for case in cases}) == len(cases)
    content = [node["content"] for node in rules(programme).programme.rules["nodes"] if "content" in node]
    ids = {row["_id"] for one in content for row in one["rules"]}
    assert {row for case in cases for row in case["rows"]} == ids


@pytest.mark.parametrize("programme", SHIPPED)
def test_the_edges_of_each_threshold_are_among_the_cases(programme: str) -> None:
    """Every number that a cell names, and the one beside it, is a household's value in some case."""
    seen = [facts_of(programme, case).context() for case in table(programme)["cases"]]
    for fact in rules(programme).seen:
        for number in numbers_used(rules(programme).programme.rules, fact):
            values = {facts[fact] for facts in seen}
            assert number in values, (fact, number)
            assert values & {number - 1, number + 1}, (fact, number)


@pytest.mark.parametrize("programme", SHIPPED)
def test_what_no_source_states_is_marked(programme: str) -> None:
    document = load_document(ROOT / "programmes" / f"{programme}.yaml")
    assert document["id"] == programme
    assert {"budget", "voucher.validity_days", "voucher.minimum_price"} <= set(document["unverified"])


def values_at_edges(programme: str) -> dict[str, Any]:
    """For each fact that an application states: what a table of this programme can tell apart."""
    found: dict[str, Any] = {}
    for fact, kind in fact_kinds().items():
        if isinstance(kind, range):
            named = numbers_used(rules(programme).programme.rules, fact) | {0, 1, 2025, 2026}
            near = {number + step for number in named for step in (-1, 0, 1)}
            found[fact] = st.sampled_from(sorted(number for number in near if number in kind))
        elif fact != "ethnic_minority":
            found[fact] = st.booleans() if kind is bool else st.sampled_from(sorted(kind))
    return found


def by_hand(programme: str, facts: Facts) -> tuple[str, tuple[str, ...]]:
    """Outcome and reasons, read off the tables row by row without the engine."""
    refusals, between = table_rows(rules(programme).programme.rules)
    context = facts.context()

    def hits(row: Row) -> bool:
        return all(cell.holds(context[fact], context) for fact, cell in row.conditions.items())

    against = [str(row.reason) for row in refusals if hits(row)]
    if against:
        return "ineligible", tuple(dict.fromkeys(against))
    tables = [node["content"] for node in rules(programme).programme.rules["nodes"] if "content" in node]
    outcomes = {row["_id"]: row["outcome"].strip("'") for row in tables[1]["rules"]}
    hit = next((row for row in between if hits(row)), None)
    if hit is None:
        return "error", ("FACTS_NOT_PLANNED_FOR",)
    return outcomes[hit.id], (str(hit.reason),)


@pytest.mark.parametrize("programme", SHIPPED)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_the_outcome_depends_on_facts_and_version_only(programme: str, data: st.DataObject) -> None:
    """Whoever applies, whenever it is asked, in whichever process: as the tables say, row by row."""
    stated = data.draw(st.fixed_dictionaries(values_at_edges(programme)))
    facts = Facts(**stated)
    first = rules(programme).assess(facts)
    rules(programme).assess(Facts(**data.draw(st.fixed_dictionaries(values_at_edges(programme)))))
    again = RuleSet(load_programme(ROOT / "programmes" / f"{programme}.yaml")).assess(Facts(**stated))
    assert first == rules(programme).assess(facts) == again
    assert (first.outcome, first.reasons) == by_hand(programme, facts)
