"""Fill an applications database with as many applications as wanted, past the service but row for row as it
writes them: entered commune by commune in lists, the oldest first, with words, persons, keys, sealed parts.

Two processes make the rows, one COPY per table takes them; indexes are dropped before and made anew after, as
with any large load. Every sealed part opens under its key.
"""

import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import psycopg

from benchmarks import people
from services.applications.domain import Place
from services.applications.entering import (
    Applicant,
    Entry,
    Home,
    Secrets,
    applicant,
    application_rows,
    household_row,
)
from services.applications.household import HouseholdDraft
from shared import casestate
from shared.events import new_id
from shared.privacy import IdentityHasher, KeyRing, new_key
from shared.reference import areas

PROGRAMMES = ("national", "tuyen-quang-2026")
FIRST_DAY = datetime(2026, 1, 5, 1, tzinfo=UTC)
DAYS = 240
MAKERS = 2
LONGEST_LIST = 500
"""The service enters a list in transactions of this size; their rows share one time."""

STATES = (
    ((None, None), 12),
    (("eligible", None), 10),
    (("ineligible", None), 15),
    (("referred", None), 1),
    (("approved", "waitlisted"), 6),
    (("approved", "issued"), 26),
    (("approved", "redeemed"), 30),
)
"""What eligibility and disbursement say of a case, with rough shares."""

TABLES = ("household", "household_key", "application", "application_person")


@dataclass(frozen=True, slots=True)
class Piece:
    """Applications of one commune that were entered in one transaction; `first` numbers them through."""

    first: int
    size: int
    commune: str
    province: str
    moment: datetime


def households(piece: Piece) -> Iterator[HouseholdDraft]:
    """Whose applications they are: the same each time."""
    dice = random.Random(piece.first)
    peoples = people.peoples_of(piece.province, random.Random(piece.commune))
    for number in range(piece.first, piece.first + piece.size):
        yield people.household(number, dice.choice(peoples), dice)


def fill(url: str, count: int, identity_key: bytes, wrapping_key: bytes, seed: int = 1) -> list[Piece]:
    """Write `count` applications with their programmes; returns what was written, in the order of time.

    `url` is the server's superuser's, for that database: foreign keys are not checked row by row.
    """
    pieces = plan(count, seed)
    with psycopg.connect(url) as connection:
        _add_programmes(connection)
        definitions = _drop_indexes(connection)
    groups = _grouped(pieces)
    with ExitStack() as stack:
        pool = stack.enter_context(
            ProcessPoolExecutor(MAKERS, initializer=_begin, initargs=(identity_key, wrapping_key))
        )
        copies = [stack.enter_context(_copy(url, table)) for table in TABLES]
        for parts in pool.map(_lines, groups):
            for copy, part in zip(copies, parts, strict=True):
                copy.write(part)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET maintenance_work_mem = '512MB'")
        for definition in definitions:
            connection.execute(definition)
        connection.execute("VACUUM ANALYZE")
    return pieces


def plan(count: int, seed: int) -> list[Piece]:
    """Lists of every commune in a random order over the year, and single ones from the form in between."""
    dice = random.Random(seed)
    communes = sorted(areas.communes().values(), key=lambda commune: commune.code)
    shares = [dice.lognormvariate(0, 0.5) for _ in communes]
    lists: list[tuple[datetime, Any, int]] = []
    for commune, share in zip(communes, shares, strict=True):
        left = round(count * share / sum(shares))
        day = FIRST_DAY + timedelta(days=dice.uniform(0, DAYS))
        while left > 0:
            single = dice.random() < 0.5
            size = 1 if single else min(left, LONGEST_LIST, dice.randint(20, 300))
            lists.append(
                (day + timedelta(minutes=dice.uniform(0, 60 * 24 * 30 if single else 90)), commune, size)
            )
            left -= size
    pieces, first = [], 0
    for moment, commune, size in sorted(lists, key=lambda one: (one[0], one[1].code)):
        pieces.append(Piece(first, size, commune.code, commune.province_code, moment))
        first += size
    return pieces


def _grouped(pieces: Sequence[Piece], size: int = 40) -> Iterator[list[Piece]]:
    """A few thousand rows for a maker at a time."""
    rest = iter(pieces)
    while group := list(islice(rest, size)):
        yield group


_secrets: Secrets


def _begin(identity_key: bytes, wrapping_key: bytes) -> None:
    global _secrets
    _secrets = Secrets(IdentityHasher(identity_key), KeyRing(wrapping_key))


def _lines(pieces: Sequence[Piece]) -> list[bytes]:
    """The pieces' rows as COPY's text, one part per table."""
    parts: list[list[str]] = [[] for _ in TABLES]
    for piece in pieces:
        for part, lines in zip(parts, _rows(piece), strict=True):
            part.extend(lines)
    return ["".join(part).encode() for part in parts]


def _rows(piece: Piece) -> tuple[list[str], ...]:
    dice = random.Random(piece.first)
    place = Place(piece.commune, piece.province)
    channel = "form" if piece.size == 1 else "list"
    entry = Entry(PROGRAMMES[piece.province == "08"], place, f"officer-{piece.commune}", channel)
    ones = [applicant(one, place, _secrets.hasher) for one in households(piece)]
    homes = {one.application_id: Home(new_id(), new_key()) for one in ones}
    rows = application_rows(ones, homes, entry)
    return (
        [
            _line(
                {**household_row(one, homes[one.application_id], place), "created_at": piece.moment},
                HOUSEHOLD,
            )
            for one in ones
        ],
        [
            _line({"household_id": home.id, "wrapped": _secrets.ring.wrap(home.id, home.key)}, KEY)
            for home in homes.values()
        ],
        [_line({**row, **_stand(piece.moment, dice)}, APPLICATION) for row in rows],
        [line for one in ones for line in _persons(one, entry)],
    )


HOUSEHOLD = ("id", "commune", "province", "village", "head_hash", "sealed", "created_at")
KEY = ("household_id", "wrapped")
APPLICATION = (
    "id", "household_id", "programme_id", "commune", "province", "village", "application_state",
    "eligibility_state", "disbursement_state", "status", "entered_by", "channel", "legal_basis",
    "certificate_hash", "words", "sealed", "created_at", "submitted_at",
)  # fmt: skip
PERSON = ("programme_id", "commune", "person_hash", "application_id")
COLUMNS = {
    "household": HOUSEHOLD,
    "household_key": KEY,
    "application": APPLICATION,
    "application_person": PERSON,
}


def _persons(one: Applicant, entry: Entry) -> list[str]:
    common = {"programme_id": entry.programme_id, "commune": entry.place.commune}
    return [
        _line({**common, "person_hash": person, "application_id": one.application_id}, PERSON)
        for person in one.persons
    ]


def _stand(moment: datetime, dice: random.Random) -> dict[str, Any]:
    """Where a case stands by now."""
    ((eligibility, disbursement),) = dice.choices(
        [state for state, _ in STATES], [share for _, share in STATES]
    )
    return {
        "eligibility_state": eligibility,
        "disbursement_state": disbursement,
        "status": casestate.overall("submitted", eligibility, disbursement),
        "created_at": moment,
        "submitted_at": moment,
    }


def _line(row: dict[str, Any], columns: Sequence[str]) -> str:
    return "\t".join(_text(row[column]) for column in columns) + "\n"


def _text(value: Any) -> str:
    if value is None:
        return r"\N"
    if isinstance(value, bytes):
        return r"\\x" + value.hex()
    if isinstance(value, list):
        return "{" + ",".join(map(str, value)) + "}"
    return str(value)


@contextmanager
def _copy(url: str, table: str) -> Iterator[psycopg.Copy]:
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        with cursor.copy(f"COPY {table} ({', '.join(COLUMNS[table])}) FROM STDIN") as copy:
            yield copy


def _add_programmes(connection: psycopg.Connection[Any]) -> None:
    for programme in PROGRAMMES:
        connection.execute(
            "INSERT INTO programme (id, version, name_vi, name_en, status)"
            " VALUES (%s, 1, %s, %s, 'published') ON CONFLICT DO NOTHING",
            (programme, programme, programme),
        )


def _drop_indexes(connection: psycopg.Connection[Any]) -> list[str]:
    """Drop what no constraint needs; returns the statements that make it again."""
    found = connection.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s)"
        " AND indexname NOT IN (SELECT conname FROM pg_constraint)",
        (list(TABLES),),
    ).fetchall()
    for name, _ in found:
        connection.execute(f'DROP INDEX "{name}"')
    return [definition for _, definition in found]
