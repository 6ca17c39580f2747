"""A real Apache Kafka on this machine without Docker: jars by Maven, one broker in KRaft mode on loopback.

For development, tests and benchmarks. Production has a cluster of its own.
"""

import os
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import psutil

from songban.supervisor import die_with_parent

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy" / "kafka"
LIBS = ROOT / "build" / "kafka"

JVM_OPTIONS = ("-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-Djava.awt.headless=true")
READY_LINE = b"Kafka Server started"
FETCH_SECONDS = 600
START_SECONDS = 60
STOP_SECONDS = 20


class KafkaNotRunnable(Exception):
    """Kafka cannot be fetched or started here; the message is a sentence for the operator."""


def fetch(directory: Path = LIBS) -> Path:
    """Copy Kafka's jars into `directory` with Maven, unless they are there already; returns the folder."""
    if any(directory.glob("kafka_2.13-*.jar")):
        return directory
    maven = shutil.which("mvn")
    if maven is None:
        raise KafkaNotRunnable("Maven (mvn) is not installed; it is needed once, to fetch Apache Kafka.")
    command = [maven, "-q", "-B", "-f", str(DEPLOY / "pom.xml"), "package", f"-Dlibs={directory.absolute()}"]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=FETCH_SECONDS)
    except subprocess.CalledProcessError as error:
        reason = (error.stdout + error.stderr).decode(errors="replace").strip()[-500:]
        raise KafkaNotRunnable(f"Maven could not fetch Apache Kafka: {reason}") from error
    except subprocess.TimeoutExpired as error:
        raise KafkaNotRunnable("Maven did not fetch Apache Kafka within ten minutes.") from error
    return directory


def java() -> str:
    """The `java` program of JAVA_HOME, or else of PATH."""
    home = os.environ.get("JAVA_HOME")
    if home and (Path(home) / "bin" / "java").exists():
        return str(Path(home) / "bin" / "java")
    found = shutil.which("java")
    if found is None:
        raise KafkaNotRunnable("Java is not installed; Apache Kafka needs Java 17 or later.")
    return found


@dataclass
class KafkaBroker:
    """One broker whose files all live in `data_dir`, so that any process can stop what another started."""

    data_dir: Path
    port: int = 9092
    controller_port: int = 9093
    libs: Path = LIBS
    tied: bool = False
    """Whether the broker ends with whoever started it; `songban kafka start` leaves one behind."""
    _child: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def log_file(self) -> Path:
        return self.data_dir / "kafka.log"

    def start(self) -> None:
        """Start the broker and return once it serves. Does nothing when it runs already."""
        if self.running():
            return
        self._prepare()
        self._await_ready(self.spawn())

    def spawn(self) -> subprocess.Popen[bytes]:
        """Start the broker's process without waiting for it; `start` must have run once before."""
        command = self._java_command(java(), ["kafka.Kafka", str(self._properties)])
        with self.log_file.open("wb") as log:
            self._child = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent() if self.tied else None,
            )
        self._pid_file.write_text(str(self._child.pid))
        return self._child

    @property
    def child(self) -> subprocess.Popen[bytes] | None:
        """The broker's process, when this object started it."""
        return self._child

    def stop(self) -> None:
        """Stop the broker, whichever process started it. Does nothing when it does not run."""
        process = self._process()
        if process is not None:
            process.terminate()
            _wait_or_kill(process)
        if self._child is not None:
            self._child.wait()
            self._child = None
        self._pid_file.unlink(missing_ok=True)

    def running(self) -> bool:
        return self._process() is not None

    @property
    def _pid_file(self) -> Path:
        return self.data_dir / "kafka.pid"

    @property
    def _properties(self) -> Path:
        return self.data_dir / "server.properties"

    def _process(self) -> psutil.Process | None:
        """The live broker of this folder. A pid that now belongs to another program does not count."""
        try:
            process = psutil.Process(int(self._pid_file.read_text()))
            ours = str(self._properties) in process.cmdline()
        except (FileNotFoundError, ValueError, psutil.Error):
            return None
        return process if ours else None

    def _write_properties(self) -> None:
        text = (DEPLOY / "server.properties").read_text()
        client, controller = f"PLAINTEXT://{self.bootstrap}", f"CONTROLLER://127.0.0.1:{self.controller_port}"
        settings = {
            "controller.quorum.voters": f"1@127.0.0.1:{self.controller_port}",
            "listeners": f"{client},{controller}",
            "advertised.listeners": client,
            "log.dirs": str((self.data_dir / "log").absolute()),
        }
        lines = (f"{name}={value}\n" for name, value in settings.items())
        self._properties.write_text(text + "".join(lines))

    def _format_storage(self, program: str) -> None:
        if (self.data_dir / "log" / "meta.properties").exists():
            return
        tool = ["kafka.tools.StorageTool", "format", "--cluster-id", uuid4().hex[:22]]
        command = self._java_command(program, [*tool, "--config", str(self._properties)])
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode:
            reason = (done.stdout + done.stderr).decode(errors="replace").strip()[-500:]
            raise KafkaNotRunnable(f"Kafka's storage could not be formatted: {reason}")

    def _java_command(self, program: str, arguments: list[str]) -> list[str]:
        logging = f"-Dlog4j2.configurationFile={DEPLOY / 'log4j2.properties'}"
        return [program, *JVM_OPTIONS, logging, "-cp", f"{self.libs.absolute()}/*", *arguments]

    def _prepare(self) -> None:
        program = java()
        fetch(self.libs)
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self._write_properties()
        self._format_storage(program)

    def _await_ready(self, child: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while READY_LINE not in self.log_file.read_bytes():
            if child.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise KafkaNotRunnable(f"Kafka did not start: {self._last_words()}")
            time.sleep(0.05)

    def _last_words(self) -> str:
        return self.log_file.read_text(errors="replace").strip()[-500:] or "it said nothing."


def _wait_or_kill(process: psutil.Process) -> None:
    if not _ended(process, STOP_SECONDS):
        process.kill()
        _ended(process, STOP_SECONDS)


def _ended(process: psutil.Process, seconds: float) -> bool:
    """Wait for the end. A zombie has ended: the process that started it, not we, will collect it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.05)
    return False
