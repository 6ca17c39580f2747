"""Failpoints: places where a test makes a process die, fail or pause. Off unless the environment says so.

`SONGBAN_FAILPOINTS="relay.after_send=kill:0.02,inbox.before_commit=error"`: an action is `kill` (like
kill -9), `error` (raises FailpointError) or `sleep:SECONDS`; the number after `kill` or `error` is its
probability (1 when left out). `SONGBAN_FAILPOINT_SEED` makes the dice repeatable.
"""

import os
import random
import signal
import time


class FailpointError(RuntimeError):
    """Raised on purpose, in a test."""


def _configured() -> dict[str, tuple[str, float]]:
    chosen = {}
    for part in filter(None, os.environ.get("SONGBAN_FAILPOINTS", "").split(",")):
        name, _, action = part.strip().partition("=")
        verb, _, number = action.partition(":")
        if verb not in {"kill", "error", "sleep"}:
            raise ValueError(f"SONGBAN_FAILPOINTS: {part.strip()!r} names no action (kill, error or sleep)")
        try:
            chosen[name] = (verb, float(number or 1))
        except ValueError:
            raise ValueError(f"SONGBAN_FAILPOINTS: {part.strip()!r} has no number after the colon") from None
    return chosen


_POINTS = _configured()
_dice = random.Random(os.environ.get("SONGBAN_FAILPOINT_SEED"))  # noqa: S311 - dice for tests, not a secret


def failpoint(name: str) -> None:
    """Does nothing, unless a test asked for trouble at `name`."""
    if _POINTS and name in _POINTS:
        _trouble(name, *_POINTS[name])


def _trouble(name: str, verb: str, number: float) -> None:
    if verb == "sleep":
        time.sleep(number)
    elif _dice.random() < number:
        if verb == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        raise FailpointError(name)
