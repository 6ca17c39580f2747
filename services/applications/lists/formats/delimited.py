"""Text files with separators (.csv, .txt): the encoding, the separator, the rows."""

import csv
import io
import re
import unicodedata
from itertools import pairwise

from services.applications.lists.columns import field_of
from services.applications.lists.encodings.legacy import TCVN3, VNI
from services.applications.lists.encodings.syllables import plausible
from services.applications.lists.errors import DamagedFileError, RefusedFileError
from services.applications.lists.table import Cell, Limits

_SEPARATORS = ";,\t|"
_DECLARED = re.compile(r"\"?sep=([;,:|\t])\"?\r?\n", re.IGNORECASE)
_AS_TEXT = re.compile(r'="([^"]*)"')
"""How Excel is made to keep the zeros of a number in a .csv: ="0012"."""
_WORD = re.compile(r"[^\s!-@\[-`{-~]+")
_SAMPLE = 20_000
_SAMPLED_ROWS = 70
_MANY_NULLS = 0.2


def read_rows(data: bytes, limits: Limits) -> list[list[Cell]]:
    """The rows of a text file, numbered as Excel shows them. Raises `RefusedFileError`."""
    text = decode(data)
    declared = _DECLARED.match(text)
    if declared:
        text = text[declared.end() :]
    separator = declared[1] if declared else separator_of(text)
    rows = _parsed(text.rstrip(), separator, limits.max_rows)
    if any(len(cell) > limits.max_cell_chars and "\n" in cell for row in rows for cell in row):
        rows = _parsed(text.rstrip(), separator, limits.max_rows, quoted=False)  # a quote nobody closed
    while rows and not any(map(str.strip, rows[-1])):
        rows.pop()
    return [[_bare(cell) for cell in row] for row in rows]


def decode(data: bytes) -> str:
    """The text of a file: by its mark, as UTF-16 or UTF-8, else in the 8-bit encoding that makes most sense.

    TCVN3 and VNI stay Western letters here and are converted with the sheets of all formats.
    """
    marked = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    wide = "utf-16" if marked else _unmarked_utf_16(data)
    try:
        return data.decode(wide or "utf-8-sig")
    except UnicodeDecodeError as error:
        if wide or b"\x00" in data:
            raise DamagedFileError from error
    return _decode_8_bit(data)


def separator_of(text: str) -> str:
    """Which sign parts the cells: the one under which most column titles, then even rows, come out."""

    def sense(sign: str) -> tuple[int, int]:
        rows = _parsed(text[:_SAMPLE], sign, _SAMPLED_ROWS)
        titles = max((sum(field_of(cell) is not None for cell in row) for row in rows), default=0)
        even = sum(len(row) for row, after in pairwise(rows) if len(row) == len(after) > 1)
        return titles, even

    return max(_SEPARATORS, key=sense)


def _unmarked_utf_16(data: bytes) -> str | None:
    """UTF-16 without its mark: every other byte of plain text is zero."""
    sample = data[:4_096]
    if len(data) % 2 or sample.count(0) <= len(sample) * _MANY_NULLS:
        return None
    return "utf-16-le" if sample[1::2].count(0) > sample[::2].count(0) else "utf-16-be"


def _decode_8_bit(data: bytes) -> str:
    western = data.decode("cp1252", "replace")
    try:
        windows = unicodedata.normalize("NFC", data.decode("cp1258"))
    except UnicodeDecodeError:
        return western
    sample = western[:_SAMPLE]
    old = max(_sense(encoding.convert(sample)) for encoding in (TCVN3, VNI))
    return windows if _sense(windows[:_SAMPLE]) >= old else western


def _sense(sample: str) -> float:
    """The share of its words beyond ASCII that could be Vietnamese."""
    words = {word for word in _WORD.findall(sample) if not word.isascii()}
    return sum(map(plausible, words)) / len(words) if words else 0.0


def _parsed(text: str, separator: str, most: int, *, quoted: bool = True) -> list[list[str]]:
    """At most one row more than `most`, so that too many show."""
    file = io.StringIO(text, newline="")
    if quoted:
        lines = csv.reader(file, delimiter=separator)
    else:
        lines = csv.reader(file, delimiter=separator, quoting=csv.QUOTE_NONE)
    try:
        return [row for row, _ in zip(lines, range(most + 1), strict=False)]
    except csv.Error as error:
        if "field larger" in str(error):
            raise RefusedFileError("LIST_CELL_TOO_LONG") from error
        raise DamagedFileError from error


def _bare(cell: str) -> str:
    found = _AS_TEXT.fullmatch(cell) if cell.startswith("=") else None
    return found[1] if found else cell
