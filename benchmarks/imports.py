"""An officer's list of 50,000 households, from the first byte sent to the last application with its event.

The worker reads, checks, seals and enters it in chunks; its peak memory is the kernel's own figure. Relays
and consumers are paused meanwhile, then a second list comes in while everything runs. Beside it, in the same
run on the same machine: only reading and checking the same file, and only inserting the same rows, chunk by
chunk, into copies of the tables with their indexes and checks.
"""

import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import psutil
import sqlalchemy
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy import MetaData, Table

from benchmarks import households
from benchmarks.harness import admin_url, arguments, console, quiet, report, stack
from services.applications.entering import APPLICATION, HOUSEHOLD
from services.applications.importing.reading import CHUNK, chunks_of, limits_of
from services.applications.lists import ListTable, RowContext, read_list
from services.applications.places import PERSON
from services.eligibility.rules import load_document
from shared.db import Database, insert_rows
from shared.db.tables import event_log, household_key, outbox
from shared.settings import ImportSettings
from songban.actors import COMMUNE, MANAGER, OFFICER
from songban.demo import Demo
from songban.gateway import Gateway
from songban.lists import ListFile, send_list
from songban.stack import Stack
from songban.story import ROOT, gateway_of

TARGET, MOST_MEGABYTES = 1_500, 500
WORKER = "applications-work"
PROGRAMME = ROOT / "programmes" / "tuyen-quang-2026.yaml"
TABLES = (HOUSEHOLD, household_key, PERSON, APPLICATION, event_log, outbox)


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--rows", type=int, default=50_000)
    options = parser.parse_args()
    with stack(SONGBAN_WORKERS="1", SONGBAN_THREADS="4") as made:
        gateway = gateway_of(made)
        programme_id = publish(gateway)
        first = households.write(made.data / "list-1.xlsx", options.rows, seed=1)
        with quiet(made, but=WORKER):
            alone = imported(gateway, programme_id, first)
            megabytes = peak_megabytes(made)
            parse = parsed(first.read_bytes())
            insert = inserted(made)
        second = households.write(made.data / "list-2.xlsx", options.rows, seed=2)
        together = imported(gateway, programme_id, second)
    rows = [
        {"what": "import: read, checked, committed with events", "rows/s": alone},
        {"what": "import while relays and consumers run", "rows/s": together},
        {"what": "ceiling: read and checked only", "rows/s": parse},
        {"what": "ceiling: multi-row inserts of the same rows only", "rows/s": insert},
    ]
    ceiling = 1 / (1 / parse + 1 / insert)
    report(
        "imports",
        rows,
        options.json,
        households=options.rows,
        target=TARGET,
        ratio_to_both_ceilings=alone / ceiling,
        peak_megabytes_of_the_worker=megabytes,
        most_megabytes=MOST_MEGABYTES,
    )


def publish(gateway: Gateway) -> str:
    """Publish the programme and wait until applications has heard of it."""
    document = load_document(PROGRAMME)
    answer = gateway.post("eligibility", "/programmes", MANAGER, {"document": document})
    programme_id, deadline = str(answer["programme_id"]), time.monotonic() + 60
    demo = Demo(gateway, PROGRAMME, Path())
    while not demo.knows(programme_id):
        if time.monotonic() > deadline:
            raise TimeoutError("applications has not heard of the programme")
        time.sleep(0.1)
    return programme_id


def imported(gateway: Gateway, programme_id: str, file: Path) -> float:
    """Rows per second from the first byte sent until the list is imported."""
    sent = ListFile(file.name, file.read_bytes(), COMMUNE, programme_id)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(file.name, total=None)
        begun = time.perf_counter()
        told = send_list(
            gateway,
            OFFICER,
            sent,
            tell=lambda state, done, rows: progress.update(
                task, description=state, completed=done, total=rows or None
            ),
        )
        seconds = time.perf_counter() - begun
    if told["accepted"] != told["rows"]:
        raise RuntimeError(f"the list did not go through: {told}")
    return float(told["rows"] / seconds)


def peak_megabytes(made: Stack) -> float:
    """The most memory that the worker ever held; where the kernel does not tell, what it holds now."""
    pid = json.loads((made.data / "processes.json").read_text())[WORKER]["pid"]
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return float(psutil.Process(pid).memory_info().rss / 2**20)
    (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


def parsed(data: bytes) -> float:
    begun = time.perf_counter()
    table = read_list(data, "list.xlsx", limits_of(ImportSettings()))
    if not isinstance(table, ListTable):
        raise RuntimeError(f"the list cannot be read: {table}")
    for _ in chunks_of(table.rows, RowContext(datetime.now(UTC).date()), CHUNK):
        pass
    return len(table.rows) / (time.perf_counter() - begun)


def inserted(made: Stack) -> float:
    """Households per second: the rows that the import wrote, into copies of their tables."""
    database = Database(admin_url(made, "applications"), "bench")
    copies = [_copy(database, table) for table in TABLES]
    written = [_rows(database, table) for table in TABLES]
    begun = time.perf_counter()
    count = len(written[0])
    for start in range(0, count, CHUNK):
        with database.transaction() as session:
            for copy, rows in zip(copies, written, strict=True):
                insert_rows(session, copy, rows[start : start + CHUNK])
    seconds = time.perf_counter() - begun
    database.close()
    return count / seconds


def _copy(database: Database, table: Table) -> Table:
    """An empty table like `table`, with its indexes and checks."""
    name = f"bench_{table.name}"
    with database.transaction() as session:
        session.execute(sqlalchemy.text(f"CREATE TABLE {name} (LIKE {table.name} INCLUDING ALL)"))
    return cast("Table", table.to_metadata(MetaData(), name=name))


def _rows(database: Database, table: Table) -> Sequence[dict[str, Any]]:
    """Every row as the import wrote it, without what the table fills in itself."""
    query = sqlalchemy.select(*(column for column in table.c if column.identity is None))
    with database.transaction() as session:
        return [dict(row) for row in session.execute(query).mappings()]


if __name__ == "__main__":
    main()
