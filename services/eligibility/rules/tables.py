"""What a programme's decision tables, in zen-engine's JDM format, must look like to be trusted.

Two tables. `refusals` (hit policy collect) names every reason against a household, one row each. `decision`
(hit policy first) turns them into the outcome: its first row refuses as soon as there is a refusal, the rows
between name the facts of an eligible household in full, its last row catches what no row planned for as an
error. The engine takes a cell that it cannot read for one that does not match, so every cell is compiled and
tried here.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import zen

from services.eligibility.rules.facts import Kind, fact_kinds

OUTCOMES = frozenset({"eligible", "ineligible", "referred", "error"})
REFUSALS, DECISION = "refusals", "decision"
REFUSAL_COUNT = "len(refusals)"
_COUNT = range(1_000)
_POLICIES = {REFUSALS: "collect", DECISION: "first"}
_OUTPUTS = ("outcome", "reason", "row")
_EDGES = {("in", REFUSALS), ("in", DECISION), (REFUSALS, DECISION), (REFUSALS, "out"), (DECISION, "out")}
_NODE_KINDS = {"inputNode": "in", "outputNode": "out"}

_QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")
_WORD = re.compile(r"[A-Za-z_]\w*")
_LANGUAGE = frozenset({"and", "or", "not", "in", "true", "false"})

Content = Mapping[str, Any]


def facts_used(rules: Content) -> tuple[str, ...]:
    """The facts that any column or cell of the tables names, in alphabetical order."""
    named: set[str] = set()
    for node in rules["nodes"]:
        for text in _texts(node.get("content") or {}):
            named |= set(_WORD.findall(_QUOTED.sub(" ", text)))
    return tuple(sorted(named & fact_kinds().keys()))


def rule_problems(rules: object, reasons: frozenset[str]) -> list[str]:
    """Everything that is wrong with the tables; `reasons`: the codes that have sentences."""
    if not isinstance(rules, dict):
        return ["rules: not a decision model"]
    try:
        return list(_model_problems(rules, reasons))
    except (KeyError, TypeError, AttributeError) as missing:
        return [f"rules: not the JDM format ({type(missing).__name__}: {missing})"]


def _model_problems(rules: Content, reasons: frozenset[str]) -> Iterator[str]:
    shape = list(_shape_problems(rules))
    yield from shape
    if shape:
        return
    tables = {node["name"]: node["content"] for node in rules["nodes"] if node["name"] in _POLICIES}
    for name, table in tables.items():
        yield from _table_problems(name, table, reasons)
    ids = [row["_id"] for table in tables.values() for row in table["rules"]]
    yield from (
        f"rules: row id {row!r} is used twice" for row in sorted({i for i in ids if ids.count(i) > 1})
    )
    yield from _refusal_problems(tables[REFUSALS])
    yield from _decision_problems(tables[DECISION])


def _shape_problems(rules: Content) -> Iterator[str]:
    """Exactly an input, the two tables and an output, joined as the docstring above says; no code nodes."""
    names = {node["id"]: _node_name(node) for node in rules["nodes"]}
    if sorted(names.values()) != sorted(("in", REFUSALS, DECISION, "out")):
        yield "rules: need one input, one output, and the decision tables refusals and decision, nothing else"
    elif {(names.get(edge["sourceId"]), names.get(edge["targetId"])) for edge in rules["edges"]} != _EDGES:
        yield "rules: need the edges input→refusals→decision→output, input→decision and refusals→output"


def _node_name(node: Content) -> str:
    if node["type"] == "decisionTableNode" and node["name"] in _POLICIES:
        return str(node["name"])
    return _NODE_KINDS.get(node["type"], f"unknown {node['type']}")


def _table_problems(name: str, table: Content, reasons: frozenset[str]) -> Iterator[str]:
    if table["hitPolicy"] != _POLICIES[name]:
        yield f"{name}: the hit policy must be {_POLICIES[name]}"
    if table.get("outputPath") != name or table.get("passThrough"):
        yield f"{name}: the output path must be {name}, without pass-through"
    if sorted(column["field"] for column in table["outputs"]) != sorted(_OUTPUTS):
        yield f"{name}: the outputs must be {', '.join(_OUTPUTS)}"
        return
    if not table["rules"]:
        yield f"{name}: has no rows"
    for column in table["inputs"]:
        yield from _column_problems(name, column, table["rules"])
    for row in table["rules"]:
        yield from _output_problems(name, _answers(table, row), row["_id"], reasons)


def _column_problems(name: str, column: Content, rows: list[Content]) -> Iterator[str]:
    field = column.get("field")
    if field == REFUSAL_COUNT and name == DECISION:
        kind: Kind | None = _COUNT
    else:
        kind = fact_kinds().get(str(field))
    if kind is None:
        yield f"{name}: unknown fact {field!r}"
        return
    for row in rows:
        cell = str(row.get(column["id"], "")).strip()
        where = f"{name}: row {row['_id']}, {field}: "
        yield from (where + fault for fault in _cell_problems(cell, kind))


def _cell_problems(cell: str, kind: Kind) -> Iterator[str]:
    """What keeps an input cell from meaning what it says; an empty one means any value."""
    if not cell:
        return
    words = {single or double for single, double in _QUOTED.findall(cell)}
    bare = _QUOTED.sub(" ", cell)
    unknown = set(_WORD.findall(bare)) - _LANGUAGE - fact_kinds().keys()
    if unknown:
        yield f"unknown fact {', '.join(sorted(unknown))}"
    elif kind is bool and cell not in ("true", "false"):
        yield f"{cell} is neither true nor false"
    elif isinstance(kind, frozenset) and (not words <= kind or re.search(r"\d|\btrue\b|\bfalse\b", bare)):
        yield f"{cell} holds a value that the fact cannot take"
    elif isinstance(kind, range) and (words or re.search(r"\btrue\b|\bfalse\b|\d\.\d", bare)):
        yield f"{cell} compares a whole number with something else"
    elif not _runs(cell, kind):
        yield f"{cell} cannot be read"


def _runs(cell: str, kind: Kind) -> bool:
    """Whether the engine compiles a cell and evaluates it to true or false."""
    try:
        zen.compile_unary_expression(cell)
        return isinstance(zen.evaluate_unary_expression(cell, {**_sample(), "$": _any_value(kind)}), bool)
    except RuntimeError:
        return False


def _sample() -> dict[str, object]:
    return {name: _any_value(kind) for name, kind in fact_kinds().items()}


def _any_value(kind: Kind) -> object:
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
        if not any(_conditions(table, row).values()):
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


def _conditions(table: Content, row: Content) -> dict[str, str]:
    """Field → cell for the input cells that are not empty."""
    cells = {column["field"]: str(row.get(column["id"], "")).strip() for column in table["inputs"]}
    return {field: cell for field, cell in cells.items() if cell}


def _answers(table: Content, row: Content) -> dict[str, str | None]:
    """Output field → the word in its cell, None for an empty cell or one that is no quoted word."""
    found: dict[str, str | None] = {}
    for column in table["outputs"]:
        word = _QUOTED.fullmatch(str(row.get(column["id"], "")).strip())
        found[column["field"]] = (word[1] or word[2]) if word else None
    return found


def _texts(content: Content) -> Iterator[str]:
    """The texts of a table in which facts are named: its input columns and their cells."""
    columns = content.get("inputs", ())
    yield from (str(column.get("field", "")) for column in columns)
    for row in content.get("rules", ()):
        yield from (str(row.get(column["id"], "")) for column in columns)
