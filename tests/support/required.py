"""What this run must not do without: SONGBAN_REQUIRE=kafka,chromium, as CI sets it."""

import os

import pytest

KNOWN = {"kafka", "chromium"}


def required() -> set[str]:
    """Raises pytest.UsageError for a name that nothing here answers to."""
    names = {name.strip() for name in os.environ.get("SONGBAN_REQUIRE", "").split(",")} - {""}
    if unknown := names - KNOWN:
        known, wrong = ", ".join(sorted(KNOWN)), ", ".join(sorted(unknown))
        raise pytest.UsageError(f"SONGBAN_REQUIRE knows {known}, not {wrong}")
    return names


def missing(name: str, why: str) -> None:
    """Skip the test for want of `name`, or fail it where that is required."""
    if name in required():
        pytest.fail(f"{name} is required: {why}")
    pytest.skip(f"not run here: {name} ({why})")
