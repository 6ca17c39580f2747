"""Waiting for a condition with a deadline: tests never sleep and hope."""

import time
from collections.abc import Callable


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    """Return as soon as `condition` holds. Fails, naming `what`, when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"after {seconds:.0f} s still not so: {what}"
        time.sleep(0.05)
