"""Build shared/reference/holidays.csv from the package `holidays`.

    pip install --target /tmp/holidays holidays==0.109
    PYTHONPATH=/tmp/holidays python scripts/build_reference_holidays.py

The package is a tool of this script only. Which days are swapped is announced year by year: what lies
behind the last announcement that the package knows is marked as estimated. A second run over the same release
changes nothing, and it overwrites what was edited by hand: look at `git diff` before keeping it.
"""

import csv
from datetime import date
from pathlib import Path

from holidays.countries.vietnam import Vietnam, VietnamStaticHolidays

TARGET = Path(__file__).parent.parent / "shared" / "reference" / "holidays.csv"
YEARS = range(2025, 2036)
HEADER = ("date", "name", "kind", "estimated")

LAST_ANNOUNCED = max(VietnamStaticHolidays.special_public_holidays)

OBSERVED = "nghỉ bù"
SWAPPED = "thay cho ngày"
WORKED = "Ngày làm bù"

Row = tuple[str, str, str, str]


def main() -> None:
    found = Vietnam(years=YEARS, language="vi")
    rows = [row_of(day, name, kind_of(name)) for day, name in found.items() if day.year in YEARS]
    rows += [row_of(day, WORKED, "worked") for day in found.weekend_workdays if day.year in YEARS]
    with TARGET.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(sorted(rows))


def row_of(day: date, name: str, kind: str) -> Row:
    return day.isoformat(), name, kind, "yes" if day.year > LAST_ANNOUNCED else "no"


def kind_of(name: str) -> str:
    """holiday, substitute (for one on a weekend), swapped (a day off, worked on a weekend instead)."""
    if SWAPPED in name:
        return "swapped"
    return "substitute" if OBSERVED in name else "holiday"


if __name__ == "__main__":
    main()
