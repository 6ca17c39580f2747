"""Writing lists in every format that officers send, from the same pages."""

import csv
import io
import re
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from openpyxl import Workbook
from openpyxl.utils import get_column_letter

from tests.lists.pages import Page
from tests.lists.xls import xls

OFFICE = "urn:oasis:names:tc:opendocument:xmlns:"
MIMETYPE = "application/vnd.oasis.opendocument.spreadsheet"


def xlsx(*pages: Page) -> bytes:
    book = Workbook()
    book.remove(book.worksheets[0])
    for page in pages:
        sheet = book.create_sheet(page.name)
        sheet.sheet_state = "hidden" if page.hidden else "visible"
        for at, row in enumerate(page.rows, start=1):
            for column, value in enumerate(row, start=1):
                if value is not None and value != "":
                    sheet.cell(at, column).value = value
        for top, left, bottom, right in page.merges:
            sheet.merge_cells(
                f"{get_column_letter(left + 1)}{top + 1}:{get_column_letter(right + 1)}{bottom + 1}"
            )
    file = io.BytesIO()
    book.save(file)
    return with_shared_texts(file.getvalue())


def with_shared_texts(data: bytes) -> bytes:
    """The same workbook as Excel writes it: every text once in a table, and in the cells its number there."""
    places: dict[bytes, int] = {}
    with zipfile.ZipFile(io.BytesIO(data)) as source:
        members = {one: source.read(one) for one in source.namelist()}
    for name in members:
        if name.startswith("xl/worksheets/sheet"):
            members[name] = _INLINE.sub(lambda found: _shared(found, places), members[name])
    if SHARED not in members:
        count = f' count="{len(places)}" uniqueCount="{len(places)}"'.encode()
        table = b"".join(b"<si>" + text + b"</si>" for text in places)
        members[SHARED] = b"<sst xmlns=" + _MAIN + count + b">" + table + b"</sst>"
        relation = (
            b'<Relationship Id="rIdTexts" Target="sharedStrings.xml" Type=' + _TEXTS + b"/></Relationships>"
        )
        members[_RELATIONS] = members[_RELATIONS].replace(b"</Relationships>", relation)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as target:
        for name, body in members.items():
            target.writestr(name, body)
    return file.getvalue()


SHARED = "xl/sharedStrings.xml"
_RELATIONS = "xl/_rels/workbook.xml.rels"
_MAIN = b'"http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_TEXTS = b'"http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"'
_INLINE = re.compile(rb't="inlineStr"([^>]*)><is>(.*?)</is>', re.DOTALL)


def _shared(found: re.Match[bytes], places: dict[bytes, int]) -> bytes:
    number = places.setdefault(found[2], len(places))
    return b't="s"' + found[1] + b"><v>" + str(number).encode() + b"</v>"


def ods(*pages: Page) -> bytes:
    """As LibreOffice writes it: blanks as one repeated cell, a last row repeated to the end of the sheet."""
    return zipped_ods(content("".join(map(_table, pages))))


def zipped_ods(xml: str, manifest: str = "<manifest/>") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("mimetype"), MIMETYPE)
        archive.writestr("META-INF/manifest.xml", manifest)
        archive.writestr("content.xml", xml)
    return file.getvalue()


def content(tables: str) -> str:
    """An .ods' content around its tables; the style "ta2" hides a sheet."""
    names = " ".join(f'xmlns:{name}="{OFFICE}{name}:1.0"' for name in ("office", "table", "text", "style"))
    hidden = '<style:style style:name="ta2"><style:table-properties table:display="false"/></style:style>'
    styles = f"<office:automatic-styles>{hidden}</office:automatic-styles>"
    body = f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body>"
    document = f"<office:document-content {names}>{styles}{body}</office:document-content>"
    return f'<?xml version="1.0" encoding="UTF-8"?>{document}'


def csv_text(page: Page, separator: str = ";") -> str:
    file = io.StringIO()
    csv.writer(file, delimiter=separator, lineterminator="\r\n").writerows(
        [[_shown(cell) for cell in row] for row in page.rows]
    )
    return file.getvalue()


def csv_in(encoding: str, separator: str = ";") -> Callable[[Page], bytes]:
    return lambda page: csv_text(page, separator).encode(encoding)


FORMATS: dict[str, tuple[str, Callable[[Page], bytes]]] = {
    "xlsx": ("list.xlsx", xlsx),
    "xls": ("list.xls", xls),
    "ods": ("list.ods", ods),
    "csv": ("list.csv", csv_in("utf-8-sig")),
}
"""Format → file name and writer. Text files know no merged cells."""


def _table(page: Page) -> str:
    spans = {(top, left): (bottom - top + 1, right - left + 1) for top, left, bottom, right in page.merges}
    covered = {
        (row, column)
        for top, left, bottom, right in page.merges
        for row in range(top, bottom + 1)
        for column in range(left, right + 1)
    } - set(spans)
    rows = "".join(_row(at, row, spans, covered) for at, row in enumerate(page.rows))
    blank = '<table:table-cell table:number-columns-repeated="1024"/>'
    rest = f'<table:table-row table:number-rows-repeated="1048000">{blank}</table:table-row>'
    style = ' table:style-name="ta2"' if page.hidden else ""
    return f"<table:table table:name={quoteattr(page.name)}{style}>{rows}{rest}</table:table>"


def _row(at: int, row: list[Any], spans: dict, covered: set) -> str:
    cells = "".join(
        _cell(value, spans.get((at, column)), (at, column) in covered) for column, value in enumerate(row)
    )
    return (
        f'<table:table-row>{cells}<table:table-cell table:number-columns-repeated="900"/></table:table-row>'
    )


def _cell(value: Any, span: tuple[int, int] | None, covered: bool) -> str:
    tag = "table:covered-table-cell" if covered else "table:table-cell"
    tall, wide = span or (1, 1)
    spanned = f' table:number-rows-spanned="{tall}" table:number-columns-spanned="{wide}"' if span else ""
    if value is None or value == "":
        return f"<{tag}{spanned}/>"
    kind = _kind(value)
    text = (
        ""
        if isinstance(value, bool)
        else "".join(f"<text:p>{escape(part)}</text:p>" for part in _shown(value).split("\n"))
    )
    return f"<{tag}{spanned} {kind}>{text}</{tag}>"


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return f'office:value-type="boolean" office:boolean-value="{str(value).lower()}"'
    if isinstance(value, int | float):
        return f'office:value-type="float" office:value="{value!r}"'
    if isinstance(value, date):
        return f'office:value-type="date" office:date-value="{value.isoformat()}"'
    return 'office:value-type="string"'


def _shown(value: Any) -> str:
    """A cell as a text file shows it, and as people see it."""
    if value is None:
        return ""
    if isinstance(value, datetime | date):
        return value.strftime("%d/%m/%Y")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
