"""Cells mean to us what they mean to the engine; overlaps and unreachable rows are found exactly.

What `reach` says of random tables is held against brute force: every household of a domain large enough for
the numbers in the cells is put to the engine, which says what rows hit it.
"""

import copy
from collections.abc import Callable, Sequence
from functools import cache
from itertools import combinations, product
from pathlib import Path
from typing import Any

import pytest
import zen
from hypothesis import given, settings
from hypothesis import strategies as st

from services.eligibility.rules import ProgrammeInvalid, load_document, parse_programme
from services.eligibility.rules.cells import CellUnreadable, read_cell
from services.eligibility.rules.reach import Row, reach_problems, unplanned
from services.eligibility.rules.regions import Space, TooIntricate
from services.eligibility.rules.tables import table_rows

ROOT = Path(__file__).parents[2]
YEARS = {"certificate_year": range(9), "assessment_year": range(9)}
DOMAIN: dict[str, Sequence[Any]] = {
    "poverty_status": ("poor", "near_poor", "none"),
    "has_smartphone": (True, False),
    "deprivations": range(9),
    **YEARS,
}
"""Cells name numbers up to 5, so two facts that are compared need 0 to 7 to be told apart in every way."""

numbers = st.integers(0, 5)
comparisons = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])


def intervals(low: st.SearchStrategy[Any]) -> st.SearchStrategy[str]:
    ends = st.tuples(st.sampled_from("[("), low, low, st.sampled_from("])"))
    return ends.map(lambda one: f"{one[0]}{one[1]}..{one[2]}{one[3]}")


def number_terms(other: str) -> st.SearchStrategy[str]:
    operand = st.one_of(numbers.map(str), st.just(other))
    lists = st.lists(operand, min_size=1, max_size=3).map(lambda some: f"[{', '.join(some)}]")
    return st.one_of(
        operand,
        st.tuples(comparisons, operand).map(" ".join),
        intervals(operand),
        st.tuples(st.sampled_from(["in", "not in"]), st.one_of(lists, intervals(operand))).map(" ".join),
    )


def cells_of(terms: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Terms joined by `and`, then by `or` or commas."""
    first = st.lists(terms, min_size=1, max_size=3).map(" and ".join)
    more = st.lists(st.tuples(st.sampled_from([", ", " or "]), terms), max_size=2)
    return st.tuples(first, more).map(lambda one: one[0] + "".join("".join(part) for part in one[1]))


WORDS = st.sampled_from(["'poor'", "'near_poor'", '"none"'])
word_terms = st.one_of(
    WORDS,
    st.tuples(st.sampled_from(["==", "!="]), WORDS).map(" ".join),
    st.tuples(st.sampled_from(["in", "not in"]), st.lists(WORDS, min_size=1, max_size=3)).map(
        lambda one: f"{one[0]} [{', '.join(one[1])}]"
    ),
)
CELLS = {
    "poverty_status": cells_of(word_terms),
    "has_smartphone": st.sampled_from(["true", "false"]),
    "deprivations": cells_of(number_terms("3")),
    "certificate_year": cells_of(number_terms("assessment_year")),
    "assessment_year": cells_of(number_terms("2")),
}
rows_of_cells = st.fixed_dictionaries({}, optional=CELLS)


class TestCells:
    @settings(max_examples=400, deadline=None)
    @given(cell=CELLS["certificate_year"])
    def test_numbers_mean_what_they_mean_to_the_engine(self, cell: str) -> None:
        for value, other in product(range(8), (0, 3, 6)):
            engine = zen.evaluate_unary_expression(cell, {"assessment_year": other, "$": value})
            assert read_cell(cell).holds(value, {"assessment_year": other}) is engine, (cell, value, other)

    @settings(max_examples=100, deadline=None)
    @given(cell=CELLS["poverty_status"])
    def test_words_mean_what_they_mean_to_the_engine(self, cell: str) -> None:
        for value in DOMAIN["poverty_status"]:
            assert read_cell(cell).holds(value, {}) is zen.evaluate_unary_expression(cell, {"$": value}), cell

    @pytest.mark.parametrize(
        ("cell", "says"),
        [
            ("> 1 or < 1 and > 5", "mixes"),
            ("7, > 1 and < 3", "mixes"),
            ("> 007", "cannot be read"),
            ("1_000", "cannot be read"),
            ("1.5", "cannot be read"),
            ("> -1", "cannot be read"),
            ("> x + 1", "cannot be read"),
            ("2,", "ends too early"),
            ("in 2", "needs a list"),
            ("in [1", "ends too early"),
            ("in [1 2]", "does not end"),
            ("[1..2", "ends too early"),
            ("[1..2 3", "does not end"),
            ("]1..3[", "cannot be read"),
            ("not 1", "misses 'in'"),
            ("1 2", "cannot be read"),
            ("and", "cannot be read"),
            ("len(members)", "cannot be read"),
            (" and ".join(["not in [1..2]"] * 7), "too much"),
        ],
    )
    def test_what_the_engine_would_pass_over_in_silence_is_refused(self, cell: str, says: str) -> None:
        with pytest.raises(CellUnreadable, match=says):
            read_cell(cell)


class TestRandomTables:
    @settings(max_examples=60, deadline=None)
    @given(
        refusals=st.lists(rows_of_cells, max_size=2),
        reasons=st.lists(st.sampled_from("AB"), min_size=2, max_size=2),
        between=st.lists(rows_of_cells, min_size=1, max_size=3),
    )
    def test_agree_with_brute_force(
        self, refusals: list[dict[str, str]], reasons: list[str], between: list[dict[str, str]]
    ) -> None:
        first = [made(f"R{place}", row, reasons[place]) for place, row in enumerate(refusals)]
        rows = [made(f"D{place}", row, "C") for place, row in enumerate(between)]
        hits = hits_by_row(
            {f"R{place}": row for place, row in enumerate(refusals)} | dict(enumerate(between))
        )
        hits = {f"D{name}" if isinstance(name, int) else name: found for name, found in hits.items()}
        assert told(reach_problems(first, rows)) == expected(first, rows, hits)
        caught = set(range(len(households()))) - set().union(*hits.values())
        assert (unplanned(first, rows) is None) == (not caught)


def made(name: str, cells: dict[str, str], reason: str) -> Row:
    return Row(name, {fact: read_cell(cell) for fact, cell in cells.items()}, reason)


def told(problems: list[str]) -> set[str]:
    """Row ids and what is said of them: never, repeats, or the two rows that overlap."""
    found = set()
    for problem in problems:
        words = problem.split()
        if words[1] == "rows":
            found.add(f"{words[2]} {words[4]}")
        else:
            found.add(f"{words[2]} {'repeats' if 'repeats' in words else 'never'}")
    return found


def expected(refusals: list[Row], rows: list[Row], hits: dict[str, set[int]]) -> set[str]:
    found = set()
    for place, row in enumerate(refusals):
        same = [hits[one.id] for one in refusals[:place] if one.reason == row.reason]
        if not hits[row.id]:
            found.add(f"{row.id} never")
        elif not hits[row.id] - set().union(*same):
            found.add(f"{row.id} repeats")
    refused: set[int] = set().union(*(hits[row.id] for row in refusals))
    reached: dict[str, set[int]] = {}
    for row in rows:
        region = hits[row.id] - refused
        if region - set().union(*reached.values()):
            reached[row.id] = region
        else:
            found.add(f"{row.id} never")
    for one, other in combinations(reached, 2):
        if reached[one] & reached[other] and reached[one] - reached[other]:
            found.add(f"{one} {other}")
    return found


@cache
def households() -> list[dict[str, Any]]:
    return [dict(zip(DOMAIN, one, strict=True)) for one in product(*DOMAIN.values())]


def hits_by_row(rows: dict[Any, dict[str, str]]) -> dict[Any, set[int]]:
    """The households by number that the engine finds hit by each row, in one table that collects."""
    table = {
        "hitPolicy": "collect",
        "inputs": [{"id": fact, "name": fact, "field": fact} for fact in DOMAIN],
        "outputs": [{"id": "row", "name": "row", "field": "row"}],
        "rules": [{"_id": str(name), **cells, "row": f"'{name}'"} for name, cells in rows.items()],
    }
    nodes = [
        {"id": "in", "name": "in", "type": "inputNode"},
        {"id": "t", "name": "t", "type": "decisionTableNode", "content": table},
        {"id": "out", "name": "out", "type": "outputNode"},
    ]
    edges = [
        {"id": "1", "sourceId": "in", "targetId": "t"},
        {"id": "2", "sourceId": "t", "targetId": "out"},
    ]
    content = {"table": {"nodes": nodes, "edges": edges}}
    engine = zen.ZenEngine({"loader": {"type": "static", "content": content}})
    found: dict[Any, set[int]] = {name: set() for name in rows}
    names = {str(name): name for name in rows}
    for number, household in enumerate(households()):
        for hit in engine.evaluate("table", household)["result"]:
            found[names[hit["row"]]].add(number)
    return found


def refusals(document: dict[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = document["rules"]["nodes"][1]["content"]
    return content


def decision(document: dict[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = document["rules"]["nodes"][2]["content"]
    return content


def row(name: str, outcome: str, reason: str, **cells: str) -> dict[str, str]:
    return {"_id": name, **cells, "outcome": f"'{outcome}'", "reason": f"'{reason}'", "row": f"'{name}'"}


def add(table: Callable[[dict[str, Any]], dict[str, Any]], place: int, line: dict[str, str]) -> Any:
    return lambda document: table(document)["rules"].insert(place, line)


FINE = row("D9", "referred", "FACTS_NOT_PLANNED_FOR", members="1", smartphone="false")
BROKEN: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "two rows that overlap in part": (
        add(decision, 1, row("D9", "referred", "FACTS_NOT_PLANNED_FOR", members="<= 1")),
        "rows D9 and D2 both hit, and neither is an exception to the other",
    ),
    "a row behind one that takes all of it": (
        add(
            decision,
            2,
            {**FINE, "poverty": "'poor'", "certificate": "== assessment_year", "minority": "true"},
        ),
        "row D9 can never hit, the rows before it take every household",
    ),
    "a row whose households are all refused": (
        add(decision, 2, row("D9", "referred", "FACTS_NOT_PLANNED_FOR", smartphone="true")),
        "row D9 can never hit, every household that it means is refused",
    ),
    "a row whose cells contradict the facts": (
        add(decision, 2, row("D9", "referred", "FACTS_NOT_PLANNED_FOR", certificate="> 5 and < 3")),
        "row D9 can never hit, its cells contradict each other",
    ),
    "a row that waits for refusals": (
        add(decision, 2, row("D9", "referred", "FACTS_NOT_PLANNED_FOR", refusals="1")),
        "row D9 can never hit, a household with refusals is decided by the first row",
    ),
    "a refusal that never hits": (
        add(refusals, 0, row("R9", "ineligible", "OWNS_SMARTPHONE", certificate="> 9999")),
        "row R9 can never hit",
    ),
    "a refusal that repeats another": (
        add(refusals, 6, row("R9", "ineligible", "OWNS_SMARTPHONE", smartphone="true", minority="true")),
        "row R9 repeats the reason of earlier rows",
    ),
    "a cell without a column": (
        lambda d: refusals(d)["rules"][0].__setitem__("smartphon", "true"),
        "cells without a column: smartphon",
    ),
    "two columns on one fact": (
        lambda d: refusals(d)["inputs"].append({"id": "again", "field": "has_smartphone"}),
        "has_smartphone has two columns",
    ),
    "two columns with one id": (
        lambda d: refusals(d)["inputs"].append({"id": "poverty", "field": "members_count"}),
        "column id 'poverty' is used twice",
    ),
    "a table that looks at a part of the household": (
        lambda d: refusals(d).__setitem__("inputField", "members"),
        "no input field",
    ),
    "a reason that is computed": (
        lambda d: refusals(d)["rules"][0].__setitem__("reason", "poverty_status"),
        "reason must be one word in quotes",
    ),
    "an or before an and": (
        lambda d: refusals(d)["rules"][1].__setitem__("certificate", "0 or > 5 and < 7"),
        "mixes 'and' behind 'or'",
    ),
    "an edge without an id": (lambda d: d["rules"]["edges"][0].pop("id"), "rules.edges.0.id: Missing data"),
    "a number in a cell": (
        lambda d: decision(d)["rules"][1].__setitem__("members", 1),
        "decision.rules.1.members.value: Not a valid string",
    ),
    "neither pass-through nor none": (
        lambda d: decision(d).__setitem__("passThrough", None),
        "decision.passThrough",
    ),
    "an input that turns households away": (
        lambda d: d["rules"]["nodes"][0].__setitem__("content", {"schema": '{"required": ["x"]}'}),
        "node household has a schema",
    ),
    "a node that stands twice": (
        lambda d: d["rules"]["nodes"].append(dict(d["rules"]["nodes"][0])),
        "need one input",
    ),
    "a row without an id": (lambda d: refusals(d)["rules"][0].pop("_id"), "row number 1 has no _id"),
    "no rows": (lambda d: refusals(d).__setitem__("rules", []), "has 0 rows"),
}


class TestShippedTables:
    @pytest.mark.parametrize("fault", BROKEN)
    def test_are_refused_with(self, fault: str) -> None:
        break_it, expected = BROKEN[fault]
        document = copy.deepcopy(load_document(ROOT / "programmes" / "tuyen-quang-2026.yaml"))
        break_it(document)
        with pytest.raises(ProgrammeInvalid) as refusal:
            parse_programme(document)
        assert any(expected in problem for problem in refusal.value.problems), refusal.value.problems

    def test_an_exception_may_stand_before_its_rule(self) -> None:
        document = copy.deepcopy(load_document(ROOT / "programmes" / "tuyen-quang-2026.yaml"))
        narrow = {**decision(document)["rules"][1], "_id": "D9", "row": "'D9'", "members": "1"}
        decision(document)["rules"].insert(1, {**narrow, "outcome": "'referred'"})
        assert parse_programme(document)

    def test_an_overlap_is_shown_by_a_household(self) -> None:
        document = copy.deepcopy(load_document(ROOT / "programmes" / "tuyen-quang-2026.yaml"))
        add(decision, 1, row("D9", "referred", "FACTS_NOT_PLANNED_FOR", members="<= 1"))(document)
        with pytest.raises(ProgrammeInvalid, match="members_count 1, poverty_status 'near_poor'"):
            parse_programme(document)

    def test_what_only_the_last_row_catches_is_shown_by_a_household(self) -> None:
        document = load_document(ROOT / "programmes" / "tuyen-quang-2026.yaml")
        found = unplanned(*table_rows(document["rules"]))
        assert found is not None
        assert found["members_count"] == 0


LINES: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "no lines": (lambda d: d.pop("poverty_lines"), "poverty_lines: missing"),
    "another rural line": (
        lambda d: d["poverty_lines"].__setitem__("rural", 2_000_000),
        "income_per_person with 2200000, which is no line",
    ),
    "a line that no cell uses": (
        lambda d: d["poverty_lines"].__setitem__("urban", 3_000_000),
        "no cell of the tables uses the line 3000000",
    ),
    "another number of deprivations": (
        lambda d: d["poverty_lines"].__setitem__("deprivations", 3),
        "must compare deprivations with 3",
    ),
}


@pytest.mark.parametrize("fault", LINES)
def test_lines_and_tables_say_the_same(fault: str) -> None:
    break_it, expected = LINES[fault]
    document = copy.deepcopy(load_document(ROOT / "programmes" / "dong-nai.yaml"))
    break_it(document)
    with pytest.raises(ProgrammeInvalid) as refusal:
        parse_programme(document)
    assert any(expected in problem for problem in refusal.value.problems), refusal.value.problems


class TestSpace:
    def test_a_minority_is_whoever_is_not_kinh(self) -> None:
        minority = Row("D1", {"ethnicity": read_cell("'01'"), "ethnic_minority": read_cell("true")}, "A")
        assert "contradict" in reach_problems([], [minority])[0]
        majority = Row("D1", {"ethnicity": read_cell("!= '09'"), "ethnic_minority": read_cell("false")}, "A")
        assert reach_problems([], [majority]) == []

    def test_what_cannot_be_gone_through_is_said(self) -> None:
        year = {
            "certificate_year": read_cell("< assessment_year"),
            "members_count": read_cell("> assessment_year"),
        }
        many = [
            Row(
                f"D{n}",
                {**year, "deprivations": read_cell("1"), "assessment_year": read_cell(str(7 * n))},
                "A",
            )
            for n in range(1, 60)
        ]
        with pytest.raises(TooIntricate):
            Space(one.conditions for one in many)
        assert "cannot be checked" in reach_problems([], many)[0]
