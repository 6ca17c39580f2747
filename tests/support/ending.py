"""A plugin of pytest: databases end with the test or fixture that made them, the server with the worker.

Registered by `conftest.py` instead of standing in it, because hooks of a conftest that is not at the root are
not called for fixtures of the session.
"""

from collections.abc import Generator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.support.postgres import databases_of, stop_server


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any]) -> Generator[None, Any, Any]:
    with databases_of(fixturedef.addfinalizer):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, Any, Any]:
    with ExitStack() as ended, databases_of(ended.callback):
        return (yield)


def pytest_unconfigure() -> None:
    """A worker of xdist ends without calling what waits for the exit of the interpreter."""
    stop_server()
