"""The poverty certificate of a row: number, date, year it holds for, who issued it."""

import re
from dataclasses import dataclass
from datetime import date

from services.applications.household import PovertyStatus
from services.applications.lists import cells, dates
from services.applications.lists.person import Reader
from services.applications.lists.places import issuing_commune
from services.applications.lists.table import Cell, is_blank

_REVIEW_BEGINS = 9
_LONGEST = 100
"""Letters of a number that may have its date beside it."""
_NUMBER_AND_DATE = re.compile(
    r"(?P<number>\S.*?)[\s,;:(–-]+(?:cấp\s+)?(?:ngày\s+)?(?P<date>\d{1,2}[/.\-]\d{1,2}[/.\-]\d{4})\)?",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(20\d\d)(?:\.0)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Certificate:
    """`commune`: 5-digit code of who issued it, None for the household's own."""

    number: str | None
    issued: date | None
    year: int | None
    commune: str | None


def certificate_year(issued: date) -> int:
    """The year for which a poverty certificate proves the status.

    Our reading of the yearly review (September to mid-December, monthly in between), not a quoted rule: a
    certificate issued from September to December holds for the year after, one issued before for its own.
    """
    return issued.year + (issued.month >= _REVIEW_BEGINS)


def read_certificate(row: Reader, status: PovertyStatus, own_commune: str) -> Certificate:
    """The certificate as a row tells of it; a poor or near-poor household without one is warned about."""
    number, also_date = _number(row, status)
    issued, year = _issued(row, status, also_date)
    return Certificate(number, issued, _year(row) or year, _commune(row, own_commune))


def _number(row: Reader, status: PovertyStatus) -> tuple[str | None, str | None]:
    """The number, and the date where "12/GCN-HN.HCN ngày 20/12/2025" stands in one cell."""
    value = row.values.get("certificate_number")
    number = "" if cells.says_nothing(value) or cells.yes_no(value) else cells.text(value)
    if not number:
        if status != "none":
            row.report("certificate_number", "CERTIFICATE_NUMBER_MISSING")
        return None, None
    if len(number) > _LONGEST or not is_blank(row.values.get("certificate_date")):
        return number, None
    if both := _NUMBER_AND_DATE.fullmatch(number):
        return both["number"], both["date"]
    return number, None


def _issued(row: Reader, status: PovertyStatus, also_date: str | None) -> tuple[date | None, int | None]:
    """The day of issue and the year it proves; without the day, the year as far as the month tells it."""
    value: Cell = also_date or row.values.get("certificate_date")
    if is_blank(value):
        if status != "none":
            row.report("certificate_date", "CERTIFICATE_DATE_MISSING")
        return None, None
    found = dates.written(value)
    if found is None:
        row.report("certificate_date", "CERTIFICATE_DATE_UNREADABLE", value)
        return None, None
    settled = found.settled(row.today)
    issued = settled.date
    first_day = issued or date(max(settled.year, 1), settled.month or 1, 1)
    if not row.is_past(first_day, settled.year):
        row.report("certificate_date", "CERTIFICATE_DATE_IMPOSSIBLE", value)
        return None, None
    if issued is None:
        row.report("certificate_date", "CERTIFICATE_DATE_NO_DAY", value)
    return issued, certificate_year(first_day)


def _year(row: Reader) -> int | None:
    """The year a column of its own names; it may be next year's, which the review of autumn decides."""
    value = row.values.get("certificate_year")
    if is_blank(value) or cells.says_nothing(value):
        return None
    found = _YEAR.fullmatch(cells.text(value))
    if found is None or int(found[1]) > row.today.year + 1:
        row.report("certificate_year", "CERTIFICATE_YEAR_UNREADABLE")
        return None
    return int(found[1])


def _commune(row: Reader, own: str) -> str | None:
    value = row.values.get("certificate_place")
    if is_blank(value):
        return None
    commune, sure = issuing_commune(cells.text(value), own)
    if not sure:
        row.report("certificate_place", "CERTIFICATE_PLACE_UNKNOWN")
    return commune
