"""The operator's command. `songban --help` lists everything; each command's help reads like documentation."""

import sys

import click

from shared.settings import SettingsError
from songban.cli import (
    accounts,
    checks,
    eligibility,
    kafka,
    letters,
    lists,
    prepare,
    programmes,
    run,
    vouchers,
    work,
)
from songban.cli.group import cli

__all__ = [
    "accounts",
    "checks",
    "cli",
    "eligibility",
    "kafka",
    "letters",
    "lists",
    "main",
    "prepare",
    "programmes",
    "run",
    "vouchers",
    "work",
]


def main() -> None:
    """The console script: errors of settings are sentences, not tracebacks."""
    try:
        cli()
    except SettingsError as error:
        click.echo(str(error), err=True)
        sys.exit(78)
