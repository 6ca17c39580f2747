"""The operator's command: the supervisor, the stack's secrets, help that reads like documentation."""

import json
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from shared.settings import SERVICES, load
from songban.cli import cli
from songban.demo import imei_of
from songban.stack import Stack, load_environment
from songban.supervisor import Supervisor, Watched, die_with_parent
from tests.support.waiting import wait_for

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[Supervisor]:
    """A supervisor with one sleeping child, watching in its own thread."""
    supervisor, stop = Supervisor(tmp_path / "processes.json"), threading.Event()
    supervisor.add(Watched("sleeper", lambda: subprocess.Popen(SLEEPER)))
    watcher = threading.Thread(target=supervisor.run, args=(stop,))
    watcher.start()
    yield supervisor
    stop.set()
    watcher.join()
    supervisor.stop()


def state(supervisor: Supervisor) -> dict[str, int]:
    found: dict[str, int] = json.loads(supervisor.state_file.read_text())["sleeper"]
    return found


def test_a_child_that_dies_is_started_again(supervised: Supervisor) -> None:
    first = state(supervised)["pid"]
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: state(supervised)["restarts"] == 1, "the child was started again")
    assert state(supervised)["pid"] != first


def test_stopping_ends_children_also_those_that_do_not_listen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("songban.supervisor.STOP_SECONDS", 0.5)
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('up', flush=True); time.sleep(60)"
    )
    supervisor = Supervisor(tmp_path / "processes.json")
    child = subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline() == b"up\n"
    supervisor.add(Watched("deaf", lambda: child))
    supervisor.stop()
    assert child.returncode == -signal.SIGKILL
    assert not supervisor.state_file.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="not run here: PR_SET_PDEATHSIG is Linux's")
def test_children_do_not_outlive_a_killed_supervisor(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    code = (
        "import subprocess, sys, time\n"
        "from songban.supervisor import die_with_parent\n"
        f"child = subprocess.Popen({SLEEPER!r}, preexec_fn=die_with_parent())\n"
        f"open({str(file)!r}, 'w').write(str(child.pid))\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code])
    wait_for(lambda: file.exists() and file.read_text() != "", "the grandchild runs")
    parent.kill()
    parent.wait()
    wait_for(lambda: not is_alive(int(file.read_text())), "the grandchild is gone")
    assert die_with_parent() is not None


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


def test_secrets_are_made_once_and_are_their_owners_alone(tmp_path: Path) -> None:
    stack, again = Stack(tmp_path, free_ports=True), Stack(tmp_path, free_ports=True)
    file = tmp_path / "secrets.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stack._secrets == again._secrets
    assert len(set(stack._secrets.values())) == len(stack._secrets)


def test_a_stacks_settings_are_complete_for_every_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for service in SERVICES:
        monkeypatch.setenv(f"SONGBAN_{service.upper()}_DATABASE_URL", "postgresql://user@127.0.0.1/x")
    monkeypatch.setenv("SONGBAN_LOG_DATABASE_URL", "postgresql://user@127.0.0.1/log")
    Stack(tmp_path, free_ports=True).configure(None)
    load_environment(tmp_path)
    assert {load(service).service for service in SERVICES} == set(SERVICES)


def commands(
    group: click.Group, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in group.commands.items():
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


@pytest.mark.parametrize("path", [path for path, _ in commands(cli)], ids=" ".join)
def test_every_command_explains_itself(path: tuple[str, ...]) -> None:
    answer = CliRunner().invoke(cli, [*path, "--help"])
    assert answer.exit_code == 0
    command = dict(commands(cli))[path]
    assert command.help, f"{path} has no help"
    assert command.help.split("\n")[0].endswith((".", ".)"))
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{path} {parameter.name} has no help"


def test_a_missing_setting_stops_with_a_sentence_that_names_it(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SONGBAN_")}
    done = subprocess.run(
        [sys.executable, "-m", "songban", "relay", "applications", "--data", str(tmp_path)],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 78
    assert "SONGBAN_APPLICATIONS_DATABASE_URL" in done.stderr
    assert "Traceback" not in done.stderr


def test_made_up_imeis_pass_the_check_and_differ() -> None:
    from shared.reference.identifiers import imei

    made = [imei_of(number) for number in range(1000)]
    assert len(set(made)) == len(made)
    assert all(imei(one).problem is None for one in made)
