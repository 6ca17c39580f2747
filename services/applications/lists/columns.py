"""Which column holds which field: header cells are matched by their folded text and known synonyms."""

import re
from collections.abc import Sequence
from functools import cache

from services.applications.lists.table import Cell
from shared.reference.text import fold

REQUIRED = (
    "head_name",
    "birth_date",
    "sex",
    "ethnicity",
    "citizen_id",
    "village",
    "poverty_status",
    "members_count",
    "has_smartphone",
)
"""Fields without which no household of a list can be assessed."""

TITLES_VI = {
    "head_name": "Họ và tên chủ hộ",
    "birth_date": "Ngày, tháng, năm sinh",
    "sex": "Giới tính",
    "ethnicity": "Dân tộc",
    "citizen_id": "Số định danh cá nhân/CCCD",
    "village": "Thôn/bản",
    "poverty_status": "Loại hộ",
    "members_count": "Số khẩu",
    "has_smartphone": "Đã có điện thoại thông minh",
}

_SYNONYMS = {
    "number": ("STT", "TT", "Số TT", "Số thứ tự"),
    "head_name": (
        "Họ và tên chủ hộ", "Họ tên chủ hộ", "Tên chủ hộ", "Chủ hộ", "Họ và tên", "Họ tên",
        "Họ và tên chủ hộ gia đình",
    ),
    "birth_date": (
        "Ngày tháng năm sinh", "Ngày sinh", "Năm sinh", "Ngày, tháng, năm sinh của chủ hộ", "Sinh ngày",
        "Ngày/tháng/năm sinh",
    ),
    "sex": ("Giới tính", "Nam/Nữ", "Giới"),
    "ethnicity": ("Dân tộc", "Thành phần dân tộc"),
    "citizen_id": (
        "Số định danh cá nhân/CCCD", "Số định danh cá nhân", "Số định danh", "Số ĐDCN", "CCCD", "Số CCCD",
        "Số CCCD/CMND", "Số CMND/CCCD", "CCCD/CMND", "CMND/CCCD", "CMND", "Số CMND", "Căn cước công dân",
        "Số căn cước công dân", "Số căn cước", "Số thẻ căn cước",
    ),
    "village": (
        "Thôn/bản", "Thôn", "Bản", "Thôn bản", "Xóm", "Ấp", "Buôn", "Tổ dân phố", "Thôn/bản/tổ dân phố",
        "Nơi ở", "Địa chỉ",
    ),
    "poverty_status": ("Loại hộ", "Diện hộ", "Hộ nghèo/cận nghèo", "Phân loại hộ", "Hộ nghèo, hộ cận nghèo"),
    "certificate_number": (
        "Số giấy chứng nhận", "Số GCN", "Giấy chứng nhận số", "Số giấy chứng nhận hộ nghèo, hộ cận nghèo",
    ),
    "certificate_date": ("Ngày cấp GCN", "Ngày cấp giấy chứng nhận", "Ngày cấp", "Ngày GCN"),
    "members_count": (
        "Số khẩu", "Số nhân khẩu", "Nhân khẩu", "Số người", "Số người trong hộ", "Tổng số khẩu",
        "Số thành viên",
    ),
    "phone": ("Số điện thoại", "Điện thoại", "SĐT", "Số ĐT", "Điện thoại liên hệ", "Số điện thoại liên hệ"),
    "has_smartphone": (
        "Đã có điện thoại thông minh", "Có điện thoại thông minh", "Điện thoại thông minh",
        "Đã có smartphone", "Hộ đã có điện thoại thông minh",
    ),
    "priority_group": ("Đối tượng ưu tiên", "Diện ưu tiên", "Ưu tiên", "Thuộc đối tượng ưu tiên"),
    "notes": ("Ghi chú", "Chú thích", "Ghi chú khác"),
}  # fmt: skip

_PARENTHESES = re.compile(r"\([^)]*\)")
_PUNCTUATION = re.compile(r"[^a-z0-9]+")
_FEWEST_MATCHES = 4
"""A row with fewer known titles is no header: a title block may hold one of the words by chance."""
_SEARCHED_ROWS = 60


def find_header(rows: Sequence[Sequence[Cell]]) -> tuple[int, dict[str, int]] | None:
    """The header row's index and its field → column map: the early row with most known titles."""
    best: tuple[int, dict[str, int]] | None = None
    for index, row in enumerate(rows[:_SEARCHED_ROWS]):
        found = map_columns(row)
        if len(found) >= _FEWEST_MATCHES and (best is None or len(found) > len(best[1])):
            best = (index, found)
    return best


def map_columns(cells: Sequence[Cell]) -> dict[str, int]:
    """Field → column index for the titles in a row; of two columns with one field the first counts."""
    found: dict[str, int] = {}
    for index, cell in enumerate(cells):
        field = field_of(cell) if isinstance(cell, str) else None
        if field is not None:
            found.setdefault(field, index)
    return found


def field_of(title: str) -> str | None:
    """The field that a column title names, None for a title nobody planned for."""
    key = _key(title)
    if not key:
        return None
    exact = _fields().get(key)
    if exact is not None:
        return exact
    longer = [known for known in _fields() if " " in known and key.startswith(known + " ")]
    return _fields()[max(longer, key=len)] if longer else None


def missing_titles(columns: dict[str, int]) -> list[str]:
    """The Vietnamese titles of required columns that a list does not have."""
    return [TITLES_VI[field] for field in REQUIRED if field not in columns]


@cache
def _fields() -> dict[str, str]:
    return {_key(title): field for field, titles in _SYNONYMS.items() for title in titles}


def _key(title: str) -> str:
    folded = fold(_PARENTHESES.sub(" ", title)) or fold(title)
    return _PUNCTUATION.sub(" ", folded).strip()
