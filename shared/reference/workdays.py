"""Working days in Viet Nam: Monday to Friday without public holidays, and the weekends worked in exchange.

The holidays are data (`holidays.csv`): the days that are swapped are announced year by year, so the file
is meant to be edited. Behind its end weekends alone are left out: a deadline then comes early, never late.
"""

import csv
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib import resources

SATURDAY = 5
WORKED = "worked"


@dataclass(frozen=True, slots=True)
class Special:
    """A day that is not what its place in the week says.

    kind: holiday, substitute (for one on a weekend), swapped (off by decision), worked (a weekend, instead).
    `estimated`: computed, not yet announced.
    """

    day: date
    name: str
    kind: str
    estimated: bool


@cache
def specials() -> dict[date, Special]:
    """Every day of the file."""
    lines = resources.files(__package__).joinpath("holidays.csv").read_text(encoding="utf-8").splitlines()
    found = [
        Special(date.fromisoformat(row["date"]), row["name"], row["kind"], row["estimated"] == "yes")
        for row in csv.DictReader(lines)
    ]
    return {special.day: special for special in found}


def is_working_day(day: date) -> bool:
    special = specials().get(day)
    if special is not None:
        return special.kind == WORKED
    return day.weekday() < SATURDAY


def working_days_after(start: date, count: int) -> date:
    """The `count`-th working day after `start`; `start` itself is never counted (unverified)."""
    day = start
    while count > 0:
        day += timedelta(days=1)
        if is_working_day(day):
            count -= 1
    return day
