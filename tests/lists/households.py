"""Six households that every list of these tests tells of, and how a row tells them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from services.applications.household import HouseholdDraft
from services.applications.lists import ListProblem, ListTable, ParsedRow, RowContext, parse_row, read_list
from tests.lists.pages import Page, Row

TODAY = date(2026, 1, 15)
CONTEXT = RowContext(today=TODAY)


def household(
    name: str, born: date, sex: Any, ethnicity: str, citizen_id: str, village: str, status: Any,
    number: str | None,
    members: int, phone: str | None, smartphone: bool, priority: Any = None, notes: str = "",
) -> HouseholdDraft:  # fmt: skip
    certified = status != "none"
    return HouseholdDraft(
        head_name=name,
        birth_date=born,
        birth_year=born.year,
        sex=sex,
        ethnicity=ethnicity,
        citizen_id=citizen_id,
        cmnd=None,
        village=village,
        poverty_status=status,
        certificate_number=number,
        certificate_date=date(2025, 12, 20) if certified else None,
        certificate_year=2026 if certified else None,
        members_count=members,
        phone=phone,
        has_smartphone=smartphone,
        priority_group=priority,
        notes=notes,
    )


KNOWN = (
    household("Lý Mùi Pết", date(1982, 11, 25), "female", "09", "002182125635", "Thôn Nậm Piên", "poor",
              "12/GCN-HN.HCN", 7, "0912345678", False, notes="Nhà ở xa trung tâm"),
    household("Sùng A Páo", date(1975, 3, 5), "male", "08", "002075004512", "Thôn Nậm Piên", "near_poor",
              "13/GCN-HN.HCN", 5, None, False),
    household("Hoàng Thị Nguyệt", date(1990, 1, 12), "female", "02", "002190011234", "Thôn Nậm Piên",
    "none", None, 4,
              "0383456789", True),
    household("Vàng Seo Dìn", date(1968, 9, 30), "male", "08", "002068007788", "Thôn Bản Luốc", "poor",
              "21/GCN-HN.HCN", 9, None, False, "merit"),
    household("Đặng Văn Ướng", date(2001, 7, 7), "male", "09", "002201000321", "Thôn Bản Luốc", "poor",
              "22/GCN-HN.HCN", 3, "0901234567", True),
    household("Nguyễn Thị Bưởi", date(1959, 12, 31), "female", "01", "002159000111", "Thôn Bản Luốc",
    "near_poor",
              "23/GCN-HN.HCN", 2, None, False, "social_policy"),
)  # fmt: skip

ETHNIC = {"09": "Dao", "08": "Mông", "02": "Tày", "01": "Kinh"}
STATUS = {"poor": "Hộ nghèo", "near_poor": "Hộ cận nghèo", "none": "Không"}
PRIORITY = {"merit": "Người có công", "social_policy": "Chính sách xã hội", None: ""}


def day(value: date | None) -> str:
    return value.strftime("%d/%m/%Y") if value else ""


def tick(yes: bool) -> str:
    return "x" if yes else ""


Column = tuple[str, Callable[[HouseholdDraft], Any]]

COLUMNS: dict[str, Column] = {
    "head_name": ("Họ và tên chủ hộ", lambda one: one.head_name),
    "birth_date": ("Ngày, tháng, năm sinh", lambda one: day(one.birth_date)),
    "sex": ("Giới tính", lambda one: "Nam" if one.sex == "male" else "Nữ"),
    "ethnicity": ("Dân tộc", lambda one: ETHNIC[one.ethnicity]),
    "citizen_id": ("Số CCCD", lambda one: one.citizen_id),
    "village": ("Thôn/bản", lambda one: one.village),
    "poverty_status": ("Loại hộ", lambda one: STATUS[one.poverty_status]),
    "certificate_number": ("Số giấy chứng nhận", lambda one: one.certificate_number or ""),
    "certificate_date": ("Ngày cấp GCN", lambda one: day(one.certificate_date)),
    "members_count": ("Số khẩu", lambda one: one.members_count),
    "phone": ("Số điện thoại", lambda one: one.phone or ""),
    "has_smartphone": ("Đã có điện thoại thông minh", lambda one: "Có" if one.has_smartphone else "Không"),
    "priority_group": ("Đối tượng ưu tiên", lambda one: PRIORITY[one.priority_group]),
    "notes": ("Ghi chú", lambda one: one.notes),
}


def titles(columns: Iterable[Column]) -> Row:
    return ["STT", *(title for title, _ in columns)]


def line(number: int, one: HouseholdDraft, columns: Iterable[Column]) -> Row:
    return [number, *(cell(one) for _, cell in columns)]


def columns(**changes: Column | None) -> list[Column]:
    """The usual columns with some replaced, or left out (None)."""
    return [column for column in {**COLUMNS, **changes}.values() if column is not None]


def lines(chosen: Sequence[Column], households: Sequence[HouseholdDraft] = KNOWN) -> list[Row]:
    return [line(number, one, chosen) for number, one in enumerate(households, start=1)]


def page(chosen: Sequence[Column] | None = None, households: Sequence[HouseholdDraft] = KNOWN) -> Page:
    """The plainest list: one row of titles and the households."""
    chosen = columns() if chosen is None else chosen
    return Page([titles(chosen), *lines(chosen, households)])


def read(data: bytes, name: str = "list.xlsx", **options: Any) -> ListTable:
    table = read_list(data, name, **options)
    assert isinstance(table, ListTable), table
    return table


def refusal(data: bytes, name: str = "list.xlsx", **options: Any) -> ListProblem:
    problem = read_list(data, name, **options)
    assert isinstance(problem, ListProblem), problem
    assert problem.message_vi
    assert problem.message_en
    return problem


def parsed(table: ListTable, context: RowContext = CONTEXT) -> list[ParsedRow]:
    return [parse_row(row, context) for row in table.rows]


def drafts(table: ListTable) -> list[HouseholdDraft]:
    """Every row's household without its doubts; fails on a row that was refused."""
    rows = parsed(table)
    assert all(row.household for row in rows), [problem for row in rows for problem in row.problems]
    return [replace(row.household, doubts=()) for row in rows if row.household]


def row_codes(table: ListTable) -> list[tuple[str, ...]]:
    return [tuple(problem.code for problem in row.problems) for row in parsed(table)]


def note_codes(table: ListTable) -> set[str]:
    return {note.code for note in table.warnings}
