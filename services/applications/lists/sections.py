"""What a line without a household says of the rows below it, and a title of all rows: village or status."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from services.applications.lists.table import Cell
from shared.reference.text import fold, nfc

_WORDS = (
    "thôn", "bản", "xóm", "ấp", "buôn", "làng", "tổ dân phố", "tdp", "khu phố", "khu dân cư", "khóm", "đội",
    "sóc", "phum", "plei", "bon", "khu", "tổ",
)  # fmt: skip
_NO_NAME = "trưởng|truong|công tác|cong tac|trình|trinh|sao|quyền|chỉ|tin"
"""Words that make Tổ trưởng, Tờ trình, Bản sao of what began like a village."""
_NAMED = rf"(?=[\s:.\d])[\s:.]*(?!(?:{_NO_NAME})\b)\S.*"
_VILLAGE = re.compile(f"(?:{'|'.join(_WORDS)}){_NAMED}", re.IGNORECASE)
_PLAIN_VILLAGE = re.compile(f"(?:{'|'.join(map(fold, _WORDS))}){_NAMED}", re.IGNORECASE)
_IN_TITLE = re.compile(
    rf"\b(thôn|bản|xóm|ấp|buôn|tổ dân phố|khu phố)\s*:?\s+(?!(?:{_NO_NAME})\b)"
    r"([^,;()–]+?)(?=\s*(?:[,;()–]|-\s*(?:xã|phường)|\b(?:xã|phường|huyện|năm|đề nghị)\b|$))",
    re.IGNORECASE,
)
_NUMBERING = re.compile(r"(?:(?:[ivxlc]+|[a-z]|\d{1,2})\s*[.)/:\-]\s*|[*+•–\-]\s*)", re.IGNORECASE)
_COUNTS = re.compile(r"[\s:(,;–\-]*(?:có\s*)?\d[\d.]*\s*(?:hộ|khẩu|người|ho|khau|nguoi)\b.*$", re.IGNORECASE)
_NOT_A_STATUS = re.compile(r"thoat|khong|giam ngheo")
_SAYS_STATUS = re.compile(r"(?:ho|nhom ho|dien|doi tuong|danh sach|ngheo|can ngheo)\b")
_SAYS_WHOSE = re.compile(
    r"(?:.*danh sach|ho |can ngheo|hn\b|hcn\b|dia ban|don vi|thon|ban|xom|ap|buon|to dan pho|khu pho)"
)
_ROMAN = re.compile(r"[IVXLC]+\.?")
_POOR = re.compile(r"\bho ngheo\b")
_LONGEST = 200
"""Letters of a line that can name anything."""
_MOST_WORDS = 6
"""Of a line without "thôn" that may still be a village's name."""


class Section(NamedTuple):
    """A village's name, a poverty status ("Hộ nghèo"), or both; None for what is not said."""

    village: str | None = None
    status: str | None = None


def section_of(cells: Iterable[Cell], *, bare: bool) -> Section | None:
    """What a line says of the rows below, None if nothing.

    `bare`: a name without "thôn" counts too, where nothing else can name the village.
    """
    text = _core([cell for cell in cells if isinstance(cell, str)])
    if not text:
        return None
    status = status_of(text) if _SAYS_STATUS.match(fold(text)) else None
    if status is not None:
        return Section(status=status)
    named = _VILLAGE.fullmatch(text) or (text.isascii() and _PLAIN_VILLAGE.fullmatch(text))
    return Section(village=_tidy(text)) if named or (bare and _could_be_name(text)) else None


def title_of(lines: Iterable[str]) -> Section:
    """What the title block (or a sheet's name) says of all its rows."""
    village = status = None
    for line in lines:
        text = nfc(line)
        folded = fold(text)
        if len(text) > _LONGEST or not _SAYS_WHOSE.match(folded):
            continue
        found = _IN_TITLE.search(text)
        if village is None and found is not None:
            village = _tidy(f"{found[1]} {found[2]}")
        status = status or status_of(text)
    return Section(village, status)


def status_of(text: str) -> str | None:
    """Hộ nghèo or Hộ cận nghèo where a line speaks of one of them only."""
    folded = fold(text)
    rest = folded.replace("ho can ngheo", "").replace("can ngheo", "")
    near = rest != folded
    if folded in ("hn", "hcn"):
        return "Hộ nghèo" if folded == "hn" else "Hộ cận nghèo"
    poor = _POOR.search(rest) is not None or folded == "ngheo"
    if near == poor or _NOT_A_STATUS.search(rest):
        return None
    return "Hộ cận nghèo" if near else "Hộ nghèo"


def _core(texts: Sequence[str]) -> str:
    """The line's one text, without its numbering and counts; "" where there is none or more than one."""
    named = [nfc(text) for text in texts if len(text) <= _LONGEST and sum(map(str.isalpha, text)) > 2]
    named = [text for text in named if not (_COUNTS.fullmatch(text) or _ROMAN.fullmatch(text))]
    if len(named) != 1:
        return ""
    numbering = _NUMBERING.match(named[0])
    text = named[0][numbering.end() :] if numbering else named[0]
    return _COUNTS.sub("", text).strip(" :.-–*")


def _could_be_name(text: str) -> bool:
    words = text.split()
    return 0 < len(words) <= _MOST_WORDS and words[0][0].isupper() and not any(map(str.isdigit, text))


def _tidy(text: str) -> str:
    """A village's name without colons, and not in capitals throughout."""
    name = " ".join(text.replace(":", " ").split()).strip(" .-–")
    return name.title() if name.isupper() else name
