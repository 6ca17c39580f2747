"""`songban dead-letters`: events put aside, and what to do with them."""

import sys
from pathlib import Path

import click

from songban.cli.group import cli
from songban.cli.options import DATA, SERVICE, load_settings, service_database


@cli.group("dead-letters")
def dead_letters() -> None:
    """Events that a service could not take in, and those parked behind them."""


@dead_letters.command("list")
@SERVICE
@DATA
@click.option("--all", "everything", is_flag=True, help="Also those that were replayed or discarded.")
@click.option(
    "--limit", type=click.IntRange(1, 100_000), default=200, show_default=True, help="How many at most."
)
def dead_letters_list(service: str, data: Path, everything: bool, limit: int) -> None:
    """List SERVICE's open dead letters, oldest first."""
    from shared import inbox

    with service_database(service, data).transaction() as session:
        letters = inbox.find(session, open_only=not everything, limit=limit + 1)
    for letter in letters[:limit]:
        click.echo(
            f"{letter.id}  {letter.status}  {letter.type}  {letter.stream} v{letter.version}  {letter.error}"
        )
    more = ", and more: see --limit" if len(letters) > limit else ""
    click.echo(f"{len(letters[:limit])} dead letters{more}", err=True)


@dead_letters.command("show")
@SERVICE
@click.argument("letter_id", type=int)
@DATA
def dead_letters_show(service: str, letter_id: int, data: Path) -> None:
    """Print one dead letter with the exact event."""
    from shared import inbox

    with service_database(service, data).transaction() as session:
        found = [
            letter for letter in inbox.find(session, open_only=False, limit=100_000) if letter.id == letter_id
        ]
    if not found:
        raise click.ClickException(f"{service} has no dead letter {letter_id}")
    letter = found[0]
    click.echo(f"{letter.status} since {letter.failed_at.isoformat()}: {letter.error}")
    click.echo(letter.bytes.decode("utf-8", errors="backslashreplace"))


@dead_letters.command("replay")
@SERVICE
@DATA
@click.option("--stream", help="Only this stream.")
@click.option("--by", default="operator", show_default=True, help="Who does it; stays with the letter.")
def dead_letters_replay(service: str, data: Path, stream: str | None, by: str) -> None:
    """Hand SERVICE's open dead letters to their handlers again, in stream order."""
    from shared import inbox
    from shared.settings import load
    from songban.processes import handlers_of, key_source

    load_settings(data)
    database = service_database(service, data)
    source = key_source(load(service))
    done, failures = inbox.replay(
        database, service, handlers_of(service), by, key_source=source, stream=stream
    )
    for letter, error in failures:
        click.echo(f"{letter.id}  {letter.stream}: {error}")
    click.echo(f"{done} went through, {len(failures)} failed again")
    sys.exit(1 if failures else 0)


@dead_letters.command("discard")
@SERVICE
@click.argument("letter_id", type=int)
@DATA
@click.option("--reason", required=True, help="Why it is given up; stays with the letter.")
@click.option("--by", default="operator", show_default=True, help="Who does it.")
def dead_letters_discard(service: str, letter_id: int, data: Path, reason: str, by: str) -> None:
    """Give one dead letter up. Its bytes and the reason stay."""
    from shared import inbox

    try:
        with service_database(service, data).transaction() as session:
            inbox.discard(session, letter_id, by, reason)
    except (LookupError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"dead letter {letter_id} is discarded")
