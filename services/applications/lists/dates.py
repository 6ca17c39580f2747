"""Dates as people write them: every usual Vietnamese form, Excel's counts of days, years. Nothing raises."""

import math
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from services.applications.lists.table import Cell
from shared.reference.text import fold

_SEP = r"\s*[\s/.,\\]\s*"
_DAY_MONTH_YEAR = re.compile(
    rf"(?:sinh )?(?:ngay )?(\d{{1,2}})(?: thang |{_SEP})(\d{{1,2}})(?: nam |{_SEP})(\d{{4}}|\d{{2}})",
    re.ASCII,
)
_YEAR_FIRST = re.compile(rf"(\d{{4}}){_SEP}(\d{{1,2}}){_SEP}(\d{{1,2}})", re.ASCII)
_MONTH_YEAR = re.compile(rf"(?:thang )?(\d{{1,2}})(?: nam |{_SEP})(\d{{4}})", re.ASCII)
_YEAR = re.compile(r"(?:sinh nam|nam sinh|sinh|nam|sn)?[\s:./x_]*(\d{4})(?:\.0+)?", re.ASCII)
_MONTH_NAMES = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_ENGLISH = re.compile(rf"(\d{{1,2}}){_SEP}({'|'.join(_MONTH_NAMES)})[a-z]*{_SEP}(\d{{4}}|\d{{2}})", re.ASCII)
_TIME = re.compile(r"[t ]\s*\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?z?( ?[ap]m)?$", re.ASCII)
_REMARK = re.compile(r"(?<=\d)\s*\([^()]*\)$")
_DIGITS = re.compile(r"(\d{5}|\d{7,8})(?:\.0+)?", re.ASCII)
_WRAPPING = " '\"()?.,;:"
_EXCEL_EPOCH = date(1899, 12, 30)
_FIRST_YEAR, _LATEST_YEAR_NUMBER = 1_000, 2_100
_LAST_SERIAL = 73_050
"""A number up to 2100 is a year; up to this (31/12/2099) it is Excel's count of days."""
_EARLIEST = 1_900
_LONGEST = 80


@dataclass(frozen=True, slots=True)
class Written:
    """A date as written: `month` and `day` None where they are not; `year` below 100 if of two digits.

    doubtful: a question mark stood there, or a year alone stood in a cell formed as a date.
    """

    year: int
    month: int | None = None
    day: int | None = None
    two_digits: bool = False
    doubtful: bool = False

    def settled(self, today: date) -> "Written":
        """With a full year: of two digits, the latest such year not to come (80 → 1980, 05 → 2005)."""
        if not self.two_digits:
            return self
        century = today.year - today.year % 100
        year = century + self.year
        if (year, self.month or 0, self.day or 0) > (today.year, today.month, today.day):
            year -= 100
        return Written(year, self.month, self.day, two_digits=True, doubtful=self.doubtful)

    @property
    def date(self) -> date | None:
        """The full date, None if the day or month is not known."""
        return None if self.month is None or self.day is None else _date(self.year, self.month, self.day)


def written(value: Cell) -> Written | None:
    """The date in a cell, None if there is none that can be read."""
    if isinstance(value, str):
        return _of_text(value)
    if isinstance(value, datetime):
        return _of_date(value.date())
    if isinstance(value, date):
        return _of_date(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _of_number(value)
    return None


def _of_date(value: date) -> Written:
    """A date cell. One in 1905 is a year typed into a cell formed as a date: 1980 shows as 02/06/1905."""
    days = (value - _EXCEL_EPOCH).days
    if _EARLIEST <= days <= _LATEST_YEAR_NUMBER:
        return Written(days, doubtful=True)
    return Written(value.year, value.month, value.day)


def _of_number(value: float) -> Written | None:
    if not math.isfinite(value) or value < _FIRST_YEAR:
        return None
    if value <= _LATEST_YEAR_NUMBER:
        return Written(int(value)) if value == int(value) else None
    if value <= _LAST_SERIAL:
        day = _EXCEL_EPOCH + timedelta(days=int(value))
        return Written(day.year, day.month, day.day)
    return _of_digits(str(int(value))) if value == int(value) and value < 10**8 else None


@lru_cache(maxsize=16_384)
def _of_text(text: str) -> Written | None:
    if len(text) > _LONGEST:
        return None
    folded = _REMARK.sub("", fold(text)).strip(_WRAPPING)
    plain = _TIME.sub("", folded).strip(_WRAPPING)
    found = _of_words(plain)
    if found is not None and "?" in text:
        return Written(found.year, found.month, found.day, found.two_digits, doubtful=True)
    return found


def _of_words(plain: str) -> Written | None:
    if found := _DAY_MONTH_YEAR.fullmatch(plain):
        return _checked(found[3], int(found[2]), int(found[1]))
    if found := _YEAR.fullmatch(plain):
        return _checked(found[1], 0, 0)
    if found := _YEAR_FIRST.fullmatch(plain):
        return _checked(found[1], int(found[2]), int(found[3]))
    if found := _MONTH_YEAR.fullmatch(plain):
        return _checked(found[2], int(found[1]), 0)
    if found := _ENGLISH.fullmatch(plain):
        return _checked(found[3], _MONTH_NAMES.index(found[2]) + 1, int(found[1]))
    if found := _DIGITS.fullmatch(plain):
        return _of_number(int(found[1])) if len(found[1]) == 5 else _of_digits(found[1])
    return None


def _of_digits(digits: str) -> Written | None:
    """Eight digits without separators: day, month, year, or else year, month, day."""
    eight = digits.zfill(8)
    for year, month, day in ((eight[4:], eight[2:4], eight[:2]), (eight[:4], eight[4:6], eight[6:])):
        found = _checked(year, int(month), int(day))
        if found is not None and found.date is not None and _EARLIEST <= found.year <= _LATEST_YEAR_NUMBER:
            return found
    return None


def _checked(year: str, month: int, day: int) -> Written | None:
    """What was written, None if there is no such day; a day or month of 0 is one that nobody knows."""
    two_digits = len(year) == 2
    if month > 12 or (two_digits and not (month and day)):
        return None
    if month and day and _date(2000 + int(year) if two_digits else int(year), month, day) is None:
        return None
    return Written(int(year), month or None, (day or None) if month else None, two_digits)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
