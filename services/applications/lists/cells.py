"""From a cell to a value: what people type for yes and no, numbers, a sex, a status. Nothing here raises."""

import re
from functools import lru_cache
from typing import Literal

from services.applications.household import PovertyStatus, PriorityGroup
from services.applications.lists.table import Cell, is_blank
from shared.reference import ethnic_groups
from shared.reference.text import fold, nfc

_TICKS = frozenset("✓✔√☑☒✗✘×☓þ") | {"x", "v", "1", "*", "+", "u", "true"}
"""Folded words that only ever tick a box; þ and ü (u) are what the font Wingdings shows as a tick."""
_YES = _TICKS | {"co", "c", "yes", "y", "roi", "da co", "co roi", "da", "da nhan", "da duoc nhan"}
_NO = frozenset({"khong", "chua", "no", "n", "false", "0", "khong co", "chua co", "k", "ko", "chua nhan"})

_SEXES: dict[str, Literal["male", "female"]] = {
    "nam": "male", "nu": "female", "male": "male", "female": "female", "m": "male", "f": "female",
    "trai": "male", "gai": "female", "ong": "male", "ba": "female", "nam gioi": "male", "nu gioi": "female",
}  # fmt: skip
_POVERTY: dict[str, PovertyStatus] = {
    "n": "poor", "hn": "poor", "ngheo": "poor", "ho n": "poor", "h ngheo": "poor",
    "cn": "near_poor", "hcn": "near_poor", "can": "near_poor", "can n": "near_poor", "ho cn": "near_poor",
    "ho can": "near_poor", "h can ngheo": "near_poor", "c ngheo": "near_poor", "h c ngheo": "near_poor",
    "khong": "none", "k": "none", "ko": "none", "0": "none", "khac": "none", "ho khac": "none", "tb": "none",
    "trung binh": "none", "ho trung binh": "none", "binh thuong": "none", "thuong": "none", "kha": "none",
    "ho kha": "none", "ho binh thuong": "none", "muc song trung binh": "none",
    "ho co muc song trung binh": "none", "ho trung binh kha": "none", "khong co": "none",
    "khong thuoc": "none", "khong thuoc dien": "none",
}  # fmt: skip
_POOR_WORDS = frozenset(
    [
        "ho",
        "gia",
        "dinh",
        "thuoc",
        "dien",
        "ngheo",
        "da",
        "chieu",
        "dtts",
        "nam",
        "moi",
        "phat",
        "sinh",
        "tai",
        "chuan",
        "tw",
    ]
)
_PRIORITY: dict[str, PriorityGroup] = {
    "nguoi co cong": "merit", "gia dinh co cong": "merit", "nguoi co cong voi cach mang": "merit",
    "ncc": "merit",
    "gia dinh nguoi co cong": "merit", "ho nguoi co cong": "merit", "co cong": "merit", "gd co cong": "merit",
    "chinh sach xa hoi": "social_policy", "gia dinh chinh sach xa hoi": "social_policy",
    "doi tuong chinh sach xa hoi": "social_policy", "gia dinh chinh sach": "social_policy",
    "ho chinh sach": "social_policy", "chinh sach": "social_policy", "gd chinh sach": "social_policy",
}  # fmt: skip
_AREA_KINDS = {
    "thanh thi": True, "do thi": True, "tt": True, "phuong": True, "thi tran": True,
    "khu vuc thanh thi": True, "nong thon": False, "nt": False, "xa": False, "khu vuc nong thon": False,
}  # fmt: skip
_MONEY_WORDS = re.compile(r"\s*(?:d|dong|vnd|vnđ)?\s*(?:/\s*(?:nguoi|khau))?\s*(?:/\s*thang)?$")
_WHOLE_MONEY = re.compile(r"\d{1,3}(?:\.\d{3})+|\d{1,3}(?:,\d{3})+|\d{1,3}(?: \d{3})+|\d+", re.ASCII)
_MILLIONS = re.compile(r"(\d{1,3})(?:[.,](\d{1,6}))?\s*(?:trieu|tr)", re.ASCII)
_NOTHING = frozenset({"", "khong", "khong co", "0", "chua co", "ko", "k"})
_NO_NUMBER = frozenset(
    {"khong", "khong co", "chua co", "chua", "chua lam", "chua cap", "chua duoc cap", "dang lam", "dang cap",
     "mat", "bi mat", "lam mat", "chua lam cccd", "chua co cccd", "khong co cccd", "dang lam lai",
     "cho cap", "0"}
)  # fmt: skip

_RELATIONS = {
    "chong": "spouse", "vo": "spouse", "vo chong": "spouse", "bo": "parent", "me": "parent", "cha": "parent",
    "ba": "grandparent", "ong": "grandparent", "cu": "grandparent", "con": "child", "chau": "grandchild",
    "anh": "sibling", "chi": "sibling", "em": "sibling", "ma": "parent", "tia": "parent",
    "chat": "grandchild",
}  # fmt: skip
_OTHER_RELATIONS = frozenset(
    ["co", "di", "chu", "bac", "cau", "mo", "thim", "duong", "khac", "nguoi", "o", "ban"]
)
_HEADS = frozenset({"chu ho", "ch", "ban than", "chu ho gia dinh", "la chu ho"})
_RESIDENCES = {
    "thuong tru": "permanent", "kt1": "permanent", "da dang ky": "permanent", "tam tru": "temporary",
    "kt2": "temporary", "kt3": "temporary", "kt4": "temporary", "luu tru": "temporary",
    "chua dang ky": "unregistered", "khong dang ky": "unregistered",
}  # fmt: skip
_BRANCH = re.compile(
    r"\s(?:do|tien|ao dai|quan trang|quan chet|thanh y|lo gang|dai ban|hoa|trang|den|xanh|an|chao|loi)$"
)
"""What tells branches of one group apart: Dao đỏ, Mông hoa, Thái đen."""
_PARENTHESES = re.compile(r"\s*\([^()]*\)\s*")
_COUNT = re.compile(
    r"0*(\d{1,3})(?:\.0+)?\s*(?:nhan khau|khau|nguoi|thanh vien|nk|tv|k)?\s*(?:\([^()]*\))?", re.ASCII
)
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_PUNCTUATION = re.compile(r"[\s.,;:/()\"]+")


def text(value: Cell) -> str:
    """The cell as stored text: NFC; no invisible signs; whole numbers without their ".0"; "" for nothing."""
    if isinstance(value, str):
        return nfc(value) if value.isascii() else nfc(_INVISIBLE.sub("", value))
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def digits(value: Cell) -> tuple[str, bool]:
    """A number's digits as text, and whether the file held a number, which has lost its leading zeros."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return text(value).removesuffix(".0").lstrip("'"), is_number


def count(value: Cell) -> int | None:
    """A number of people or None; "7", 7, 7.0, "07" and "7 khẩu" are the same, 7.5 and "bảy" are none."""
    if isinstance(value, bool):
        return None
    found = _COUNT.fullmatch(fold(text(value)))
    return int(found[1]) if found else None


def count_or_none(value: Cell) -> int | None:
    """A number of things that there may be none of: as `count`, and a word for nothing is 0."""
    return 0 if not is_blank(value) and says_nothing(value) else count(value)


def money(value: Cell) -> int | None:
    """Whole đồng or None: 1500000, "1.500.000", "1,500,000 đ", "1,5 triệu" and "1.5tr" are the same."""
    if isinstance(value, bool):
        return None
    written = _MONEY_WORDS.sub("", fold(text(value).removesuffix(".0"))).strip()
    if whole := _WHOLE_MONEY.fullmatch(written):
        return int(re.sub(r"\D", "", whole[0]))
    millions = _MILLIONS.fullmatch(written)
    if millions is None:
        return None
    return int(millions[1]) * 1_000_000 + int((millions[2] or "").ljust(6, "0"))


def urban(value: Cell) -> bool | None:
    """Thành thị or nông thôn; None if it is neither."""
    return _AREA_KINDS.get(_word(text(value)))


def yes_no(value: Cell) -> bool | None:
    """Có or Không in the ways people mark it; None if it is neither."""
    if isinstance(value, bool):
        return value
    word = _word(text(value))
    return True if word in _YES else False if word in _NO else None


def is_mark(value: Cell) -> bool:
    """Whether a cell only ticks a box ("x", "✓"), so that its column means no where it is blank."""
    if isinstance(value, bool):
        return value
    return _word(text(value)) in _TICKS


def is_either_sex(value: Cell) -> bool:
    """N begins both Nam and Nữ: nothing is said."""
    return _word(text(value)) == "n"


def sex(value: Cell) -> Literal["male", "female"] | None:
    """Nam or Nữ; None if it is neither."""
    return _SEXES.get(_word(text(value)))


@lru_cache(maxsize=4_096)
def _status(written: str) -> PovertyStatus | None:
    key = " ".join(_PUNCTUATION.sub(" ", fold(written)).split())
    known = _POVERTY.get(key)
    if known is not None or "ngheo" not in key:
        return known
    if "thoat" in key or "khong" in key:
        return "none"
    rest = key.replace("can ngheo", "")
    if rest != key:
        return None if "ngheo" in rest else "near_poor"
    return "poor" if all(word in _POOR_WORDS or word.isdigit() for word in key.split()) else None


def poverty_status(value: Cell) -> PovertyStatus | None:
    """Hộ nghèo, Hộ cận nghèo or neither of them; None for a word nobody planned for."""
    return _status(text(value))


def priority_group(value: Cell) -> PriorityGroup | None:
    """Người có công or Chính sách xã hội; None for any other word."""
    return _PRIORITY.get(_word(text(value)))


def says_nothing(value: Cell) -> bool:
    """Whether a cell is blank or says that there is none."""
    return _word(text(value)) in _NOTHING


def has_no_number(value: Cell) -> bool:
    """Whether the cell of an identity number says that there is none yet."""
    return isinstance(value, str) and _word(text(value)) in _NO_NUMBER


def is_head(value: Cell) -> bool:
    """Whether a relation is that of the head of household."""
    return _word(text(value)) in _HEADS


def relation(value: Cell) -> str | None:
    """How somebody belongs to the head, one of `household.RELATIONS`; None for a word nobody planned for."""
    words = _word(text(value)).split()
    if not words:
        return None
    if "dau" in words or "re" in words or (words[0] in ("bo", "me", "cha") and words[-1] in ("vo", "chong")):
        return "in_law"
    if words[0] in _OTHER_RELATIONS:
        return "other"
    if words == ["ba"] and text(value).isascii():
        return "parent"  # Ba, a father in the South, is not Bà, a grandmother
    return _RELATIONS.get(words[0])


def ethnic_group(value: Cell) -> str | None:
    """The code (list B) of an ethnic group, its branch or a remark behind it or not: Dao đỏ, Nùng (An)."""
    written = text(value)
    group = ethnic_groups.find(written)
    if group is None:
        bare = _PARENTHESES.sub(" ", written)
        group = ethnic_groups.find(bare) or ethnic_groups.find(_BRANCH.sub("", fold(bare)))
    return group.code_gso if group else None


def residence(value: Cell) -> str | None:
    """Thường trú, tạm trú or neither registered, one of `household.RESIDENCES`; None for any other word."""
    return _RESIDENCES.get(_word(text(value)))


@lru_cache(maxsize=16_384)
def _word(written: str) -> str:
    return fold(written).strip(" .,;:-()\"'")
