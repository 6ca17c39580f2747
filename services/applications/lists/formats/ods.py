"""The cells of an OpenDocument spreadsheet (.ods): values, dates, merges, hidden sheets.

Source of the layout: OpenDocument 1.2, part 1, chapters 9 and 19. One cell may stand for 16,384 and one row
for a million: repetitions of what is filled count against the limits, those of nothing cost nothing.
"""

from collections.abc import Callable
from datetime import date, datetime
from xml.parsers import expat

from services.applications.lists.errors import DamagedFileError, RefusedFileError
from services.applications.lists.formats.archive import Archive
from services.applications.lists.formats.guard import ELEMENTS_OF_A_CELL
from services.applications.lists.table import Cell, Limits, Merge, Sheet, is_blank

MIMETYPE = b"application/vnd.oasis.opendocument.spreadsheet"

_MANIFEST = "META-INF/manifest.xml"
_NAMESPACES = {
    "urn:oasis:names:tc:opendocument:xmlns:office:1.0": "office:",
    "urn:oasis:names:tc:opendocument:xmlns:table:1.0": "table:",
    "urn:oasis:names:tc:opendocument:xmlns:text:1.0": "text:",
    "urn:oasis:names:tc:opendocument:xmlns:style:1.0": "style:",
}
_NUMBERS = {"float", "percentage", "currency"}
_PASSED_OVER = {"office:annotation", "table:tracked-changes", "table:shapes", "table:named-expressions"}
_MOST = 1_048_576

Attributes = dict[str, str]


def read_spreadsheet(archive: Archive, limits: Limits) -> list[Sheet]:
    """The sheets of an .ods. Raises `RefusedFileError` (password, limits, damage)."""
    if _MANIFEST in archive.names and any(b"encryption-data" in part for part in archive.chunks(_MANIFEST)):
        raise RefusedFileError("LIST_PASSWORD")
    content = _Content(limits)
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = content.start
    parser.EndElementHandler = content.end
    parser.CharacterDataHandler = content.text
    parser.StartDoctypeDeclHandler = _doctype
    try:
        for chunk in archive.chunks("content.xml"):
            parser.Parse(chunk)
        parser.Parse(b"", True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise DamagedFileError from error
    return content.sheets


def _doctype(*_: object) -> None:
    raise RefusedFileError("LIST_SUSPICIOUS")


class _Content:
    """The document as its elements come by; names are spelled with the usual prefixes."""

    def __init__(self, limits: Limits) -> None:
        self.sheets: list[Sheet] = []
        self._limits = limits
        self._elements_left = limits.max_rows * limits.max_columns * ELEMENTS_OF_A_CELL
        self._names: dict[str, str] = {}
        self._hidden_styles: set[str] = set()
        self._style = ""
        self._passed_over = 0
        self._tables = 0
        self._merges: list[Merge] = []
        self._rows: list[list[Cell]] = []
        self._all_rows = 0
        self._row_number = 0
        self._row: list[Cell] = []
        self._row_repeats = 1
        self._column = 0
        self._attributes: Attributes = {}
        self._parts: list[str] = []
        self._paragraphs = 0
        self._letters = 0
        self._in_cell = False
        self._begin: dict[str, Callable[[Attributes], None]] = {
            "style:style": self._begin_style,
            "style:table-properties": self._table_style,
            "table:table": self._begin_table,
            "table:table-row": self._begin_row,
            "table:table-cell": self._begin_cell,
            "table:covered-table-cell": self._begin_cell,
            "text:p": self._begin_paragraph,
            "text:s": self._blanks,
            "text:tab": self._one_blank,
            "text:line-break": self._one_blank,
        }
        self._finish: dict[str, Callable[[], None]] = {
            "table:table": self._end_table,
            "table:table-row": self._end_row,
            "table:table-cell": self._end_cell,
            "table:covered-table-cell": self._end_cell,
        }

    def start(self, name: str, attributes: Attributes) -> None:
        self._elements_left -= 1
        if self._elements_left < 0:
            raise RefusedFileError("LIST_SUSPICIOUS")
        short = self._names.get(name) or self._short(name)
        if self._passed_over or short in _PASSED_OVER:
            self._passed_over += 1
        elif (begin := self._begin.get(short)) is not None:
            begin({self._names.get(key) or self._short(key): value for key, value in attributes.items()})

    def end(self, name: str) -> None:
        if self._passed_over:
            self._passed_over -= 1
        elif (finish := self._finish.get(self._names.get(name) or self._short(name))) is not None:
            finish()

    def text(self, text: str) -> None:
        if self._in_cell and self._paragraphs and not self._passed_over:
            self._letters += len(text)
            if self._letters > self._limits.max_cell_chars:
                raise RefusedFileError("LIST_CELL_TOO_LONG")
            self._parts.append(text)

    def _short(self, name: str) -> str:
        space, _, local = name.rpartition(" ")
        short = _NAMESPACES.get(space, "other:") + local
        if len(self._names) < 10_000:
            self._names[name] = short
        return short

    def _begin_style(self, attributes: Attributes) -> None:
        self._style = attributes.get("style:name", "")

    def _table_style(self, attributes: Attributes) -> None:
        if attributes.get("table:display") == "false":
            self._hidden_styles.add(self._style)

    def _begin_table(self, attributes: Attributes) -> None:
        self._tables += 1
        if self._tables > 1:
            raise DamagedFileError
        if len(self.sheets) >= self._limits.max_sheets:
            raise RefusedFileError("LIST_TOO_MANY_ROWS")
        hidden = attributes.get("table:style-name") in self._hidden_styles
        self._merges = []
        self._rows = []
        self._row_number = 0
        self.sheets.append(Sheet(attributes.get("table:name", ""), self._rows, self._merges, hidden))

    def _end_table(self) -> None:
        self._tables -= 1
        self._all_rows += len(self._rows)

    def _begin_row(self, attributes: Attributes) -> None:
        self._row = []
        self._column = 0
        self._row_repeats = _count(attributes.get("table:number-rows-repeated"))

    def _end_row(self) -> None:
        """Put the row down as often as it stands there; empty ones are only counted."""
        last = self._row_number + self._row_repeats
        if any(not is_blank(cell) for cell in self._row):
            if self._all_rows + last > self._limits.max_rows:
                raise RefusedFileError("LIST_TOO_MANY_ROWS")
            self._rows.extend([] for _ in range(self._row_number - len(self._rows)))
            self._rows.extend(list(self._row) for _ in range(self._row_repeats))
        self._row_number = last

    def _begin_cell(self, attributes: Attributes) -> None:
        self._attributes = attributes
        self._parts = []
        self._paragraphs = 0
        self._letters = 0
        self._in_cell = True

    def _begin_paragraph(self, _: Attributes) -> None:
        if self._in_cell:
            self._paragraphs += 1
            if self._paragraphs > 1:
                self.text("\n")

    def _blanks(self, attributes: Attributes) -> None:
        self.text(" " * min(_count(attributes.get("text:c")), self._limits.max_cell_chars + 1))

    def _one_blank(self, _: Attributes) -> None:
        self.text(" ")

    def _end_cell(self) -> None:
        self._in_cell = False
        repeats = _count(self._attributes.get("table:number-columns-repeated"))
        value = _value(self._attributes, "".join(self._parts))
        if isinstance(value, str) and len(value) > self._limits.max_cell_chars:
            raise RefusedFileError("LIST_CELL_TOO_LONG")
        if not is_blank(value):
            if self._column + repeats > self._limits.max_columns:
                raise RefusedFileError("LIST_TOO_MANY_ROWS")
            self._row.extend([None] * (self._column - len(self._row)))
            self._row.extend([value] * repeats)
        self._note_merge()
        self._column += repeats

    def _note_merge(self) -> None:
        tall = _count(self._attributes.get("table:number-rows-spanned"))
        wide = _count(self._attributes.get("table:number-columns-spanned"))
        if tall > 1 or wide > 1:
            top, left = self._row_number, self._column
            self._merges.append(Merge(top, left, top + tall - 1, left + wide - 1))


def _count(written: str | None) -> int:
    """A repetition, at least 1; what is no number or beyond any sheet is damage."""
    if written is None:
        return 1
    if not (written.isascii() and written.isdigit() and len(written) <= 7):
        raise DamagedFileError
    return min(max(int(written), 1), _MOST)


def _value(attributes: Attributes, shown: str) -> Cell:
    """A cell's value by its type; text without one is what is shown."""
    kind = attributes.get("office:value-type")
    if kind in _NUMBERS:
        return _float(attributes.get("office:value", "")) if "office:value" in attributes else shown
    if kind == "date":
        return _date(attributes.get("office:date-value", ""))
    if kind == "boolean":
        return attributes.get("office:boolean-value") == "true"
    return attributes.get("office:string-value", shown)


def _float(written: str) -> Cell:
    try:
        return float(written)
    except ValueError:
        return written


def _date(written: str) -> Cell:
    try:
        return datetime.fromisoformat(written) if "T" in written else date.fromisoformat(written)
    except ValueError:
        return written
