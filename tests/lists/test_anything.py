"""Whatever a person types, wherever: a row becomes a household or says what is wrong; nothing raises."""

from datetime import date
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.applications.lists import (
    Cell,
    ListProblem,
    ListRow,
    ListTable,
    RowContext,
    parse_row,
    read_list,
)
from services.applications.lists.columns import FIELDS
from services.applications.lists.problems import (
    LIST_CODES,
    NOTE_CODES,
    ROW_CODES,
    list_note,
    list_problem,
    row_problem,
)
from services.applications.lists.result import RowOutcome, result_workbook
from tests.lists.books import csv_in, csv_text, ods, xlsx
from tests.lists.households import COLUMNS, KNOWN, TODAY, columns, lines, titles
from tests.lists.pages import Page
from tests.lists.test_cells import VALUES
from tests.lists.xls import xls

WORDS = [
    "x", "✓", "có", "Không", "Nam", "Nữ", "Chủ hộ", "Vợ", "Hộ nghèo", "cận nghèo", "Dao", "1980", "5/3/80",
    "31/02/1980",
    "2.085E+11", "002182125635", "2182125635.0", "073123456", "0912345678/0987654321", "5 khẩu",
    "Tổng cộng: 5 hộ", "Cộng thôn 1",
    "Thôn 1", "I", "=1+1", "'", "?", "-", "§Æng ThÞ", "Hoï vaø teân", "\u00ad", "Họ và tên chủ hộ", "STT",
    "(1)", "0", "12/GCN ngày 1/1/2026",
]  # fmt: skip
CELLS: st.SearchStrategy[Cell] = st.one_of(
    st.none(), st.sampled_from(WORDS), st.text(max_size=30), st.integers(), st.floats(), st.booleans(),
    st.dates(),
    st.datetimes(), st.times(), st.timedeltas(), st.from_regex(r"\A[0-9/.\- ]{1,14}\Z"),
    st.lists(st.sampled_from(WORDS), max_size=3).map(" ".join),
)  # fmt: skip
CONTEXTS = [
    RowContext(TODAY),
    RowContext(TODAY, commune="01075"),
    RowContext(date(2000, 2, 29), commune="nowhere"),
]


def settle(row: ListRow, context: RowContext) -> None:
    outcome = parse_row(row, context)
    refused = any(problem.severity == "error" for problem in outcome.problems)
    assert (outcome.household is None) == refused
    assert {problem.code for problem in outcome.problems} <= ROW_CODES
    if outcome.household:
        assert set(outcome.household.doubts) == {problem.code for problem in outcome.problems}


@settings(deadline=None, max_examples=300)
@given(
    values=st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, CELLS)),
    members=st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, CELLS)), max_size=3),
    context=st.sampled_from(CONTEXTS),
)
def test_any_cells_in_any_columns(
    values: dict[str, Cell], members: list[dict[str, Cell]], context: RowContext
) -> None:
    settle(ListRow(1, values, members=tuple(ListRow(2, one) for one in members)), context)


@settings(deadline=None, max_examples=500)
@given(field=st.sampled_from(FIELDS), cell=CELLS, context=st.sampled_from(CONTEXTS))
def test_one_odd_cell_in_a_good_row(field: str, cell: Cell, context: RowContext) -> None:
    settle(ListRow(1, {**VALUES, field: cell}), context)


GRIDS = st.lists(st.lists(CELLS, max_size=9), max_size=9)


def writable(cell: Cell) -> Any:
    """A cell as every format can hold it."""
    if isinstance(cell, str):
        return "".join(letter for letter in cell if letter.isprintable() or letter == "\n")
    if isinstance(cell, bool | int) and abs(cell) >= 2**53:
        return str(cell)
    if (isinstance(cell, float) and cell != cell) or cell in (float("inf"), float("-inf")):
        return None
    if isinstance(cell, date) and cell.year < 1900:
        return str(cell)
    return cell if isinstance(cell, str | int | float | date | None) else str(cell)


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(grid=GRIDS, kind=st.sampled_from(["xlsx", "xls", "ods", "csv"]), chosen=st.data())
def test_any_cells_under_good_titles_and_back_again(
    grid: list[list[Cell]], kind: str, chosen: st.DataObject
) -> None:
    names = chosen.draw(st.permutations(sorted(COLUMNS)))
    picked = [COLUMNS[name] for name in names]
    odd = [[writable(cell) for cell in row] for row in grid]
    page = Page([*odd[:4], titles(picked), *lines(picked, KNOWN[:2]), *odd[4:]])
    body = csv_in("utf-8", ";")(page) if kind == "csv" else {"xlsx": xlsx, "xls": xls, "ods": ods}[kind](page)
    name = f"list.{kind}"
    table = read_list(body, name)
    if isinstance(table, ListProblem):
        return
    outcomes = {}
    for row in table.rows:
        settle(row, CONTEXTS[0])
        outcomes[row.sheet, row.number] = RowOutcome("refused", parse_row(row, CONTEXTS[0]).problems)
    assert result_workbook(body, name, table, outcomes).startswith(b"PK")


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=400), st.sampled_from(["", csv_text(Page([titles(columns())]))]))
def test_any_text_as_a_file(text: str, before: str) -> None:
    assert isinstance(
        read_list((before + text).encode("utf-8", "replace"), "list.csv"), ListProblem | ListTable
    )


@settings(deadline=None, max_examples=100)
@given(
    st.dictionaries(
        st.sampled_from(["A", "B", "c", "", "ho va ten", "ZZ", "Thôn/bản"]),
        st.sampled_from(["", "village", "sex", "x"]),
    )
)
def test_any_mapping(mapping: dict[str, str]) -> None:
    body = csv_in("utf-8")(Page([titles(columns()), *lines(columns())]))
    assert isinstance(read_list(body, "list.csv", mapping=mapping), ListProblem | ListTable)


def test_every_code_has_sentences_in_both_languages() -> None:
    told = [row_problem(1, "x", code, "y") for code in ROW_CODES]
    told += [
        list_note(code, encoding="TCVN3", declared=1, found=2, title="x", titles="x", status="x", village="x")
        for code in NOTE_CODES
    ]
    whole = [list_problem(code, rows=1, columns=1, chars=1, titles="x") for code in LIST_CODES]
    for one in (*told, *whole):
        assert one.message_vi.strip() != one.message_en.strip()
        assert "{" not in one.message_vi + one.message_en
    assert not ROW_CODES & LIST_CODES | NOTE_CODES & LIST_CODES
