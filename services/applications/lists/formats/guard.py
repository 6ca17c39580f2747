"""What a zipped workbook (.xlsx) would cost, found out before the fast parser may touch it.

The parser lays a sheet out as one dense block of cells and believes how many texts a file says it has; where
memory runs out it stops the whole process: five kilobytes with one value in the last cell are enough. So
every member is unpacked with a limit and its XML is walked once for how far its cells reach and how much text
they repeat.
"""

from xml.parsers import expat

from services.applications.lists.errors import DamagedFileError, RefusedFileError
from services.applications.lists.formats.archive import Archive
from services.applications.lists.table import Limits

ELEMENTS_OF_A_CELL = 3
"""XML elements of one cell; so many for each cell that the limits allow may be walked through."""
_FILLED = {"v", "t", "is", "f"}
_MARKS = (b"sheetData", b"<sst", b":sst", b"<si", b":si")
_LONGEST_MARK = 16
_INLINE = frozenset(
    [
        "r",
        "rPr",
        "rPh",
        "b",
        "i",
        "u",
        "sz",
        "color",
        "rFont",
        "family",
        "charset",
        "scheme",
        "vertAlign",
        "strike",
        "outline",
        "shadow",
        "phoneticPr",
    ]
)
"""Elements inside a cell's own text; any other ends it."""
_WIDE_XML = (b"\xff\xfe", b"\xfe\xff", b"<\x00", b"\x00<")
_FEWEST_BYTES_OF_A_TEXT = 4
_LONGEST_INDEX = 100
"""Letters of a reference to a shared text, with the white space a tidy writer leaves behind it."""


def refuse_hostile_workbook(archive: Archive, limits: Limits) -> None:
    """Raises `RefusedFileError` where the parser must not be let at this .xlsx."""
    extent = _Extent(limits)
    for name in archive.names:
        if _holds_cells(archive, name):
            extent.walk(archive, name)
    if extent.letters() > limits.max_text:
        raise RefusedFileError("LIST_SUSPICIOUS")


def _holds_cells(archive: Archive, name: str) -> bool:
    """Whether a member, whatever its name, is a sheet or the table of shared texts. All of it is unpacked."""
    found, tail = False, b""
    for chunk in archive.chunks(name):
        if not tail and chunk.startswith(_WIDE_XML):
            raise RefusedFileError("LIST_SUSPICIOUS")
        found = found or any(mark in tail + chunk for mark in _MARKS)
        tail = chunk[-_LONGEST_MARK:]
    return found


class _Extent:
    """How far filled cells reach and how much text they hold, over all members of one file."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._elements_left = limits.max_rows * limits.max_columns * ELEMENTS_OF_A_CELL
        self._rows_before = 0
        self._own_letters = 0
        self._shared: dict[int, int] = {}
        self._uses: dict[str, int] = {}

    def letters(self) -> int:
        """Letters of all cells, a shared text counted as often as it is used."""
        shared = sum(
            self._shared.get(int(index), 0) * uses
            for index, uses in self._uses.items()
            if index.isascii() and index.isdigit() and len(index) < 10
        )
        return self._own_letters + shared

    def walk(self, archive: Archive, name: str) -> None:
        """Add one member; raises `RefusedFileError` at a cell or text beyond the limits, or for bad XML."""
        self._row = self._column = self._last_row = self._letters = 0
        self._size = archive.size(name)
        self._counted, self._refers, self._index = True, False, -1
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._doctype
        try:
            for chunk in archive.chunks(name):
                parser.Parse(chunk)
            parser.Parse(b"", True)
        except (expat.ExpatError, ValueError, LookupError) as error:
            raise DamagedFileError from error
        self._rows_before += self._last_row

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements_left -= 1
        if self._elements_left < 0:
            raise RefusedFileError("LIST_SUSPICIOUS")
        tag = name.rpartition(" ")[2]
        if tag == "c":
            self._open_cell(attributes)
        elif tag in _FILLED:
            self._fill()
        elif tag == "row":
            self._open_row(attributes.get("r"))
        elif tag == "si":
            self._letters, self._refers = 0, False
            self._index += 1
        elif tag == "sst":
            self._promised(attributes.get("uniqueCount"))
        elif self._index < 0 and tag not in _INLINE:
            self._letters, self._refers = 0, False

    def _open_row(self, reference: str | None) -> None:
        self._row = _number(reference) if reference else self._row + 1
        self._column = 0

    def _open_cell(self, attributes: dict[str, str]) -> None:
        self._letters, self._counted = 0, False
        self._refers = attributes.get("t") == "s"
        reference = attributes.get("r")
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
        self._last_row = max(self._last_row, self._row)
        if (
            self._rows_before + self._last_row > self._limits.max_rows
            or self._column > self._limits.max_columns
        ):
            raise RefusedFileError("LIST_TOO_MANY_ROWS")

    def _promised(self, count: str | None) -> None:
        """The parser sets room aside for as many texts as the table says it has."""
        if count and _number(count.strip()) * _FEWEST_BYTES_OF_A_TEXT > self._size:
            raise RefusedFileError("LIST_SUSPICIOUS")

    def _text(self, text: str) -> None:
        if self._refers:
            if len(text) > _LONGEST_INDEX:
                raise DamagedFileError
            self._uses[text] = self._uses.get(text, 0) + 1
            return
        self._letters += len(text)
        if self._letters > self._limits.max_cell_chars:
            raise RefusedFileError("LIST_CELL_TOO_LONG")
        if self._index < 0:
            self._own_letters += len(text)
        else:
            self._shared[self._index] = max(self._shared.get(self._index, 0), self._letters)

    def _doctype(self, *_: object) -> None:
        raise RefusedFileError("LIST_SUSPICIOUS")


def _column(letters: str) -> int:
    """A column's number from 1: A = 1, XFD = 16384; four letters are beyond any limit."""
    number = 0
    for letter in letters.upper()[:4]:
        number = number * 26 + ord(letter) - 64
    return number


def _number(digits: str) -> int:
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else 10**9
