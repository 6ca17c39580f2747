"""Compound files (OLE), the box around .xls and around everything with a password: find and take out streams.

Read by hand: the fast parser allocates what a damaged header asks for, and an allocation that fails ends the
whole process. Here every chain is bounded by the size of the file.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from services.applications.lists.errors import DamagedFileError

SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_HEADER = 512
_ENTRY = 128
_MINI_SHIFT = 6
_MINI_CUTOFF = 4_096
_LAST_SECTOR = 0xFFFF_FFFA
"""Higher numbers are marks (free, end of chain), not sectors."""
_STREAM = 2
_ROOT = 5


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    kind: int
    start: int
    size: int


class CompoundFile:
    """The streams of a compound file. Raises `DamagedFileError` for anything that does not fit the format."""

    def __init__(self, data: bytes) -> None:
        if len(data) < _HEADER or not data.startswith(SIGNATURE):
            raise DamagedFileError
        self._data = data
        shift, mini_shift = struct.unpack_from("<HH", data, 30)
        if shift not in (9, 12) or mini_shift != _MINI_SHIFT:
            raise DamagedFileError
        self._shift = shift
        self._sectors = len(data) >> shift
        self._fat = self._read_fat()
        self._entries = list(self._read_entries(struct.unpack_from("<I", data, 48)[0]))
        self._mini: tuple[bytes, list[int]] | None = None

    def names(self) -> set[str]:
        """The names of all streams, in lower case."""
        return {entry.name.lower() for entry in self._entries if entry.kind == _STREAM}

    def stream(self, name: str) -> bytes | None:
        """The bytes of the first stream of that name (any case), None without one."""
        for entry in self._entries:
            if entry.kind == _STREAM and entry.name.lower() == name.lower():
                return self._content(entry)
        return None

    def _content(self, entry: _Entry) -> bytes:
        if entry.size > len(self._data):
            raise DamagedFileError
        if entry.size >= _MINI_CUTOFF:
            return self._chain(entry.start)[: entry.size]
        body, fat = self._mini_stream()
        parts = (body[at << _MINI_SHIFT : (at + 1) << _MINI_SHIFT] for at in _walk(entry.start, fat))
        return b"".join(parts)[: entry.size]

    def _mini_stream(self) -> tuple[bytes, list[int]]:
        """The small sectors of the root and the table that chains them."""
        if self._mini is None:
            root = next((entry for entry in self._entries if entry.kind == _ROOT), None)
            if root is None:
                raise DamagedFileError
            start = struct.unpack_from("<I", self._data, 60)[0]
            self._mini = self._chain(root.start), _numbers(self._chain(start))
        return self._mini

    def _read_fat(self) -> list[int]:
        """The table of chains; its own sectors are listed in the header, then in a chain of further lists."""
        listed = list(struct.unpack_from("<109I", self._data, 76))
        following = struct.unpack_from("<I", self._data, 68)[0]
        seen: set[int] = set()
        while following < _LAST_SECTOR:
            if following in seen or len(seen) > self._sectors:
                raise DamagedFileError
            seen.add(following)
            *more, following = _numbers(self._sector(following))
            listed.extend(more)
        used = [at for at in listed if at < _LAST_SECTOR]
        if len(used) > self._sectors:
            raise DamagedFileError
        return [number for at in used for number in _numbers(self._sector(at))]

    def _read_entries(self, start: int) -> Iterator[_Entry]:
        directory = self._chain(start)
        for at in range(0, len(directory) - _ENTRY + 1, _ENTRY):
            length, kind = struct.unpack_from("<HB", directory, at + 64)
            first, size = struct.unpack_from("<II", directory, at + 116)
            name = directory[at : at + min(max(length - 2, 0), 62)].decode("utf-16-le", "replace")
            yield _Entry(name, kind, first, size)

    def _chain(self, start: int) -> bytes:
        return b"".join(self._sector(at) for at in _walk(start, self._fat))

    def _sector(self, at: int) -> bytes:
        """One sector; the last of a file may be cut short."""
        start = (at + 1) << self._shift
        if start >= len(self._data):
            raise DamagedFileError
        return self._data[start : start + (1 << self._shift)]


def _walk(start: int, fat: list[int]) -> Iterator[int]:
    """The sectors of a chain; a chain that runs in a circle or leaves the table is damaged."""
    at, steps = start, 0
    while at < _LAST_SECTOR:
        if at >= len(fat) or steps > len(fat):
            raise DamagedFileError
        yield at
        at, steps = fat[at], steps + 1


def _numbers(block: bytes) -> list[int]:
    count = len(block) // 4
    return list(struct.unpack_from(f"<{count}I", block))
