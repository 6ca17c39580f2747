"""Search among many applications over HTTP, beside a bare endpoint that reads one row by its primary key.

Each scope (an officer's commune, a manager's province, the auditor's whole country) asks with rare and common
words, with combinations, numbers and filters, and deep inside a result. Each answer is whole: signed in,
searched in the area, up to 50 names unsealed, the reading recorded. Relays and consumers are paused.
"""

import argparse
import base64
import random
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg

from benchmarks import people, population
from benchmarks.harness import (
    Call,
    Load,
    admin_url,
    arguments,
    bare_server,
    console,
    quiet,
    report,
    send,
    stack,
)
from benchmarks.intake import bare_database
from benchmarks.population import DAYS, FIRST_DAY, Piece
from benchmarks.search_plans import plans
from shared.auth import Actor, Role
from shared.web.paging import encode_cursor
from songban.stack import Stack
from songban.story import gateway_of

CLIENTS = 2
AUDITORS = 20
TARGET_MS = 50
WARM_UP = 20
MIDDLE = FIRST_DAY + timedelta(days=DAYS / 2)
NOBODY = "00000000-0000-4000-8000-000000000000"

HMONG = ("giàng", "sùng", "vàng", "páo", "seo")
DAO = ("bàn", "phàn", "tẩn", "lìn", "pết")

Query = dict[str, Any]
KINDS: dict[str, Callable[["Dice"], Query]] = {
    "a rare word": lambda dice: {"q": dice.rare()},
    "a common word": lambda dice: {"q": dice.choice(("thị", "văn", "a", "ngọc"))},
    "two common words": lambda dice: {"q": dice.choice(("thị văn", "nguyễn thị", "giàng a", "triệu văn"))},
    "a common and a rare word": lambda dice: {"q": f"{dice.choice(('thị', 'văn'))} {dice.rare()}"},
    "a whole name": lambda dice: {"q": dice.name()},
    "two peoples' words": lambda dice: {"q": f"{dice.choice(HMONG)} {dice.choice(DAO)}"},
    "nobody's word": lambda dice: {"q": f"zz{dice.randint(1, 9999)}"},
    "a person's number": lambda dice: {"q": dice.number()},
    "a common word, few of that status": lambda _dice: {"q": "thị", "status": "referred"},
    "a common word, deep inside": lambda _dice: {
        "q": "thị",
        "cursor": encode_cursor(MIDDLE.isoformat(), NOBODY),
    },
    "no word, few of that status": lambda _dice: {"status": "referred"},
    "no word": lambda _dice: {},
}


class Dice(random.Random):
    """Draws what people type."""

    def __init__(self, seed: int, pieces: Sequence[Piece]) -> None:
        super().__init__(seed)
        self._pieces = pieces

    def rare(self) -> str:
        return self.choice(people.ONSETS) + self.choice(people.RHYMES)

    def name(self) -> str:
        """The name of a household that is there."""
        return str(self._household().head_name)

    def number(self) -> str:
        return str(self._household().citizen_id)

    def _household(self) -> Any:
        piece = self.choice(self._pieces)
        return next(population.households(piece))


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--applications", type=int, default=1_000_000)
    parser.add_argument("--requests", type=int, default=200, help="of each kind in each scope")
    parser.add_argument("--clients", type=int, default=CLIENTS)
    parser.add_argument("--plans", type=Path, help="write the statements' plans here")
    options = parser.parse_args()
    with (
        stack() as made,
        bare_server("benchmarks.bare:app()", BARE_DATABASE_URL=bare_database(made)) as bare_url,
    ):
        console.print(f"  filling in {options.applications:,} applications", highlight=False)
        pieces = fill(made, options.applications)
        bare = bare_calls(made, options.applications, options.requests)
        with quiet(made):
            loads = {"bare read by primary key": send(bare_url, bare, options.clients)}
            for scope, actors in scopes(pieces).items():
                loads |= measure(made, scope, actors, pieces, options)
            loads["bare read by primary key, again"] = send(bare_url, bare, options.clients)
            if options.plans:
                environment = made.environment
                told = plans(
                    environment["SONGBAN_APPLICATIONS_DATABASE_URL"], environment["SONGBAN_IDENTITY_KEY"]
                )
                options.plans.write_text("\n".join(told) + "\n", encoding="utf-8")
    rows = [
        {
            "what": what,
            "p50 ms": one.p50_ms,
            "p95 ms": one.p95_ms,
            "p99 ms": one.p99_ms,
            "statuses": one.statuses,
        }
        for what, one in loads.items()
    ]
    failed = [what for what, one in loads.items() if one.statuses.keys() != {200}]
    if failed:
        raise SystemExit(f"not every answer was one: {failed}")
    slowest = max(one.p95_ms for what, one in loads.items() if not what.startswith("bare"))
    report(
        "search",
        rows,
        options.json,
        applications=options.applications,
        clients=options.clients,
        slowest_p95_ms=slowest,
        target_ms=TARGET_MS,
    )


def fill(made: Stack, count: int) -> list[Piece]:
    keys = [
        base64.b64decode(made.environment[f"SONGBAN_{name}"])
        for name in ("IDENTITY_KEY", "APPLICATIONS_WRAPPING_KEY")
    ]
    return population.fill(admin_url(made, "applications"), count, keys[0], keys[1])


def bare_calls(made: Stack, count: int, requests: int) -> list[Call]:
    """As many rows for the bare endpoint, and reads of some of them."""
    with psycopg.connect(admin_url(made, "bare"), autocommit=True) as connection:
        connection.execute(
            "INSERT INTO bare_application (programme, commune, status)"
            " SELECT 'national', '01075', 'submitted' FROM generate_series(1, %s)",
            (count,),
        )
        connection.execute("VACUUM ANALYZE bare_application")
        rows = connection.execute(
            "SELECT id FROM bare_application ORDER BY id LIMIT %s", (5 * requests,)
        ).fetchall()
    return [Call(f"/applications/{one}", {}, method="GET") for (one,) in rows]


def scopes(pieces: Sequence[Piece]) -> dict[str, list[Actor]]:
    """Readers of communes small and large, of provinces in the mountains and elsewhere, of the country."""
    dice = random.Random(1)
    communes = dice.sample(sorted({(piece.commune, piece.province) for piece in pieces}), 50)
    provinces = sorted({piece.province for piece in pieces})
    officer, manager, auditor = (frozenset({role}) for role in (Role.OFFICER, Role.MANAGER, Role.AUDITOR))
    return {
        "commune": [
            Actor(f"officer-{place}", roles=officer, commune=place, province=of) for place, of in communes
        ],
        "province": [Actor(f"manager-{place}", roles=manager, province=place) for place in provinces],
        "country": [Actor(f"auditor-{number}", roles=auditor) for number in range(AUDITORS)],
    }


def measure(
    made: Stack, scope: str, actors: Sequence[Actor], pieces: Sequence[Piece], options: argparse.Namespace
) -> dict[str, Load]:
    """Each kind of search in a scope; a first round that is not counted makes the server's plans."""
    gateway, loads = gateway_of(made), dict[str, Load]()
    tokens = [gateway.token(actor) for actor in actors]
    for kind, query in KINDS.items():
        dice = Dice(len(loads), pieces)
        calls = [call(dice.choice(tokens), query(dice)) for _ in range(options.requests)]
        send(made.url("applications"), calls[:WARM_UP], options.clients)
        loads[f"{scope}: {kind}"] = send(made.url("applications"), calls, options.clients)
    return loads


def call(token: str, query: Query) -> Call:
    return Call(f"/applications?{urlencode(query)}", {"Authorization": f"Bearer {token}"}, method="GET")


if __name__ == "__main__":
    main()
