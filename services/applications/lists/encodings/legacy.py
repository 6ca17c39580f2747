"""Vietnamese typed before Unicode: the letters of TCVN3 (ABC, fonts .VnTime) and VNI (fonts VNI-Times).

Such text is stored as Western letters which only the font turned into Vietnamese: "Hä vµ tªn" and
"Hoï vaø teân" are both "Họ và tên". Tables: TCVN 5712:1993 (VN3) and VNI Windows.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

_TCVN3 = dict(
    zip(
        "¡¢£¤¥¦§¨©ª«¬\u00ad®µ¶·¸¹»¼½¾ÆÇÈÉÊËÌÎÏÐÑÒÓÔÕÖ×ØÜÝÞßáâãäåæçèéêëìíîïñòóôõö÷øùúûüýþ",
        "ĂÂÊÔƠƯĐăâêôơưđàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ",
        strict=True,
    )
)
_TABLE = str.maketrans(_TCVN3)
_WITHOUT_CAPITAL = frozenset(_TCVN3.values()) - frozenset("ăâêôơưđĂÂÊÔƠƯĐ")
"""Letters whose capitals TCVN3 lacks."""

_TONE_MARKS = "ùøûõï"
_CIRCUMFLEX = "âáàåãä"
_BREVE = "êéèúüë"
_VNI_PAIRS = {
    "a": (_TONE_MARKS + _CIRCUMFLEX + _BREVE, "áàảãạ" + "âấầẩẫậ" + "ăắằẳẵặ"),
    "e": (_TONE_MARKS + _CIRCUMFLEX, "éèẻẽẹ" + "êếềểễệ"),
    "o": (_TONE_MARKS + _CIRCUMFLEX, "óòỏõọ" + "ôốồổỗộ"),
    "ô": (_TONE_MARKS, "ớờởỡợ"),
    "u": (_TONE_MARKS, "úùủũụ"),
    "ö": (_TONE_MARKS, "ứừửữự"),
    "y": (_TONE_MARKS, "ýỳỷỹỵ"),
}
_VNI_SINGLE = {"ñ": "đ", "ô": "ơ", "ö": "ư", "æ": "ỉ", "ó": "ĩ", "ò": "ị", "î": "ỵ"}


def _vni() -> dict[str, str]:
    """Every pair and single in small, capital and title spelling."""
    pairs = {
        base + mark: letter
        for base, (marks, letters) in _VNI_PAIRS.items()
        for mark, letter in zip(marks, letters, strict=True)
    }
    table: dict[str, str] = {}
    for written, letter in (*pairs.items(), *_VNI_SINGLE.items()):
        table[written] = letter
        table[written.upper()] = letter.upper()
        table[written[0].upper() + written[1:]] = letter.upper()
    return table


_VNI = _vni()
_VNI_FINDER = re.compile("|".join(sorted(_VNI, key=len, reverse=True)))
_WORD = re.compile(r"[^\W\d_]+")
_CAPITALS = 2


@dataclass(frozen=True, slots=True)
class OldEncoding:
    """An encoding of before Unicode, by the name officers know, and how its text is read."""

    name: str
    convert: Callable[[str], str]


@lru_cache(maxsize=16_384)
def from_tcvn3(text: str) -> str:
    """TCVN3 as Unicode. It has no capitals with tones: words in capitals and names get them back."""
    written = text.split(" ")
    words = text.translate(_TABLE).split(" ")
    if _in_capitals(text) and any(map(_in_capitals, written)):
        return " ".join(words).upper()
    words = [word.upper() if _in_capitals(old) else word for word, old in zip(words, written, strict=True)]
    if _is_name(words):
        words = [word[:1].upper() + word[1:] for word in words]
    return " ".join(words)


@lru_cache(maxsize=16_384)
def from_vni(text: str) -> str:
    """VNI as Unicode: a vowel and the letter behind it that is its mark become one."""
    return _VNI_FINDER.sub(lambda found: _VNI[found[0]], text)


def _in_capitals(written: str) -> bool:
    """Whether its unaccented letters, two at least, are all capitals; accented ones are small in any case."""
    plain = [letter for letter in written if letter.isascii() and letter.isalpha()]
    return len(plain) >= _CAPITALS and all(letter.isupper() for letter in plain)


def _is_name(words: list[str]) -> bool:
    """Whether all words begin with a capital but those that begin with a toned vowel."""
    firsts = [word[0] for word in words if word]
    small = [letter for letter in firsts if not letter.isupper()]
    return 0 < len(small) < len(firsts) and all(letter in _WITHOUT_CAPITAL for letter in small)


TCVN3 = OldEncoding("TCVN3 (ABC)", from_tcvn3)
VNI = OldEncoding("VNI", from_vni)
