"""A claim on paper: its lines as .xlsx, and the acceptance minutes as PDF."""

import io
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import orjson
import typst
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from services.disbursement.domain import VIETNAM, vnd
from services.disbursement.models import Claim
from services.disbursement.printing import fonts

TEMPLATE = Path(__file__).with_name("claim.typ")
TITLES = (
    "STT / No.", "Mã giao dịch / Redemption", "Ngày / Date", "Cửa hàng / Shop", "Kiểu máy / Model",
    "Giá bán / Price (đ)", "Số tiền / Amount (đ)", "Trạng thái / Status", "Lý do / Reason",
)  # fmt: skip
STATUSES = {
    "claimed": "đề nghị / claimed",
    "accepted": "chấp nhận / accepted",
    "disputed": "chưa chấp nhận / disputed",
    "withdrawn": "đã rút / withdrawn",
}
WIDTHS = (8, 40, 18, 26, 26, 16, 16, 26, 26)


def statement_xlsx(claim: Claim, lines: Iterable[Mapping[str, Any]]) -> bytes:
    """One row a line and a total; text stays text, whatever it begins with."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Đối soát")
    for place, width in enumerate(WIDTHS):
        sheet.column_dimensions["ABCDEFGHI"[place]].width = width
    for words in _heading(claim):
        sheet.append([_text(sheet, words, bold=True)])
    sheet.append([])
    sheet.append([_text(sheet, title, bold=True) for title in TITLES])
    for number, line in enumerate(lines, start=1):
        sheet.append(_row(sheet, number, line))
    total = [None, None, None, None, _text(sheet, "Cộng / Total", bold=True), None, claim.claimed]
    sheet.append(total)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _heading(claim: Claim) -> list[str]:
    period = f"{claim.period_from:%d/%m/%Y} – {claim.period_to:%d/%m/%Y}"
    return [
        "Bảng kê đề nghị thanh toán / Claim statement",
        f"Doanh nghiệp / Enterprise: {claim.enterprise_id}",
        f"Chương trình / Programme: {claim.programme_id}",
        f"Kỳ / Period: {period}",
        f"Đề nghị / Claimed: {vnd(claim.claimed)}",
        f"Chưa chấp nhận / Disputed: {vnd(claim.disputed)}; chấp nhận / accepted: {vnd(claim.accepted)}",
        f"Đã trả / Paid: {vnd(claim.paid)}",
    ]


def _row(sheet: Any, number: int, line: Mapping[str, Any]) -> list[Any]:
    sold: datetime = line["redeemed_at"]
    return [
        number,
        _text(sheet, str(line["redemption_id"])),
        _text(sheet, f"{sold.astimezone(VIETNAM):%d/%m/%Y %H:%M}"),
        _text(sheet, line["shop_id"]),
        _text(sheet, line["model"]),
        line["price"],
        line["amount"],
        _text(sheet, STATUSES.get(line["status"], line["status"])),
        _text(sheet, line["reason"] or ""),
    ]


def _text(sheet: Any, value: str, *, bold: bool = False) -> Any:
    """A cell that is text even where it begins like a formula."""
    cell = WriteOnlyCell(sheet, value)
    cell.data_type = "s"
    if bold:
        cell.font = Font(bold=True)
    return cell


def statement_pdf(claim: Claim, programme_name: str, shops: Iterable[Mapping[str, Any]]) -> bytes:
    """The acceptance minutes: sums, sums per shop, and the places for two signatures."""
    facts = {
        "enterprise": claim.enterprise_id,
        "programme": programme_name,
        "period": f"{claim.period_from:%d/%m/%Y} – {claim.period_to:%d/%m/%Y}",
        "minutes": claim.minutes or "",
        "minutes_date": f"{claim.minutes_date:%d/%m/%Y}" if claim.minutes_date else "",
        "claim": claim.claim_id,
        "lines": f"{claim.lines:,}".replace(",", "."),
        **{
            name: vnd(getattr(claim, name)) for name in ("claimed", "disputed", "accepted", "ordered", "paid")
        },
        "shops": [
            {
                "shop": one["shop_id"],
                "count": str(one["count"]),
                "claimed": vnd(one["claimed"]),
                "disputed": vnd(one["disputed"]),
            }
            for one in shops
        ],
    }
    inputs = {"claim": orjson.dumps(facts).decode()}
    return bytes(typst.compile(str(TEMPLATE), font_paths=fonts(), sys_inputs=inputs))
