"""Everything one machine needs to run Sóng Bản, kept in one data directory.

The stack makes its own secrets on first start (mode 600), one database and one role per service, and the
environment its processes read. What the environment of the caller already sets wins, so that the same
commands run against databases and brokers that live elsewhere.
"""

import base64
import json
import os
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from shared.db import Database, migrate, owner_url, provision
from shared.eventlog import connect, load_topics
from shared.settings import PORTS, SERVICES
from songban.postgres import EmbeddedPostgres, free_port
from songban.processes import TOPICS_FILE

ENVIRONMENT_FILE = "environment.json"
KEY_NAMES = ("IDENTITY_KEY", "VOUCHER_KEY", *(f"{service.upper()}_WRAPPING_KEY" for service in SERVICES))
CLIENT_SECRETS = tuple(f"{service.upper()}_CLIENT_SECRET" for service in SERVICES)
DATABASES = (*SERVICES, "log")


class PortTaken(RuntimeError):
    """Another program listens where one of ours must."""


class DatabasesMissing(RuntimeError):
    """Some databases are given in the environment, and not all."""


@dataclass
class Stack:
    """`broker` is "embedded" or "kafka"; `free_ports` asks for any free ports instead of 8000–8004."""

    data: Path
    broker: str = "embedded"
    free_ports: bool = False
    kafka_bootstrap: str | None = None
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.data = self.data.resolve()
        self.data.mkdir(parents=True, exist_ok=True)
        self._secrets = self._load_secrets()

    @property
    def embedded_postgres(self) -> bool:
        """Whether the databases are ours to run: none was given in the caller's environment."""
        return "SONGBAN_APPLICATIONS_DATABASE_URL" not in os.environ

    def postgres(self) -> EmbeddedPostgres:
        """The embedded server, on the port it had last time if that is free."""
        port = self._remembered_port("postgres")
        return EmbeddedPostgres(self.data / "postgres" / "pgdata", port)

    def configure(self, admin_url: str | None) -> dict[str, str]:
        """Provision databases through `admin_url` (None: they were given) and settle the environment."""
        ports = {name: self._remembered_port(name, fixed) for name, fixed in PORTS.items()}
        values = {
            "SONGBAN_BROKER": self.broker,
            "SONGBAN_SESSION_KEY": self._secrets["SESSION_KEY"],
            "SONGBAN_SIGNING_KEY_FILE": str(self.data / "signing-key.pem"),
            "SONGBAN_ISSUER": f"http://127.0.0.1:{ports['portal']}",
        }
        values |= {f"SONGBAN_{name}": self._secrets[name] for name in (*KEY_NAMES, *CLIENT_SECRETS)}
        values |= {f"SONGBAN_{name.upper()}_PORT": str(port) for name, port in ports.items()}
        values |= {f"SONGBAN_{name.upper()}_URL": f"http://127.0.0.1:{port}" for name, port in ports.items()}
        if self.broker == "kafka":
            values["SONGBAN_KAFKA_BOOTSTRAP"] = self.kafka_bootstrap or "127.0.0.1:9092"
        self._admin_url = admin_url or ""
        if admin_url is None:
            self._expect_all_databases()
        if admin_url is not None:
            for name in DATABASES:
                password = self._secrets[f"{name.upper()}_PASSWORD"]
                url = provision(admin_url, name, password, owns=name not in SERVICES)
                values[f"SONGBAN_{name.upper()}_DATABASE_URL"] = url
        given = {name: text for name, text in os.environ.items() if name.startswith("SONGBAN_")}
        self.environment = {**values, **given}
        write_private(self.data / ENVIRONMENT_FILE, json.dumps(self.environment, indent=2))
        return self.environment

    def _expect_all_databases(self) -> None:
        needed = DATABASES if self.broker == "embedded" else SERVICES
        names = [f"SONGBAN_{name.upper()}_DATABASE_URL" for name in needed]
        missing = [name for name in names if name not in os.environ]
        if missing:
            raise DatabasesMissing(f"where one database is given, all must be: {', '.join(missing)} missing")

    def migrate(self) -> None:
        """Bring every service's database to its newest revision and make the topics."""
        for service in SERVICES:
            own = self.environment[f"SONGBAN_{service.upper()}_DATABASE_URL"]
            database = Database(owner_url(self._admin_url, service) if self._admin_url else own, "migrate")
            migrate(service, database.engine)
            database.close()
        log = connect(
            self.broker,
            bootstrap=self.environment.get("SONGBAN_KAFKA_BOOTSTRAP"),
            database_url=self.environment.get("SONGBAN_LOG_DATABASE_URL"),
            client_id="songban-up",
        )
        replication = self.environment.get("SONGBAN_KAFKA_REPLICATION")
        log.ensure_topics(load_topics(TOPICS_FILE, int(replication) if replication else None))
        log.close()

    @property
    def postgres_url(self) -> str:
        """The superuser's URL of the embedded server."""
        return self._admin_url

    def url(self, service: str) -> str:
        return self.environment[f"SONGBAN_{service.upper()}_URL"]

    def _load_secrets(self) -> dict[str, str]:
        file = self.data / "secrets.json"
        found: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
        wanted = {
            "SESSION_KEY": secrets.token_urlsafe(32),
            **{name: base64.b64encode(secrets.token_bytes(32)).decode() for name in KEY_NAMES},
            **{name: secrets.token_urlsafe(32) for name in CLIENT_SECRETS},
            **{f"{name.upper()}_PASSWORD": secrets.token_urlsafe(24) for name in DATABASES},
        }
        if not wanted.keys() <= found.keys():
            found = {**wanted, **found}
            write_private(file, json.dumps(found, indent=2))
        return found

    def _remembered_port(self, name: str, fixed: int | None = None) -> int:
        """The fixed port; or else the one this data directory used last, or a free one."""
        if fixed is not None and not self.free_ports:
            if not port_is_free(fixed):
                raise PortTaken(f"port {fixed} ({name}) is taken; stop what uses it or pass --free-ports")
            return fixed
        file = self.data / "ports.json"
        ports: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
        if name not in ports or not port_is_free(ports[name]):
            ports[name] = free_port()
            file.write_text(json.dumps(ports))
        return ports[name]


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def load_environment(data: Path) -> None:
    """Make the settings of the stack in `data` this process's own; the environment wins."""
    file = data / ENVIRONMENT_FILE
    if file.exists():
        stored: Mapping[str, str] = json.loads(file.read_text())
        for name, value in stored.items():
            os.environ.setdefault(name, value)


def write_private(file: Path, text: str) -> None:
    """Write `text` so that only its owner can ever read it, and never half of it."""
    fresh = file.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)
    fresh.rename(file)
