"""What every test may use: a database with the kernel's tables, and hypothesis without a stopwatch."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from shared.db import Database
from tests.support import ending
from tests.support.kernel import kernel_database
from tests.support.required import required

settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("long", settings.get_profile("here"), max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "here"))


def pytest_configure(config: pytest.Config) -> None:
    """A misspelt requirement would require nothing."""
    required()
    config.pluginmanager.register(ending)


@pytest.fixture
def database() -> Iterator[Database]:
    """An own database that holds the kernel's tables and nothing else."""
    made = kernel_database()
    yield made
    made.close()
