"""A real Apache Kafka for tests: one broker per session, shared by its workers; skipped where it cannot."""

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from songban.kafka import KafkaBroker, KafkaNotRunnable, fetch, java
from tests.support.required import missing


def require_kafka() -> None:
    """Skip the test where Java or the jars cannot be had, unless SONGBAN_REQUIRE insists on Kafka."""
    try:
        java()
        fetch()
    except KafkaNotRunnable as error:
        missing("kafka", "no Java" if "Java" in str(error) else "no Maven")


def new_broker(directory: Path) -> KafkaBroker:
    """A broker on free ports, not started yet. The caller stops it."""
    require_kafka()
    port, controller_port = free_ports(2)
    return KafkaBroker(directory, port, controller_port)


def free_ports(number: int) -> list[int]:
    """Ports that were free a moment ago, all different."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports: list[int] = [held.getsockname()[1] for held in sockets]
    for held in sockets:
        held.close()
    return ports


@pytest.fixture(scope="session")
def kafka_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the session's broker. The first worker to come starts it, the last stops it."""
    base = tmp_path_factory.getbasetemp()
    directory = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "kafka"
    directory.mkdir(exist_ok=True)
    with _locked(directory):
        broker = _join(directory)
    yield broker.bootstrap
    with _locked(directory):
        _leave(directory, broker)


def _join(directory: Path) -> KafkaBroker:
    """The running broker of the folder, or a new one; counts this worker among its users."""
    users, address = directory / "users", directory / "ports"
    present = int(users.read_text()) if users.exists() else 0
    if present:
        port, controller_port = map(int, address.read_text().split())
        broker = KafkaBroker(directory / "data", port, controller_port)
    else:
        broker = new_broker(directory / "data")
        broker.start()
        address.write_text(f"{broker.port} {broker.controller_port}")
    users.write_text(str(present + 1))
    return broker


def _leave(directory: Path, broker: KafkaBroker) -> None:
    users = directory / "users"
    present = int(users.read_text()) - 1
    users.write_text(str(present))
    if not present:
        broker.stop()


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
