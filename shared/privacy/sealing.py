"""Sealing: AES-256-GCM under a household's key. `place` binds the ciphertext to where it belongs.

A sealed value moved to another household, event type or column does not open.
"""

import os
from typing import Any

import orjson
import pybase64
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12


class Unreadable(Exception):
    """The sealed value does not open: wrong key, wrong place, or changed bytes."""


def new_key() -> bytes:
    return os.urandom(32)


def seal_bytes(key: bytes, plain: bytes, place: str) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, place.encode())


def unseal_bytes(key: bytes, sealed: bytes, place: str) -> bytes:
    """Raises Unreadable."""
    return unseal_with(AESGCM(key), sealed, place)


def unseal_with(cipher: AESGCM, sealed: bytes, place: str) -> bytes:
    """With a cipher that is kept for many values. Raises Unreadable."""
    try:
        return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], place.encode())
    except (InvalidTag, ValueError) as error:
        raise Unreadable(f"{place}: does not open with this key") from error


def seal(key: bytes, value: Any, place: str) -> str:
    """A JSON value as base64 text, for an event or a text column."""
    return pybase64.b64encode_as_string(seal_bytes(key, orjson.dumps(value), place))


def unseal(key: bytes, sealed: str, place: str) -> Any:
    """Raises Unreadable."""
    try:
        return orjson.loads(unseal_bytes(key, pybase64.b64decode(sealed, validate=True), place))
    except ValueError as error:  # neither ASCII, base64 nor JSON
        raise Unreadable(f"{place}: is not sealed text") from error
