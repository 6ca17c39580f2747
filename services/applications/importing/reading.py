"""From a file to households, chunk by chunk. Pure: the same file under the same mapping reads the same."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from services.applications import domain
from services.applications.household import HouseholdDraft
from services.applications.importing.wording import row_problem
from services.applications.lists import Limits, ListRow, Problem, RowContext, parse_row
from shared.observability import logger
from shared.settings import ImportSettings

CHUNK = 500
"""Rows per transaction: few enough that a clash or a crash costs little."""

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")


@dataclass(frozen=True, slots=True)
class ReadRow:
    """A row once it is read.

    place: among the list's households, from 1, over all sheets; draft: None if it is refused, and then one of
    `problems` says why.
    """

    place: int
    row: ListRow
    draft: HouseholdDraft | None
    problems: tuple[Problem, ...]

    @property
    def doubtful(self) -> bool:
        return any(one.severity == "warning" for one in self.problems)


def limits_of(settings: ImportSettings) -> Limits:
    return Limits(
        max_bytes=settings.max_bytes,
        max_rows=settings.max_rows,
        max_columns=settings.max_columns,
        max_cell_chars=settings.max_cell_chars,
    )


def day_of(moment: datetime) -> date:
    """The day in Viet Nam on which a file first came: nothing in it lies after."""
    return moment.astimezone(HANOI).date()


def chunks_of(
    rows: Sequence[ListRow], context: RowContext, size: int, first: int = 1
) -> Iterator[list[ReadRow]]:
    """Rows of a list, read and checked, `size` at a time; `first` is the place of the first of them."""
    for start in range(0, len(rows), size):
        yield _read(rows[start : start + size], first + start, context)


def _read(rows: Sequence[ListRow], first: int, context: RowContext) -> list[ReadRow]:
    return [_read_one(place, row, context) for place, row in enumerate(rows, start=first)]


def _read_one(place: int, row: ListRow, context: RowContext) -> ReadRow:
    try:
        parsed = parse_row(row, context)
    except Exception as error:  # noqa: BLE001 - a row that nobody thought of costs only itself
        logger("imports").error("row not read", place=place, error=type(error).__name__)
        return ReadRow(place, row, None, (row_problem(row, "", "ROW_NOT_STORED", "error"),))
    if parsed.household is None:
        return ReadRow(place, row, None, parsed.problems)
    defects = tuple(
        row_problem(row, name, code, "error") for name, code in domain.defects_of(parsed.household)
    )
    return ReadRow(place, row, None if defects else parsed.household, (*parsed.problems, *defects))
