"""Intake: `POST /applications` with everything that belongs to it, beside a bare Flask endpoint.

Both run under the same gunicorn settings (2 workers, 4 threads), on the same PostgreSQL, one after the other
in turns, with the client on the same cores. Our request signs in, checks role and area, encrypts the person,
checks for duplicates, writes the idempotency key, the rows, the event and the outbox, in one transaction.
Relays and consumers are paused meanwhile: the bare endpoint has none, and `pipeline` measures them.
"""

from uuid import uuid4

import orjson
import psycopg
import sqlalchemy

from benchmarks import households
from benchmarks.bare import TABLES
from benchmarks.harness import Call, Load, alternate, arguments, bare_server, quiet, report, send, stack
from songban.actors import COMMUNE, OFFICER
from songban.demo import Demo
from songban.stack import Stack
from songban.story import ROOT, gateway_of

CLIENTS = 16
TARGET = 0.5


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--requests", type=int, default=2000, help="per round")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with (
        stack() as made,
        bare_server("benchmarks.bare:app()", BARE_DATABASE_URL=bare_database(made)) as bare_url,
    ):
        gateway = gateway_of(made)
        Demo(
            gateway, ROOT / "programmes" / "tuyen-quang-2026.yaml", ROOT / "examples" / "nam-ty.xlsx"
        ).prepare()
        token = gateway.token(OFFICER)

        def ours(number: int) -> Load:
            calls = [call(token, body) for body in bodies(options.requests, number + 1)]
            return send(made.url("applications"), calls, CLIENTS)

        def bare(number: int) -> Load:
            calls = [call(token, body) for body in bodies(options.requests, number + 100)]
            return send(bare_url, calls, CLIENTS)

        with quiet(made):
            ours_load, bare_load = alternate(options.rounds, ours, bare)
    show(options, ours_load, bare_load)


def show(options: object, ours: Load, bare: Load) -> None:
    rows = [
        {
            "what": name,
            "req/s": load.rate,
            "p50 ms": load.p50_ms,
            "p99 ms": load.p99_ms,
            "statuses": load.statuses,
        }
        for name, load in (("POST /applications", ours), ("bare endpoint, two inserts", bare))
    ]
    report("intake", rows, options.json, ratio=ours.rate / bare.rate, target=TARGET)  # type: ignore[attr-defined]


def bare_database(made: Stack) -> str:
    """A database for the bare endpoints on the same server."""
    admin = made.postgres_url
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute("CREATE DATABASE bare")
    url = sqlalchemy.make_url(admin).set(database="bare")
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        connection.execute(TABLES)
    return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def bodies(count: int, seed: int) -> list[bytes]:
    return [orjson.dumps(_body(row)) for row in households.rows(count, seed)]


def _body(row: tuple[object, ...]) -> dict[str, object]:
    day, month, year = str(row[2]).split("/")
    return {
        "programme_id": "tuyen-quang-2026",
        "commune": COMMUNE,
        "village": row[6],
        "head": {
            "name": row[1],
            "birth_date": f"{year}-{month}-{day}",
            "birth_year": int(year),
            "sex": "female" if row[3] == "Nữ" else "male",
            "ethnicity": row[4],
            "citizen_id": row[5],
            "cmnd": None,
            "phone": None,
        },
        "poverty_status": "poor",
        "certificate": {"number": row[8], "issued_on": "2025-12-15", "year": 2026},
        "members_count": row[10],
        "has_smartphone": False,
        "priority_group": None,
        "notes": None,
        "legal_basis": "public_task",
    }


def call(token: str, body: bytes, path: str = "/applications") -> Call:
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "Idempotency-Key": str(uuid4()),
    }
    return Call(path, headers, body)


if __name__ == "__main__":
    main()
