"""The officer's own list comes back with results, whatever the format it came in."""

import io
from collections.abc import Mapping
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from services.applications.lists import ListTable
from services.applications.lists.errors import RefusedFileError
from services.applications.lists.problems import row_problem
from services.applications.lists.result import RowOutcome, result_workbook
from tests.lists import books, encoders
from tests.lists.books import csv_in, ods, xlsx
from tests.lists.households import KNOWN, columns, page, parsed, read
from tests.lists.pages import Page
from tests.lists.test_people import HEAD, SON, TITLES, WIFE
from tests.lists.xls import xls

GREEN, YELLOW, BLUE, RED = "00C6EFCE", "00FFEB9C", "00BDD7EE", "00FFC7CE"
BLOCK = [["ỦY BAN NHÂN DÂN XÃ"], ["DANH SÁCH HỘ"]]


def outcomes(table: ListTable) -> dict[tuple[str, int], RowOutcome]:
    """Accepted, accepted with a warning, repeated, refused, and so on."""
    found: dict[tuple[str, int], RowOutcome] = {}
    for at, row in enumerate(table.rows):
        doubt = row_problem(row.number, "phone", "PHONE_NOT_MOBILE", sheet=row.sheet)
        wrong = row_problem(row.number, "birth_date", "BIRTH_DATE_MISSING", sheet=row.sheet)
        kinds = (
            RowOutcome("accepted"),
            RowOutcome("accepted", (doubt,)),
            RowOutcome("repeated"),
            RowOutcome("refused", (wrong, doubt)),
        )
        found[row.sheet, row.number] = kinds[at % 4]
    return found


def result(
    data: bytes, name: str, given: Mapping[tuple[str, int], RowOutcome] | None = None, **options: Any
) -> Any:
    table = read(data, name)
    body = result_workbook(data, name, table, outcomes(table) if given is None else given, **options)
    return openpyxl.load_workbook(io.BytesIO(body))


def texts(sheet: Worksheet, row: int) -> list[Any]:
    return [cell.value for cell in sheet[row]]


@pytest.mark.parametrize("kind", sorted(books.FORMATS))
def test_rows_stand_where_they_stood_with_two_columns_more(kind: str) -> None:
    file, write = books.FORMATS[kind]
    source = Page([*BLOCK, *page().rows, [], [None, "Tổng cộng: 6 hộ"]])
    sheet = result(write(source), file).worksheets[0]
    for number, row in enumerate(source.rows, start=1):
        shown = [None if cell == "" else cell for cell in row]
        came_back = texts(sheet, number)[: len(row)]
        assert [str(cell) for cell in came_back] == [str(cell) for cell in shown]
    assert texts(sheet, 3)[-2:] == ["Kết quả / Result", "Lý do, việc cần làm / Message"]
    assert [texts(sheet, number)[-2] for number in range(4, 10)] == [
        "Đã nhận", "Đã nhận, cần kiểm tra", "Đã có hồ sơ", "Chưa nhận", "Đã nhận", "Đã nhận, cần kiểm tra",
    ]  # fmt: skip
    assert sheet.freeze_panes == "A4"


def test_rows_are_coloured_and_so_are_the_cells_at_fault() -> None:
    sheet = result(xlsx(page()), "list.xlsx").worksheets[0]
    colours = [sheet.cell(number, 16).fill.start_color.rgb for number in range(2, 6)]
    assert colours == [GREEN, YELLOW, BLUE, RED]
    assert sheet["L3"].fill.start_color.rgb == YELLOW
    assert sheet["C5"].fill.start_color.rgb == RED
    assert sheet["D5"].fill.start_color.rgb != RED


def test_messages_say_what_to_do_in_either_language() -> None:
    vietnamese = result(xlsx(page()), "list.xlsx").worksheets[0]
    assert texts(vietnamese, 5)[-1].count("\n") == 1
    assert texts(vietnamese, 5)[-1].startswith("Thiếu ngày sinh")
    english = result(xlsx(page()), "list.xlsx", language="en").worksheets[0]
    assert texts(english, 5)[-2] == "Refused"
    assert texts(english, 5)[-1].startswith("The head's date of birth is missing")


@pytest.mark.parametrize("text", ["=1+1", "=cmd|' /C calc'!A0", "#N/A", "+1", "@x", "-1"])
def test_text_like_a_formula_comes_back_as_text(text: str) -> None:
    data = csv_in("utf-8")(page(columns(notes=("Ghi chú", lambda _: text))))
    sheet = result(data, "list.csv").worksheets[0]
    assert {sheet.cell(number, 15).value for number in range(2, 8)} == {text}
    assert {sheet.cell(number, 15).data_type for number in range(2, 8)} == {"s"}


def test_a_list_in_an_old_encoding_comes_back_readable() -> None:
    book = result(xls(page().write(encoders.tcvn3), biff5=True), "list.xls")
    assert texts(book.worksheets[0], 2)[1] == "Lý Mùi Pết"
    assert book.sheetnames == ["Danh sách", "Lưu ý - Notes"]
    assert "TCVN3" in texts(book.worksheets[1], 1)[1]


def test_every_sheet_comes_back_and_only_lists_get_columns() -> None:
    cover = Page([["Bìa"]], name="Bìa")
    data = xlsx(
        cover,
        Page(page().rows, name="Thôn 1"),
        Page(page().rows, name="Thôn 2"),
        Page([["ẩn"]], name="Cũ", hidden=True),
    )
    book = result(data, "list.xlsx")
    assert book.sheetnames == ["Bìa", "Thôn 1", "Thôn 2", "Cũ"]
    assert [sheet.sheet_state for sheet in book.worksheets] == ["visible"] * 3 + ["hidden"]
    assert texts(book["Bìa"], 1) == ["Bìa"]
    assert texts(book["Thôn 2"], 2)[-2] == "Đã có hồ sơ"


def test_a_sheet_may_have_a_name_that_xlsx_does_not_allow() -> None:
    name = "Thôn 1/2: [Nậm Piên] hộ nghèo năm 2026"
    book = result(ods(Page(page().rows, name=name), Page(page().rows, name=name + "!")), "list.ods")
    assert book.sheetnames == ["Thôn 1 2   Nậm Piên  hộ nghèo n", "Thôn 1 2   Nậm Piên  hộ ng 2"]


def test_a_members_row_has_its_heads_colour_and_its_own_message() -> None:
    data = xlsx(Page([TITLES, HEAD, WIFE, [*SON[:3], "31/02/2010", *SON[4:]]]))
    table = read(data)
    outcome = RowOutcome("refused", parsed(table)[0].problems)
    sheet = result(data, "list.xlsx", {("Danh sách", 2): outcome}).worksheets[0]
    assert texts(sheet, 2)[-2:] == ["Chưa nhận", None]
    assert texts(sheet, 3)[-2:] == ["Theo chủ hộ ở dòng 2", None]
    assert "31/02/2010" in texts(sheet, 4)[-1]
    assert {sheet.cell(number, 13).fill.start_color.rgb for number in (2, 3, 4)} == {RED}


def test_what_no_cell_can_hold_is_left_out() -> None:
    data = csv_in("utf-8")(page(columns(notes=("Ghi chú", lambda _: "a\x01b\x00c\ufffe"))))
    assert result(data, "list.csv").worksheets[0]["O2"].value == "abc"


def test_long_numbers_and_dates_stay_readable() -> None:
    known = KNOWN[0]
    assert known.birth_date
    assert known.citizen_id
    chosen = columns(
        birth_date=("Ngày sinh", lambda one: one.birth_date),
        citizen_id=("CCCD", lambda one: int(one.citizen_id)),
    )
    sheet = result(xlsx(page(chosen)), "list.xlsx").worksheets[0]
    assert (sheet["F2"].value, sheet["F2"].number_format) == (int(known.citizen_id), "0")
    assert sheet["C2"].number_format == "DD/MM/YYYY"


def test_another_file_than_the_one_read_is_refused() -> None:
    table = read(xlsx(page()))
    with pytest.raises(RefusedFileError):
        result_workbook(b"PK\x03\x04", "list.xlsx", table, {})
