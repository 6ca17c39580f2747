"""From a file's bytes to its sheets, whatever the format: decided by the content, then by the name."""

import io
from pathlib import PurePath

import python_calamine

from services.applications.lists.errors import DamagedFileError, RefusedFileError
from services.applications.lists.formats import archive, biff, delimited, ods, ole
from services.applications.lists.formats.guard import refuse_hostile_workbook
from services.applications.lists.table import Cell, Limits, Merge, Sheet

_TEXT_NAMES = {".csv", ".txt", ".tsv"}
_SPREADSHEET_NAMES = {".xlsx", ".xlsm", ".xls", ".ods"}
_WEB_BEGINNINGS = (b"<", b"mime-version:")
_NOT_LISTS = (b"%pdf", b"{\\rtf", b"\x89png", b"\xff\xd8\xff", b"gif8", b"rar!", b"7z\xbc\xaf", b"\x1f\x8b")
_OLD_BIFF = (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00")


def read_sheets(data: bytes, filename: str, limits: Limits) -> list[Sheet]:
    """Every sheet of a workbook or text file. Raises `RefusedFileError` and nothing else."""
    if data.startswith(archive.SIGNATURE):
        return _zipped(data, limits)
    if data.startswith(ole.SIGNATURE):
        return _compound(data, limits)
    return _plain(data, PurePath(filename).suffix.lower(), limits)


def _zipped(data: bytes, limits: Limits) -> list[Sheet]:
    """.xlsx and .xlsm (whose macros nobody looks at) or .ods; other zipped files are no lists."""
    members = archive.Archive(data, limits)
    if members.beginning("mimetype").strip().startswith(ods.MIMETYPE):
        return ods.read_spreadsheet(members, limits)
    names = {name.lower().replace("\\", "/") for name in members.names}
    if "xl/workbook.xml" not in names:
        raise RefusedFileError("LIST_FORMAT_UNSUPPORTED")
    refuse_hostile_workbook(members, limits)
    return _xlsx(data, limits)


def _xlsx(data: bytes, limits: Limits) -> list[Sheet]:
    """The worksheets of an .xlsx that the guard let pass."""
    try:
        with python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data)) as book:
            wanted = [
                one for one in book.sheets_metadata if one.typ == python_calamine.SheetTypeEnum.WorkSheet
            ]
            if len(wanted) > limits.max_sheets:
                raise RefusedFileError("LIST_TOO_MANY_ROWS")
            return [_worksheet(book, one) for one in wanted]
    except python_calamine.PasswordError as error:
        raise RefusedFileError("LIST_PASSWORD") from error
    except (python_calamine.CalamineError, ValueError, OSError, OverflowError) as error:
        raise DamagedFileError from error
    except BaseException as error:
        if type(error).__name__ == "PanicException":  # the parser's own, which no module exports
            raise DamagedFileError from error
        raise


def _worksheet(book: python_calamine.CalamineWorkbook, known: python_calamine.SheetMetadata) -> Sheet:
    """One worksheet. Texts that stand in many cells are kept once: the parser makes a new one for each."""
    sheet = book.get_sheet_by_name(known.name)
    merges = [Merge(*first, *last) for first, last in sheet.merged_cell_ranges or ()]
    hidden = known.visible != python_calamine.SheetVisibleEnum.Visible
    if sheet.start is None:
        return Sheet(known.name, [], merges, hidden)
    before: list[Cell] = [""] * sheet.start[1]
    once: dict[Cell, Cell] = {}
    keep = once.setdefault
    rows = [
        before + [keep(cell, cell) if type(cell) is str else cell for cell in row]
        for row in sheet.iter_rows()
    ]
    return Sheet(known.name, rows, merges, hidden)


def _compound(data: bytes, limits: Limits) -> list[Sheet]:
    """.xls, or whatever else comes in such a box: everything with a password, old Word files."""
    box = ole.CompoundFile(data)
    names = box.names()
    if "encryptedpackage" in names:
        raise RefusedFileError("LIST_PASSWORD")
    stream = box.stream("Workbook") or box.stream("Book")
    if stream is None:
        raise RefusedFileError("LIST_FORMAT_UNSUPPORTED" if "worddocument" in names else "LIST_UNREADABLE")
    return biff.read_workbook(stream, limits)


def _plain(data: bytes, suffix: str, limits: Limits) -> list[Sheet]:
    """Text with separators under its own name or an Excel name; a web page under an Excel name is none."""
    beginning = data[:1_024].lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n").lower()
    if data[:8].lower().startswith(_NOT_LISTS) or suffix not in _TEXT_NAMES | _SPREADSHEET_NAMES:
        raise RefusedFileError("LIST_FORMAT_UNSUPPORTED")
    if beginning.startswith(_WEB_BEGINNINGS):
        raise RefusedFileError("LIST_WEB_PAGE")
    if data.startswith(_OLD_BIFF):
        raise RefusedFileError("LIST_FORMAT_UNSUPPORTED")
    if not data and suffix in _SPREADSHEET_NAMES:
        raise DamagedFileError
    return [Sheet("", delimited.read_rows(data, limits))]
