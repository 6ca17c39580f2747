"""Voucher codes and PINs: what stands on the paper.

A code is ten characters of Crockford's base 32 (no I, L, O, U): nine random ones (45 bits) and a check
symbol over GF(32), which finds every wrong character and every two that were swapped.
"""

import hashlib
import hmac
import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 10
PIN_DIGITS = 6

_VALUES = {symbol: value for value, symbol in enumerate(ALPHABET)} | {"I": 1, "L": 1, "O": 0}
_FIELD = 0b100101
"""x^5 + x^2 + 1, under which doubling walks through all 31 elements of GF(32) but zero."""


def new_code() -> str:
    """A fresh random code."""
    return numbered_code(secrets.randbits(5 * (LENGTH - 1)))


def _with_check(body: list[int]) -> str:
    return "".join(ALPHABET[value] for value in [*body, _check_value(body)])


def read_code(typed: str) -> str | None:
    """The code a person typed or a scanner read, in its stored form; None when it cannot be one of ours.

    Case, spaces and dashes do not matter; O reads as 0, I and L as 1.
    """
    symbols = [symbol for symbol in typed.upper() if symbol not in " -–.\t\r\n"]
    if len(symbols) != LENGTH or any(symbol not in _VALUES for symbol in symbols):
        return None
    values = [_VALUES[symbol] for symbol in symbols]
    if _check_value(values[:-1]) != values[-1]:
        return None
    return "".join(ALPHABET[value] for value in values)


def code_number(code: str) -> int:
    """The random part of a stored code as a number of 45 bits."""
    number = 0
    for symbol in code[:-1]:
        number = number << 5 | _VALUES[symbol]
    return number


def numbered_code(number: int) -> str:
    """The code whose random part is `number`; bits above the 45 are passed over."""
    body = [number >> shift & 31 for shift in range(5 * (LENGTH - 2), -1, -5)]
    return _with_check(body)


def grouped(code: str) -> str:
    """`0123456789` as people read it: `012 345 6789`."""
    return f"{code[:3]} {code[3:6]} {code[6:]}"


def _check_value(values: list[int]) -> int:
    """The sum of the values, each multiplied by its own power of x in GF(32)."""
    total = 0
    for value in values:
        total = _doubled(total ^ value)
    return total


def _doubled(value: int) -> int:
    value <<= 1
    return value ^ _FIELD if value & 0b100000 else value


class Pins:
    """Six-digit PINs, derived from the voucher's id under a secret key: never stored, printed again alike."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def pin(self, voucher_id: str) -> str:
        mac = hmac.new(self._key, f"voucher-pin:{voucher_id}".encode(), hashlib.sha256).digest()
        return f"{int.from_bytes(mac[:8]) % 10**PIN_DIGITS:0{PIN_DIGITS}d}"

    def fits(self, voucher_id: str, typed: str) -> bool:
        """Compared in constant time."""
        return hmac.compare_digest(self.pin(voucher_id).encode(), typed.strip().encode())
