"""`songban up`: one machine's whole system, as a context manager that the demo and the tests use too."""

import fcntl
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from shared.settings import SERVICES
from songban.kafka import KafkaBroker
from songban.postgres import free_port
from songban.processes import CONSUMERS, RELAYS, WORKERS
from songban.stack import Stack
from songban.supervisor import Supervisor, Watched, python_child

READY_SECONDS = 180.0
Say = Callable[[str], None]


class DataInUse(RuntimeError):
    """Another `songban up` runs on the same data directory."""


class NotReady(RuntimeError):
    """A process did not become ready in time; the message holds the end of its log."""


@contextmanager
def running(stack: Stack, say: Say = lambda _line: None) -> Iterator[Supervisor]:
    """Start everything, wait until every service is ready, keep it alive; stop it all at the end.

    Raises DataInUse, NotReady, and what PostgreSQL, Kafka or the event log say when they do not start.
    """
    with _alone(stack.data):
        forget_metrics(stack)
        yield from _running(stack, say)


@contextmanager
def _alone(data: Path) -> Iterator[None]:
    """The kernel gives the lock back however this process ends."""
    with (data / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise DataInUse(f"another `songban up` runs on {data}; stop it, or give --data") from error
        yield


def _running(stack: Stack, say: Say) -> Iterator[Supervisor]:
    supervisor = Supervisor(stack.data / "processes.json")
    stop = threading.Event()
    kafka: KafkaBroker | None = None
    try:
        admin_url = _start_postgres(stack, supervisor, say)
        kafka = _start_kafka(stack, supervisor, say)
        stack.configure(admin_url)
        stack.migrate()
        _start_services(stack, supervisor)
        watcher = threading.Thread(target=supervisor.run, args=(stop,), name="supervisor")
        watcher.start()
        try:
            _wait_until_ready(stack, say)
            yield supervisor
        finally:
            stop.set()
            watcher.join()
    finally:
        supervisor.stop()
        if kafka is not None:
            kafka.stop()


def _start_postgres(stack: Stack, supervisor: Supervisor, say: Say) -> str | None:
    if not stack.embedded_postgres:
        say(f"{'postgresql':<14}given by the environment")
        return None
    postgres = stack.postgres()
    postgres.start()
    say(f"{'postgresql':<14}127.0.0.1:{postgres.port}  (embedded, {postgres.directory.parent})")
    first = postgres.process
    supervisor.add(Watched("postgres", lambda: _first_or(postgres.spawn, first), signal.SIGINT))
    return postgres.url


def _first_or(
    spawn: Callable[[], subprocess.Popen[bytes]], first: subprocess.Popen[bytes] | None
) -> subprocess.Popen[bytes]:
    """The process that runs already, else a new one."""
    return first if first is not None and first.poll() is None else spawn()


def _start_kafka(stack: Stack, supervisor: Supervisor, say: Say) -> KafkaBroker | None:
    if stack.broker != "kafka" or stack.kafka_bootstrap or "SONGBAN_KAFKA_BOOTSTRAP" in os.environ:
        return None
    broker = KafkaBroker(stack.data / "kafka", free_port(), free_port(), tied=True)
    broker.stop()  # one that outlived whoever started it, on ports that nobody remembers
    broker.start()
    stack.kafka_bootstrap = broker.bootstrap
    say(f"{'kafka':<14}{broker.bootstrap}  (one broker, KRaft)")
    first = broker.child
    supervisor.add(Watched("kafka", lambda: _first_or(broker.spawn, first)))
    return broker


def _start_services(stack: Stack, supervisor: Supervisor) -> None:
    processes = [("serve", service) for service in SERVICES]
    processes += [("relay", service) for service in RELAYS] + [("consume", service) for service in CONSUMERS]
    processes += [("work", service) for service in WORKERS]
    for role, service in processes:
        metrics = stack.data / "metrics" / service
        metrics.mkdir(parents=True, exist_ok=True)
        (stack.data / "run").mkdir(exist_ok=True)
        own = {"PROMETHEUS_MULTIPROC_DIR": str(metrics), "SONGBAN_RUN_DIR": str(stack.data / "run")}
        environment = {**stack.environment, **own}
        log_file = stack.data / "logs" / f"{service}-{role}.log"
        supervisor.add(Watched(f"{service}-{role}", python_child([role, service], environment, log_file)))


def forget_metrics(stack: Stack) -> None:
    """Metrics files belong to processes that are gone."""
    shutil.rmtree(stack.data / "metrics", ignore_errors=True)


def _wait_until_ready(stack: Stack, say: Say) -> None:
    deadline = time.monotonic() + READY_SECONDS
    for service in SERVICES:
        url = stack.url(service)
        while not _ready(url):
            if time.monotonic() > deadline:
                log = stack.data / "logs" / f"{service}-serve.log"
                raise NotReady(f"{service} is not ready at {url}:\n{_tail(log)}")
            time.sleep(0.1)
        say(f"{service:<14}{url}")


def _ready(url: str) -> bool:
    try:
        return requests.get(f"{url}/readyz", timeout=5).status_code == 200
    except requests.RequestException:
        return False


def _tail(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-3000:] if log.exists() else "(no log)"
