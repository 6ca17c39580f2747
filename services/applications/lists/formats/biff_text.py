"""Texts of an .xls file: characters of one or two bytes, split over records at any place."""

import struct

from services.applications.lists.errors import DamagedFileError

_WIDE, _EXTENDED, _RICH = 0x01, 0x04, 0x08
_CODEPAGES = {1200: "utf-16-le", 10000: "mac-roman", 32768: "mac-roman", 32769: "cp1252", 367: "ascii"}


class Texts:
    """A reading place in the contents of a record and of those that continue it."""

    __slots__ = ("_at", "_block", "_blocks", "_next")

    def __init__(self, blocks: list[bytes]) -> None:
        self._blocks = blocks
        self._block = blocks[0]
        self._next = 1
        self._at = 0

    def done(self) -> bool:
        """Whether nothing is left, here and in the blocks that follow."""
        return self._at >= len(self._block) and self._next >= len(self._blocks)

    def take(self, size: int) -> bytes:
        """The next bytes, over the border of blocks if need be."""
        taken = self._block[self._at : self._at + size]
        self._at += len(taken)
        while len(taken) < size:
            self._turn()
            more = self._block[self._at : self._at + size - len(taken)]
            self._at += len(more)
            taken += more
        return taken

    def characters(self, count: int, wide: bool) -> str:
        """So many characters; a block that continues them says anew how wide they are."""
        parts: list[str] = []
        while count:
            width = 2 if wide else 1
            bit = self._block[self._at : self._at + count * width]
            self._at += len(bit)
            parts.append(bit.decode("utf-16-le" if wide else "latin-1", "replace"))
            count -= len(bit) // width
            if count:
                self._turn()
                wide = bool(self.take(1)[0] & _WIDE)
        return "".join(parts)

    def _turn(self) -> None:
        if self._next >= len(self._blocks):
            raise DamagedFileError
        self._block = self._blocks[self._next]
        self._next += 1
        self._at = 0


def text_of(source: Texts) -> str:
    """One text of BIFF8: length, width, perhaps runs of fonts and phonetics, which are passed over."""
    count, flags = struct.unpack("<HB", source.take(3))
    runs = struct.unpack("<H", source.take(2))[0] if flags & _RICH else 0
    extra = struct.unpack("<I", source.take(4))[0] if flags & _EXTENDED else 0
    text = source.characters(count, bool(flags & _WIDE))
    source.take(4 * runs)
    source.take(extra)
    return text


def shared_strings(blocks: list[bytes]) -> list[str]:
    """The table of shared texts: as many as are there, whatever number is declared."""
    source = Texts(blocks)
    declared = struct.unpack("<II", source.take(8))[1]
    found: list[str] = []
    while len(found) < declared and not source.done():
        found.append(text_of(source))
    return found


def short_text(content: bytes, at: int, biff8: bool, codepage: int) -> str:
    """A text whose length stands in one byte: a sheet's name."""
    count = content[at]
    if not biff8:
        return decode(content[at + 1 : at + 1 + count], codepage)
    wide = bool(content[at + 1] & _WIDE)
    body = content[at + 2 : at + 2 + count * (1 + wide)]
    return body.decode("utf-16-le" if wide else "latin-1", "replace")


def decode(body: bytes, codepage: int) -> str:
    """Bytes of an Excel 95 text; a codepage nobody knows is read as Western."""
    try:
        return body.decode(_CODEPAGES.get(codepage, f"cp{codepage}"), "replace")
    except LookupError:
        return body.decode("cp1252", "replace")
