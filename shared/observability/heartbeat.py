"""A heartbeat for processes without a port: a file whose time says when their loop last turned."""

import os
import tempfile
import time
from pathlib import Path

from shared.observability import metrics

BEAT_SECONDS = 1.0
_last: dict[str, float] = {}


def _file(role: str, service: str) -> Path:
    directory = os.environ.get("SONGBAN_RUN_DIR", tempfile.gettempdir())
    return Path(directory) / f"songban-{role}-{service}.alive"


def beat(role: str, service: str) -> None:
    """Say that the loop turned, to the health check and to the metrics; at most once a second."""
    now = time.monotonic()
    if now - _last.get(role, float("-inf")) >= BEAT_SECONDS:
        _last[role] = now
        _file(role, service).touch()
        metrics.HEARTBEAT.labels(service, role).set_to_current_time()


def expect(role: str, service: str) -> None:
    """Say that the loop should turn somewhere: one that was never started is silent too."""
    metrics.HEARTBEAT.labels(service, role).set(0)


def last_beat(role: str, service: str) -> float | None:
    """Seconds since the loop last turned, None when it never did."""
    try:
        return time.time() - _file(role, service).stat().st_mtime
    except FileNotFoundError:
        return None
