"""The cells of an .xls workbook stream (BIFF8 of Excel 97–2003, BIFF5 of Excel 95): values, dates, merges.

Source of the layout: [MS-XLS]. Formulas are never looked at: a cell's last computed value counts. Nothing is
allocated by what a record declares, only by what the stream holds and the limits allow.
"""

import math
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from services.applications.lists.errors import DamagedFileError, RefusedFileError
from services.applications.lists.formats.biff_text import Texts, decode, shared_strings, short_text, text_of
from services.applications.lists.formats.numbers import is_date_format
from services.applications.lists.table import Cell, Limits, Merge, Sheet

_BOF, _EOF, _CONTINUE = 0x0809, 0x000A, 0x003C
_BIFF8, _BIFF5 = 0x0600, 0x0500
_WORKSHEET = 0
_DATE_FORMATS = frozenset({*range(14, 23), *range(27, 37), 45, 46, 47, *range(50, 59)})
"""Numbers of Excel's own date and time formats."""
_LAST_SERIAL = 2_958_465.0
_LEAP_BUG = 60
"""Excel counts a 29/02/1900 that never was: serials below are one day off."""

Record = tuple[int, bytes, list[bytes]]
"""Type, content, contents of the CONTINUE records behind it."""


@dataclass(slots=True)
class _Globals:
    """What the workbook's first part says for all its sheets."""

    biff8: bool = True
    codepage: int = 1252
    epoch_1904: bool = False
    sheets: list[tuple[int, str, bool]] = field(default_factory=list)
    strings: list[str] = field(default_factory=list)
    formats: list[int] = field(default_factory=list)
    dates: set[int] = field(default_factory=lambda: set(_DATE_FORMATS))


def read_workbook(stream: bytes, limits: Limits) -> list[Sheet]:
    """The worksheets of a workbook stream. Raises `RefusedFileError` (password, limits, damage)."""
    try:
        return _read(stream, limits)
    except (struct.error, IndexError, ValueError, OverflowError) as error:
        raise DamagedFileError from error


def _read(stream: bytes, limits: Limits) -> list[Sheet]:
    found = _Globals()
    for kind, content, more in _records(stream, 0):
        if kind == _EOF:
            break
        if (take := _GLOBAL.get(kind)) is not None:
            take(found, content, more)
    if len(found.sheets) > limits.max_sheets:
        raise RefusedFileError("LIST_TOO_MANY_ROWS")
    sheets: list[Sheet] = []
    left = limits.max_rows
    for place, name, hidden in found.sheets:
        sheet = _SheetReader(found, left, limits.max_columns).read(stream, place, name, hidden)
        left -= len(sheet.rows)
        sheets.append(sheet)
    return sheets


def _records(stream: bytes, at: int) -> Iterator[Record]:
    """The records from a place on, each with the CONTINUE records behind it."""
    waiting: Record | None = None
    while at + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, at)
        content = stream[at + 4 : at + 4 + size]
        at += 4 + size
        if kind == _CONTINUE and waiting is not None:
            waiting[2].append(content)
            continue
        if waiting is not None:
            yield waiting
        waiting = (kind, content, [])
    if waiting is not None:
        yield waiting


def _begin(found: _Globals, content: bytes, _: list[bytes]) -> None:
    version = struct.unpack_from("<H", content)[0]
    if version not in (_BIFF8, _BIFF5):
        raise RefusedFileError("LIST_FORMAT_UNSUPPORTED")
    found.biff8 = version == _BIFF8


def _password(_: _Globals, __: bytes, ___: list[bytes]) -> None:
    raise RefusedFileError("LIST_PASSWORD")


def _codepage(found: _Globals, content: bytes, _: list[bytes]) -> None:
    found.codepage = struct.unpack_from("<H", content)[0]


def _date_mode(found: _Globals, content: bytes, _: list[bytes]) -> None:
    found.epoch_1904 = struct.unpack_from("<H", content)[0] == 1


def _bound_sheet(found: _Globals, content: bytes, _: list[bytes]) -> None:
    place, state, kind = struct.unpack_from("<IBB", content)
    if kind == _WORKSHEET:
        name = short_text(content, 6, found.biff8, found.codepage)
        found.sheets.append((place, name, bool(state & 3)))


def _format(found: _Globals, content: bytes, _: list[bytes]) -> None:
    number = struct.unpack_from("<H", content)[0]
    old = decode(content[3 : 3 + content[2]], found.codepage) if not found.biff8 else ""
    if is_date_format(old or text_of(Texts([content[2:]]))):
        found.dates.add(number)
    else:
        found.dates.discard(number)


def _cell_format(found: _Globals, content: bytes, _: list[bytes]) -> None:
    found.formats.append(struct.unpack_from("<H", content, 2)[0])


def _shared(found: _Globals, content: bytes, more: list[bytes]) -> None:
    found.strings = shared_strings([content, *more])


_GLOBAL: dict[int, Callable[[_Globals, bytes, list[bytes]], None]] = {
    _BOF: _begin,
    0x002F: _password,
    0x0042: _codepage,
    0x0022: _date_mode,
    0x0085: _bound_sheet,
    0x041E: _format,
    0x00E0: _cell_format,
    0x00FC: _shared,
}


class _SheetReader:
    """One worksheet's cells as its records name them."""

    def __init__(self, workbook: _Globals, max_rows: int, max_columns: int) -> None:
        self._workbook = workbook
        self._max_rows = max_rows
        self._max_columns = max_columns
        self._rows: list[list[Cell]] = []
        self._merges: list[Merge] = []
        self._formula = (0, 0)
        self._takes: dict[int, Callable[[bytes, list[bytes]], None]] = {
            0x0203: self._number,
            0x027E: self._rk,
            0x00BD: self._many_rk,
            0x00FD: self._shared_label,
            0x0204: self._label,
            0x00D6: self._label,
            0x0205: self._boolean,
            0x0006: self._result,
            0x0207: self._result_text,
            0x00E5: self._merged,
        }

    def read(self, stream: bytes, place: int, name: str, hidden: bool) -> Sheet:
        """The sheet whose records begin at a place; charts drawn inside it are passed over."""
        depth = 0
        for kind, content, more in _records(stream, place):
            if kind == _BOF:
                depth += 1
            elif kind == _EOF:
                depth -= 1
                if depth <= 0:
                    break
            elif depth == 1 and (take := self._takes.get(kind)) is not None:
                take(content, more)
        return Sheet(name, self._rows, tuple(self._merges), hidden)

    def _put(self, row: int, column: int, value: Cell) -> None:
        if row >= self._max_rows or column >= self._max_columns:
            raise RefusedFileError("LIST_TOO_MANY_ROWS")
        while len(self._rows) <= row:
            self._rows.append([])
        line = self._rows[row]
        if column >= len(line):
            line.extend([None] * (column - len(line)))
            line.append(value)
        else:
            line[column] = value

    def _number(self, content: bytes, _: list[bytes]) -> None:
        row, column, form, value = struct.unpack_from("<HHHd", content)
        self._put(row, column, self._valued(value, form))

    def _rk(self, content: bytes, _: list[bytes]) -> None:
        row, column, form, packed = struct.unpack_from("<HHHI", content)
        self._put(row, column, self._valued(_unpacked(packed), form))

    def _many_rk(self, content: bytes, _: list[bytes]) -> None:
        row, column = struct.unpack_from("<HH", content)
        for at in range(4, len(content) - 7, 6):
            form, packed = struct.unpack_from("<HI", content, at)
            self._put(row, column + (at - 4) // 6, self._valued(_unpacked(packed), form))

    def _shared_label(self, content: bytes, _: list[bytes]) -> None:
        row, column, _form, index = struct.unpack_from("<HHHI", content)
        self._put(row, column, self._workbook.strings[index])

    def _label(self, content: bytes, more: list[bytes]) -> None:
        row, column = struct.unpack_from("<HH", content)
        self._put(row, column, self._text(content[6:], more))

    def _boolean(self, content: bytes, _: list[bytes]) -> None:
        row, column, _form, value, is_error = struct.unpack_from("<HHHBB", content)
        if not is_error:
            self._put(row, column, bool(value))

    def _result(self, content: bytes, _: list[bytes]) -> None:
        """A formula's value: a number, or a mark that it is a text (in the next record), a boolean, none."""
        row, column, form = struct.unpack_from("<HHH", content)
        self._formula = (row, column)
        if content[12:14] != b"\xff\xff":
            self._put(row, column, self._valued(struct.unpack_from("<d", content, 6)[0], form))
        elif content[6] == 1:
            self._put(row, column, bool(content[8]))

    def _result_text(self, content: bytes, more: list[bytes]) -> None:
        self._put(*self._formula, self._text(content, more))

    def _text(self, content: bytes, more: list[bytes]) -> str:
        if self._workbook.biff8:
            return text_of(Texts([content, *more]))
        length = struct.unpack_from("<H", content)[0]
        return decode(content[2 : 2 + length], self._workbook.codepage)

    def _merged(self, content: bytes, _: list[bytes]) -> None:
        count = struct.unpack_from("<H", content)[0]
        for at in range(2, min(2 + 8 * count, len(content) - 7), 8):
            top, bottom, left, right = struct.unpack_from("<HHHH", content, at)
            self._merges.append(Merge(top, left, bottom, right))

    def _valued(self, value: float, form: int) -> Cell:
        """A number, or the date it stands for under its cell's format."""
        formats = self._workbook.formats
        if form >= len(formats) or formats[form] not in self._workbook.dates:
            return value
        return _day(value, self._workbook.epoch_1904)


def _unpacked(packed: int) -> float:
    """A number in Excel's four bytes: an integer or the upper half of a double, perhaps in hundredths."""
    if packed & 2:
        whole = packed >> 2
        value = float(whole - (1 << 30) if whole & (1 << 29) else whole)
    else:
        value = struct.unpack("<d", bytes(4) + struct.pack("<I", packed & 0xFFFF_FFFC))[0]
    return value / 100 if packed & 1 else value


def _day(serial: float, epoch_1904: bool) -> Cell:
    """The date (with its time, if any) of Excel's count of days; the count itself where it names no date."""
    if not (math.isfinite(serial) and 1 <= serial <= _LAST_SERIAL):
        return serial
    days = int(serial)
    first = date(1904, 1, 1) if epoch_1904 else date(1899, 12, 30)
    try:
        found = first + timedelta(days=days + (not epoch_1904 and days < _LEAP_BUG))
    except OverflowError:
        return serial
    seconds = round((serial - days) * 86_400)
    if not seconds:
        return found
    return datetime(found.year, found.month, found.day) + timedelta(seconds=seconds)  # noqa: DTZ001 - a cell has no zone
