"""`songban up` as an operator has it: closed terminals, kill -9, twice on one directory; nothing is lost."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from songban.postgres import HBA, EmbeddedPostgres
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


STARTED: list[subprocess.Popen[bytes]] = []


class Up:
    """One `songban up` on a data directory."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.output = data.with_suffix(".out")
        clean = {name: value for name, value in os.environ.items() if not name.startswith("SONGBAN_")}
        with self.output.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "songban", "up", "--free-ports", "--data", str(data)],
                env=clean,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )
        STARTED.append(self.process)

    def says(self) -> str:
        return self.output.read_text(encoding="utf-8", errors="replace")

    def ready(self) -> "Up":
        wait_for(lambda: "Ctrl-C stops it" in self.says() or self.process.poll() is not None, "it is up", 120)
        assert self.process.poll() is None, self.says()
        return self

    def pids(self) -> list[int]:
        state = json.loads((self.data / "processes.json").read_text())
        return [one["pid"] for one in state.values()]

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)

    def connect(self) -> psycopg.Connection:
        environment = json.loads((self.data / "environment.json").read_text())
        return psycopg.connect(environment["SONGBAN_LOG_DATABASE_URL"], autocommit=True)


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """A directory whose last `songban up` ends with the test, whatever became of it."""
    directory = tmp_path / "data"
    yield directory
    for process in STARTED:
        process.kill()  # first, or it would start the others again
    STARTED.clear()
    state = directory / "processes.json"
    if state.exists():
        for one in json.loads(state.read_text()).values():
            if psutil.pid_exists(one["pid"]):
                os.kill(one["pid"], signal.SIGKILL)


def keep_a_note(up: Up) -> None:
    with up.connect() as connection:
        connection.execute("CREATE TABLE note (word text)")
        connection.execute("INSERT INTO note VALUES ('kept')")


def note_of(up: Up) -> str:
    with up.connect() as connection:
        (word,) = connection.execute("SELECT word FROM note").fetchone() or ("",)
    return str(word)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP])
def test_what_ends_it_roughly_leaves_nobody_behind_and_loses_nothing(data: Path, number: int) -> None:
    up = Up(data).ready()
    keep_a_note(up)
    pids = up.pids()
    up.end(number)
    wait_for(lambda: not any(map(psutil.pid_exists, pids)), "every process of it has ended", 60)
    again = Up(data).ready()
    assert note_of(again) == "kept"
    assert again.end(signal.SIGINT) == 0, again.says()
    assert "nothing is lost" in again.says()


def test_a_second_one_on_the_same_directory_is_refused_and_disturbs_nobody(data: Path) -> None:
    up = Up(data).ready()
    second = subprocess.run(
        [sys.executable, "-m", "songban", "up", "--free-ports", "--data", str(data)],
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert second.returncode == 1
    assert b"another `songban up` runs on" in second.stderr
    assert all(map(psutil.pid_exists, up.pids()))
    assert up.end(signal.SIGTERM) == 0


def test_a_postgresql_that_outlived_its_supervisor_is_stopped_first(data: Path) -> None:
    """On a system whose kernel does not end children with their parent."""
    first = EmbeddedPostgres(data / "postgres" / "pgdata")
    first.start()
    assert first.process is not None
    second = EmbeddedPostgres(data / "postgres" / "pgdata")
    second.start()
    assert first.process.wait(10) == 0
    psycopg.connect(second.url).close()
    second.stop()


def test_a_directory_whose_making_was_cut_short_is_made_safe(data: Path) -> None:
    """Stopped between initdb and the password: nobody may come in without one ever after."""
    made = EmbeddedPostgres(data / "postgres" / "pgdata")
    made.directory.mkdir(parents=True)
    made._wheel.ensure_pgdata_inited()
    assert "trust" in (made.directory / "pg_hba.conf").read_text()
    made.start()
    assert (made.directory / "pg_hba.conf").read_text() == HBA
    psycopg.connect(made.url).close()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(made.url.replace("postgres:", "postgres:wrong", 1))
    made.stop()
