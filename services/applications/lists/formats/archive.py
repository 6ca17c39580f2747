"""Zipped files, unpacked piece by piece and never beyond a limit."""

import io
import zipfile
import zlib
from collections.abc import Iterator

from services.applications.lists.errors import DamagedFileError, RefusedFileError
from services.applications.lists.table import Limits

SIGNATURE = b"PK\x03\x04"

_CHUNK = 65_536


class Archive:
    """The members of a zip. Raises `RefusedFileError`: damaged, with a password, or a bomb."""

    def __init__(self, data: bytes, limits: Limits) -> None:
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
            raise DamagedFileError from error
        members = self._zip.infolist()
        if (
            len(members) > limits.max_members
            or sum(one.file_size for one in members) > limits.max_uncompressed
        ):
            raise RefusedFileError("LIST_SUSPICIOUS")
        self._limit = limits.max_uncompressed
        self.names = tuple(one.filename for one in members)
        if len(set(self.names)) < len(members):
            raise RefusedFileError("LIST_SUSPICIOUS")
        if any(one.flag_bits & 1 for one in members):
            raise RefusedFileError("LIST_PASSWORD")

    def size(self, name: str) -> int:
        """The bytes a member says it unpacks to."""
        return self._zip.getinfo(name).file_size

    def chunks(self, name: str) -> Iterator[bytes]:
        """A member piece by piece; one larger than it declares fails its checksum or the limit."""
        size = 0
        try:
            with self._zip.open(name) as stream:
                while chunk := stream.read(_CHUNK):
                    size += len(chunk)
                    if size > self._limit:
                        raise RefusedFileError("LIST_SUSPICIOUS")
                    yield chunk
        except (
            zipfile.BadZipFile,
            zlib.error,
            ValueError,
            RuntimeError,
            OSError,
            EOFError,
            KeyError,
        ) as error:
            raise DamagedFileError from error

    def beginning(self, name: str) -> bytes:
        """The first piece of a member, b"" where there is none of that name."""
        return next(self.chunks(name), b"") if name in self.names else b""
