"""Failpoints do nothing, until a test asks for trouble."""

import os
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from shared import failpoints

Configure = Callable[[str], None]


@pytest.fixture
def configure(monkeypatch: pytest.MonkeyPatch) -> Configure:
    def apply(text: str) -> None:
        monkeypatch.setenv("SONGBAN_FAILPOINTS", text)
        monkeypatch.setattr(failpoints, "_POINTS", failpoints._configured())

    return apply


def test_off_by_default() -> None:
    assert "SONGBAN_FAILPOINTS" not in os.environ
    assert failpoints._POINTS == {}
    failpoints.failpoint("relay.after_send")


def test_an_error_is_raised_where_it_was_asked_for(configure: Configure) -> None:
    configure("relay.after_send=error, inbox.before_commit=error:0")
    failpoints.failpoint("relay.before_send")
    failpoints.failpoint("inbox.before_commit")
    with pytest.raises(failpoints.FailpointError, match=r"relay\.after_send"):
        failpoints.failpoint("relay.after_send")


def test_dice(configure: Configure) -> None:
    configure("x=error:0.5")
    raised = 0
    for _ in range(400):
        try:
            failpoints.failpoint("x")
        except failpoints.FailpointError:
            raised += 1
    assert 120 < raised < 280


def test_a_pause(configure: Configure) -> None:
    configure("x=sleep:0.05")
    started = time.monotonic()
    failpoints.failpoint("x")
    assert time.monotonic() - started >= 0.05


def test_kill_is_like_kill_minus_nine() -> None:
    program = "from shared.failpoints import failpoint; failpoint('x'); print('alive')"
    environment = {**os.environ, "SONGBAN_FAILPOINTS": "x=kill"}
    died = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, check=False, timeout=60
    )
    assert (died.returncode, died.stdout) == (-9, b"")


@pytest.mark.parametrize("wrong", ["x", "x=explode", "x=", "x=kill:often"])
def test_a_wrong_setting_is_named(configure: Configure, wrong: str) -> None:
    with pytest.raises(ValueError, match=r"SONGBAN_FAILPOINTS: 'x.*'"):
        configure(wrong)
