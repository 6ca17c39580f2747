"""Canonical JSON bytes (RFC 8785), made once per event, then stored, hashed and sent unchanged.

orjson with sorted keys gives the same bytes as RFC 8785 for what an event may hold: strings, integers
below 2^53, booleans, null, lists and objects with ASCII keys. `check` refuses anything else, so the two
can never part; the tests compare both on every golden file and on generated values.
"""

import hashlib
from typing import Any

import orjson

MAX_INTEGER = 2**53 - 1


class NotCanonical(ValueError):
    """The value holds something whose canonical form the fast encoder does not guarantee."""


def check(value: Any, path: str = "$") -> None:
    """Raise NotCanonical when `value` holds a float, a huge integer, a non-ASCII key or a foreign type."""
    if value is None or isinstance(value, bool | str):
        return
    if isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise NotCanonical(f"{path}: {value} is beyond 2^53-1")
    elif isinstance(value, list | tuple):
        for position, item in enumerate(value):
            check(item, f"{path}[{position}]")
    elif isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str) or not key.isascii():
                raise NotCanonical(f"{path}: key {key!r} is not ASCII text")
            check(item, f"{path}.{key}")
    else:
        raise NotCanonical(f"{path}: {type(value).__name__} has no canonical form here")


def encode(value: Any) -> bytes:
    """Canonical bytes of a value that `check` accepts. Raises NotCanonical for types JSON does not know."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER)
    except orjson.JSONEncodeError as error:
        raise NotCanonical(str(error)) from error


def digest(raw: bytes) -> str:
    """SHA-256 of canonical bytes, lower-case hex."""
    return hashlib.sha256(raw).hexdigest()
