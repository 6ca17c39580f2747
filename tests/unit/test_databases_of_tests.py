"""A suite that keeps its databases fills the disk it runs on: each goes when its owner ends."""

import tempfile
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from tests.support.postgres import (
    PREFIX,
    create_database,
    database_name,
    databases_of,
    remove_left_behind,
    server,
    server_url,
)


def exists(url: str) -> bool:
    with psycopg.connect(server_url()) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database_name(url)])
        return found.fetchone() is not None


def test_a_database_goes_with_its_owner_even_while_somebody_is_connected() -> None:
    with ExitStack() as ended, databases_of(ended.callback):
        gone, kept = create_database("goes"), create_database("stays", kept=True)
        open_still = psycopg.connect(gone)
        assert exists(gone)
    assert open_still.broken is False, "the client has not noticed yet"
    assert (exists(gone), exists(kept)) == (False, True)


@pytest.fixture(scope="module")
def of_the_module() -> str:
    return create_database("module")


@pytest.mark.parametrize("turn", [1, 2])
def test_a_database_of_a_wider_fixture_outlives_the_test(of_the_module: str, turn: int) -> None:
    assert exists(of_the_module), f"gone before test {turn}"


def test_what_a_killed_worker_left_is_removed_and_a_live_one_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = server().directory.parent.name
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    killed = "4194305"  # above the kernel's highest process number
    for name in (live, f"{PREFIX}{killed}-abc", f"{PREFIX}old", "something-else"):
        (tmp_path / name / "pgdata").mkdir(parents=True)
    remove_left_behind()
    assert {path.name for path in tmp_path.iterdir()} == {live, f"{PREFIX}old", "something-else"}
