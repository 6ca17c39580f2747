"""Each programme that comes with Sóng Bản, held against a table of cases: outcome, reasons, rows, rank.

The tables are data (`tests/programmes/<programme>.yaml`): whoever knows a programme can check them and
add to them without reading code.
"""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.eligibility.domain import priority_of
from services.eligibility.rules import Facts, RuleSet, load_document, load_programme
from services.eligibility.rules.tables import numbers_used

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
