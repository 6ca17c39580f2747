"""Approvals that become vouchers: inside the service beside bare inserts, and through Kafka beside the clock.

Inside: lists of approvals go to the handler that issues (budget looked up, vouchers with codes, events
chained and stored, outbox, reservations posted, commit), in turns with bare multi-row inserts of the very
rows that it made, into tables with a primary key and nothing else. What the consumer adds (parsing,
validation, inbox) stands in a row of its own.

Through Kafka: approvals of a thousand communes are sent into the log of a running stack, where every service
and the audit work; the clock runs from the first one sent to the last voucher, and the budget must then be
reserved to the last đồng.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from statistics import median
from typing import Any
from uuid import UUID

import psycopg
import sqlalchemy
from sqlalchemy import MetaData, Table

from benchmarks.harness import admin_url, arguments, console, quiet, report, stack
from services.disbursement.handlers import HANDLERS
from shared.db import Database, insert_rows
from shared.eventlog import Record, connect
from shared.eventlog.port import Received
from shared.events import Envelope, Head, NewEvent, new_id
from shared.events.envelope import seal_envelope
from shared.inbox import Consume
from shared.inbox.handlers import Unit
from shared.reference import areas
from songban.actors import AUDITOR, MANAGER
from songban.demo import Demo
from songban.stack import Stack
from songban.story import ROOT, gateway_of

AMOUNT = 500_000
APPROVED, TOPIC = "eligibility.approved.v1", "songban.eligibility"
TARGET_RATIO, TARGET_PEER, TARGET_KAFKA = 0.4, 6_900, 800
"""Of bare inserts; a peer's bare payments a second in batches of 1,000; vouchers a second through Kafka."""

MADE = ("known_case", "voucher", "event_log", "outbox", "posting")
SENT_AT_ONCE = 1_000
PATIENCE_SECONDS = 3_600.0


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--lists", type=int, default=20, help="lists of 1,000 inside the service")
    parser.add_argument("--approvals", type=int, default=416_000, help="through Kafka")
    parser.add_argument("--communes", type=int, default=1_000, help="that the approvals come from")
    options = parser.parse_args()
    with stack("kafka", SONGBAN_WORKERS="1") as made:
        programme_id = Demo(
            gateway_of(made), ROOT / "programmes" / "tuyen-quang-2026.yaml", ROOT / "examples" / "nam-ty.xlsx"
        ).prepare()
        cases = Approvals(programme_id, options.communes)
        with quiet(made):
            fund(made, programme_id, 2 * options.lists * 1_000)
            rows, ratio, issued = inside(made, cases, options.lists)
        fund(made, programme_id, options.approvals)
        rate = through_kafka(made, cases, options.approvals)
        exact = is_exact(made, programme_id)
    rows.append({"what": f"{options.approvals:,} approvals through Kafka, vouchers stand", "per s": rate})
    report(
        "issue",
        rows,
        options.json,
        of_bare_inserts=ratio,
        wanted_of_bare_inserts=TARGET_RATIO,
        inside_per_s=issued,
        peer_per_s=TARGET_PEER,
        through_kafka_per_s=rate,
        wanted_through_kafka_per_s=TARGET_KAFKA,
        budget_exact=exact,
    )
    if not exact:
        raise SystemExit("the budget is not exact")


class Approvals:
    """Approvals as eligibility records them, of new cases, from one commune after the other."""

    def __init__(self, programme_id: str, communes: int) -> None:
        self._programme_id = programme_id
        self._communes = [one.code for one in areas.communes().values()][:communes]
        self._made = 0

    def next(self, count: int) -> list[Envelope]:
        moment = datetime.now(UTC)
        return [self._one(moment) for _ in range(count)]

    def _one(self, moment: datetime) -> Envelope:
        self._made += 1
        case = new_id()
        data = {
            "application_id": case,
            "household_id": new_id(),
            "programme_id": self._programme_id,
            "commune": self._communes[self._made % len(self._communes)],
            "programme_version": 1,
            "decision_number": "bench",
            "decision_date": moment.date().isoformat(),
            "approved_by": "chu-tich",
            "position": self._made,
            "amount": AMOUNT,
            "minimum_price": AMOUNT,
            "validity_days": 90,
        }
        return seal_envelope(
            NewEvent(APPROVED, case, data, "chu-tich"),
            stream=f"eligibility/{case}",
            source="/eligibility",
            head=Head(),
            moment=moment,
            traceparent=None,
        )


def fund(made: Stack, programme_id: str, vouchers: int) -> None:
    """Bring what is available to the worth of so many vouchers."""
    gateway = gateway_of(made)
    there = gateway.get("disbursement", f"/budgets/{programme_id}", MANAGER)["available"]
    change, why = vouchers * AMOUNT - int(there), {"document": "benchmark", "reason": "benchmark"}
    if change:
        body = {"change": change, **why}
        gateway.post("disbursement", f"/budgets/{programme_id}:adjust", MANAGER, body)


# Inside the service


def inside(made: Stack, cases: Approvals, lists: int) -> tuple[list[dict[str, Any]], float, float]:
    """The table's rows, ours as a share of bare inserts, and ours a second: each the median list."""
    database = Database(admin_url(made, "disbursement"), "bench-issue")
    bare = bare_tables(database)
    handled, inserted, consumed = [], [], []
    for _ in range(lists):
        approvals = cases.next(1_000)
        handled.append(timed(lambda approvals=approvals: handle(database, approvals)))
        rows = rows_of(database, approvals)
        inserted.append(timed(lambda rows=rows: insert(database, bare, rows)))
        more = [received(event, place) for place, event in enumerate(cases.next(1_000))]
        consumed.append(timed(lambda more=more: consumer(database).take_in(more)))
    database.close()
    ours, ceiling, whole = (1_000 / median(seconds) for seconds in (handled, inserted, consumed))
    table = [
        {"what": "lists of 1,000 issued by the handler", "per s": ours},
        {"what": "the same with parsing, validation and inbox", "per s": whole},
        {"what": "ceiling: bare multi-row inserts of the same rows", "per s": ceiling},
    ]
    return table, ours / ceiling, ours


def timed(work: Any) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def handle(database: Database, approvals: Sequence[Envelope]) -> None:
    handler = HANDLERS[APPROVED]
    with database.transaction() as session:
        handler(Unit(session, "disbursement"), approvals)  # type: ignore[operator]


def consumer(database: Database) -> Consume:
    return Consume("disbursement", database, None, HANDLERS)  # type: ignore[arg-type]


def received(event: Envelope, place: int) -> Received:
    return Received(TOPIC, 0, place, datetime.now(UTC), event.key, event.raw)


def bare_tables(database: Database) -> dict[str, Table]:
    """The tables that issuing fills, with a primary key and nothing else: no check, index or trigger more."""
    keys = {
        "known_case": "application_id",
        "voucher": "voucher_id",
        "event_log": "stream, version",
        "outbox": "seq",
        "posting": "posting_id",
    }
    with database.engine.begin() as connection:
        for name in MADE:
            connection.exec_driver_sql(f"CREATE TABLE bare_{name} (LIKE {name})")
            connection.exec_driver_sql(f"ALTER TABLE bare_{name} ADD PRIMARY KEY ({keys[name]})")
    metadata = MetaData()
    return {name: Table(f"bare_{name}", metadata, autoload_with=database.engine) for name in MADE}


def rows_of(database: Database, approvals: Sequence[Envelope]) -> dict[str, list[dict[str, Any]]]:
    """The rows that issuing these made, table by table, with ids as texts."""
    cases = [event.key for event in approvals]
    own = "application_id = ANY(CAST(:cases AS uuid[]))"
    vouchers = f"voucher_id IN (SELECT voucher_id FROM voucher WHERE {own})"
    streams = "stream = ANY(SELECT 'disbursement/' || unnest(CAST(:cases AS text[])))"
    wanted = dict(zip(MADE, (own, own, streams, streams, vouchers), strict=True))
    found = {}
    with database.transaction() as session:
        for name, where in wanted.items():
            result = session.execute(sqlalchemy.text(f"SELECT * FROM {name} WHERE {where}"), {"cases": cases})
            found[name] = [_plain(dict(row)) for row in result.mappings()]
            assert len(found[name]) == len(cases)
    return found


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: str(value) if isinstance(value, UUID) else bytes(value) if name == "bytes" else value
        for name, value in row.items()
    }


def insert(database: Database, tables: dict[str, Table], rows: dict[str, list[dict[str, Any]]]) -> None:
    with database.transaction() as session:
        for name, table in tables.items():
            insert_rows(session, table, rows[name])


# Through Kafka


def through_kafka(made: Stack, cases: Approvals, count: int) -> float:
    """Vouchers a second, from the first approval sent to the last voucher that stands."""
    url = made.environment["SONGBAN_DISBURSEMENT_DATABASE_URL"]
    failures: list[BaseException] = []

    def send() -> None:
        try:
            log = connect("kafka", bootstrap=made.kafka_bootstrap, database_url=None, client_id="bench-issue")
            producer = log.producer()
            for chunk in _chunks(count):
                producer.send([Record(TOPIC, event.key, event.raw) for event in cases.next(chunk)])
            producer.close()
            log.close()
        except BaseException as error:  # noqa: BLE001 - told to the thread that waits
            failures.append(error)

    with psycopg.connect(url, autocommit=True) as connection:
        before = _reserved(connection)
        sender = threading.Thread(target=send)
        begun = time.perf_counter()
        sender.start()
        last_said = begun
        while (issued := (_reserved(connection) - before) // AMOUNT) < count:
            now = time.perf_counter()
            if failures or now - begun > PATIENCE_SECONDS:
                raise RuntimeError(f"{issued} of {count} vouchers after {now - begun:.0f} s") from (
                    failures[0] if failures else None
                )
            if now - last_said > 30:
                last_said = now
                console.print(f"  {issued:,} vouchers after {now - begun:.0f} s", highlight=False)
            time.sleep(0.1)
        seconds = time.perf_counter() - begun
        sender.join()
    return count / seconds


def _chunks(count: int) -> Iterator[int]:
    for start in range(0, count, SENT_AT_ONCE):
        yield min(SENT_AT_ONCE, count - start)


def _reserved(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute("SELECT coalesce(sum(reserved), 0) FROM budget").fetchone()
    assert row is not None
    return int(row[0])


def is_exact(made: Stack, programme_id: str) -> bool:
    """Every đồng is reserved for a voucher, nobody waits, and everything ties."""
    gateway = gateway_of(made)
    budget = gateway.get("disbursement", f"/budgets/{programme_id}", AUDITOR)
    funnel = gateway.get("disbursement", "/funnel", AUDITOR, programme_id=programme_id)
    ties = gateway.get("disbursement", "/reconcile", AUDITOR)["ties"]
    whole = budget["available"] == 0 and budget["allocated"] == budget["reserved"]
    return bool(
        whole and budget["reserved"] == funnel["issued"] * AMOUNT and funnel["waitlisted"] == 0 and ties
    )


if __name__ == "__main__":
    main()
