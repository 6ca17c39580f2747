"""Provinces and communes: today's two levels, and the three levels that stood until 30/06/2025.

A 5-digit code may name one unit before the reform and another after it, so the two sets are never mixed:
`commune` answers for today, `old_commune` for before, `resolve_old` leads from there to here. A name never
identifies. The files are built by `scripts/build_reference.py` and read at first use.
"""

import csv
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Protocol

REFORM = date(2025, 7, 1)
"""Since this day: 34 provinces, 3,321 communes, no districts."""
LAST_DAY_BEFORE = date(2025, 6, 30)
"""The last day of the 63 provinces, 696 districts and 10,035 communes."""


class Dated(Protocol):
    """Anything that stands from a day to a day, both included; None is an open end."""

    @property
    def valid_from(self) -> date | None: ...

    @property
    def valid_to(self) -> date | None: ...


@dataclass(frozen=True, slots=True)
class Province:
    """A province: 2-digit text code, name with its kind ("Tỉnh Tuyên Quang")."""

    code: str
    name: str
    valid_from: date | None
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class Commune:
    """A commune, ward or special zone of today: 5-digit text code, its province's 2-digit code."""

    code: str
    name: str
    province_code: str
    valid_from: date | None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class OldCommune:
    """A commune as it stood until 30/06/2025; `now` = codes of today's communes that hold its ground.

    Five island districts had no communes: they stand here under their 3-digit district code.
    """

    code: str
    name: str
    district_code: str
    district_name: str
    province_code: str
    province_name: str
    now: tuple[str, ...]
    valid_from: date | None = None
    valid_to: date | None = LAST_DAY_BEFORE


def stands(unit: Dated, day: date) -> bool:
    """Whether the unit existed on that day."""
    started = unit.valid_from is None or unit.valid_from <= day
    return started and (unit.valid_to is None or day <= unit.valid_to)


def province(code: str) -> Province | None:
    """Today's province of a 2-digit code."""
    return provinces().get(code)


def commune(code: str) -> Commune | None:
    """Today's commune of a 5-digit code."""
    return communes().get(code)


def communes_of(province_code: str) -> list[Commune]:
    """Today's communes of a province in the order of their codes; empty for an unknown province."""
    return list(_communes_by_province().get(province_code, ()))


def old_commune(code: str) -> OldCommune | None:
    """The commune that had this code until 30/06/2025."""
    return old_communes().get(code)


def resolve_old(code: str) -> list[Commune]:
    """Today's communes that hold the ground of an old commune: one, several for a split, none if unknown."""
    old = old_commune(code)
    return [communes()[new] for new in old.now] if old else []


def today_of(code: str) -> list[Commune]:
    """Today's communes that a 5-digit code can mean, none if it never was one.

    A code that names a commune of today means that one, whatever it named before 01/07/2025; any other means
    the communes that hold the ground of the one that had it: several where it was split.
    """
    found = commune(code)
    return [found] if found else resolve_old(code)


@cache
def provinces() -> dict[str, Province]:
    """Today's 34 provinces by code."""
    return {
        code: Province(code, name, date.fromisoformat(start), None)
        for code, name, start in _rows("provinces.csv")
    }


@cache
def old_provinces() -> dict[str, Province]:
    """The 63 provinces of before by code: what a citizen id's first three digits point at."""
    return {
        code: Province(code, name, None, date.fromisoformat(end))
        for code, name, end in _rows("old_provinces.csv")
    }


@cache
def communes() -> dict[str, Commune]:
    """Today's 3,321 communes by code."""
    days = {"2025-07-01": REFORM}
    return {
        code: Commune(code, name, in_province, days.get(start) or date.fromisoformat(start))
        for code, name, in_province, start in _rows("communes.csv")
    }


@cache
def old_communes() -> dict[str, OldCommune]:
    """The 10,035 communes of before, and the five island districts without communes, by code."""
    above = _old_districts()
    return {
        code: OldCommune(code, name, district, *above[district], now=tuple(now.split()))
        for code, name, district, now in _rows("old_communes.csv")
    }


def _old_districts() -> dict[str, tuple[str, str, str]]:
    """District code → its name, its province's code and name."""
    return {
        code: (name, in_province, old_provinces()[in_province].name)
        for code, name, in_province in _rows("old_districts.csv")
    }


@cache
def _communes_by_province() -> dict[str, list[Commune]]:
    found: dict[str, list[Commune]] = {}
    for unit in communes().values():
        found.setdefault(unit.province_code, []).append(unit)
    return found


def _rows(name: str) -> list[list[str]]:
    """A csv file of this folder without its header."""
    with resources.files(__package__).joinpath(name).open(encoding="utf-8") as file:
        lines = csv.reader(file)
        next(lines)
        return list(lines)
