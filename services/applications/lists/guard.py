"""What a zipped spreadsheet would cost, found out before the fast parser may touch it.

The parser lays a sheet out as one dense block of cells and stops the whole process when memory runs out: a
file of five kilobytes with one value in the last cell is enough. So every member is unpacked with a limit and
its XML is walked once for how far its cells reach and how much text they can repeat.
"""

import io
import zipfile
import zlib
from xml.parsers import expat

from services.applications.lists.problems import ListProblem, list_problem
from services.applications.lists.table import Limits

_CHUNK = 65_536
_FILLED = {"v", "t", "is", "f"}


class _TooMuchError(Exception):
    """A limit is passed; carries the list problem's code."""


class _Extent:
    """How far filled cells reach, how many they are, and the longest text, over all members of one file."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.cells = 0
        self.longest = 0

    def walk(self, xml: bytes) -> None:
        """Add one member; raises `_TooMuchError` at a cell or text beyond the limits, or ExpatError."""
        self._row, self._column, self._counted, self._letters = 0, 0, True, 0
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._doctype
        parser.Parse(xml, True)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition(" ")[2]
        if tag == "c":
            self._open_cell(attributes.get("r"))
        elif tag == "row":
            self._open_row(attributes.get("r"))
        elif tag == "si":
            self._letters = 0
        elif tag in _FILLED:
            self._fill()

    def _open_row(self, reference: str | None) -> None:
        self._row = _number(reference) if reference else self._row + 1
        self._column = 0

    def _open_cell(self, reference: str | None) -> None:
        self._letters, self._counted = 0, False
        if reference is None:
            self._column += 1
            return
        letters = reference.rstrip("0123456789")
        self._column = _column(letters)
        self._row = max(self._row, _number(reference[len(letters) :]))

    def _fill(self) -> None:
        """A cell with something in it counts; blank cells that only carry a format do not."""
        if self._counted:
            return
        self._counted = True
        self.cells += 1
        if self._row > self.limits.max_rows or self._column > self.limits.max_columns:
            raise _TooMuchError("LIST_TOO_MANY_ROWS")

    def _text(self, text: str) -> None:
        self._letters += len(text)
        self.longest = max(self.longest, self._letters)
        if self._letters > self.limits.max_cell_chars:
            raise _TooMuchError("LIST_CELL_TOO_LONG")

    def _doctype(self, *_: object) -> None:
        raise _TooMuchError("LIST_SUSPICIOUS")


def refuse_hostile_zip(data: bytes, limits: Limits) -> ListProblem | None:
    """Why this .xlsx must not be parsed, None if it is harmless. Never raises."""
    try:
        _examine(data, limits)
    except _TooMuchError as reason:
        return list_problem(
            str(reason), rows=limits.max_rows, columns=limits.max_columns, chars=limits.max_cell_chars
        )
    except (zipfile.BadZipFile, zlib.error, expat.ExpatError, ValueError, RuntimeError, OSError, EOFError):
        return list_problem("LIST_UNREADABLE")
    return None


def _examine(data: bytes, limits: Limits) -> None:
    extent = _Extent(limits)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
        declared = sum(member.file_size for member in members)
        if declared > limits.max_uncompressed or len(members) > limits.max_members:
            raise _TooMuchError("LIST_SUSPICIOUS")
        left = limits.max_uncompressed
        for member in members:
            content = _unpack(archive, member, left)
            left -= len(content)
            if _holds_cells(content):
                extent.walk(content)
    if extent.cells * extent.longest > limits.max_text:
        raise _TooMuchError("LIST_SUSPICIOUS")


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, limit: int) -> bytes:
    """A member's bytes; one that unpacks to more than it declares fails its checksum or the limit."""
    parts, size = [], 0
    with archive.open(member) as stream:
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            if size > limit:
                raise _TooMuchError("LIST_SUSPICIOUS")
            parts.append(chunk)
    return b"".join(parts)


def _holds_cells(content: bytes) -> bool:
    """Whether a member, whatever its name, is a sheet or the table of shared texts."""
    return b"sheetData" in content or b"sst" in content[:4_096] or b"<si" in content


def _column(letters: str) -> int:
    """A column's number from 1: A = 1, XFD = 16384; four letters are beyond any limit."""
    number = 0
    for letter in letters.upper()[:4]:
        number = number * 26 + ord(letter) - 64
    return number


def _number(digits: str) -> int:
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else 10**9
