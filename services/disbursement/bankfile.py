"""The bank's files: orders out as CSV, its answer back in. Plain values, no database.

No bank's own format was found in a source, so the columns are ours and named: a bank's portal maps them.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from services.disbursement.commands.payments import Confirmation

ORDER_COLUMNS = ("reference", "account_name", "bank", "account_number", "amount", "description")
ANSWER_COLUMNS = ("reference", "amount", "date", "status", "bank_reference", "reason")
MOST_ROWS = 10_000
PAID_WORDS = ("paid", "success", "thanh cong", "da thanh toan")
FAILED_WORDS = ("failed", "returned", "that bai", "hoan tra")

_DATES = ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A row of the bank's answer that says nothing we can act on; `code` has its sentences."""

    row: int
    reference: str
    code: str


def orders_csv(payments: Iterable[Mapping[str, Any]]) -> bytes:
    """UTF-8 with a byte order mark, so that a spreadsheet shows it right; amounts are bare digits of đồng."""
    out = io.StringIO()
    writer = csv.DictWriter(out, ORDER_COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(payments)
    return out.getvalue().encode("utf-8-sig")


def read_answer(data: bytes) -> list[Confirmation | Unreadable] | str:
    """The rows of the bank's answer, or the code of why the file cannot be read. Never raises.

    Columns by name, in any order; date, bank_reference and reason may be missing where they do not apply.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return "BANK_FILE_UNREADABLE"
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=_separator(text), strict=True)
        titles = [(title or "").strip().lower() for title in reader.fieldnames or ()]
        rows = list(zip(range(2, MOST_ROWS + 3), reader, strict=False))
    except csv.Error:
        return "BANK_FILE_UNREADABLE"
    if not {"reference", "amount", "status"} <= set(titles):
        return "BANK_FILE_COLUMNS"
    if len(rows) > MOST_ROWS:
        return "BANK_FILE_TOO_LONG"
    return [_read_row(number, dict(zip(titles, row.values(), strict=False))) for number, row in rows]


def _separator(text: str) -> str:
    first = text.split("\n", 1)[0]
    return max(",;\t", key=first.count)


def _read_row(number: int, row: dict[str, Any]) -> Confirmation | Unreadable:
    cells = {name: value.strip() for name, value in row.items() if isinstance(value, str)}
    reference = cells.get("reference", "").upper()[:40]
    amount = _amount(cells.get("amount", ""))
    status = _status(cells.get("status", ""))
    day = _day(cells.get("date", ""))
    if amount is None:
        return Unreadable(number, reference, "BANK_AMOUNT_UNREADABLE")
    if status is None:
        return Unreadable(number, reference, "BANK_STATUS_UNKNOWN")
    if day is None and status:
        return Unreadable(number, reference, "BANK_DATE_UNREADABLE")
    failure = None if status else (cells.get("reason") or "-")[:200]
    return Confirmation(reference, amount, day or date.min, cells.get("bank_reference", "")[:100], failure)


def _amount(written: str) -> int | None:
    """Whole đồng; dots or blanks may part the thousands."""
    digits = written.replace(".", "").replace(" ", "").replace("\u00a0", "")
    return int(digits) if digits.isascii() and digits.isdigit() and 0 < len(digits) <= 15 else None


def _status(written: str) -> bool | None:
    word = written.lower()
    return True if word in PAID_WORDS else False if word in FAILED_WORDS else None


def _day(written: str) -> date | None:
    for form in _DATES:
        try:
            return datetime.strptime(written, form).date()  # noqa: DTZ007 - a bank's day has no hour
        except ValueError:
            continue
    return None


def outcomes(rows: Sequence[Confirmation | Unreadable], said: Sequence[str]) -> list[tuple[int, str, str]]:
    """(row, reference, outcome) of every row, in order; `said`: what was said of the readable ones."""
    answers = iter(said)
    return [
        (place, one.reference, one.code if isinstance(one, Unreadable) else next(answers))
        for place, one in enumerate(rows, start=2)
    ]
