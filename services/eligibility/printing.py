"""Approval lists on paper and as tables: the sheet that hangs out, and the list to sign.

Both hold only what may be shown: rank, case number, village, and on the list to sign the amount. Names are
not known here; they stand where the caller sends them along.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import fontpkg_be_vietnam_pro
import openpyxl
import orjson
import typst
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from shared.reference import areas

TEMPLATE = Path(__file__).with_name("list.typ")
PDF = "application/pdf"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHOWN = ("listed", "approved")
"""Entries that stand on paper: not those that left, nor those that somebody objected to."""

TITLES = {
    "posting": "DANH SÁCH NIÊM YẾT CÔNG KHAI",
    "decision": "DANH SÁCH HỘ ĐƯỢC PHÊ DUYỆT HỖ TRỢ",
}
ORDER = "Thứ tự: theo nhóm ưu tiên của chương trình, rồi theo thời điểm nộp hồ sơ, rồi theo mã hồ sơ."
GROUPS = {
    "merit": "người có công",
    "social_policy": "đối tượng chính sách xã hội",
    "ethnic_minority_in_extremely_difficult_village": "người dân tộc thiểu số ở thôn đặc biệt khó khăn",
    "ethnic_minority": "người dân tộc thiểu số",
    "extremely_difficult_village": "hộ ở thôn đặc biệt khó khăn",
    "extremely_difficult_commune": "hộ ở xã đặc biệt khó khăn",
    "poor": "hộ nghèo",
    "near_poor": "hộ cận nghèo",
}
"""What the groups of a programme's priority order are called. Who belongs to which stands on no paper."""
OBJECTIONS = "Ai thấy danh sách chưa đúng, xin báo tại Ủy ban nhân dân xã trong thời gian niêm yết."
SIGNATURES = ("NGƯỜI LẬP DANH SÁCH", "NGƯỜI PHÊ DUYỆT")


@dataclass(frozen=True, slots=True)
class Document:
    content: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """What stands on the paper: lines above the table, its columns and rows, lines below it."""

    title: str
    above: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    below: tuple[str, ...]
    signatures: tuple[str, ...]


def document(found: Mapping[str, Any], kind: str, format_: str, names: Mapping[str, str]) -> Document:
    """A list (as `queries.read_list` gives it) as a posting sheet or a decision to sign. `kind`: posting or
    decision; `format_`: pdf or xlsx; `names`: by application id."""
    sheet = sheet_of(found, kind, names)
    return Document(_pdf(sheet), PDF) if format_ == "pdf" else Document(_xlsx(sheet), XLSX)


def sheet_of(found: Mapping[str, Any], kind: str, names: Mapping[str, str]) -> Sheet:
    """The words and the table, whatever they are printed as."""
    shown = [one for one in found["cases"] if one["state"] in SHOWN]
    decided = kind == "decision"
    columns = [
        "STT",
        "Mã hồ sơ",
        *(["Chủ hộ"] if names else []),
        "Thôn, bản",
        *(["Số tiền (đồng)"] if decided else []),
    ]
    rows = [
        (
            str(one["rank"]),
            one["case_number"],
            *([names.get(one["application_id"], "")] if names else []),
            one["village"],
            *([_vnd(one["benefit"])] if decided else []),
        )
        for one in shown
    ]
    return Sheet(
        title=TITLES[kind],
        above=(found["name_vi"], _place(found), _decision(found) if decided else _posting(found)),
        columns=tuple(columns),
        rows=tuple(rows),
        below=(f"Tổng số: {len(rows)} hộ.", ORDER, *_groups(found), *(() if decided else (OBJECTIONS,))),
        signatures=SIGNATURES if decided else (),
    )


def _groups(found: Mapping[str, Any]) -> tuple[str, ...]:
    named = [f"{rank}) {GROUPS[code]}" for rank, code in enumerate(found["priority_order"], 1)]
    return (f"Nhóm ưu tiên: {', '.join(named)}, rồi đến các hộ khác.",) if named else ()


def _place(found: Mapping[str, Any]) -> str:
    commune = areas.commune(found["commune"]) if found["commune"] else None
    parts = [found["village"], commune.name if commune else None]
    return ", ".join(part for part in parts if part)


def _posting(found: Mapping[str, Any]) -> str:
    if found["posted_on"] is None:
        return "Chưa niêm yết."
    return f"Niêm yết từ ngày {_day(found['posted_on'])} đến hết ngày {_day(found['last_day'])}."


def _decision(found: Mapping[str, Any]) -> str:
    if found["decision_number"] is None:
        return "Kèm theo Quyết định số: ........................ ngày ........................"
    return f"Kèm theo Quyết định số {found['decision_number']} ngày {_day(found['decision_date'])}"


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"


def _vnd(amount: int) -> str:
    return f"{amount:,}".replace(",", ".")


def _pdf(sheet: Sheet) -> bytes:
    fields = {
        "title": sheet.title,
        "above": sheet.above,
        "columns": sheet.columns,
        "rows": sheet.rows,
        "below": sheet.below,
        "signatures": sheet.signatures,
    }
    return bytes(
        typst.compile(str(TEMPLATE), font_paths=_fonts(), sys_inputs={"sheet": orjson.dumps(fields).decode()})
    )


@cache
def _fonts() -> typst.Fonts:
    """Only Be Vietnam Pro, so that paper looks the same from every machine."""
    return typst.Fonts(include_system_fonts=False, font_paths=[str(fontpkg_be_vietnam_pro.ROOT)])


def _xlsx(sheet: Sheet) -> bytes:
    book = openpyxl.Workbook()
    page = book.active
    if page is None:
        raise TypeError("a new workbook has no sheet")
    page.title = "Danh sách"
    lines = [(line,) for line in (sheet.title, *sheet.above)]
    tail = [(line,) for line in ("", *sheet.below, "", *sheet.signatures)]
    for number, cells in enumerate([*lines, (), sheet.columns, *sheet.rows, *tail], 1):
        for place, text in enumerate(cells, 1):
            _write(page.cell(number, place), text)
    header = len(lines) + 2
    places = range(1, len(sheet.columns) + 1)
    for cell in (page.cell(1, 1), *(page.cell(header, place) for place in places)):
        cell.font = Font(bold=True)
    for place in places:
        page.column_dimensions[get_column_letter(place)].width = 8 if place == 1 else 24
    page.freeze_panes = f"A{header + 1}"
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _write(cell: Any, text: str) -> None:
    """Text stays text: what begins with `=` is no formula, and a number keeps its zeros."""
    if isinstance(cell, Cell):
        cell.value = text
        cell.data_type = "s"
        cell.alignment = Alignment(vertical="top")
