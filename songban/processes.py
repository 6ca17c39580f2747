"""The processes of a service: `serve` answers HTTP, `relay` empties the outbox, `consume` takes events in,
`work` does the jobs that no request waits for."""

import os
import signal
import sys
import threading
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import Any

import shared
from shared.auth.client import ServiceTokens
from shared.db import Database
from shared.eventlog import EventLog, connect
from shared.inbox import Consume
from shared.inbox.handlers import HandlerMap
from shared.jobs import Job, Work
from shared.observability import configure_logging, expect, logger
from shared.outbox import Relay
from shared.privacy import KeyClient, KeyRing
from shared.settings import SERVICES, Settings, load

CONSUMERS = ("applications", "eligibility", "disbursement", "audit")
RELAYS = ("applications", "eligibility", "disbursement", "audit")
WORKERS = tuple(name for name in SERVICES if find_spec(f"services.{name}.jobs"))
"""Services that have background jobs."""

LOOPS = {"relay": RELAYS, "consume": CONSUMERS, "work": WORKERS}
"""The roles without a port, and the services that have each."""

ROLES = ("serve", *LOOPS)
NEEDS_KEYS = {"eligibility": "ASSESSMENT"}
"""Services whose handlers open sealed facts, and the purpose that each key release records."""

TOPICS_FILE = Path(shared.__file__).parent.parent / "deploy" / "kafka" / "topics.yaml"


def serve(service: str) -> None:
    """Become gunicorn with this service's app (the process keeps its pid). Does not return."""
    settings = load(service)
    os.environ["SONGBAN_SERVICE"] = service
    command = [
        sys.executable, "-m", "gunicorn", "songban.wsgi:app()",
        "--bind", f"{settings.host}:{settings.port}",
        "--workers", str(settings.workers),
        "--threads", str(settings.threads),
        "--worker-class", "gthread",
        "--worker-tmp-dir", "/dev/shm" if Path("/dev/shm").is_dir() else "/tmp",  # noqa: S108 - heartbeats only
        "--keep-alive", "75",
        "--graceful-timeout", "10",
        "--timeout", "120",
        "--backlog", "1024",
        "--no-control-socket",
        "--log-level", "warning",
    ]  # fmt: skip
    os.execv(sys.executable, command)  # noqa: S606 - gunicorn takes over this very process


def relay(service: str) -> None:
    """Send the service's events until SIGTERM."""
    settings, stop = _begin(service, "relay")
    database = Database(settings.database_url, f"{service}-relay", pool_size=1)
    log = open_log(settings, "relay")
    Relay(service, database, log).run(stop)
    log.close()
    database.close()


def consume(service: str) -> None:
    """Take events in until SIGTERM."""
    settings, stop = _begin(service, "consume")
    database = Database(settings.database_url, f"{service}-consume", pool_size=2)
    log = open_log(settings, "consume")
    Consume(service, database, log, handlers_of(service), key_source=key_source(settings)).run(stop)
    log.close()
    database.close()


def work(service: str) -> None:
    """Do the service's background jobs until SIGTERM."""
    settings, stop = _begin(service, "work")
    database = Database(settings.database_url, f"{service}-work", pool_size=3)
    Work(service, settings, database, jobs_of(service)).run(stop)
    database.close()


def jobs_of(service: str) -> Sequence[Job]:
    """A service's jobs; one without any has none."""
    return import_module(f"services.{service}.jobs").JOBS if service in WORKERS else ()


def handlers_of(service: str) -> HandlerMap:
    handlers: HandlerMap = import_module(f"services.{service}.handlers").HANDLERS
    return handlers


def key_source(settings: Settings) -> KeyClient | None:
    """Where the service's handlers get household keys, for the one that needs them."""
    purpose = NEEDS_KEYS.get(settings.service)
    if purpose is None:
        return None
    tokens = ServiceTokens(settings.token_url, settings.service, settings.client_secret)
    return KeyClient(settings.urls["applications"], tokens, KeyRing(settings.wrapping_key), purpose)


def open_log(settings: Settings, role: str) -> EventLog:
    return connect(
        settings.broker,
        bootstrap=settings.bootstrap,
        database_url=settings.log_database_url,
        client_id=f"songban-{settings.service}-{role}",
    )


def create_app(service: str) -> Any:
    """The WSGI app of a service, from the environment's settings."""
    settings = load(service)
    configure_logging(settings.log_level, process=f"{service}-serve")
    for role, services in LOOPS.items():
        if service in services:
            expect(role, service)
    return import_module(f"services.{service}.app").create_app(settings)


def _begin(service: str, role: str) -> tuple[Settings, threading.Event]:
    settings = load(service)
    configure_logging(settings.log_level, process=f"{service}-{role}")
    stop = threading.Event()

    def ask_to_stop(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGINT, ask_to_stop)
    logger(role, service=service).info("started", broker=settings.broker)
    return settings, stop
