"""Build the csv files of administrative units in shared/reference/ from the package `vietnamadminunits`.

    pip download --no-deps --dest /tmp/units vietnamadminunits==1.0.4
    python scripts/build_reference.py /tmp/units/vietnamadminunits-*.whl

The wheel is only read, never installed. Its map from old to new units is keyed by folded names; the files
written here are keyed by codes. The files are sorted, so a second run over the same wheel changes nothing.
"""

import csv
import json
import sqlite3
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parent.parent / "shared" / "reference"
REFORM = "2025-07-01"
LAST_DAY_BEFORE = "2025-06-30"

NEW_UNITS = "SELECT wardCode, ward, provinceCode, province, provinceKey, wardKey FROM admin_units"
OLD_UNITS = """
    SELECT coalesce(wardCode, districtCode), coalesce(ward, district), districtCode, district, provinceCode,
           province, provinceKey || '_' || districtKey || '_' || coalesce(wardKey, '')
    FROM admin_units_legacy
"""


def main(wheel: Path) -> None:
    """Write the five csv files; raises KeyError if the map names a unit that the dataset does not hold."""
    new, old, converter = read_wheel(wheel)
    successors = successor_codes(new, converter)
    write("provinces.csv", ("code", "name", "valid_from"), {(row[2], row[3], REFORM) for row in new})
    write("communes.csv", ("code", "name", "province", "valid_from"), {(*row[:3], REFORM) for row in new})
    write(
        "old_provinces.csv", ("code", "name", "valid_to"), {(row[4], row[5], LAST_DAY_BEFORE) for row in old}
    )
    write("old_districts.csv", ("code", "name", "province"), {(row[2], row[3], row[4]) for row in old})
    old_rows = {(row[0], row[1], row[2], " ".join(successors[row[6]])) for row in old}
    write("old_communes.csv", ("code", "name", "district", "now"), old_rows)


def read_wheel(wheel: Path) -> tuple[list[Any], list[Any], dict[str, Any]]:
    """The rows of today's units, the rows of the old units, and the old-to-new map of the package."""
    with zipfile.ZipFile(wheel) as archive, tempfile.TemporaryDirectory() as folder:
        database = archive.extract("vietnamadminunits/data/dataset.db", folder)
        converter = json.loads(archive.read("vietnamadminunits/data/converter_2025.json"))
        connection = sqlite3.connect(database)
        new = connection.execute(NEW_UNITS).fetchall()
        old = connection.execute(OLD_UNITS).fetchall()
        connection.close()
    return new, old, converter


def successor_codes(new: list[Any], converter: dict[str, Any]) -> dict[str, list[str]]:
    """Old unit key → sorted codes of today's communes that hold its ground."""
    code_of = {(row[4], row[5]): row[0] for row in new}
    found: dict[str, set[str]] = {}
    for province, communes in converter["DICT_PROVINCE_WARD_NO_DIVIDED"].items():
        for commune, old_keys in communes.items():
            for old_key in old_keys:
                found.setdefault(old_key, set()).add(code_of[province, commune])
    for province, splits in converter["DICT_PROVINCE_WARD_DIVIDED"].items():
        for old_key, parts in splits.items():
            found.setdefault(old_key, set()).update(code_of[province, part["newWardKey"]] for part in parts)
    return {key: sorted(codes) for key, codes in found.items()}


def write(name: str, header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    """One csv file: UTF-8, LF, sorted by code."""
    with (TARGET / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(sorted(rows))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
