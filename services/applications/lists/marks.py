"""What only the whole of a column tells: that blanks in it mean no, or repeat the village above."""

from collections.abc import Iterator, Sequence
from typing import cast

from services.applications.lists import cells
from services.applications.lists.problems import ColumnTitle, Problem, list_note
from services.applications.lists.table import Cell, ListRow, is_blank

_SHARE_OF_BLANKS = 0.25
"""Where every filled cell says "Có", so many blanks mean that only those who have were marked."""
_FEWEST_UNNAMED = 2
_SHARE_OF_UNNAMED = 0.3
"""So many households without a village mean that it was written once for each group."""


def settle_blanks(rows: Sequence[ListRow], titles: Sequence[ColumnTitle], sheet: str) -> list[Problem]:
    """Write in what blanks mean, in place; the notes say so."""
    return [*_smartphones(rows, titles, sheet), *_villages(rows, sheet)]


def _smartphones(rows: Sequence[ListRow], titles: Sequence[ColumnTitle], sheet: str) -> Iterator[Problem]:
    """A column that only ticks who has a smartphone says of the others that they have none.

    Beside a column that ticks the others, a household ticked in neither has not been asked.
    """
    if rows and {"has_smartphone", "no_smartphone"} <= set(rows[0].values):
        return
    for name in ("has_smartphone", "no_smartphone"):
        blank = [row for row in rows if is_blank(row.values.get(name, ""))]
        filled = [row.values[name] for row in rows if not is_blank(row.values.get(name, ""))]
        if not (blank and filled and all(cells.yes_no(value) for value in filled)):
            continue
        if all(map(cells.is_mark, filled)) or len(blank) >= _SHARE_OF_BLANKS * len(rows):
            for row in blank:
                _write(row, name, False)
            title = next((one.title for one in titles if one.field == name), name)
            yield list_note("LIST_BLANK_MEANS_NO", sheet, name, title=title)


def _villages(rows: Sequence[ListRow], sheet: str) -> Iterator[Problem]:
    unnamed = [
        row for row in rows if is_blank(row.values.get("village")) and is_blank(row.values.get("address"))
    ]
    named = rows and not is_blank(rows[0].values.get("village"))
    if not named or len(unnamed) < max(_FEWEST_UNNAMED, _SHARE_OF_UNNAMED * len(rows)):
        return
    village: Cell = None
    for row in rows:
        if is_blank(row.values.get("village")):
            _write(row, "village", village)
        village = row.values.get("village")
    yield list_note("LIST_VILLAGE_FILLED", sheet, "village")


def _write(row: ListRow, name: str, value: Cell) -> None:
    """Rows are made in this package and not given out yet, so their cells may still be settled."""
    cast("dict[str, Cell]", row.values)[name] = value
