"""What a list file is, and what must come out of it. The lists themselves: `troubles_of_*.py`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.applications.household import HouseholdDraft
from tests.lists.books import xlsx
from tests.lists.households import COLUMNS, KNOWN, columns
from tests.lists.pages import Page, Row

Change = Callable[[HouseholdDraft], dict[str, Any]]
NONE: tuple[tuple[str, ...], ...] = ((),) * len(KNOWN)


@dataclass(frozen=True)
class Trouble:
    """A list file and what must come out of it."""

    name: str
    file: str
    data: bytes
    rows: Sequence[int] = tuple(range(2, 8))
    changed: Change = field(default=lambda _: {})
    notes: frozenset[str] = frozenset()
    codes: Sequence[tuple[str, ...]] = NONE
    declared: int | None = None
    sheets: Sequence[str] = ()


TROUBLES: list[Trouble] = []


def trouble(name: str, data: bytes | Page, *, file: str = "list.xlsx", **expected: Any) -> None:
    body = xlsx(data) if isinstance(data, Page) else data
    TROUBLES.append(Trouble(name, file, body, **expected))


BLOCK: list[Row] = [
    ["ỦY BAN NHÂN DÂN XÃ NẬM DỊCH", None, None, None, None, None, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"],
    ["Số: 12/BC-UBND", None, None, None, None, None, "Nậm Dịch, ngày 15 tháng 01 năm 2026"],
    [],
    ["DANH SÁCH HỘ ĐỀ NGHỊ HỖ TRỢ ĐIỆN THOẠI THÔNG MINH"],
    ["(Kèm theo Tờ trình của UBND xã)"],
    [],
]
WIDTH = len(COLUMNS) + 1
FIRST, SECOND = KNOWN[:3], KNOWN[3:]
ALL = columns()
