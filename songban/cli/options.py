"""What the commands share: options, the stack's settings, calls whose refusals are sentences."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from shared.settings import SERVICES

ROOT = Path(__file__).resolve().parent.parent.parent
console = Console(stderr=True)

DATA = click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("data"),
    show_default=True,
    envvar="SONGBAN_DATA",
    help="The data directory of a one-machine stack; its settings are read from there.",
)
SERVICE = click.argument("service", type=click.Choice(SERVICES))
BROKER = click.option(
    "--broker",
    type=click.Choice(["embedded", "kafka"]),
    default="embedded",
    show_default=True,
    help="The event log: a PostgreSQL database, or Apache Kafka (jars by Maven, run on this machine's Java).",
)
LANGUAGE = click.option(
    "--language",
    type=click.Choice(["vi", "en"]),
    default="vi",
    show_default=True,
    help="The language of what is written for people.",
)


def load_settings(data: Path) -> None:
    from songban.stack import load_environment

    load_environment(data)


def gateway(data: Path) -> Any:
    from shared.settings import load
    from songban.gateway import Gateway

    load_settings(data)
    return Gateway(load("portal"), patience=5.0)


def call_service(directory: Path, verb: str, *arguments: Any, **options: Any) -> Any:
    """A gateway call whose refusals and outages are sentences."""
    with in_sentences():
        return getattr(gateway(directory), verb)(*arguments, **options)


@contextmanager
def in_sentences() -> Iterator[None]:
    """What a service refuses, and that none answers, end the command with a sentence."""
    import requests

    from songban.gateway import Refused

    try:
        yield
    except (Refused, TimeoutError) as refusal:
        raise click.ClickException(str(refusal)) from refusal
    except requests.RequestException as error:
        raise click.ClickException(
            f"the service does not answer; is `songban up` running? ({error})"
        ) from error


def service_database(service: str, data: Path) -> Any:
    from shared.db import Database
    from shared.settings import load

    load_settings(data)
    return Database(load(service).database_url, "operator")
