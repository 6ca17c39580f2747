"""Lines that sum a list up: "Cộng thôn 1: 80 hộ", "Tổng cộng: 621 hộ, 2.345 khẩu"."""

import re
from collections.abc import Iterable
from functools import lru_cache

from shared.reference.text import fold

_GROUP = "thon|ban|xom|ap|buon|to|trang|khu|khom|doi|muc|phan|nhom"
_BEGINNING = "tong cong|tong so|tong|cong|luy ke|mang sang|chuyen sang|toan xa|toan thon|toan ban|total"
_TOTAL = re.compile(
    rf"(?:{_BEGINNING})(?:\s*[:(\d=].*"
    rf"|\s(?:\d|so |cong |ho\b|khau\b|toan |chung|danh sach|(?:{_GROUP}) |i+\b).*|)"
)
_OF_A_GROUP = re.compile(rf"(?:cong|luy ke|mang sang|chuyen sang|toan (?:thon|ban))|.*\s(?:{_GROUP}) ")
_PLACE_NUMBER = re.compile(rf"\b(?:{_GROUP}|nam)\s+\d+", re.ASCII)
_HOUSEHOLDS = re.compile(r"(\d[\d.]*)\s*ho\b", re.ASCII)
_NUMBER = re.compile(r"(\d[\d.]*)", re.ASCII)
_LONGEST = 300
_OTHER_COUNTS = re.compile(r"khau|nguoi|dong\b|ngheo")


@lru_cache(maxsize=4_096)
def says_total(text: str) -> bool:
    """Whether a line sums up; a surname such as Tống or Cộng with a name behind it does not."""
    return len(text) <= _LONGEST and _TOTAL.fullmatch(_compared(text)) is not None


def is_of_a_group(text: str) -> bool:
    """Whether a total is of one village or page and not of the whole list."""
    return _OF_A_GROUP.match(_compared(text)) is not None


def declared_households(texts: Iterable[str]) -> int | None:
    """The number of households that a total row names, None where it names none or counts something else."""
    for text in texts:
        counted = _PLACE_NUMBER.sub(" ", fold(text))
        found = _HOUSEHOLDS.search(counted)
        if found is None and not _OTHER_COUNTS.search(counted):
            found = _NUMBER.search(counted)
        if found is not None and "ngheo" not in counted:
            return int(found[1].replace(".", "")[:9])
    return None


def _compared(text: str) -> str:
    return fold(text).strip(" *+.")
