"""Vietnamese text: one spelling to store, one folded form to compare."""

import unicodedata
from functools import lru_cache

_APOSTROPHES = "'’‘ʼʻ`´′"
_HYPHENS = "-‐‑‒–—−_"
_TABLE = {ord("đ"): "d", ord("Đ"): "d"}
_TABLE |= {ord(mark): "" for mark in _APOSTROPHES + "\u200b\u200c\u200d\ufeff\u00ad"}
_TABLE |= {ord(mark): " " for mark in _HYPHENS}


def nfc(text: str) -> str:
    """The text as it is stored: NFC, outer blanks cut, runs of white space become one blank."""
    return " ".join(unicodedata.normalize("NFC", text).split())


@lru_cache(maxsize=16_384)
def fold(text: str) -> str:
    """The text as it is compared: lower case, no accents, đ as d, NFD and NFC alike.

    Apostrophes vanish (H'Mông = Hmông), hyphens count as blanks, blanks collapse to one.
    """
    decomposed = unicodedata.normalize("NFD", text.translate(_TABLE)).casefold()
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return " ".join(bare.split())


@lru_cache(maxsize=4_096)
def fold_tight(text: str) -> str:
    """`fold` without any blank, for names whose word borders differ (Gia-rai, Gia Rai, Giarai)."""
    return fold(text).replace(" ", "")
