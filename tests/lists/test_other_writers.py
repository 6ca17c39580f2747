"""Files that others wrote: .xls by xlwt, and what the fast parser makes of our own .xls."""

import io
from datetime import date
from typing import Any

import pytest
import python_calamine
import xlwt

from services.applications.lists.formats.biff import read_workbook
from services.applications.lists.formats.ole import CompoundFile
from services.applications.lists.table import Limits, Merge, is_blank
from tests.lists.households import KNOWN, columns, drafts, page, read
from tests.lists.pages import Page
from tests.lists.xls import xls

DATES = xlwt.easyxf(num_format_str="[$-1010000]d/m/yyyy;@")


def by_xlwt(pages: list[Page]) -> bytes:
    book = xlwt.Workbook()
    for one in pages:
        sheet = book.add_sheet(one.name)
        for at, row in enumerate(one.rows):
            for column, cell in enumerate(row):
                if cell is not None and cell != "":
                    sheet.write(
                        at, column, cell, DATES if isinstance(cell, date) else xlwt.Style.default_style
                    )
        for top, left, bottom, right in one.merges:
            sheet.merge(top, bottom, left, right)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def trimmed(rows: list[list[Any]]) -> list[list[Any]]:
    """Rows without blanks at the end and without blank rows at the end, None for every blank."""
    plain = [[None if is_blank(cell) else cell for cell in row] for row in rows]
    for row in plain:
        while row and row[-1] is None:
            row.pop()
    while plain and not plain[-1]:
        plain.pop()
    return plain


WIDE = Page(
    [
        [
            at,
            f"Lý Mùi Pết {at} " + "á" * (at % 300),
            date(1980, 3, 5),
            at * 1.25,
            at / 100,
            -at,
            bool(at % 2),
            "plain",
            2.0e9 + at,
        ]
        for at in range(1_500)
    ],
    merges=[(1_500, 1, 1_502, 2)],
)
"""Many texts, so that their table is cut into records in the middle of some."""


@pytest.mark.parametrize("data", [by_xlwt([WIDE]), xls(WIDE)], ids=["xlwt", "our own"])
def test_the_cells_are_those_that_the_fast_parser_finds(data: bytes) -> None:
    stream = CompoundFile(data).stream("Workbook")
    assert stream is not None
    (sheet,) = read_workbook(stream, Limits())
    with python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data)) as book:
        other = book.get_sheet_by_name(WIDE.name)
        assert trimmed(sheet.rows) == trimmed(other.to_python(skip_empty_area=False))
    assert sheet.merges == (Merge(1_500, 1, 1_502, 2),)


def test_a_list_written_by_xlwt_tells_its_households() -> None:
    chosen = columns(birth_date=("Ngày sinh", lambda one: one.birth_date))
    assert drafts(read(by_xlwt([page(chosen)]), "list.xls")) == list(KNOWN)
