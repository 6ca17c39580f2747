"""kill -9 of the worker in the middle of a list, again and again: every row exactly once, the counts exact.

Seeded: where the worker dies is drawn at each failpoint; each start has dice of its own, so that no run dies
at the same place for ever. `SONGBAN_FAULT_SEEDS=20` (as `make faults` sets) tries twenty seeds at each place.
"""

import base64
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.applications import applications_bench, row, send_list, work_off, xlsx
from tests.support.service import OFFICER, Bench
from tests.support.waiting import wait_for

SEEDS = range(1, 1 + int(os.environ.get("SONGBAN_FAULT_SEEDS", "1")))
ROWS, TWICE, REFUSED = 3_000, 30, 20
"""Rows of the list; rows that name somebody of an earlier row; rows that cannot be read."""

SECONDS = 120.0
PLACES = {"import.before_commit": 0.4, "import.after_commit": 0.4, "import.before_end": 0.7}
"""Failpoints, and how likely the worker dies when it comes by."""


def a_list() -> bytes:
    """Repeated and refused rows spread over all chunks."""
    rows = []
    for number in range(ROWS):
        if number % (ROWS // TWICE) == 99:
            rows.append(row(number - 50))
        elif number % (ROWS // REFUSED) == 120:
            rows.append(row(number, status="Giàu"))
        else:
            rows.append(row(number))
    return xlsx(rows)


def environment(bench: Bench, directory: Path, **more: str) -> dict[str, str]:
    url = bench.database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("SONGBAN_")},
        "SONGBAN_APPLICATIONS_DATABASE_URL": url,
        "SONGBAN_LOG_DATABASE_URL": url,
        "SONGBAN_APPLICATIONS_CLIENT_SECRET": "secret",
        "SONGBAN_APPLICATIONS_WRAPPING_KEY": base64.b64encode(bench.settings.wrapping_key).decode(),
        "SONGBAN_IDENTITY_KEY": base64.b64encode(bench.settings.identity_key).decode(),
        "SONGBAN_RUN_DIR": str(directory),
        "SONGBAN_DATA": str(directory),
        **more,
    }


@contextmanager
def worker(bench: Bench, directory: Path, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    """`songban work applications` in a process of its own, over the bench's database."""
    with (directory / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "songban", "work", "applications"],
            env=environment(bench, directory, **more),
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(20)


def state(bench: Bench) -> tuple[str, int]:
    return tuple(bench.sql("SELECT state, done FROM list_import")[0])  # type: ignore[return-value]


def every_row_once(bench: Bench) -> None:
    new = ROWS - TWICE - REFUSED
    told = bench.call("GET", "/imports", OFFICER).json["items"][0]
    assert {name: told[name] for name in ("state", "rows", "done", "accepted", "repeated", "refused")} == {
        "state": "imported",
        "rows": ROWS,
        "done": ROWS,
        "accepted": new,
        "repeated": TWICE,
        "refused": REFUSED,
    }
    assert bench.sql("SELECT count(*), count(DISTINCT import_row) FROM application") == [(new, new)]
    assert bench.sql("SELECT count(*), count(DISTINCT head_hash) FROM household") == [(new, new)]
    events = "SELECT count(*), count(DISTINCT stream), max(version) FROM event_log"
    assert bench.sql(events) == [(new, new, 1)]
    assert bench.sql("SELECT count(*) FROM outbox") == [(new,)]
    path = f"/imports/{told['import_id']}/problems?limit=5000"
    codes = [one["code"] for one in bench.call("GET", path, OFFICER).json["items"]]
    assert (codes.count("ALREADY_APPLIED"), codes.count("POVERTY_STATUS_UNKNOWN")) == (TWICE, REFUSED)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("place", PLACES)
def test_a_worker_that_dies_at_a_place_is_followed_by_one_that_goes_on(
    place: str, seed: int, tmp_path: Path
) -> None:
    bench, deaths, deadline = applications_bench(), 0, time.monotonic() + SECONDS
    assert send_list(bench, a_list()).status_code == 202
    while state(bench)[0] == "importing":
        assert time.monotonic() < deadline, f"seed {seed}: {deaths} deaths, still {state(bench)}"
        dice = {
            "SONGBAN_FAILPOINTS": f"{place}=kill:{PLACES[place]}",
            "SONGBAN_FAILPOINT_SEED": f"{seed}.{deaths}",
        }
        with worker(bench, tmp_path, **dice) as process:
            wait_for(
                lambda process=process: process.poll() is not None or state(bench)[0] == "imported",
                "the worker dies or is through",
            )
            if process.poll() is not None:
                assert process.returncode == -signal.SIGKILL, (tmp_path / "worker.log").read_text()[-2000:]
                deaths += 1
    assert deaths >= 1, f"seed {seed}: nobody died at {place}"
    every_row_once(bench)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_a_worker_killed_from_outside_is_followed_by_one_that_goes_on(seed: int, tmp_path: Path) -> None:
    """At any instant: the chunks are slowed down, and the moment is drawn from the seed."""
    import random

    dice = random.Random(seed)
    bench = applications_bench()
    send_list(bench, a_list())
    slow = {"SONGBAN_FAILPOINTS": "import.before_commit=sleep:0.1"}
    for _ in range(3):
        with worker(bench, tmp_path, **slow) as process:
            before = state(bench)[1]
            wait_for(lambda before=before: state(bench)[1] > before, "a chunk is through")
            time.sleep(dice.uniform(0.0, 0.2))
            process.kill()
            process.wait(20)
    assert state(bench)[0] == "importing", f"seed {seed}: it was through before the last kill"
    work_off(bench)
    every_row_once(bench)


def test_a_worker_stops_within_seconds_when_it_is_asked_to(tmp_path: Path) -> None:
    bench = applications_bench()
    send_list(bench, a_list())
    slow = {"SONGBAN_FAILPOINTS": "import.after_commit=sleep:0.3"}
    with worker(bench, tmp_path, **slow) as process:
        wait_for(lambda: state(bench)[1] > 0, "a chunk is through")
        begun = time.monotonic()
        process.terminate()
        assert process.wait(10) == 0
        assert time.monotonic() - begun < 5.0
    assert state(bench)[0] == "importing"
    work_off(bench)
    every_row_once(bench)
