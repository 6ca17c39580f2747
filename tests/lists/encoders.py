"""Typing Vietnamese as before Unicode: TCVN3 (ABC), VNI, Windows-1258. Tables written down a second time."""

import unicodedata

_TCVN3_LOWER = {
    "à": 0xB5, "ả": 0xB6, "ã": 0xB7, "á": 0xB8, "ạ": 0xB9, "ằ": 0xBB, "ẳ": 0xBC, "ẵ": 0xBD, "ắ": 0xBE,
    "ặ": 0xC6,
    "ầ": 0xC7, "ẩ": 0xC8, "ẫ": 0xC9, "ấ": 0xCA, "ậ": 0xCB, "è": 0xCC, "ẻ": 0xCE, "ẽ": 0xCF, "é": 0xD0,
    "ẹ": 0xD1,
    "ề": 0xD2, "ể": 0xD3, "ễ": 0xD4, "ế": 0xD5, "ệ": 0xD6, "ì": 0xD7, "ỉ": 0xD8, "ĩ": 0xDC, "í": 0xDD,
    "ị": 0xDE,
    "ò": 0xDF, "ỏ": 0xE1, "õ": 0xE2, "ó": 0xE3, "ọ": 0xE4, "ồ": 0xE5, "ổ": 0xE6, "ỗ": 0xE7, "ố": 0xE8,
    "ộ": 0xE9,
    "ờ": 0xEA, "ở": 0xEB, "ỡ": 0xEC, "ớ": 0xED, "ợ": 0xEE, "ù": 0xEF, "ủ": 0xF1, "ũ": 0xF2, "ú": 0xF3,
    "ụ": 0xF4,
    "ừ": 0xF5, "ử": 0xF6, "ữ": 0xF7, "ứ": 0xF8, "ự": 0xF9, "ỳ": 0xFA, "ỷ": 0xFB, "ỹ": 0xFC, "ý": 0xFD,
    "ỵ": 0xFE,
    "ă": 0xA8, "â": 0xA9, "ê": 0xAA, "ô": 0xAB, "ơ": 0xAC, "ư": 0xAD, "đ": 0xAE,
}  # fmt: skip
_TCVN3_CAPITAL = {"Ă": 0xA1, "Â": 0xA2, "Ê": 0xA3, "Ô": 0xA4, "Ơ": 0xA5, "Ư": 0xA6, "Đ": 0xA7}

_TONES = {"\u0301": "ù", "\u0300": "ø", "\u0309": "û", "\u0303": "õ", "\u0323": "ï"}
_CIRCUMFLEX = {"": "â", "\u0301": "á", "\u0300": "à", "\u0309": "å", "\u0303": "ã", "\u0323": "ä"}
_BREVE = {"": "ê", "\u0301": "é", "\u0300": "è", "\u0309": "ú", "\u0303": "ü", "\u0323": "ë"}
_VNI_ONE = {"đ": "ñ", "ỉ": "æ", "ĩ": "ó", "ị": "ò", "í": "í", "ì": "ì", "ỵ": "î"}
_HORN = {"o": "ô", "u": "ö"}


def tcvn3(text: str) -> str:
    """Text as it is stored under a .VnTime font; capitals with tones do not exist there."""
    return "".join(_tcvn3_letter(letter) for letter in unicodedata.normalize("NFC", text))


def _tcvn3_letter(letter: str) -> str:
    code = _TCVN3_CAPITAL.get(letter) or _TCVN3_LOWER.get(letter.lower())
    return chr(code) if code else letter


def vni(text: str) -> str:
    """Text as it is stored under a VNI-Times font: the mark behind its vowel."""
    return "".join(_vni_letter(letter) for letter in unicodedata.normalize("NFC", text))


def _vni_letter(letter: str) -> str:
    lower = letter.lower()
    written = _VNI_ONE.get(lower) or _vni_vowel(lower)
    return written.upper() if letter.isupper() else written


def _vni_vowel(letter: str) -> str:
    base, *marks = unicodedata.normalize("NFD", letter)
    tone = next((mark for mark in marks if mark in _TONES), "")
    if "\u0302" in marks:
        return base + _CIRCUMFLEX[tone]
    if "\u0306" in marks:
        return base + _BREVE[tone]
    if "\u031b" in marks:
        base = _HORN[base]
    return base + _TONES.get(tone, "")


def windows_1258(text: str) -> bytes:
    """Text in Windows-1258: ă â ê ô ơ ư đ are letters, every tone is a sign of its own behind its vowel."""
    letters = []
    for letter in unicodedata.normalize("NFC", text):
        decomposed = unicodedata.normalize("NFD", letter)
        tone = "".join(mark for mark in decomposed if mark in _TONES)
        bare = unicodedata.normalize("NFC", "".join(mark for mark in decomposed if mark not in _TONES))
        letters.append(bare + tone)
    return "".join(letters).encode("cp1258")
