"""Programmes and their decision tables: every edge, every reason, and what must never be published."""

import copy
import functools
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from services.applications.lists import HouseholdDraft, ListTable, RowContext, parse_row, read_list
from services.eligibility.rules import (
    Facts,
    FactsInvalid,
    ProgrammeInvalid,
    RuleSet,
    document_digest,
    load_document,
    load_programme,
    parse_programme,
)

ROOT = Path(__file__).parents[2]
PROGRAMMES = ROOT / "programmes"
TUYEN_QUANG, NATIONAL = "tuyen-quang-2026", "national"
ELIGIBLE = Facts(
    poverty_status="poor",
    ethnicity="09",
    has_smartphone=False,
    members_count=4,
    certificate_year=2026,
    assessment_year=2026,
)


@functools.cache
def rules_of(programme: str) -> RuleSet:
    return RuleSet(load_programme(PROGRAMMES / f"{programme}.yaml"))


@functools.cache
def example_households() -> list[HouseholdDraft]:
    table = read_list((ROOT / "examples" / "nam-ty.xlsx").read_bytes(), "nam-ty.xlsx")
    assert isinstance(table, ListTable)
    parsed = [parse_row(row, RowContext(date(2026, 1, 15))) for row in table.rows]
    return [row.household for row in parsed if row.household is not None]


def facts_of(household: HouseholdDraft) -> Facts:
    return Facts(
        poverty_status=household.poverty_status,
        ethnicity=household.ethnicity,
        has_smartphone=household.has_smartphone,
        members_count=household.members_count,
        certificate_year=household.certificate_year or 0,
        assessment_year=2026,
    )


class TestTuyenQuang:
    @pytest.mark.parametrize(
        ("changes", "outcome", "reasons"),
        [
            ({}, "eligible", ["MEETS_ALL_CONDITIONS"]),
            ({"poverty_status": "near_poor"}, "eligible", ["MEETS_ALL_CONDITIONS"]),
            ({"members_count": 1}, "eligible", ["MEETS_ALL_CONDITIONS"]),
            ({"ethnicity": "02"}, "eligible", ["MEETS_ALL_CONDITIONS"]),
            ({"ethnicity": "54"}, "eligible", ["MEETS_ALL_CONDITIONS"]),
            ({"ethnicity": "01"}, "ineligible", ["MAJORITY_ETHNICITY"]),
            ({"has_smartphone": True}, "ineligible", ["OWNS_SMARTPHONE"]),
            ({"already_received": True}, "ineligible", ["ALREADY_RECEIVED"]),
            ({"poverty_status": "none"}, "ineligible", ["NOT_POOR_OR_NEAR_POOR"]),
            ({"poverty_status": "none", "certificate_year": 0}, "ineligible", ["NOT_POOR_OR_NEAR_POOR"]),
            ({"certificate_year": 0}, "ineligible", ["NO_POVERTY_CERTIFICATE"]),
            ({"certificate_year": 2025}, "ineligible", ["CERTIFICATE_OF_ANOTHER_YEAR"]),
            ({"certificate_year": 2027}, "ineligible", ["CERTIFICATE_OF_ANOTHER_YEAR"]),
            ({"certificate_year": 1}, "ineligible", ["CERTIFICATE_OF_ANOTHER_YEAR"]),
            ({"members_count": 0}, "error", ["FACTS_NOT_PLANNED_FOR"]),
            ({"members_count": 0, "has_smartphone": True}, "ineligible", ["OWNS_SMARTPHONE"]),
        ],
    )
    def test_each_edge(self, changes: dict[str, Any], outcome: str, reasons: list[str]) -> None:
        assessment = rules_of(TUYEN_QUANG).assess(replace(ELIGIBLE, **changes))
        assert (assessment.outcome, list(assessment.reasons)) == (outcome, reasons)

    def test_a_refusal_names_every_reason_and_every_row(self) -> None:
        household = replace(
            ELIGIBLE, poverty_status="none", ethnicity="01", has_smartphone=True, already_received=True
        )
        assessment = rules_of(TUYEN_QUANG).assess(household)
        assert assessment.outcome == "ineligible"
        assert assessment.reasons == (
            "NOT_POOR_OR_NEAR_POOR",
            "MAJORITY_ETHNICITY",
            "OWNS_SMARTPHONE",
            "ALREADY_RECEIVED",
        )
        assert assessment.rows == ("R1", "R4", "R5", "R6", "D1")

    def test_it_keeps_all_facts_and_says_which_of_them_its_tables_see(self) -> None:
        rules = rules_of(TUYEN_QUANG)
        assert rules.assess(ELIGIBLE).looked_at == ELIGIBLE.context()
        assert rules.seen == (
            "already_received",
            "assessment_year",
            "certificate_year",
            "ethnic_minority",
            "has_smartphone",
            "members_count",
            "poverty_status",
        )


class TestExampleList:
    def test_tuyen_quang_416_eligible_205_refused_with_their_reasons(self) -> None:
        answers = rules_of(TUYEN_QUANG).assess_many([facts_of(one) for one in example_households()])
        assert Counter(answer.outcome for answer in answers) == {"eligible": 416, "ineligible": 205}
        assert Counter(reason for answer in answers for reason in answer.reasons) == {
            "MEETS_ALL_CONDITIONS": 416,
            "NOT_POOR_OR_NEAR_POOR": 139,
            "OWNS_SMARTPHONE": 70,
            "MAJORITY_ETHNICITY": 15,
        }

    def test_national_426_eligible_195_refused_with_their_reasons(self) -> None:
        answers = rules_of(NATIONAL).assess_many([facts_of(one) for one in example_households()])
        assert Counter(answer.outcome for answer in answers) == {"eligible": 426, "ineligible": 195}
        assert Counter(reason for answer in answers for reason in answer.reasons) == {
            "MEETS_ALL_CONDITIONS": 426,
            "NOT_POOR_OR_NEAR_POOR": 139,
            "OWNS_SMARTPHONE": 70,
        }

    def test_a_forked_process_assesses_too(self) -> None:
        """With the engine's batch call the child would wait for ever for threads it does not have."""
        rules = rules_of(TUYEN_QUANG)
        rules.assess(ELIGIBLE)
        child = os.fork()
        if child == 0:
            signal.alarm(20)
            os._exit(0 if rules.assess(ELIGIBLE).outcome == "eligible" else 1)
        assert os.waitpid(child, 0)[1] == 0

    def test_one_by_one_or_together_makes_no_difference(self) -> None:
        rules, facts = rules_of(TUYEN_QUANG), [facts_of(one) for one in example_households()[:40]]
        assert [rules.assess(one) for one in facts] == rules.assess_many(facts)


@pytest.mark.parametrize("programme", [TUYEN_QUANG, NATIONAL])
def test_the_tables_agree_with_the_conditions_written_in_python(programme: str) -> None:
    """Every combination of what the tables can see, against a plain restatement of the conditions."""
    combinations = product(
        ("poor", "near_poor", "none"),
        ("01", "09"),
        (True, False),
        (0, 1),
        (0, 2025, 2026, 2027),
        (True, False),
    )
    facts = [Facts(*one[:5], 2026, one[5]) for one in combinations]
    for one, answer in zip(facts, rules_of(programme).assess_many(facts), strict=True):
        assert answer.outcome == expected_outcome(one, programme), one


def expected_outcome(facts: Facts, programme: str) -> str:
    wanted = (
        facts.poverty_status != "none"
        and facts.certificate_year == facts.assessment_year
        and not facts.has_smartphone
        and not facts.already_received
        and (facts.ethnicity != "01" or programme == NATIONAL)
    )
    if not wanted:
        return "ineligible"
    return "eligible" if facts.members_count >= 1 else "error"


class TestProgrammes:
    @pytest.mark.parametrize("name", [TUYEN_QUANG, NATIONAL])
    def test_both_run_in_2026_and_mark_what_no_source_states(self, name: str) -> None:
        programme = load_programme(PROGRAMMES / f"{name}.yaml")
        assert programme.id == name
        assert programme.runs_on(date(2026, 11, 23))
        assert not programme.runs_on(date(2027, 1, 1))
        assert programme.amount == 500_000
        assert programme.priority_order == ("merit", "social_policy", "poor", "near_poor")
        assert {"period", "budget", "voucher.validity_days"} <= set(programme.unverified)

    def test_tuyen_quang_serves_its_province_only(self) -> None:
        programme = load_programme(PROGRAMMES / "tuyen-quang-2026.yaml")
        assert (programme.provinces, programme.budget) == (("08",), 200_000_000)
        assert programme.covers("08")
        assert not programme.covers("14")

    def test_national_serves_everyone(self) -> None:
        assert load_programme(PROGRAMMES / "national.yaml").covers("14")

    def test_the_document_stands_alone_and_its_digest_ignores_the_order_of_keys(self) -> None:
        document = load_document(PROGRAMMES / "national.yaml")
        turned = dict(reversed(document.items()))
        assert parse_programme(turned) == parse_programme(document)
        assert document_digest(turned) == document_digest(document)
        assert len(document_digest(document)) == 64

    def test_any_change_changes_the_digest(self) -> None:
        document = load_document(PROGRAMMES / "national.yaml")
        changed = copy.deepcopy(document)
        changed["rules"]["nodes"][1]["content"]["rules"][0]["_description"] += "."
        assert document_digest(changed) != document_digest(document)


MISSING = object()


def places(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where anything stands in a document."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in inside:
        yield (*path, key)
        yield from places(below, (*path, key))


def put_at(document: dict[str, Any], path: tuple[Any, ...], value: object) -> dict[str, Any]:
    """A copy with something else in one place, or with nothing there."""
    changed: Any = copy.deepcopy(document)
    at = changed
    for key in path[:-1]:
        at = at[key]
    if value is MISSING:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return dict(changed)


def refusals(document: dict[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = document["rules"]["nodes"][1]["content"]
    return content


def decision(document: dict[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = document["rules"]["nodes"][2]["content"]
    return content


def put(table: Callable[[dict[str, Any]], dict[str, Any]], row: int, column: str, cell: str) -> Any:
    return lambda document: table(document)["rules"][row].__setitem__(column, cell)


BROKEN: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "a reason without sentences": (
        lambda d: d["reasons"].pop("OWNS_SMARTPHONE"),
        "OWNS_SMARTPHONE has no sentences",
    ),
    "a sentence in one language": (lambda d: d["reasons"]["OWNS_SMARTPHONE"].pop("vi"), "vi: Missing data"),
    "an unknown fact in a column": (
        lambda d: refusals(d)["inputs"][0].__setitem__("field", "income"),
        "unknown fact 'income'",
    ),
    "an unknown fact in a cell": (
        put(refusals, 1, "certificate", "!= birth_year"),
        "unknown fact birth_year",
    ),
    "a word the fact cannot take": (put(refusals, 0, "poverty", "'rich'"), "cannot take"),
    "a number where a word belongs": (put(refusals, 0, "poverty", "1"), "cannot take"),
    "a word where a number belongs": (put(refusals, 1, "certificate", "'2026'"), "with something else"),
    "a word where true or false belongs": (
        put(refusals, 4, "smartphone", "'true'"),
        "neither true nor false",
    ),
    "a cell that cannot be read": (put(refusals, 1, "certificate", "> > 3"), "cannot be read"),
    "no error at the end": (lambda d: decision(d)["rules"].pop(), "the last row must be an error"),
    "a condition on the last row": (put(decision, 2, "smartphone", "true"), "the last row must be an error"),
    "an ineligible last row": (put(decision, 2, "outcome", "'ineligible'"), "the last row must be an error"),
    "a refusal that the decision ignores": (
        put(decision, 0, "refusals", "> 1"),
        "the first row must be ineligible",
    ),
    "an eligible row without conditions": (
        lambda d: decision(d)["rules"].insert(
            1, {"_id": "D9", "outcome": "'eligible'", "reason": "'MEETS_ALL_CONDITIONS'", "row": "'D9'"}
        ),
        "row D9 has no condition",
    ),
    "a refusal that says eligible": (put(refusals, 0, "outcome", "'eligible'"), "must be ineligible"),
    "an unknown outcome": (put(decision, 1, "outcome", "'maybe'"), "the outcome must be one of"),
    "a row that names another row": (put(refusals, 0, "row", "'R9'"), "must repeat the row's id"),
    "a row id used twice": (put(refusals, 0, "_id", "R2"), "used twice"),
    "only the first reason collected": (
        lambda d: refusals(d).__setitem__("hitPolicy", "first"),
        "hit policy must be collect",
    ),
    "a node that runs code": (
        lambda d: d["rules"]["nodes"].append({"id": "x", "name": "x", "type": "functionNode"}),
        "nothing else",
    ),
    "a missing edge": (lambda d: d["rules"]["edges"].pop(), "need the edges"),
    "no tables": (lambda d: d.__setitem__("rules", {}), "rules.nodes: Missing data"),
    "an amount as text": (lambda d: d["benefit"].__setitem__("amount", "500000"), "benefit.amount"),
    "an amount as a float": (lambda d: d["benefit"].__setitem__("amount", 500000.0), "benefit.amount"),
    "an amount of true": (lambda d: d["benefit"].__setitem__("amount", True), "benefit.amount"),
    "no amount": (lambda d: d["benefit"].__setitem__("amount", 0), "benefit.amount"),
    "a negative budget": (lambda d: d.__setitem__("budget", -1), "budget"),
    "a period that ends first": (
        lambda d: d["period"].__setitem__("to", "2025-12-31"),
        "ends before it begins",
    ),
    "a day that does not exist": (lambda d: d["period"].__setitem__("to", "2026-02-30"), "period.to"),
    "a province of before 2025": (lambda d: d["area"].__setitem__("provinces", ["02"]), "no province '02'"),
    "a province as a number": (lambda d: d["area"].__setitem__("provinces", [8]), "no province 8"),
    "an unknown field": (lambda d: d.__setitem__("colour", "red"), "colour"),
    "no version": (lambda d: d.pop("version"), "version"),
    "a version that no table can hold": (lambda d: d.__setitem__("version", 2**31), "version"),
    "more households than there are": (
        lambda d: d.__setitem__("quota", {"by_province": {"08": 10**15}}),
        "quota.by_province",
    ),
    "a name of blanks": (lambda d: d.__setitem__("name_vi", "  "), "name_vi: Says nothing"),
    "a sentence of blanks": (
        lambda d: d["reasons"]["OWNS_SMARTPHONE"].__setitem__("vi", "\n"),
        "OWNS_SMARTPHONE.value.vi: Says nothing",
    ),
    "half a character": (lambda d: d.__setitem__("name_vi", "a\ud800"), "half a character"),
    "a conflict of interest left to the tables": (
        lambda d: d.__setitem__("refer_on", ["near_duplicate"]),
        "refer_on: conflict_of_interest is always referred",
    ),
    "an unverified field that is none": (
        lambda d: d["unverified"].append("voucher.colour"),
        "there is no field voucher.colour",
    ),
    "posting days without lists": (
        lambda d: d.__setitem__("approval", {"mode": "automatic", "posting_days": 5}),
        "only lists hang out",
    ),
}


class TestInvalidProgrammes:
    @pytest.mark.parametrize("fault", BROKEN)
    def test_is_refused(self, fault: str) -> None:
        break_it, expected = BROKEN[fault]
        document = load_document(PROGRAMMES / "tuyen-quang-2026.yaml")
        break_it(document)
        with pytest.raises(ProgrammeInvalid) as refusal:
            parse_programme(document)
        assert any(expected in problem for problem in refusal.value.problems), refusal.value.problems

    def test_all_problems_are_listed_at_once(self) -> None:
        document = load_document(PROGRAMMES / "tuyen-quang-2026.yaml")
        document["benefit"]["amount"] = "many"
        document["budget"] = 1.5
        with pytest.raises(ProgrammeInvalid) as refusal:
            parse_programme(document)
        assert len(refusal.value.problems) >= 2

    def test_whatever_stands_in_one_place_it_is_refused_or_it_works(self) -> None:
        """The engine reads a model only at the first household: what passed once must never fail there."""
        document = load_document(PROGRAMMES / "tuyen-quang-2026.yaml")
        household = Facts("poor", "09", False, 4, 2026, 2026)
        tried = refused = 0
        for path in places(document):
            for junk in (None, 5, "x", "", {}, [], True, ["x"], {"a": 1}, MISSING):
                tried += 1
                try:
                    programme = parse_programme(put_at(document, path, junk))
                except ProgrammeInvalid:
                    refused += 1
                else:
                    assert RuleSet(programme).assess(household).rows, (path, junk)
        assert tried > 3_000
        assert 0.5 < refused / tried < 1

    @pytest.mark.parametrize(
        ("name", "text", "twice"),
        [
            ("x.yaml", "id: a\nid: b\nrules: x.rules.json\n", "id stands twice"),
            ("x.rules.json", '{"nodes": [], "nodes": []}', "nodes stands twice"),
        ],
    )
    def test_a_key_that_stands_twice(self, tmp_path: Path, name: str, text: str, twice: str) -> None:
        (tmp_path / "x.yaml").write_text("id: a\nrules: x.rules.json\n")
        (tmp_path / "x.rules.json").write_text("{}")
        (tmp_path / name).write_text(text)
        with pytest.raises(ProgrammeInvalid, match=twice):
            load_programme(tmp_path / "x.yaml")

    @pytest.mark.parametrize("text", ["", "- a", "id: [", "rules: nowhere.json"])
    def test_a_file_that_is_no_programme(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "x.yaml"
        path.write_text(text)
        with pytest.raises((ProgrammeInvalid, FileNotFoundError)):
            load_programme(path)


class TestFacts:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("poverty_status", "rich"),
            ("poverty_status", None),
            ("ethnicity", "1"),
            ("ethnicity", 9),
            ("has_smartphone", "true"),
            ("has_smartphone", 1),
            ("members_count", "4"),
            ("members_count", 4.0),
            ("members_count", True),
            ("members_count", -1),
            ("certificate_year", "2026"),
            ("certificate_year", Decimal(2026)),
            ("certificate_year", None),
            ("assessment_year", 10_000),
            ("already_received", None),
        ],
    )
    def test_a_wrong_type_never_reaches_the_engine(self, name: str, value: Any) -> None:
        with pytest.raises(FactsInvalid, match=name):
            replace(ELIGIBLE, **{name: value})

    def test_a_mapping_makes_facts_or_says_what_is_wrong(self) -> None:
        values = {
            "poverty_status": "poor",
            "ethnicity": "09",
            "has_smartphone": False,
            "members_count": 4,
            "certificate_year": 2026,
            "assessment_year": 2026,
        }
        assert Facts.from_values(values) == ELIGIBLE
        with pytest.raises(FactsInvalid, match="income: no such fact"):
            Facts.from_values({**values, "income": 1})
        with pytest.raises(FactsInvalid, match="ethnicity: missing"):
            Facts.from_values({name: value for name, value in values.items() if name != "ethnicity"})
