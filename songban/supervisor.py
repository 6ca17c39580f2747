"""Starts the processes of one machine, starts again what dies, stops them in order.

Each child gets a session of its own, so that Ctrl-C reaches the supervisor alone, and asks the kernel to be
stopped should the supervisor die first (Linux).
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from shared.observability import logger

PR_SET_PDEATHSIG = 1
FIRST_PAUSE, LONGEST_PAUSE, STEADY_SECONDS = 0.2, 5.0, 10.0
STOP_SECONDS = 15.0


class Child(Protocol):
    """What the supervisor needs of a process it watches."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def send_signal(self, number: int) -> None: ...

    def kill(self) -> None: ...


@dataclass
class Watched:
    """One process: how to start it, which signal stops it cleanly."""

    name: str
    start: Callable[[], Child]
    stop_signal: int = signal.SIGTERM
    child: Child | None = None
    started_at: float = 0.0
    pause: float = FIRST_PAUSE
    due_at: float = 0.0
    restarts: int = 0


@dataclass
class Supervisor:
    """Watches what `add` gave it, in that order; stops in the reverse order."""

    state_file: Path
    watched: list[Watched] = field(default_factory=list)

    def add(self, process: Watched) -> None:
        self._launch(process)
        self.watched.append(process)
        self._write_state()

    def run(self, stop: threading.Event) -> None:
        """Restart what dies, with growing pauses, until `stop`. What cannot be started now is tried again."""
        while not stop.wait(0.1):
            for process in self.watched:
                try:
                    self._look_after(process)
                except OSError as error:  # a full disk, no memory for another process
                    logger("up").error("cannot start it", process=process.name, error=str(error))

    def stop(self) -> None:
        """Ask every process to stop, last started first, and wait for each; kill what does not listen."""
        for process in reversed(self.watched):
            if process.child is not None and process.child.poll() is None:
                process.child.send_signal(process.stop_signal)
        deadline = time.monotonic() + STOP_SECONDS
        for process in reversed(self.watched):
            if process.child is None:
                continue
            try:
                process.child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                logger("up").warning("killed, it did not stop in time", process=process.name)
                process.child.kill()
                process.child.wait()
        self.watched.clear()
        self.state_file.unlink(missing_ok=True)

    def _look_after(self, process: Watched) -> None:
        now = time.monotonic()
        if process.child is not None:
            code = process.child.poll()
            if code is None:
                return
            if now - process.started_at > STEADY_SECONDS:
                process.pause = FIRST_PAUSE
            logger("up").warning(
                "died, starting it again", process=process.name, code=code, pause=process.pause
            )
            process.child, process.due_at = None, now + process.pause
            process.pause = min(process.pause * 2, LONGEST_PAUSE)
        if now >= process.due_at:
            process.restarts += 1
            self._launch(process)
            self._write_state()

    @staticmethod
    def _launch(process: Watched) -> None:
        process.child = process.start()
        process.started_at = time.monotonic()

    def _write_state(self) -> None:
        state = {
            p.name: {"pid": p.child.pid if p.child else None, "restarts": p.restarts} for p in self.watched
        }
        fresh = self.state_file.with_suffix(".new")
        fresh.write_text(json.dumps(state, indent=2))
        fresh.rename(self.state_file)


def die_with_parent(number: int = signal.SIGTERM) -> Callable[[], None] | None:
    """A `preexec_fn` that ties the child's life to ours; None where the kernel cannot."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)

    def tie() -> None:
        libc.prctl(PR_SET_PDEATHSIG, number)

    return tie


def python_child(
    arguments: Sequence[str], environment: Mapping[str, str], log_file: Path
) -> Callable[[], subprocess.Popen[bytes]]:
    """How to start `python -m songban …` with its output appended to `log_file`."""
    tie = die_with_parent()

    def start() -> subprocess.Popen[bytes]:
        log_file.parent.mkdir(parents=True, exist_ok=True)
        with log_file.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "songban", *arguments],
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=tie,
            )

    return start
