"""The 54 ethnic groups in both numberings that are in use.

List A ("1979") is the list of 1979; list B ("gso") is the one the statistics office counts with. Codes differ
from 04 on, so a stored code always names its list: ours is `CODE_LIST`.
"""

import csv
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Literal

from shared.reference.text import fold_tight

CodeList = Literal["gso", "1979"]
CODE_LIST: CodeList = "gso"
KINH = "01"

# Spellings met in officers' lists, by list B code. They name the same group; they are not further groups.
_VARIANTS: dict[str, tuple[str, ...]] = {
    "01": ("Việt",),
    "05": ("Khơ-me", "Khmer", "Khơ Me", "Kơ-me"),
    "08": ("Mông", "Hmông", "H'Mông", "H’mong", "Mèo"),
    "09": ("Dao", "Giao"),
    "10": ("Gia Rai", "Gia-rai", "Jrai", "Jarai"),
    "11": ("Ê Đê", "Ê-đê"),
    "12": ("Ba Na", "Ba-na", "Bahnar"),
    "13": ("Sán Chay", "Cao Lan", "Sán Chí", "Sán Chỉ"),
    "14": ("Chăm", "Chàm"),
    "15": ("Cơ Ho", "Cơ-ho", "K'Ho", "Kơ Ho"),
    "16": ("Xơ Đăng", "Xê Đăng", "Sơ Đăng"),
    "18": ("Hrê", "H'rê"),
    "19": ("Raglay", "Ra-glai", "Raglai", "Ra Glay"),
    "20": ("Mnông", "M'Nông", "Mơ Nông"),
    "22": ("Xtiêng", "S'tiêng", "Stiêng", "X'tiêng"),
    "24": ("Bru Vân Kiều", "Bru-Vân Kiều", "Vân Kiều"),
    "47": ("Cơ Lao", "Cờ Lao", "Cờ lao"),
}


@dataclass(frozen=True, slots=True)
class EthnicGroup:
    """One group: 2-digit text codes and names of list A (1979) and list B (gso).

    `specific_difficulties`: among the 14 groups of Decision 1227/QĐ-TTg.
    """

    code_1979: str
    code_gso: str
    name_1979: str
    name_gso: str
    specific_difficulties: bool

    @property
    def minority(self) -> bool:
        """Whether the group is not Kinh, the majority (01 in both lists)."""
        return self.code_gso != KINH


@cache
def all_groups() -> tuple[EthnicGroup, ...]:
    """The 54 groups in the order of list A."""
    source = resources.files(__package__).joinpath("ethnic_groups.csv")
    with source.open(encoding="utf-8") as lines:
        return tuple(_group(row) for row in csv.DictReader(lines))


def _group(row: dict[str, str]) -> EthnicGroup:
    return EthnicGroup(
        code_1979=row["code_1979"],
        code_gso=row["code_gso"],
        name_1979=row["name_1979"],
        name_gso=row["name_gso"],
        specific_difficulties=row["specific_difficulties"] == "yes",
    )


@cache
def _by_code(code_list: CodeList) -> dict[str, EthnicGroup]:
    if code_list == "gso":
        return {group.code_gso: group for group in all_groups()}
    return {group.code_1979: group for group in all_groups()}


@cache
def _by_name() -> dict[str, EthnicGroup]:
    names: dict[str, EthnicGroup] = {}
    for group in all_groups():
        for name in (group.name_1979, group.name_gso, *_VARIANTS.get(group.code_gso, ())):
            names[fold_tight(name)] = group
    return names


@lru_cache(maxsize=4_096)
def find(name_or_code: str, code_list: CodeList = CODE_LIST) -> EthnicGroup | None:
    """The group of a name in any known spelling, or of a 2-digit code of `code_list`; None if unknown."""
    text = name_or_code.strip()
    if text.isascii() and text.isdigit():
        return _by_code(code_list).get(text.zfill(2))
    return _by_name().get(fold_tight(text).removeprefix("dantoc"))
