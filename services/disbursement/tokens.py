"""The signed text in a voucher's QR code, which a shop can check without a line.

`SB1:` and 144 symbols of Crockford's base 32: 90 bytes that have no second spelling. First what is signed
(key id, voucher code, amount, minimum price, last day, programme), then the Ed25519 signature over it and the
prefix. All of it is QR's alphanumeric mode: version 6 at level M. Nobody is named, and without the PIN beside
it the text is worth nothing.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from services.disbursement.codes import ALPHABET, code_number, numbered_code
from shared.refusal import Refusal

PREFIX = "SB1:"
LENGTH = len(PREFIX) + 144
HIGHEST_AMOUNT = 2**40 - 1
"""In đồng; five bytes hold it."""

_VALUES = {symbol: value for value, symbol in enumerate(ALPHABET)}
_DAY_ZERO = date(2020, 1, 1)
_WIDTHS = (4, 6, 5, 5, 2, 4)
"""Bytes of the key id, the code's number, amount, minimum price, last day, programme."""
_SIGNED_BYTES = sum(_WIDTHS)

Keys = Mapping[str, Ed25519PublicKey]


@dataclass(frozen=True, slots=True)
class VoucherToken:
    """What a token says. Amounts in đồng; `programme` are eight hex digits, see `programme_mark`."""

    key_id: str
    code: str
    amount: int
    minimum_price: int
    expires_on: date
    programme: str


def programme_mark(programme_id: str) -> str:
    """Which programme a token means: the first eight hex digits of the id's SHA-256."""
    return hashlib.sha256(programme_id.encode()).hexdigest()[:8]


def key_id(key: Ed25519PublicKey) -> str:
    """A public key's name: the first eight hex digits of its SHA-256."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:8]


class Signer:
    """Signs with the present key; `keys` are all public keys whose tokens still hold.

    To rotate, give the new seed and put the old public key among `retired`: paper signed with it stays good.
    """

    def __init__(self, seed: bytes, retired: Sequence[bytes] = ()) -> None:
        """`seed`: the 32 bytes of the private key. `retired`: raw public keys of 32 bytes."""
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        public = [self._key.public_key(), *map(Ed25519PublicKey.from_public_bytes, retired)]
        self.keys: Keys = {key_id(key): key for key in public}
        self._key_id = key_id(public[0])

    def sign(self, code: str, amount: int, minimum_price: int, expires_on: date, programme_id: str) -> str:
        """The token of a voucher, the same each time. Raises OverflowError above HIGHEST_AMOUNT."""
        numbers = (
            int(self._key_id, 16),
            code_number(code),
            amount,
            minimum_price,
            (expires_on - _DAY_ZERO).days,
            int(programme_mark(programme_id), 16),
        )
        signed = b"".join(number.to_bytes(width) for number, width in zip(numbers, _WIDTHS, strict=True))
        return PREFIX + _spell(signed + self._key.sign(PREFIX.encode() + signed))


def looks_like_token(typed: str) -> bool:
    """Whether somebody scanned a QR code rather than typed a voucher's code."""
    return typed.strip()[: len(PREFIX)].upper() == PREFIX


def read_token(typed: str, keys: Keys) -> VoucherToken | Refusal:
    """What a scanned token says, if one of `keys` signed it.

    Refusals: TOKEN_UNREADABLE (not a whole token), TOKEN_KEY_UNKNOWN, TOKEN_FORGED.
    """
    content = _unspell(typed.strip())
    if content is None:
        return Refusal("TOKEN_UNREADABLE")
    signed, signature = content[:_SIGNED_BYTES], content[_SIGNED_BYTES:]
    key = keys.get(signed[:4].hex())
    if key is None:
        return Refusal("TOKEN_KEY_UNKNOWN")
    try:
        key.verify(signature, PREFIX.encode() + signed)
    except InvalidSignature:
        return Refusal("TOKEN_FORGED")
    return _token(signed)


def _token(signed: bytes) -> VoucherToken:
    numbers, start = [], 0
    for width in _WIDTHS:
        numbers.append(int.from_bytes(signed[start : start + width]))
        start += width
    key, code, amount, minimum_price, days, programme = numbers
    return VoucherToken(
        key_id=f"{key:08x}",
        code=numbered_code(code),
        amount=amount,
        minimum_price=minimum_price,
        expires_on=_DAY_ZERO + timedelta(days=days),
        programme=f"{programme:08x}",
    )


def _spell(content: bytes) -> str:
    """Eight symbols for five bytes."""
    number = int.from_bytes(content)
    return "".join(ALPHABET[number >> shift & 31] for shift in range(len(content) * 8 - 5, -1, -5))


def _unspell(text: str) -> bytes | None:
    """Small letters read as capitals (scanners that type have a caps lock); nothing else is forgiven."""
    symbols = text.upper() if text.isascii() else ""
    if len(symbols) != LENGTH or not symbols.startswith(PREFIX):
        return None
    number = 0
    for symbol in symbols[len(PREFIX) :]:
        value = _VALUES.get(symbol)
        if value is None:
            return None
        number = number << 5 | value
    return number.to_bytes(_SIGNED_BYTES + 64)


def jwk_set(keys: Keys) -> dict[str, Any]:
    """The public keys as a JWK set (RFC 7517, RFC 8037), the present one first."""
    return {
        "keys": [
            {
                "kty": "OKP",
                "crv": "Ed25519",
                "use": "sig",
                "alg": "Ed25519",
                "kid": name,
                "x": _base64url(key),
            }
            for name, key in keys.items()
        ]
    }


def keys_of(document: Mapping[str, Any]) -> Keys:
    """The keys of a JWK set; those of other kinds are passed over. Raises ValueError, KeyError, TypeError."""
    found = {}
    for jwk in document["keys"]:
        if jwk.get("crv") == "Ed25519":
            key = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(jwk["x"] + "="))
            found[key_id(key)] = key
    return found


def _base64url(key: Ed25519PublicKey) -> str:
    return base64.urlsafe_b64encode(key.public_bytes_raw()).decode().rstrip("=")
