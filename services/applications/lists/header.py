"""Finding the rows that hold the column titles, under a title block of any height, one to three rows high."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from services.applications.lists.columns import match
from services.applications.lists.problems import ColumnTitle
from services.applications.lists.table import Cell, Merge, Sheet, is_blank
from services.applications.lists.titles import Stack, assign
from shared.reference.text import fold, nfc

Rows = Sequence[Sequence[Cell]]

SEARCHED_ROWS = 60
"""Rows of a title block at most."""

_TALLEST = 3
_FEWEST_FIELDS = 4
"""A row with fewer known titles is no header: a title block may hold one of the words by chance."""
_FEWEST_FOR_A_GUESS = 4
_FEWEST_HITS = 3
_WORTH_OF_A_NAME = 3
_LONGEST_TITLE = 200
_SAMPLED_ROWS = 30
_SHARE_OF_GIVEN_NAMES = 0.6
_NUMBER = re.compile(r"[\d\s.,/\-:%()+]+", re.ASCII)
_COLUMN_NUMBER = re.compile(r"\(?\d{1,2}\)?(\.0)?|\(?[a-z]\)?|\(\d{1,2}\)=.*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Header:
    """Rows `first` to `last` (from 0) that hold the titles, and what was made of them.

    known: enough titles were known (or said by the officer); else the rows are a guess, for people to map.
    """

    first: int
    last: int
    columns: dict[str, int]
    titles: tuple[ColumnTitle, ...]
    known: bool

    @property
    def worth(self) -> int:
        return _worth(self.columns)


def find_header(sheet: Sheet, mapping: Mapping[str, str]) -> Header | None:
    """The header of a sheet: the early rows with most known titles; a guess where too few are known."""
    rows = sheet.rows[: SEARCHED_ROWS + _TALLEST]
    merges = [merge for merge in sheet.merges if merge.top < len(rows)]
    found = [_header(rows, merges, window, mapping) for window in _windows(rows)]
    known = [header for header in found if header.known]
    if known:
        return _with_second_name(_chosen(known, rows, merges), sheet)
    single = (header for header in found if header.first == header.last)
    return next((header for header in single if _filled(rows[header.first]) >= _FEWEST_FOR_A_GUESS), None)


def _with_second_name(header: Header, sheet: Sheet) -> Header:
    """With the column of given names, where "Họ và tên" stands over two columns and one name in each."""
    at = header.columns.get("head_name", len(header.titles))
    if at + 1 >= len(header.titles) or "given_name" in header.columns:
        return header
    first, second = header.titles[at : at + 2]
    if second.field is not None or second.title not in ("", first.title):
        return header
    below = [row for row in sheet.rows[header.last + 1 : header.last + 1 + _SAMPLED_ROWS] if len(row) > at]
    named = [row for row in below if isinstance(row[at], str) and not is_blank(row[at])]
    given = [row for row in named if len(row) > at + 1 and _is_given_name(row[at + 1])]
    if len(given) < max(2, len(named) * _SHARE_OF_GIVEN_NAMES):
        return header
    titles = list(header.titles)
    titles[at + 1] = second._replace(field="given_name")
    return replace(header, columns={**header.columns, "given_name": at + 1}, titles=tuple(titles))


def _is_given_name(cell: Cell) -> bool:
    return isinstance(cell, str) and 0 < len(cell.split()) <= 2 and cell.replace(" ", "").isalpha()


def is_header_again(cells: Sequence[Cell], header: Header) -> bool:
    """Whether a row below repeats the titles, as on every printed page."""
    same = total = 0
    for at, cell in enumerate(cells):
        if is_blank(cell):
            continue
        total += 1
        if isinstance(cell, str) and at < len(header.titles):
            same += nfc(cell) in header.titles[at].title.split(" / ")
    return total > 0 and same * 5 >= total * 3


def numbers_columns(cells: Sequence[Cell]) -> bool:
    """Whether a row only numbers the columns: (1), (2), … or A, B, 1, 2."""
    filled = [fold(str(cell)) for cell in cells if not is_blank(cell)]
    return len(filled) > 1 and all(_COLUMN_NUMBER.fullmatch(text) for text in filled)


def _windows(rows: Rows) -> Iterator[tuple[int, int]]:
    """First and last row of whatever could be a header."""
    titles = [_is_title_row(row) for row in rows]
    hits = [_hits(row) if titles[at] else 0 for at, row in enumerate(rows)]
    for first in range(min(len(rows), SEARCHED_ROWS + 1)):
        for last in range(first, min(first + _TALLEST, len(rows))):
            if not titles[last] or _filled(rows[last]) < 2:
                break
            if first == last or sum(hits[first : last + 1]) >= _FEWEST_HITS:
                yield first, last


def _header(
    rows: Rows, merges: Sequence[Merge], window: tuple[int, int], mapping: Mapping[str, str]
) -> Header:
    columns, titles = assign(_stacks(rows, merges, *window), mapping)
    return Header(*window, columns, titles, known=len(columns) >= _FEWEST_FIELDS)


def _chosen(known: Sequence[Header], rows: Rows, merges: Sequence[Merge]) -> Header:
    """The best header; of equals the topmost and lowest, then as tall as its merged titles reach down."""
    best = max(header.worth for header in known)
    equals = [header for header in known if header.worth == best]
    chosen = min(equals, key=lambda header: (header.last, header.last - header.first))
    for header in sorted(equals, key=lambda one: one.last):
        lower = header.first == chosen.first and header.last == chosen.last + 1
        if lower and _reaches_down(rows, merges, header):
            chosen = header
    return chosen


def _reaches_down(rows: Rows, merges: Sequence[Merge], header: Header) -> bool:
    """Whether a header's last row stands under nothing or under titles that span several columns."""
    filled = {at for at, cell in enumerate(rows[header.last]) if not is_blank(cell)}
    above = rows[header.last - 1]
    titled = {
        at for row in rows[header.first : header.last] for at, cell in enumerate(row) if not is_blank(cell)
    }
    wide = {
        at
        for merge in merges
        if merge.top <= header.last - 1 <= merge.bottom < header.last and merge.right > merge.left
        for at in range(merge.left, merge.right + 1)
    }
    wide |= {
        at - 1
        for at in filled - titled
        if at - 1 in filled and at <= len(above) and not is_blank(above[at - 1])
    }
    return len(filled) > 1 and filled <= wide | (filled - titled) and bool(wide & filled)


def _stacks(rows: Rows, merges: Sequence[Merge], first: int, last: int) -> list[Stack]:
    """The titles over each column, those of merged cells over every column they span."""
    width = max(len(rows[at]) for at in range(first, last + 1))
    levels = [_level(rows, merges, at, width, last) for at in range(first, last + 1)]
    stacks = []
    for column in range(width):
        texts: list[str] = []
        wide = False
        for level in levels:
            text, spans = level[column]
            if text and (not texts or texts[-1] != text):
                texts.append(text)
                wide = wide or spans
        stacks.append(Stack(tuple(texts), wide))
    return stacks


def _level(rows: Rows, merges: Sequence[Merge], row: int, width: int, last: int) -> list[tuple[str, bool]]:
    """One row's titles with whether each spans columns: by its merge, or as none but lower ones follow."""
    own = [nfc(cell) if isinstance(cell, str) else "" for cell in rows[row]] + [""] * (width - len(rows[row]))
    level = [(text, False) for text in own]
    for merge in merges:
        if merge.top == row and merge.right > merge.left and merge.left < width:
            for at in range(merge.left, min(merge.right + 1, width)):
                level[at] = (own[merge.left], True)
    if row < last:
        below = [not is_blank(cell) for cell in rows[row + 1]] + [False] * width
        for at in range(1, width):
            text, _ = level[at - 1]
            if not level[at][0] and text and below[at] and below[at - 1]:
                level[at - 1] = level[at] = (text, True)
    return level


def _is_title_row(row: Sequence[Cell]) -> bool:
    filled = [cell for cell in row if not is_blank(cell)]
    return bool(filled) and all(
        isinstance(cell, str) and len(cell) <= _LONGEST_TITLE and not _NUMBER.fullmatch(cell)
        for cell in filled
    )


def _hits(row: Sequence[Cell]) -> int:
    return sum(isinstance(cell, str) and match(nfc(cell)) is not None for cell in row)


def _filled(row: Sequence[Cell]) -> int:
    return sum(not is_blank(cell) for cell in row)


def _worth(columns: Mapping[str, int]) -> int:
    named = "head_name" in columns or "member_name" in columns
    return len(columns) + _WORTH_OF_A_NAME * named
