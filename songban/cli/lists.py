"""Lists of households: `songban import`."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from songban.cli.group import cli
from songban.cli.options import DATA, console, gateway, in_sentences


@cli.command("import")
@DATA
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--commune", required=True, help="Five-digit code of the commune whose list it is.")
@click.option(
    "--programme", "programme_id", required=True, help="The programme that the households apply to."
)
@click.option("--dry-run", is_flag=True, help="Say what would happen, row by row, and enter nothing.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="TITLE=FIELD",
    help="What a column means, remembered for the commune's next lists. May be given several times.",
)
@click.option(
    "--result",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write the list here as .xlsx, with a result column and colours.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the whole answer as JSON.")
@click.option("--officer", default="can-bo", show_default=True, help="The officer whose list it is.")
def import_list(
    data: Path,
    file: Path,
    commune: str,
    programme_id: str,
    dry_run: bool,
    columns: tuple[str, ...],
    result: Path | None,
    as_json: bool,
    officer: str,
) -> None:
    """Import an officer's list of households (.xlsx, .xls, .ods, .csv).

    The file is received, then read and entered in the background; this command shows how far it is. A bad row
    never blocks a good one, and a list sent twice creates nothing twice. Exits 0 when no row was refused, 2
    when some were, 1 when the whole file was.
    """
    from shared.auth import Actor, Role
    from songban.lists import ListFile, result_of, send_list, with_all_problems

    actor = Actor(officer, officer, frozenset({Role.OFFICER}), commune=commune)
    sent = ListFile(file.name, file.read_bytes(), commune, programme_id, _mapping(columns))
    with in_sentences():
        services = gateway(data)
        with _progress() as tell:
            told = send_list(services, actor, sent, dry_run=dry_run, tell=tell)
        told = with_all_problems(services, actor, told)
        if result is not None and told["refusal"] is None:
            result.write_bytes(result_of(services, actor, told["import_id"]))
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    if told["refusal"] is not None:
        raise click.ClickException(_why_refused(told))
    if not as_json:
        _print(told)
    sys.exit(2 if told["refused"] else 0)


def _mapping(columns: tuple[str, ...]) -> dict[str, str]:
    pairs = [one.rpartition("=") for one in columns]
    for title, _, field in pairs:
        if not title:
            raise click.BadParameter(f"{field!r} is not TITLE=FIELD", param_hint="--column")
    return {title: field for title, _, field in pairs}


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """A bar on the terminal; nothing where nobody watches."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    shown = (TextColumn("{task.description:<10}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*shown, console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task("sending", total=None)
        yield lambda state, done, rows: progress.update(
            task, description=state, completed=done, total=rows or None
        )


def _why_refused(told: dict[str, Any]) -> str:
    refusal = told["refusal"]
    lines = [f"{refusal['code']}: {refusal['message_vi']} / {refusal['message_en']}"]
    lines += [f"  column {one['letter']}: {one['title']} → {one['field'] or '?'}" for one in told["columns"]]
    return "\n".join(lines)


def _print(told: dict[str, Any]) -> None:
    for problem in told["problems"]:
        sentence = f"{problem['message_vi']} / {problem['message_en']}"
        where = f"row {problem['row']}, {problem['field']}: " if problem["row"] else ""
        click.echo(f"  {where}{sentence}")
    click.echo(
        f"{told['rows']} rows: {told['accepted']} accepted, {told['repeated']} repeated,"
        f" {told['refused']} refused, {told['warnings']} warnings"
    )
