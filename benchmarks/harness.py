"""What every benchmark shares: a stack of its own, a client, a table, JSON."""

import argparse
import http.client
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

import psutil
import sqlalchemy
from rich.console import Console
from rich.table import Table

from songban.postgres import free_port
from songban.stack import Stack
from songban.up import running

WORKERS, THREADS = 2, 4
console = Console()


@dataclass(frozen=True, slots=True)
class Call:
    """One request of a load, ready to be sent."""

    path: str
    headers: dict[str, str]
    body: bytes = b""
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Load:
    """What a load measured: requests per second, milliseconds at p50, p95 and p99, answers by status."""

    rate: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    statuses: dict[int, int]


def arguments(description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    return parser


@contextmanager
def stack(broker: str = "embedded", **environment: str) -> Iterator[Stack]:
    """A whole system of its own in a temporary directory, on free ports, with `environment` on top."""
    settings = {"SONGBAN_WORKERS": str(WORKERS), "SONGBAN_THREADS": str(THREADS), **environment}
    with (
        tempfile.TemporaryDirectory(prefix="songban-bench-") as directory,
        mock.patch.dict(os.environ, settings),
    ):
        made = Stack(Path(directory), broker, free_ports=True)
        with running(made):
            yield made


def admin_url(made: Stack, database: str) -> str:
    """A service's database as the superuser sees it: its own role makes no tables to compare with."""
    return sqlalchemy.make_url(made.postgres_url).set(database=database).render_as_string(hide_password=False)


@contextmanager
def quiet(made: Stack, but: str | None = None) -> Iterator[None]:
    """Pause the relays, consumers and jobs: a bare endpoint has nothing behind it that would share its cores.

    What they cost is measured by `pipeline`, where everything runs. `but` is the one process that goes on.
    """
    state = json.loads((made.data / "processes.json").read_text())
    paused = [
        psutil.Process(process["pid"])
        for name, process in state.items()
        if name.endswith(("-relay", "-consume", "-work")) and name != but
    ]
    for process in paused:
        process.suspend()
    try:
        yield
    finally:
        for process in paused:
            process.resume()


@contextmanager
def bare_server(application: str, threads: int = THREADS, **environment: str) -> Iterator[str]:
    """`application` under the very gunicorn settings of our services; yields its URL."""
    port = free_port()
    command = [
        sys.executable, "-m", "gunicorn", application, "--bind", f"127.0.0.1:{port}",
        "--workers", str(WORKERS), "--threads", str(threads), "--worker-class", "gthread",
        "--keep-alive", "75", "--no-control-socket", "--log-level", "warning",
    ]  # fmt: skip
    process = subprocess.Popen(command, env={**os.environ, **environment})
    try:
        _wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def _wait_for(port: int, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            connection.request("GET", "/healthz")
            connection.getresponse().read()
            connection.close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def send(url: str, calls: Sequence[Call], clients: int) -> Load:
    """Send `calls` from `clients` threads, each with one connection kept alive."""
    place = urlsplit(url)
    queue = iter(list(enumerate(calls)))
    lock = threading.Lock()
    times = [0.0] * len(calls)
    statuses: dict[int, int] = {}

    def work() -> None:
        connection = http.client.HTTPConnection(str(place.hostname), place.port, timeout=60)
        while True:
            with lock:
                number, call = next(queue, (-1, None))
            if call is None:
                connection.close()
                return
            begun = time.perf_counter()
            connection.request(call.method, call.path, call.body or None, call.headers)
            answer = connection.getresponse()
            answer.read()
            times[number] = time.perf_counter() - begun
            with lock:
                statuses[answer.status] = statuses.get(answer.status, 0) + 1

    threads = [threading.Thread(target=work) for _ in range(clients)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - begun
    ordered = sorted(times)
    return Load(
        rate=len(calls) / seconds,
        p50_ms=1000 * statistics.median(ordered),
        p95_ms=1000 * ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))],
        p99_ms=1000 * ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))],
        statuses=statuses,
    )


def alternate(rounds: int, *measures: Callable[[int], Load]) -> list[Load]:
    """Run the measures in turn, `rounds` times, and keep each one's median round by rate: the machine's
    moods then fall on all of them alike."""
    kept: list[list[Load]] = [[] for _ in measures]
    for number in range(rounds):
        for place, measure in enumerate(measures):
            kept[place].append(measure(number))
    return [sorted(loads, key=lambda load: load.rate)[len(loads) // 2] for loads in kept]


def report(name: str, rows: Sequence[dict[str, Any]], file: Path | None, **figures: Any) -> None:
    """Print `rows` as a table and `figures` below it; write both to `file` as JSON."""
    table = Table(title=name)
    for column in rows[0]:
        table.add_column(column, justify="left" if column == "what" else "right")
    for row in rows:
        table.add_row(
            *(f"{value:,.1f}" if isinstance(value, float) else str(value) for value in row.values())
        )
    console.print(table)
    for key, value in figures.items():
        console.print(f"  {key}: {value:.2f}" if isinstance(value, float) else f"  {key}: {value}")
    if file is not None:
        machine = {"cores": os.cpu_count(), "python": platform.python_version()}
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(
            json.dumps(
                {"name": name, "rows": rows, **figures, "machine": machine}, indent=2, ensure_ascii=False
            )
        )
