"""From a cell to a value: what people type for dates, yes and no, numbers and digits. Nothing here raises."""

import math
import re
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Literal

from services.applications.household import PovertyStatus, PriorityGroup
from services.applications.lists.table import Cell
from shared.reference.text import fold, nfc

_DAY_MONTH_YEAR = re.compile(r"(\d{1,2})\s*[/.\-]\s*(\d{1,2})\s*[/.\-]\s*(\d{4})", re.ASCII)
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ].*)?", re.ASCII)
_YEAR = re.compile(r"(?:\d{1,2}\s*[/.\-]\s*)?(\d{4})(?:\.0)?", re.ASCII)
_EXCEL_EPOCH = date(1899, 12, 30)
_LATEST_YEAR_NUMBER = 2_100
_LAST_SERIAL = 73_050
"""A number up to 2100 is a year; up to this (31/12/2099) it is Excel's count of days."""

_YES = {"co", "x", "v", "yes", "y", "true", "1", "roi", "da co", "co roi"}
_NO = {"khong", "chua", "no", "n", "false", "0", "khong co", "chua co", "k", "ko"}
_SEXES: dict[str, Literal["male", "female"]] = {
    "nam": "male",
    "nu": "female",
    "male": "male",
    "female": "female",
}
_POVERTY: dict[str, PovertyStatus] = {
    "ho ngheo": "poor",
    "ngheo": "poor",
    "hn": "poor",
    "ho can ngheo": "near_poor",
    "can ngheo": "near_poor",
    "hcn": "near_poor",
    "khong": "none",
    "khong ngheo": "none",
    "ho khong ngheo": "none",
    "khong thuoc ho ngheo, can ngheo": "none",
    "thoat ngheo": "none",
    "ho thoat ngheo": "none",
}
_PRIORITY: dict[str, PriorityGroup] = {
    "nguoi co cong": "merit",
    "gia dinh co cong": "merit",
    "nguoi co cong voi cach mang": "merit",
    "gia dinh nguoi co cong": "merit",
    "chinh sach xa hoi": "social_policy",
    "gia dinh chinh sach xa hoi": "social_policy",
    "doi tuong chinh sach xa hoi": "social_policy",
    "gia dinh chinh sach": "social_policy",
}
NO_GROUP = frozenset({"", "khong", "khong co", "0"})


def text(value: Cell) -> str:
    """The cell as stored text: NFC; whole numbers without their ".0"; "" for nothing."""
    if isinstance(value, str):
        return nfc(value)
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def digits(value: Cell) -> tuple[str, bool]:
    """A number's digits as text, and whether the file held a number, which has lost its leading zeros."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return text(value).removesuffix(".0"), is_number


def whole_number(value: Cell) -> int | None:
    """A whole number of a cell or None; "7", 7 and 7.0 are the same, 7.5 and True are none."""
    written = "" if isinstance(value, bool) else text(value).removesuffix(".0")
    if len(written) > 9 or not (written.isascii() and written.isdigit()):
        return None
    return int(written)


def day(value: Cell) -> date | None:
    """A full date: a date cell, Excel's day count, 31/12/1980 (also with . or -), 1980-12-31."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, str):
        return _day_of_text(value.strip())
    return _day_of_serial(value) if isinstance(value, int | float) else None


def year(value: Cell) -> int | None:
    """A year alone: 1980, "1980", or the year of "6/1980" whose day nobody knows."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return int(value) if 0 < value <= _LATEST_YEAR_NUMBER and value == int(value) else None
    found = _YEAR.fullmatch(value.strip()) if isinstance(value, str) else None
    return int(found[1]) if found else None


def yes_no(value: Cell) -> bool | None:
    """Có or Không in the ways people mark it; None if it is neither."""
    if isinstance(value, bool):
        return value
    word = fold(text(value))
    return True if word in _YES else False if word in _NO else None


def sex(value: Cell) -> Literal["male", "female"] | None:
    """Nam or Nữ; None if it is neither."""
    return _SEXES.get(fold(text(value)))


def poverty_status(value: Cell) -> PovertyStatus | None:
    """Hộ nghèo, Hộ cận nghèo or neither of them; None for a word nobody planned for."""
    return _POVERTY.get(fold(text(value)))


def priority_group(value: Cell) -> PriorityGroup | None:
    """Người có công or Chính sách xã hội; None for any other word."""
    return _PRIORITY.get(fold(text(value)))


@lru_cache(maxsize=4_096)
def _day_of_text(written: str) -> date | None:
    found = _DAY_MONTH_YEAR.fullmatch(written)
    if found:
        return _date(int(found[3]), int(found[2]), int(found[1]))
    found = _ISO.fullmatch(written)
    return _date(int(found[1]), int(found[2]), int(found[3])) if found else None


def _day_of_serial(value: float) -> date | None:
    if isinstance(value, bool) or not math.isfinite(value):
        return None
    if not _LATEST_YEAR_NUMBER < value <= _LAST_SERIAL:
        return None
    return _EXCEL_EPOCH + timedelta(days=int(value))


def _date(in_year: int, month: int, in_month: int) -> date | None:
    try:
        return date(in_year, month, in_month)
    except ValueError:
        return None
