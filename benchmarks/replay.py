"""How fast the audit replays and verifies a ledger: events per second on one core, beside the ceiling of the
same run (read every event by COPY and parse its JSON, nothing else).

The ledger holds synthetic cases of a programme in the mix of a real round, chained and canonical as the
services write them: submitted, assessed, some approved, issued and redeemed, and who read what.
"""

import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import psycopg

from benchmarks.harness import arguments, report
from services.audit.ledger import copy_rows, snapshot
from services.audit.replay import replay
from services.audit.verify import verify
from shared.db import Database
from shared.events import CATALOGUE, Envelope, Head, NewEvent, new_id, validate
from shared.events.envelope import seal_envelope
from tests.support.service import fresh_database

PROGRAMME = "tuyen-quang-2026"
AMOUNT, SUBSIDY = 500_000, 450_000
APPROVED, REDEEMED, READ = 0.7, 0.6, 0.3
"""Shares: approved of all, redeemed of the issued, read by somebody of all."""

COLUMNS = ("index", "stream", "version", "event_id", "type", "key", "commune", "time", "hash", "bytes")
KINDS = ["int8", "text", "int4", "uuid", "text", "text", "text", "timestamptz", "text", "bytea"]


def facts(case: str, rng: random.Random) -> Iterator[tuple[str, dict[str, Any]]]:
    """One case's facts in order: (type, data). Sealed parts are as long as real ones."""
    base = {"application_id": case, "household_id": new_id(), "programme_id": PROGRAMME}
    placed = {**base, "commune": "01075"}
    yield (
        "application.submitted.v1",
        {
            **placed,
            "village": "Thôn 5",
            "channel": "list",
            "entered_by": "can-bo",
            "persons": [rng.randbytes(32).hex()],
            "namesakes": [],
            "certificate": rng.randbytes(32).hex(),
            "sealed": rng.randbytes(300).hex(),
        },
    )
    rules = {"programme_version": 1, "digest": "d" * 64}
    outcome = "eligible" if rng.random() < APPROVED else "ineligible"
    yield (
        "eligibility.assessed.v1",
        {**placed, **rules, "outcome": outcome, "sealed": rng.randbytes(350).hex()},
    )
    if rng.random() < READ:
        read = {"purpose": "CASE_WORK", "what": "household", "households": [base["household_id"]], "count": 1}
        yield "access.recorded.v1", read
    if outcome == "eligible":
        yield from _paid(base, rng)


def _paid(base: dict[str, str], rng: random.Random) -> Iterator[tuple[str, dict[str, Any]]]:
    placed, voucher = {**base, "commune": "01075"}, new_id()
    terms = {"amount": AMOUNT, "minimum_price": 0}
    decision = {"decision_number": "12/QĐ-UBND", "decision_date": "2026-11-20", "approved_by": "chu-tich"}
    more = {"programme_version": 1, "position": 1, "validity_days": 60}
    yield "eligibility.approved.v1", {**placed, **decision, **terms, **more}
    issued = {"budget_id": base["programme_id"], "voucher_id": voucher, "expires_on": "2027-01-31"}
    yield "voucher.issued.v1", {**placed, **terms, **issued}
    if rng.random() < REDEEMED:
        sale = {"shop_id": "shop-1", "enterprise_id": "telecom-1", "imeis": [rng.randbytes(32).hex()]}
        sale |= {"sold_by": "counter", "sold_on": "2026-11-23", "receipt": None}
        paid = {"model": "Điện thoại 4G", "price": SUBSIDY, "subsidy": SUBSIDY}
        yield (
            "voucher.redeemed.v1",
            {**base, **sale, **paid, "voucher_id": voucher, "redemption_id": new_id()},
        )


def events(number: int) -> Iterator[Envelope]:
    """`number` events, each sealed behind its stream's last one."""
    rng, moment, made = random.Random(7), datetime.now(UTC), 0
    seen: set[str] = set()
    while True:
        case, heads = new_id(), dict[str, Head]()
        for name, data in facts(case, rng):
            event_type = CATALOGUE[name]
            if name not in seen:
                validate(event_type, data)
                seen.add(name)
            stream = event_type.stream_of(case)
            event = seal_envelope(
                NewEvent(name, case, data, "can-bo"),
                stream=stream,
                source=f"/{event_type.service}",
                head=heads.get(stream, Head()),
                moment=moment,
                traceparent=None,
            )
            heads[stream] = Head(event.version, event.hash)
            yield event
            made += 1
            if made == number:
                return


def fill(url: str, number: int) -> int:
    """Write the ledger by COPY; returns its bytes."""
    size = 0
    names = ", ".join(f'"{name}"' for name in COLUMNS)
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        with cursor.copy(f"COPY ledger ({names}) FROM STDIN (FORMAT binary)") as copy:
            copy.set_types(KINDS)
            for index, event in enumerate(events(number)):
                commune, moment = event.data.get("commune"), datetime.fromisoformat(event.time)
                place = (index, event.stream, event.version, UUID(event.id), event.type, event.key)
                copy.write_row((*place, commune, moment, event.hash, event.raw))
                size += len(event.raw)
        cursor.execute("UPDATE ledger_head SET size = %s", [number])
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE ledger")
    return size


def read_and_parse(database: Database) -> int:
    """The ceiling: every event's bytes through COPY and orjson, nothing done with them."""
    loads, done = orjson.loads, 0
    with snapshot(database) as connection:
        for (raw,) in copy_rows(connection, 'SELECT bytes FROM ledger ORDER BY "index"', ["bytea"]):
            loads(raw)
            done += 1
    return done


def replay_all(database: Database) -> int:
    replayed = replay(database)
    budget = replayed.replay.states["disbursement"][f"budget/{PROGRAMME}"]
    assert budget["spent"] % SUBSIDY == 0
    assert budget["reserved"] % AMOUNT == 0
    return replayed.events


def verify_all(database: Database) -> int:
    found = verify(database)
    assert found.verified, found.problems[:3]
    return found.events


def measured(what: str, work: Callable[[Database], int], database: Database, rounds: int) -> dict[str, Any]:
    """The best of `rounds`: other work on the machine only ever makes it slower."""
    best = (float("inf"), 0.0, 0)
    for _ in range(rounds):
        wall, cpu = time.perf_counter(), time.process_time()
        done = work(database)
        best = min(best, (time.perf_counter() - wall, time.process_time() - cpu, done))
    seconds, cpu, done = best
    return {
        "what": what,
        "events/s": round(done / seconds),
        "seconds": round(seconds, 2),
        "µs CPU of this process per event": round(cpu / done * 1e6, 1),
    }


def main() -> None:
    parser = arguments(str(__doc__))
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    url = fresh_database("audit")
    size = fill(url, options.events)
    database = Database(url, "bench")
    rows = [
        measured("ceiling: read + parse", read_and_parse, database, options.rounds),
        measured("replay", replay_all, database, options.rounds),
        measured("verify", verify_all, database, options.rounds),
    ]
    database.close()
    report(
        "replay",
        rows,
        options.json,
        events=options.events,
        bytes_per_event=round(size / options.events),
        replay_of_ceiling=rows[1]["events/s"] / rows[0]["events/s"],
        verify_of_ceiling=rows[2]["events/s"] / rows[0]["events/s"],
    )


if __name__ == "__main__":
    main()
