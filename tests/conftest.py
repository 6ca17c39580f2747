"""What every test may use: a database with the kernel's tables, and hypothesis without a stopwatch."""

import os
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from shared.db import Database
from tests.support.kernel import kernel_database
from tests.support.postgres import databases_of, stop_server
from tests.support.required import required

settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("long", settings.get_profile("here"), max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "here"))


def pytest_configure() -> None:
    """A misspelt requirement would require nothing."""
    required()


def pytest_unconfigure() -> None:
    """Here, because a worker of xdist ends without calling what waits for the exit of the interpreter."""
    stop_server()


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any]) -> Generator[None, Any, Any]:
    with databases_of(fixturedef.addfinalizer):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, Any, Any]:
    with ExitStack() as ended, databases_of(ended.callback):
        return (yield)


@pytest.fixture
def database() -> Iterator[Database]:
    """An own database that holds the kernel's tables and nothing else."""
    made = kernel_database()
    yield made
    made.close()
