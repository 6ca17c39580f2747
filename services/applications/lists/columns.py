"""Which field a column title names: by its folded text and known synonyms, by their beginning, by one slip.

A title is compared without accents, capitals and punctuation; what stands in parentheses does not count.
"""

import re
from functools import cache, lru_cache
from itertools import pairwise
from typing import NamedTuple

from services.applications.lists.synonyms import IGNORED, OTHER_PEOPLE, SYNONYMS
from shared.reference.text import fold, nfc

FIELDS = (*SYNONYMS, "given_name", "birth_day")
"""Every field that a column can be said to hold (`mapping`). Those that are no field of a household as such:

given_name: the second part of head_name; birth_day, birth_month: beside birth_year; male, female: a tick, or
the birth date of somebody of that sex; poor, near_poor, not_poor, merit, social_policy, no_smartphone: ticks;
address: where there is no village; household_number, member_name, relation: lists with a line for each
person; received_…: devices of earlier programmes; certificate_place: who issued it.
"""

REQUIRED = ("head_name", "birth_date", "ethnicity", "village", "poverty_status")
"""Fields without which no household of a list can be told apart and assessed; other columns may be absent."""
EXPECTED = ("sex", "citizen_id", "members_count", "has_smartphone")
"""Fields whose absence is said once for the list; each row then says what it lacks."""

TITLES_VI = {
    "head_name": "Họ và tên chủ hộ",
    "birth_date": "Ngày, tháng, năm sinh",
    "sex": "Giới tính",
    "ethnicity": "Dân tộc",
    "citizen_id": "Số định danh cá nhân/CCCD",
    "village": "Thôn/bản",
    "poverty_status": "Loại hộ",
    "members_count": "Số khẩu",
    "has_smartphone": "Đã có điện thoại thông minh",
}
ANY_OF = {
    "head_name": ("head_name", "member_name"),
    "birth_date": ("birth_date", "birth_year", "male", "female", "citizen_id"),
    "sex": ("sex", "male", "female"),
    "ethnicity": ("ethnicity",),
    "citizen_id": ("citizen_id", "cmnd"),
    "village": ("village", "address"),
    "poverty_status": ("poverty_status", "poor", "near_poor"),
    "members_count": ("members_count", "relation", "member_name"),
    "has_smartphone": ("has_smartphone", "no_smartphone"),
}
"""Which columns serve for a field; a citizen id of 12 digits says the year of birth."""

EXACT, BEGINNING, SLIP = 3, 2, 1
_PARENTHESES = re.compile(r"\([^)]*\)")
_PUNCTUATION = re.compile(r"[^a-z0-9]+")
_LONGEST_TITLE = 120
_FEWEST_LETTERS_FOR_A_SLIP = 9
_DIFFERENT_BY_ONE_ACCENT = {"đt": "phone", "năm": ""}
"""Titles that fold to the letters of another: ĐT (điện thoại) as DT (dân tộc), Năm (year) as Nam (man)."""


class Match(NamedTuple):
    """A title's field ("" for one that is known and ignored) and how sure that is."""

    field: str
    strength: int


def field_of(title: str) -> str | None:
    """The field that a column title names, None for a title nobody planned for."""
    found = match(title)
    return found.field or None if found else None


@lru_cache(maxsize=8_192)
def match(title: str) -> Match | None:
    """The field of a title and the strength of the match, None for a title nobody planned for."""
    if len(title) > _LONGEST_TITLE:
        return None
    special = _DIFFERENT_BY_ONE_ACCENT.get(nfc(title).lower())
    if special is not None:
        return Match(special, EXACT)
    key = title_key(title)
    if not key:
        return None
    known = _known()
    if key in known:
        return Match(known[key], EXACT)
    begun = _longest_beginning(key)
    if begun is not None:
        others = "chu ho" not in begun and OTHER_PEOPLE.intersection(_phrases(key[len(begun) :]))
        return Match("" if others else known[begun], BEGINNING)
    slipped = _slips().get(key) or _one_slip(key)
    return Match(slipped, SLIP) if slipped is not None else None


@lru_cache(maxsize=8_192)
def title_key(title: str) -> str:
    """A title as it is compared and remembered: "Số CMND/CCCD (nếu có)" → "so cmnd cccd"."""
    folded = fold(_PARENTHESES.sub(" ", title)) or fold(title)
    return _PUNCTUATION.sub(" ", folded).strip()


def missing(columns: dict[str, int], known: set[str], wanted: tuple[str, ...] = REQUIRED) -> list[str]:
    """The Vietnamese titles of wanted fields that no column serves for and nothing else makes known."""
    return [
        TITLES_VI[field]
        for field in wanted
        if field not in known and not any(column in columns for column in ANY_OF[field])
    ]


def _longest_beginning(key: str) -> str | None:
    longest = None
    words = key.split(" ")
    for count in range(2, len(words)):
        begun = " ".join(words[:count])
        if begun in _known():
            longest = begun
    return longest


def _phrases(text: str) -> set[str]:
    words = text.split()
    return {*words, *(" ".join(pair) for pair in pairwise(words))}


@cache
def _known() -> dict[str, str]:
    known = {title_key(title): "" for title in IGNORED}
    for field, titles in SYNONYMS.items():
        known.update((title_key(title), field) for title in titles)
    return known


@cache
def _slips() -> dict[str, str]:
    """Long titles with any one letter left out; one that two fields share names none."""
    found: dict[str, str] = {}
    for key, field in _known().items():
        if len(key) >= _FEWEST_LETTERS_FOR_A_SLIP:
            for short in _shortened(key):
                if found.setdefault(short, field) != field:
                    found[short] = ""
    return {short: field for short, field in found.items() if field}


def _one_slip(key: str) -> str | None:
    """The field of the long title that differs by one letter added or mistaken."""
    if len(key) <= _FEWEST_LETTERS_FOR_A_SLIP:
        return None
    fields = {_known().get(short) or _slips().get(short) for short in _shortened(key)} - {None}
    return fields.pop() if len(fields) == 1 else None


def _shortened(key: str) -> set[str]:
    return {key[:at] + key[at + 1 :] for at in range(len(key))}
