"""`songban eligibility`: draft rules tried on what is recorded, recorded decisions made again."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from songban.cli.group import cli
from songban.cli.options import DATA, LANGUAGE, console, load_settings

if TYPE_CHECKING:
    from services.eligibility.simulating import Report

SHOWN_COMMUNES = 30
WIDTH = 130
"""Columns that the widest table needs, so that no number is cut."""
SHOWN_DIFFERENCES = 100


@cli.group()
def eligibility() -> None:
    """Decisions about households under published rules."""


@eligibility.command("simulate")
@DATA
@click.option(
    "--programme",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="The draft: a YAML file with its decision tables.",
)
@click.option("--against", help="The programme whose recorded cases are tried.  [default: the draft's id]")
@LANGUAGE
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
@click.option("--xlsx", type=click.Path(dir_okay=False, path_type=Path), help="Also write a workbook.")
@click.option(
    "--charts",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also draw charts: FILE.svg or FILE.html.",
)
@click.option("--processes", type=click.IntRange(min=1), help="How many cores to use.  [default: all]")
def simulate_draft(
    data: Path,
    file: Path,
    against: str | None,
    language: str,
    as_json: bool,
    xlsx: Path | None,
    charts: Path | None,
    processes: int | None,
) -> None:
    """Try draft rules on recorded facts: how many cases change, which way, where, and what it costs.

    Reads eligibility's database in a transaction that cannot write. Every case is judged anew under the rules
    that it was assessed under and under the draft; what persons decided since is left aside on both sides.
    Ethnic groups appear as counts only, small ones together.
    """
    from services.eligibility.simulating.tables import workbook
    from songban.cli.programmes import valid

    if charts is not None and charts.suffix not in (".svg", ".html"):
        raise click.BadParameter("give it a name that ends in .svg or .html", param_hint="--charts")
    document, draft = valid(file)
    found = _simulate(data, against or draft.id, document, processes)
    if xlsx is not None:
        xlsx.write_bytes(workbook(found))
    if charts is not None:
        _draw(found, charts, language)
    if as_json:
        click.echo(json.dumps(found.as_dict(), ensure_ascii=False, indent=2))
    else:
        _show(found, language)


def _simulate(data: Path, programme_id: str, document: dict[str, object], processes: int | None) -> "Report":
    from services.eligibility.rulebook import RulesTampered
    from services.eligibility.simulating import Job, simulate
    from shared.settings import load

    load_settings(data)
    settings = load("eligibility")
    job = Job(settings.database_url, settings.wrapping_key, programme_id, document)
    try:
        found = simulate(job, processes)
    except RulesTampered as tampered:
        raise click.ClickException(f"{tampered}; see `songban doctor`") from tampered
    if not found.cases and not found.unread:
        raise click.ClickException(
            f"{programme_id} has no recorded cases; name another programme with --against"
        )
    return found


def _draw(report: "Report", file: Path, language: str) -> None:
    from services.eligibility.simulating.charts import page, svg

    draw = svg if file.suffix == ".svg" else page
    file.write_text(draw(report, language), encoding="utf-8")


def _show(report: "Report", language: str) -> None:
    from services.eligibility.simulating.tables import headline, note_on_groups, tables

    out = Console(width=max(Console().width, WIDTH))
    for sentence in headline(report, language):
        out.print(sentence, highlight=False, markup=False)
    for table in tables(report, language):
        drawn = Table(title=table.title)
        for place, head in enumerate(table.heads):
            right = any(isinstance(row[place], int) for row in table.rows)
            drawn.add_column(head, justify="right" if right else "left", no_wrap=right)
        rows = table.rows if table.name != "communes" else _most_changed(table.rows)
        for row in rows:
            drawn.add_row(*(f"{value:,}" if isinstance(value, int) else value for value in row))
        out.print(drawn)
        if len(rows) < len(table.rows):
            out.print(f"… {len(table.rows) - len(rows)} +", highlight=False)
        if table.name == "groups":
            out.print(note_on_groups(language), highlight=False)


def _most_changed(rows: tuple[tuple[str | int, ...], ...]) -> tuple[tuple[str | int, ...], ...]:
    """The communes in which most cases change; all of them stand in the workbook."""
    return tuple(sorted(rows, key=lambda row: (-int(row[7]), str(row[0])))[:SHOWN_COMMUNES])


@eligibility.command("rerun")
@DATA
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def rerun_decisions(data: Path, as_json: bool) -> None:
    """Make every decision of the audit's ledger again, under the rules that it names. Writes nothing.

    Reads the ledger and, to unseal the facts, the household keys of eligibility's database. Exits 1 when a
    decision does not come out as it was recorded, a published rule is not what its digest says, or a place
    was taken that nobody held.
    """
    from services.eligibility.rerunning import plain
    from shared.settings import load
    from songban.rerun import rerun_ledger

    load_settings(data)
    with console.status("reading the ledger") as status:
        found = rerun_ledger(
            load("audit"), load("eligibility"), lambda done: status.update(f"{done:,} decisions")
        )
    if as_json:
        click.echo(json.dumps(plain(found), ensure_ascii=False, indent=2))
    else:
        for one in found.differences[:SHOWN_DIFFERENCES]:
            click.echo(f"{one.key}  event {one.event_id}: {one.what} differs")
        click.echo(
            f"{found.decisions} decisions under {found.versions} versions, {found.erased} erased,"
            f" {len(found.differences)} differences"
        )
    sys.exit(0 if found.same else 1)
