"""Recorded cases by the million: case files with sealed findings, and wrapped keys, as the service has them.

Facts are dice, every household's income its own, so that no two households are the same.
"""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import orjson
import psycopg

from services.eligibility.domain import Register, Subject, conclude, find
from services.eligibility.rules import RuleSet
from shared.events import new_id
from shared.privacy import KeyRing, new_key, seal
from shared.reference import areas

POVERTY = ("poor", "near_poor", "none")
GROUPS = ("01", "02", "08", "09", "13", "47")
DAYS = tuple(date(2026, month, day) for month in (9, 10, 11) for day in range(1, 21))
PROVINCE = "08"
KINDS = 5_000
"""Different findings that are made by the rules; a household takes one, with an income of its own."""

_COLUMNS = (
    "application_id", "household_id", "programme_id", "programme_version", "digest", "commune", "province",
    "village", "outcome", "status", "priority", "ranked_by", "persons", "sealed", "entered_by",
    "submitted_at", "assessed_at", "assessed_year", "due_on",
)  # fmt: skip


def facts(dice: random.Random) -> dict[str, Any]:
    """A household's facts as an application states them."""
    return {
        "poverty_status": dice.choices(POVERTY, (5, 3, 2))[0],
        "ethnicity": dice.choice(GROUPS),
        "has_smartphone": dice.random() < 0.2,
        "members_count": dice.randint(1, 9),
        "certificate_year": dice.choices((2026, 2025, None), (8, 1, 1))[0],
        "already_received": dice.random() < 0.02,
        "income_per_person": dice.randrange(200_000, 4_000_000),
        "deprivations": dice.randrange(13),
        "urban": dice.random() < 0.2,
        "priority_group": dice.choices((None, "merit", "social_policy"), (18, 1, 1))[0],
        "identity": "citizen_id",
    }


def findings(rules: RuleSet, dice: random.Random) -> list[Any]:
    """What the rules find of KINDS different households."""
    found = []
    for _ in range(KINDS):
        day = dice.choice(DAYS)
        subject = Subject("", "", rules.programme.id, "", PROVINCE, (), day, day.year)
        found.append(conclude(find(rules, subject, facts(dice)), rules.programme, Register()))
    return found


def fill(url: str, wrapping_key: bytes, rules: RuleSet, count: int, seed: int = 1) -> None:
    """Write `count` case files and their keys, streamed."""
    dice = random.Random(seed)
    with psycopg.connect(url) as connection:
        for start in range(0, count, 20_000):
            _write(connection, list(_cases(wrapping_key, rules, min(20_000, count - start), dice)))
        connection.commit()
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE case_file, household_key")


def _write(
    connection: psycopg.Connection[Any], rows: list[tuple[tuple[Any, ...], tuple[str, bytes]]]
) -> None:
    _copy(connection, f"case_file ({', '.join(_COLUMNS)})", [case for case, _ in rows])
    _copy(connection, "household_key (household_id, wrapped)", [key for _, key in rows])


def _copy(connection: psycopg.Connection[Any], target: str, rows: list[Any]) -> None:
    with connection.cursor() as cursor, cursor.copy(f"COPY {target} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _cases(
    wrapping_key: bytes, rules: RuleSet, count: int, dice: random.Random
) -> Iterator[tuple[tuple[Any, ...], tuple[str, bytes]]]:
    ring, programme, known = KeyRing(wrapping_key), rules.programme, findings(rules, dice)
    communes = [unit.code for unit in areas.communes_of(PROVINCE)]
    now = datetime.now(UTC)
    for _ in range(count):
        application, household, key, finding = new_id(), new_id(), new_key(), dice.choice(known)
        content = finding.sealable()
        content["looked_at"] = {
            **content["looked_at"],
            "income_per_person": dice.randrange(200_000, 4_000_000),
        }
        sealed = seal(key, orjson.loads(orjson.dumps(content)), f"assessment/{application}")
        yield (
            (
                application, household, programme.id, programme.version, programme.digest,
                dice.choice(communes), PROVINCE, "Thôn 1", finding.outcome, finding.outcome,
                finding.priority, programme.version, "a" * 64, sealed, "bench", now, now, 2026,
                now.date() if finding.outcome == "referred" else None,
            ),
            (household, ring.wrap(household, key)),
        )  # fmt: skip
