"""The pipeline: households imported until their vouchers stand, with every service and the audit running.

An officer sends lists; eligibility assesses what arrives; the chair approves what is eligible, list by
list, while more arrives; disbursement reserves the money and issues the vouchers. The clock runs from the
first byte sent to the last voucher. Beside it, in the same run on the same machine: raw kafka-python produce
and consume of as many records of the same size, and raw multi-row inserts of the same rows.
"""

import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy
from kafka import KafkaConsumer, KafkaProducer

from benchmarks import households
from benchmarks.harness import arguments, console, report, stack
from songban.actors import APPROVER, COMMUNE, MANAGER, OFFICER
from songban.demo import Demo
from songban.gateway import Gateway
from songban.lists import ListFile, send_list
from songban.stack import Stack
from songban.story import ROOT, gateway_of

EVENT_BYTES = 1200
EVENTS_PER_HOUSEHOLD = 4
TARGET = 500
PATIENCE_SECONDS = 600.0
SERVICES_WITH_EVENTS = ("applications", "eligibility", "disbursement", "audit")


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--households", type=int, default=20_000)
    parser.add_argument("--list", type=int, default=2_500, help="households per list")
    parser.add_argument("--broker", choices=["embedded", "kafka", "both"], default="both")
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    figures: dict[str, float] = {}
    for broker in ("embedded", "kafka") if options.broker == "both" else (options.broker,):
        with stack(broker, SONGBAN_WORKERS="1", SONGBAN_THREADS="8") as made:
            rate, caught_up = run(made, options.households, options.list)
            rows.append({"what": f"pipeline on {broker}, vouchers stand", "per s": rate})
            rows.append({"what": f"pipeline on {broker}, audit caught up", "per s": caught_up})
            figures[f"households_per_s_{broker}"] = rate
            records = options.households * EVENTS_PER_HOUSEHOLD
            if broker == "kafka":
                produced, consumed = raw_kafka(str(made.kafka_bootstrap), min(records, 40_000))
                rows.append({"what": "ceiling: kafka-python produce, records", "per s": produced})
                rows.append({"what": "ceiling: kafka-python consume, records", "per s": consumed})
            rows.append(
                {
                    "what": f"ceiling: multi-row inserts ({broker} run), rows",
                    "per s": raw_inserts(made, records),
                }
            )
    report("pipeline", rows, options.json, target=TARGET, **figures)


def run(made: Stack, count: int, per_list: int) -> tuple[float, float]:
    """Households per second until the vouchers stand, and until the audit holds every event."""
    gateway = gateway_of(made)
    demo = Demo(gateway, ROOT / "programmes" / "tuyen-quang-2026.yaml", ROOT / "examples" / "nam-ty.xlsx")
    programme_id = demo.prepare()
    body = {"amount": count * 1_000_000, "document": "benchmark"}
    gateway.post("disbursement", f"/budgets/{programme_id}:allocate", MANAGER, body)
    lists = _lists(made.data, count, per_list)
    done = threading.Event()
    approver = threading.Thread(target=_approve_until, args=(gateway_of(made), programme_id, done))
    begun = time.perf_counter()
    approver.start()
    for path in lists:
        _import(gateway, programme_id, path)
    console.print(f"  imported after {time.perf_counter() - begun:.1f} s", highlight=False)
    _wait(lambda: _issued(gateway, programme_id), count)
    seconds = time.perf_counter() - begun
    done.set()
    approver.join()
    _wait(lambda: _in_ledger(made), _recorded(made))
    return count / seconds, count / (time.perf_counter() - begun)


def _lists(directory: Path, count: int, per_list: int) -> list[Path]:
    starts = range(0, count, per_list)
    return [
        households.write(
            directory / f"list-{start}.xlsx", min(per_list, count - start), seed=1 + start // per_list
        )
        for start in starts
    ]


def _import(gateway: Gateway, programme_id: str, path: Path) -> None:
    told = send_list(gateway, OFFICER, ListFile(path.name, path.read_bytes(), COMMUNE, programme_id))
    if told["accepted"] != told["rows"]:
        raise RuntimeError(f"the list did not go through: {told}")


def _approve_until(gateway: Gateway, programme_id: str, done: threading.Event) -> None:
    """The chair signs a list whenever cases wait."""
    while not done.wait(0.5):
        today = datetime.now(UTC).date().isoformat()
        body = {
            "programme_id": programme_id,
            "commune": COMMUNE,
            "decision_number": "bench",
            "decision_date": today,
        }
        gateway.post("eligibility", "/approval-lists", APPROVER, body)


def _issued(gateway: Gateway, programme_id: str) -> int:
    return int(gateway.get("disbursement", "/funnel", OFFICER, programme_id=programme_id)["issued"])


def _count(made: Stack, service: str, table: str) -> int:
    url = made.environment[f"SONGBAN_{service.upper()}_DATABASE_URL"]
    with psycopg.connect(url) as connection:
        row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(row[0]) if row else 0


def _recorded(made: Stack) -> int:
    return sum(_count(made, service, "event_log") for service in SERVICES_WITH_EVENTS)


def _in_ledger(made: Stack) -> int:
    return _count(made, "audit", "ledger")


def _wait(count: Any, wanted: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while count() < wanted:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{count()} of {wanted} after {PATIENCE_SECONDS:.0f} s")
        time.sleep(0.25)


def raw_kafka(bootstrap: str, records: int) -> tuple[float, float]:
    """kafka-python alone: the same number of keys and the same size, acks=all, idempotent."""
    value = b"x" * EVENT_BYTES
    producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, linger_ms=5)
    begun = time.perf_counter()
    for number in range(records):
        producer.send("songban.checkpoints", value, key=str(number).encode())
    producer.flush()
    produced = records / (time.perf_counter() - begun)
    producer.close()
    consumer = KafkaConsumer(
        "songban.checkpoints", bootstrap_servers=bootstrap, auto_offset_reset="earliest", max_poll_records=500
    )
    begun, seen = time.perf_counter(), 0
    while seen < records:
        seen += sum(len(part) for part in consumer.poll(1000).values())
    consumed = records / (time.perf_counter() - begun)
    consumer.close()
    return produced, consumed


def raw_inserts(made: Stack, count: int) -> float:
    """Multi-row inserts of rows of an event's size, 500 at a time, one transaction each."""
    url = sqlalchemy.make_url(made.postgres_url)
    with psycopg.connect(url.render_as_string(hide_password=False)) as connection:
        connection.execute("CREATE TABLE raw (id text PRIMARY KEY, version integer, bytes bytea)")
        connection.commit()
        begun = time.perf_counter()
        for start in range(0, count, 500):
            _insert(connection, range(start, min(start + 500, count)))
        seconds = time.perf_counter() - begun
        connection.execute("DROP TABLE raw")
    return count / seconds


def _insert(connection: psycopg.Connection[Any], numbers: Sequence[int]) -> None:
    ids, raws = [str(number) for number in numbers], [b"x" * EVENT_BYTES] * len(numbers)
    statement = "INSERT INTO raw SELECT id, 1, b FROM unnest(%s::text[], %s::bytea[]) AS t (id, b)"
    connection.execute(statement, (ids, raws))
    connection.commit()


if __name__ == "__main__":
    main()
