"""What a programme's decision tables, in zen-engine's JDM format, must look like to be trusted.

Two tables. `refusals` (hit policy collect) names every reason against a household, one row each. `decision`
(hit policy first) turns them into the outcome: its first row refuses as soon as there is a refusal, the rows
between name the facts of an eligible household in full, its last row catches what no row planned for as an
error. The engine takes a cell that it cannot read for one that does not match, so every cell is read here
(`cells`), tried in the engine, and held against the other rows (`reach`).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import zen

from services.eligibility.rules.cells import Atom, Cell, CellUnreadable, Fact, read_cell
from services.eligibility.rules.facts import Kind, fact_kinds
from services.eligibility.rules.model import TABLE, format_problems
from services.eligibility.rules.reach import Row, reach_problems

OUTCOMES = frozenset({"eligible", "ineligible", "referred", "error"})
REFUSALS, DECISION = "refusals", "decision"
REFUSAL_COUNT = "len(refusals)"
TABLES = "rules"
"""The key of a programme's tables in its engine."""
MOST_ROWS = 200
LONGEST_CELL = 500
_COUNT = range(1_000)
_POLICIES = {REFUSALS: "collect", DECISION: "first"}
_OUTPUTS = ("outcome", "reason", "row")
_EDGES = {("in", REFUSALS), ("in", DECISION), (REFUSALS, DECISION), (REFUSALS, "out"), (DECISION, "out")}
_NODE_KINDS = {"inputNode": "in", "outputNode": "out"}
_ROW_KEYS = frozenset({"_id", "_description"})

_QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")
_ORDERED = frozenset({"<", "<=", ">", ">="})

Content = Mapping[str, Any]


def facts_used(rules: Content) -> tuple[str, ...]:
    """The facts that any column or cell of sound tables names, in alphabetical order."""
    named: set[str] = set()
    for row in (one for part in table_rows(rules) for one in part):
        for fact, cell in row.conditions.items():
            named |= {fact, *cell.facts()}
    return tuple(sorted(named))


def numbers_used(rules: Content, fact: str) -> set[int]:
    """The whole numbers that the cells of a fact compare it with."""
    cells = (row.conditions[fact] for part in table_rows(rules) for row in part if fact in row.conditions)
    return {atom.operand for cell in cells for atom in cell.atoms() if isinstance(atom.operand, int)}


def table_rows(rules: Content) -> tuple[list[Row], list[Row]]:
    """The rows of sound tables: refusals, and those of the decision between its first and its last."""
    tables = _tables(rules)
    refusals = [_row(tables[REFUSALS], row) for row in tables[REFUSALS]["rules"]]
    return refusals, [_row(tables[DECISION], row) for row in tables[DECISION]["rules"][1:-1]]


def rule_problems(rules: dict[str, Any], reasons: frozenset[str]) -> list[str]:
    """Everything that is wrong with the tables; `reasons`: the codes that have sentences.

    Each look takes for granted what those before it found in order, so the first to find something is the
    last.
    """
    looks: tuple[Callable[[], Iterable[str]], ...] = (
        lambda: format_problems(rules),
        lambda: _shape_problems(rules),
        lambda: _content_problems(rules, reasons),
        lambda: reach_problems(*table_rows(rules)),
        lambda: _engine_problems(rules),
    )
    return next(filter(None, (list(look()) for look in looks)), [])


def compiled(rules: Content) -> zen.ZenEngine:
    """An engine that holds the tables under TABLES. By key it keeps them compiled; a ZenDecision compiles
    them at each evaluation (7 times slower), and the batch call's threads do not survive a fork."""
    return zen.ZenEngine({"loader": {"type": "static", "content": {TABLES: dict(rules)}}})


def _engine_problems(rules: Content) -> Iterator[str]:
    """Whether the engine itself can load the tables and answer about a household."""
    household = {name: _any_value(kind) for name, kind in fact_kinds().items()}
    try:
        row = compiled(rules).evaluate(TABLES, household)["result"][DECISION]["row"]
    except Exception as failure:  # noqa: BLE001 - the engine raises nothing narrower
        yield f"rules: the engine cannot read them: {str(failure).partition(chr(10))[0][:200]}"
        return
    if row not in {one["_id"] for one in _tables(rules)[DECISION]["rules"]}:
        yield "rules: the engine does not answer with a row of the decision"


def _tables(rules: Content) -> dict[str, Content]:
    return {node["name"]: node["content"] for node in rules["nodes"] if node["name"] in _POLICIES}


def _content_problems(rules: Content, reasons: frozenset[str]) -> Iterator[str]:
    tables = _tables(rules)
    for name, table in tables.items():
        yield from _table_problems(name, table, reasons)
    ids = [row["_id"] for table in tables.values() for row in table["rules"]]
    yield from (f"rules: row id {row!r} is used twice" for row in _twice(ids))
    yield from _refusal_problems(tables[REFUSALS])
    yield from _decision_problems(tables[DECISION])


def _twice(values: Sequence[str]) -> list[str]:
    return sorted({value for value in values if values.count(value) > 1})


def _shape_problems(rules: Content) -> Iterator[str]:
    """Exactly an input, the two tables and an output, joined as the docstring above says; no code nodes."""
    names = {node["id"]: _node_name(node) for node in rules["nodes"]}
    wanted = sorted(("in", REFUSALS, DECISION, "out"))
    if sorted(names.values()) != wanted or len(rules["nodes"]) != len(wanted):
        yield "rules: need one input, one output, and the decision tables refusals and decision, nothing else"
    elif {(names.get(edge["sourceId"]), names.get(edge["targetId"])) for edge in rules["edges"]} != _EDGES:
        yield "rules: need the edges input→refusals→decision→output, input→decision and refusals→output"
    for name, table in _tables(rules).items():
        if sorted(column["field"] for column in table["outputs"]) != sorted(_OUTPUTS):
            yield f"{name}: the outputs must be {', '.join(_OUTPUTS)}"
        if not 0 < len(table["rules"]) <= MOST_ROWS:
            yield f"{name}: has {len(table['rules'])} rows, not 1 to {MOST_ROWS}"


def _node_name(node: Content) -> str:
    if node["type"] == TABLE and node["name"] in _POLICIES:
        return str(node["name"])
    return _NODE_KINDS.get(node["type"], f"unknown {node['type']}")


def _table_problems(name: str, table: Content, reasons: frozenset[str]) -> Iterator[str]:
    if table["hitPolicy"] != _POLICIES[name]:
        yield f"{name}: the hit policy must be {_POLICIES[name]}"
    if table.get("outputPath") != name or table.get("passThrough"):
        yield f"{name}: the output path must be {name}, without pass-through"
    if table.get("inputField") or table.get("executionMode", "single") != "single":
        yield f"{name}: must look at the household itself, once: no input field, execution mode single"
    yield from _header_problems(name, table)
    for column in table["inputs"]:
        yield from _column_problems(name, column, table["rules"])
    for row in table["rules"]:
        texts = {column["field"]: _text(row, column) for column in table["outputs"]}
        unquoted = sorted(field for field, text in texts.items() if text and not _QUOTED.fullmatch(text))
        if unquoted:
            yield f"{name}: row {row['_id']}: {', '.join(unquoted)} must be one word in quotes"
        yield from _output_problems(name, _answers(table, row), row["_id"], reasons)


def _header_problems(name: str, table: Content) -> Iterator[str]:
    """Columns that hide each other, and cells that belong to no column, which the engine overlooks."""
    ids = [column["id"] for column in (*table["inputs"], *table["outputs"])]
    yield from (f"{name}: column id {one!r} is used twice" for one in _twice(ids))
    fields = [str(column.get("field")) for column in table["inputs"]]
    yield from (f"{name}: {field} has two columns" for field in _twice(fields))
    for row in table["rules"]:
        stray = sorted(row.keys() - _ROW_KEYS - set(ids))
        if stray:
            yield f"{name}: row {row['_id']} has cells without a column: {', '.join(stray)}"


def _column_problems(name: str, column: Content, rows: list[Content]) -> Iterator[str]:
    field = column.get("field")
    counts = field == REFUSAL_COUNT and name == DECISION
    kind = _COUNT if counts else fact_kinds().get(str(field))
    if kind is None:
        yield f"{name}: unknown fact {field!r}"
        return
    for row in rows:
        fault = _cell_fault(_text(row, column), kind)
        if fault:
            yield f"{name}: row {row['_id']}, {field}: {fault}"


def _cell_fault(text: str, kind: Kind) -> str | None:
    """What keeps an input cell from meaning what it says; an empty one means any value."""
    if not text:
        return None
    if len(text) > LONGEST_CELL:
        return f"has more than {LONGEST_CELL} characters"
    try:
        cell = read_cell(text)
    except CellUnreadable as unreadable:
        return f"{text} {unreadable}"
    unknown = cell.facts() - fact_kinds().keys()
    if unknown:
        return f"unknown fact {', '.join(sorted(unknown))}"
    if kind is bool:
        return None if text in ("true", "false") else f"{text} is neither true nor false"
    if isinstance(kind, frozenset):
        fits = all(_is_word(atom, kind) for atom in cell.atoms())
        return _untried(text, cell, kind) if fits else f"{text} holds a value that the fact cannot take"
    fits = all(_is_number(atom) for atom in cell.atoms())
    return _untried(text, cell, kind) if fits else f"{text} compares a whole number with something else"


def _is_word(atom: Atom, kind: frozenset[str]) -> bool:
    return isinstance(atom.operand, str) and atom.operand in kind and atom.sign not in _ORDERED


def _is_number(atom: Atom) -> bool:
    if isinstance(atom.operand, Fact):
        return isinstance(fact_kinds()[atom.operand.name], range)
    return type(atom.operand) is int


def _untried(text: str, cell: Cell, kind: Kind) -> str | None:
    """A cell that the engine reads differently from us, at the values where its meaning changes."""
    facts = {name: _any_value(one) for name, one in fact_kinds().items()}
    values: set[str | int] = set(kind) if isinstance(kind, frozenset) else set(_around(cell))
    try:
        zen.compile_unary_expression(text)
        read = {value: zen.evaluate_unary_expression(text, {**facts, "$": value}) for value in values}
    except RuntimeError:
        return f"{text} cannot be read"
    differs = any(read[value] is not cell.holds(value, facts) for value in values)
    return f"{text} is read differently by the engine" if differs else None


def _around(cell: Cell) -> Iterator[int]:
    numbers = [atom.operand for atom in cell.atoms() if isinstance(atom.operand, int)]
    return (max(0, number + step) for number in (1, *numbers) for step in (-1, 0, 1))


def _any_value(kind: Kind) -> str | int | bool:
    if isinstance(kind, frozenset):
        return min(kind)
    return True if kind is bool else 1


def _output_problems(name: str, answers: Content, row: str, reasons: frozenset[str]) -> Iterator[str]:
    where = f"{name}: row {row}: "
    if answers["row"] != row:
        yield where + "the row output must repeat the row's id"
    if answers["outcome"] not in OUTCOMES:
        yield where + f"the outcome must be one of {', '.join(sorted(OUTCOMES))}"
    if answers["reason"] is not None and answers["reason"] not in reasons:
        yield where + f"the reason {answers['reason']} has no sentences"


def _refusal_problems(table: Content) -> Iterator[str]:
    for row in table["rules"]:
        answers = _answers(table, row)
        if answers["outcome"] != "ineligible" or answers["reason"] is None:
            yield f"refusals: row {row['_id']} must be ineligible and give a reason"
        if not _conditions(table, row):
            yield f"refusals: row {row['_id']} has no condition"


def _decision_problems(table: Content) -> Iterator[str]:
    rows = table["rules"]
    if len(rows) < 2:
        yield "decision: needs a first row for refusals and a last row for errors"
        return
    first, *between, last = rows
    only_count = {REFUSAL_COUNT: "> 0"}
    if _conditions(table, first) != only_count or _answers(table, first)["outcome"] != "ineligible":
        yield f"decision: the first row must be ineligible on {REFUSAL_COUNT} > 0 and nothing else"
    for row in between:
        answers = _answers(table, row)
        if answers["outcome"] not in ("eligible", "referred") or answers["reason"] is None:
            yield f"decision: row {row['_id']} must be eligible or referred and give a reason"
        if not _conditions(table, row):
            yield f"decision: row {row['_id']} has no condition"
    closing = _answers(table, last)
    if _conditions(table, last) or closing["outcome"] != "error" or closing["reason"] is None:
        yield "decision: the last row must be an error with a reason and without conditions"


def _row(table: Content, row: Content) -> Row:
    cells = {field: read_cell(text) for field, text in _conditions(table, row).items()}
    count = cells.pop(REFUSAL_COUNT, None)
    return Row(row["_id"], cells, _answers(table, row)["reason"], count)


def _conditions(table: Content, row: Content) -> dict[str, str]:
    """Field → cell for the input cells that are not empty."""
    cells = {column["field"]: _text(row, column) for column in table["inputs"]}
    return {field: cell for field, cell in cells.items() if cell}


def _text(row: Content, column: Content) -> str:
    return str(row.get(column["id"], "")).strip()


def _answers(table: Content, row: Content) -> dict[str, str | None]:
    """Output field → the word in its cell, None for an empty cell or one that is no quoted word."""
    found: dict[str, str | None] = {}
    for column in table["outputs"]:
        word = _QUOTED.fullmatch(_text(row, column))
        found[column["field"]] = (word[1] or word[2]) if word else None
    return found
