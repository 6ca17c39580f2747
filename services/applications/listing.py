"""A list of applications as an officer's list: an .xlsx in the very columns that an import reads.

Every text stays text: what begins like a formula is written so that no program runs it, now or after an edit.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.applications.entering import Secrets, unseal_part
from services.applications.models import Application, Household
from services.applications.queries.finding import understand
from services.applications.queries.search import Filter, Search
from shared.auth import Actor
from shared.reference import ethnic_groups
from shared.refusal import Refusal

PAGE = 500
SHEET = "Danh sách"
COLUMNS = (
    ("STT", 6), ("Họ và tên chủ hộ", 28), ("Ngày, tháng, năm sinh", 14), ("Giới tính", 9), ("Dân tộc", 14),
    ("Số định danh cá nhân/CCCD", 18), ("Thôn/bản", 20), ("Loại hộ", 14), ("Số giấy chứng nhận", 20),
    ("Ngày cấp GCN", 14), ("Số khẩu", 8), ("Số điện thoại", 14), ("Đã có điện thoại thông minh", 12),
    ("Đối tượng ưu tiên", 20), ("Thu nhập bình quân đầu người/tháng", 16), ("Số chỉ số thiếu hụt", 10),
    ("Thành thị/nông thôn", 12), ("Thôn đặc biệt khó khăn", 10), ("Xã đặc biệt khó khăn", 10),
    ("Ghi chú", 30), ("Trạng thái", 22), ("Mã hồ sơ", 38),
)  # fmt: skip
"""Titles that the import knows, and each column's width in letters."""

SEX = {"male": "Nam", "female": "Nữ"}
POVERTY = {"poor": "Hộ nghèo", "near_poor": "Hộ cận nghèo", "none": "Không thuộc diện"}
PRIORITY = {"merit": "Người có công", "social_policy": "Bảo trợ xã hội", None: ""}
AREA = {True: "Thành thị", False: "Nông thôn"}
YES = {True: "Có", False: "Không"}
STATUS = {
    "draft": "Bản nháp",
    "submitted": "Đã nộp",
    "appealed": "Đang khiếu nại",
    "withdrawn": "Đã rút",
    "assessed": "Đủ điều kiện, chờ duyệt",
    "ineligible": "Không đủ điều kiện",
    "referred": "Chờ cấp tỉnh xem xét",
    "approved": "Đã duyệt",
    "rejected": "Bị từ chối",
    "revoked": "Bị thu hồi quyết định",
    "waitlisted": "Chờ kinh phí",
    "voucher_issued": "Đã cấp phiếu",
    "redeemed": "Đã nhận máy",
    "expired": "Phiếu hết hạn",
    "cancelled": "Phiếu bị hủy",
}
_FORMULA_LIKE = tuple("=+-@#\t")


@dataclass(frozen=True, slots=True)
class ListFile:
    """A file, and whose data are in it."""

    content: bytes
    households: list[str]


def write_list(
    session: Session, secrets: Secrets, actor: Actor, wanted: Filter, most: int
) -> ListFile | Refusal:
    """The applications of the actor's area that fit, newest first. EXPORT_TOO_LARGE beyond `most`."""
    sought = understand(wanted.q, secrets.hasher)
    search = Search(session, actor, wanted, sought, PAGE) if sought is not None else None
    if search is not None and search.more_than(most):
        return Refusal("EXPORT_TOO_LARGE", most=most)
    book = Workbook(write_only=True)
    sheet = _titled(book)
    households: dict[str, None] = {}
    pages = _pages(search) if search is not None else ()
    rows = (row for page in pages for row in _opened(session, secrets, page))
    for number, (household_id, cells) in enumerate(rows, start=1):
        households[household_id] = None
        sheet.append([_inert(sheet, cell) for cell in (number, *cells)])
    stream = io.BytesIO()
    book.save(stream)
    return ListFile(stream.getvalue(), list(households))


def _titled(book: Workbook) -> Any:
    """A sheet with the row of titles, which stays in sight."""
    sheet = book.create_sheet(SHEET)
    for place, (_, width) in enumerate(COLUMNS):
        sheet.column_dimensions[chr(ord("A") + place)].width = width
    sheet.freeze_panes = "A2"
    sheet.append([_bold(sheet, title) for title, _ in COLUMNS])
    return sheet


def _pages(search: Search) -> Iterator[Sequence[Any]]:
    after = None
    while True:
        rows, after = search.page(after)
        yield rows
        if after is None:
            return


def _opened(session: Session, secrets: Secrets, rows: Sequence[Any]) -> Iterator[tuple[str, list[Any]]]:
    """Each row's household and cells, in order; one whose key went while we read is left out."""
    keys = secrets.ring.load(session, {row.household_id for row in rows})
    sealed = select(Application.id, Application.sealed, Household.sealed.label("head"))
    joined = sealed.join(Household, Household.id == Application.household_id)
    parts = {
        one.id: one for one in session.execute(joined.where(Application.id.in_([row.id for row in rows])))
    }
    for row in rows:
        key, part = keys.get(row.household_id), parts.get(row.id)
        if key is not None and part is not None:
            head = unseal_part(key, part.head, f"household/{row.household_id}")
            details = unseal_part(key, part.sealed, f"application/{row.id}")
            yield row.household_id, _cells(row, head, details)


def _cells(row: Any, head: dict[str, Any], details: dict[str, Any]) -> list[Any]:
    certificate = details["certificate"] or {}
    group = ethnic_groups.find(head["ethnicity"])
    return [
        head["name"],
        _day(head["birth_date"]) or str(head["birth_year"]),
        SEX[head["sex"]],
        group.name_gso if group else head["ethnicity"],
        head["citizen_id"] or head["cmnd"],
        row.village,
        POVERTY[details["poverty_status"]],
        certificate.get("number"),
        _day(certificate.get("issued_on")),
        details["members_count"],
        head["phone"],
        YES[details["has_smartphone"]],
        PRIORITY[details["priority_group"]],
        *_survey(details["survey"]),
        YES[details["extremely_difficult_village"]],
        YES[details["extremely_difficult_commune"]],
        details["notes"],
        STATUS[row.status],
        row.id,
    ]


def _survey(found: dict[str, Any] | None) -> tuple[Any, Any, Any]:
    if found is None:
        return None, None, None
    return found["income_per_person"], found["deprivations"], AREA[found["urban"]]


def _day(iso: str | None) -> str:
    """A day as people write it here: 31/12/2026."""
    return "/".join(reversed(iso.split("-"))) if iso else ""


def _bold(sheet: Any, title: str) -> Any:
    cell = WriteOnlyCell(sheet, title)
    cell.font = Font(bold=True)
    return cell


def _inert(sheet: Any, value: Any) -> Any:
    """Text that no program takes for a formula or an error value."""
    if not isinstance(value, str):
        return value
    clean = ILLEGAL_CHARACTERS_RE.sub(" ", value)
    if not clean.startswith(_FORMULA_LIKE):
        return clean
    cell = WriteOnlyCell(sheet, clean)
    cell.data_type = "s"
    cell.quotePrefix = True
    return cell
