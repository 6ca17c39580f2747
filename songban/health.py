"""Whether one process works, for container health checks."""

import requests

from shared.observability import last_beat
from shared.settings import load

SILENT_SECONDS = 90.0
"""Longer than a consumer's patience with one blocked batch."""


def check(role: str, service: str) -> str | None:
    """None when it works; otherwise a sentence."""
    if role == "serve":
        return _answers(f"http://127.0.0.1:{load(service).port}/readyz")
    silent = last_beat(role, service)
    if silent is None:
        return f"{role} {service} has not started working"
    if silent > SILENT_SECONDS:
        return f"{role} {service} has not turned for {silent:.0f} s"
    return None


def _answers(url: str) -> str | None:
    try:
        status = requests.get(url, timeout=5).status_code
    except requests.RequestException as error:
        return f"{url} does not answer ({type(error).__name__})"
    return None if status == 200 else f"{url} answers {status}"
