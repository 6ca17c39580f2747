"""Writing .xls (BIFF8 and BIFF5 in a compound file) with as little as readers need: no binaries here."""

import struct
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from tests.lists.pages import Page

Record = tuple[int, bytes]
_SECTOR = 512
_END, _FREE, _FAT, _DIFAT = 0xFFFF_FFFE, 0xFFFF_FFFF, 0xFFFF_FFFD, 0xFFFF_FFFC
_EPOCH = date(1899, 12, 30)
_DATE_XF = 1
_MOST = 8_224
PLAIN, DATES = 0, 14


def xls(*pages: Page, biff5: bool = False, extra: Sequence[Record] = ()) -> bytes:
    """A workbook; `extra` records stand among its globals."""
    return compound({"Book" if biff5 else "Workbook": stream(pages, biff5=biff5, extra=extra)})


def stream(pages: Sequence[Page], *, biff5: bool = False, extra: Sequence[Record] = ()) -> bytes:
    texts = list(
        dict.fromkeys(cell for page in pages for row in page.rows for cell in row if isinstance(cell, str))
    )
    sheets = [_sheet(page, {text: at for at, text in enumerate(texts)}, biff5) for page in pages]
    before = [
        _bof(5, biff5),
        (0x42, struct.pack("<H", 1252 if biff5 else 1200)),
        *extra,
        _xf(PLAIN),
        _xf(DATES),
    ]
    after = [*([] if biff5 else _shared(texts)), (0x0A, b"")]
    names = [_name(page.name, biff5) for page in pages]
    at = sum(map(_size, [*before, *after])) + sum(4 + 6 + len(name) for name in names)
    bounds = []
    for page, name, sheet in zip(pages, names, sheets, strict=True):
        bounds.append((0x85, struct.pack("<IBB", at, page.hidden, 0) + name))
        at += sum(map(_size, sheet))
    records = [*before, *bounds, *after, *(record for sheet in sheets for record in sheet)]
    return b"".join(struct.pack("<HH", kind, len(body)) + body for kind, body in records)


def compound(streams: dict[str, bytes]) -> bytes:
    """A compound file of streams, all long enough for sectors of their own."""
    bodies = {name: body.ljust(4_096, b"\0") for name, body in streams.items()}
    counts = [-(-len(body) // _SECTOR) for body in bodies.values()]
    directory = -(-(1 + len(bodies)) // 4)
    tables, lists = _table_sectors(directory + sum(counts))
    fat = [_FAT] * tables + [_DIFAT] * lists + _chain(tables + lists, directory)
    entries = [_entry("Root Entry", 5, _END, 0, child=1)]
    for number, (name, body) in enumerate(bodies.items(), start=1):
        right = number + 1 if number < len(bodies) else _FREE
        entries.append(_entry(name, 2, len(fat), len(body), right=right))
        fat += _chain(len(fat), counts[number - 1])
    fat += [_FREE] * (tables * 128 - len(fat))
    parts = [_header(tables, lists), _lists(tables, lists)[0], struct.pack(f"<{len(fat)}I", *fat)]
    parts += [*_lists(tables, lists)[1:], b"".join(entries).ljust(directory * _SECTOR, b"\0")]
    parts += [body.ljust(count * _SECTOR, b"\0") for body, count in zip(bodies.values(), counts, strict=True)]
    return b"".join(parts)


def _table_sectors(others: int) -> tuple[int, int]:
    """Sectors of the table of chains, and of the lists of those sectors beyond the 109 of the header."""
    tables = lists = 0
    while tables + lists + others > tables * 128:
        tables += 1
        lists = -(-max(0, tables - 109) // 127)
    return tables, lists


def _header(tables: int, lists: int) -> bytes:
    start = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    start += struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    first_list = tables if lists else _END
    return start + struct.pack("<9I", 0, tables, tables + lists, 0, 4_096, _END, 0, first_list, lists)


def _lists(tables: int, lists: int) -> list[bytes]:
    """The header's own list of sectors, then the further lists, each with the place of the next."""
    numbers = [*range(tables), *[_FREE] * (109 + lists * 127 - tables)]
    found = [struct.pack("<109I", *numbers[:109])]
    for at in range(lists):
        following = tables + at + 1 if at + 1 < lists else _END
        found.append(struct.pack("<128I", *numbers[109 + at * 127 : 236 + at * 127], following))
    return found


def _chain(first: int, count: int) -> list[int]:
    return [*range(first + 1, first + count), _END]


def _entry(name: str, kind: int, start: int, size: int, *, child: int = _FREE, right: int = _FREE) -> bytes:
    text = name.encode("utf-16-le")
    body = text.ljust(64, b"\0") + struct.pack("<HBBIII", len(text) + 2, kind, 1, _FREE, right, child)
    return body + bytes(36) + struct.pack("<IQ", start, size)


def _size(record: Record) -> int:
    return 4 + len(record[1])


def _bof(kind: int, biff5: bool) -> Record:
    return 0x0809, struct.pack("<HHHH", 0x0500 if biff5 else 0x0600, kind, 0, 0) + bytes(0 if biff5 else 8)


def _xf(form: int) -> Record:
    return 0xE0, struct.pack("<HH", 0, form) + bytes(16)


def _name(name: str, biff5: bool) -> bytes:
    if biff5:
        return bytes([len(name)]) + name.encode("cp1252")
    return bytes([len(name), 1]) + name.encode("utf-16-le")


def _shared(texts: Sequence[str]) -> list[Record]:
    """The table of texts, cut into records at any place, also in the middle of a text."""
    blocks: list[bytes] = []
    block = struct.pack("<II", len(texts), len(texts))
    for text in texts:
        wide = any(ord(letter) > 0xFF for letter in text)
        body = text.encode("utf-16-le" if wide else "latin-1", "surrogatepass")
        if len(block) + 4 > _MOST:
            blocks.append(block)
            block = b""
        block += struct.pack("<HB", len(body) // (1 + wide), wide)
        while len(block) + len(body) > _MOST:
            room = (_MOST - len(block)) & ~1
            blocks.append(block + body[:room])
            block, body = bytes([wide]), body[room:]
        block += body
    blocks.append(block)
    return [(0xFC if at == 0 else 0x3C, block) for at, block in enumerate(blocks)]


def _sheet(page: Page, places: dict[str, int], biff5: bool) -> list[Record]:
    cells = [
        record
        for at, row in enumerate(page.rows)
        for column, value in enumerate(row)
        for record in _cell(at, column, value, places, biff5)
    ]
    merges = [struct.pack("<HHHH", top, bottom, left, right) for top, left, bottom, right in page.merges]
    merged = [(0xE5, struct.pack("<H", len(merges)) + b"".join(merges))] if merges else []
    return [_bof(0x10, biff5), *cells, *merged, (0x0A, b"")]


def _cell(row: int, column: int, value: Any, places: dict[str, int], biff5: bool) -> list[Record]:
    place = struct.pack("<HH", row, column)
    if value is None or value == "":
        return []
    if isinstance(value, bool):
        return [(0x0205, place + struct.pack("<HBB", 0, value, 0))]
    if isinstance(value, int) and abs(value) < 2**29:
        return [(0x027E, place + struct.pack("<HI", 0, (value << 2 | 2) & 0xFFFF_FFFF))]
    if isinstance(value, int | float):
        return [(0x0203, place + struct.pack("<Hd", 0, value))]
    if isinstance(value, date):
        day = value.date() if isinstance(value, datetime) else value
        return [(0x0203, place + struct.pack("<Hd", _DATE_XF, (day - _EPOCH).days))]
    if isinstance(value, Formula):
        return [(0x0006, place + struct.pack("<H",
        0) + b"\0" * 6 + b"\xff\xff" + bytes(6) + struct.pack("<H", 0)),
                (0x0207, struct.pack("<HB", len(value.shown),
                1) + value.shown.encode("utf-16-le"))]  # fmt: skip
    if biff5:
        body = str(value).encode("cp1252")
        return [(0x0204, place + struct.pack("<HH", 0, len(body)) + body)]
    return [(0xFD, place + struct.pack("<HI", 0, places[str(value)]))]


class Formula:
    """A cell with a formula; only what it shows is written out."""

    def __init__(self, shown: str) -> None:
        self.shown = shown
