"""`songban programme`: versions of programmes and their rules, checked, published, compared."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from songban.cli.group import cli
from songban.cli.options import DATA, LANGUAGE, call_service

if TYPE_CHECKING:
    from services.eligibility.rules import Programme

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@cli.group()
def programme() -> None:
    """Programmes: published rules, benefit, area and dates, as versioned documents."""


@programme.command("validate")
@click.argument("files", type=FILE, nargs=-1, required=True)
@JSON
def programme_validate(files: tuple[Path, ...], as_json: bool) -> None:
    """Check FILES (YAML with their decision tables) without publishing anything; needs no running service.

    Says every problem at once: missing or unknown fields, unknown facts, cells the engine would silently pass
    over, reasons without sentences, rows that overlap or can never hit. Exits 1 when a file has problems.
    """
    reports = [_checked(file) for file in files]
    if as_json:
        click.echo(json.dumps(reports, ensure_ascii=False, indent=2))
    else:
        for report in reports:
            _print_report(report)
    sys.exit(1 if any(report["problems"] for report in reports) else 0)


def _checked(file: Path) -> dict[str, Any]:
    """What validation says of a file; `unplanned`: a household that only the table's last row catches."""
    from services.eligibility.rules import ProgrammeInvalid, load_programme
    from services.eligibility.rules.reach import unplanned
    from services.eligibility.rules.tables import table_rows

    try:
        found = load_programme(file)
    except ProgrammeInvalid as invalid:
        return {"file": str(file), "problems": list(invalid.problems)}
    except OSError as error:
        return {"file": str(file), "problems": [f"rules: {error.filename} cannot be read"]}
    return {
        "file": str(file),
        "problems": [],
        "programme_id": found.id,
        "version": found.version,
        "digest": found.digest,
        "unverified": list(found.unverified),
        "unplanned": unplanned(*table_rows(found.rules)),
    }


def _print_report(report: dict[str, Any]) -> None:
    from services.eligibility.rules.reach import in_words

    if report["problems"]:
        click.echo(f"{report['file']}: {len(report['problems'])} problems")
        for problem in report["problems"]:
            click.echo(f"  {problem}")
        return
    click.echo(f"{report['file']}: {report['programme_id']} version {report['version']} is valid")
    click.echo(f"  digest {report['digest']}")
    if report["unverified"]:
        click.echo(f"  unverified: {', '.join(report['unverified'])}")
    if report["unplanned"]:
        click.echo(f"  only a person can decide: {in_words(report['unplanned'])}")


@programme.command("publish")
@DATA
@click.argument("file", type=FILE)
@click.option("--by", default="quan-ly", show_default=True, help="The manager in whose name it is published.")
def programme_publish(data: Path, file: Path, by: str) -> None:
    """Check FILE (YAML) with its decision table and publish it as a version that never changes again."""
    document, found = valid(file)
    answer = call_service(
        data, "post", "eligibility", "/programmes", _manager(found, by), {"document": document}
    )
    click.echo(
        f"{answer['programme_id']} version {answer['version']} is published, in effect from"
        f" {found.effective_from}, digest {answer['digest']}"
    )


def valid(file: Path) -> "tuple[dict[str, Any], Programme]":
    from services.eligibility.rules import ProgrammeInvalid, load_document, parse_programme

    try:
        document = load_document(file)
        return document, parse_programme(document)
    except ProgrammeInvalid as invalid:
        problems = "\n".join(f"  {problem}" for problem in invalid.problems)
        raise click.ClickException(f"{file} is not a valid programme:\n{problems}") from invalid
    except OSError as error:
        raise click.ClickException(f"{error.filename} cannot be read") from error


def _manager(found: "Programme", subject: str) -> Any:
    """A manager of a province that the programme serves: only such a one may publish it."""
    from shared.auth import Actor, Role
    from songban.actors import PROVINCE

    province = PROVINCE if found.covers(PROVINCE) else (found.provinces or (PROVINCE,))[0]
    return Actor(subject, subject, frozenset({Role.MANAGER}), province=province)


@programme.command("diff")
@DATA
@click.argument("old")
@click.argument("new", required=False)
@LANGUAGE
@JSON
def programme_diff(data: Path, old: str, new: str | None, language: str, as_json: bool) -> None:
    """Say in words what differs between OLD and NEW: fields, reasons, rows.

    Each is a YAML file, or a published programme as ID (its newest version) or ID@VERSION. With one FILE
    alone, it is compared with the newest published version of the programme.
    """
    from services.eligibility.rules.differences import differences

    if new is None:
        old, new = _document(data, old)["id"], old
    before, after = _document(data, old), _document(data, new)
    found = differences(before, after)
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], ensure_ascii=False, indent=2))
        return
    for one in found:
        click.echo(getattr(one, language))
    if not found:
        click.echo("no difference" if before == after else "no difference but in how the tables are drawn")


def _document(data: Path, name: str) -> dict[str, Any]:
    """A programme's document, from a file or from the service."""
    from songban.actors import AUDITOR

    if Path(name).is_file():
        return valid(Path(name))[0]
    programme_id, _, version = name.partition("@")
    query = {"version": version} if version else {}
    answer = call_service(data, "get", "eligibility", f"/programmes/{programme_id}", AUDITOR, **query)
    document: dict[str, Any] = answer["document"]
    return document


@programme.command("list")
@DATA
@click.argument("programme_id", required=False)
@JSON
def programme_list(data: Path, programme_id: str | None, as_json: bool) -> None:
    """List the newest version of each published programme, or every version of PROGRAMME_ID."""
    from songban.actors import AUDITOR

    path = f"/programmes/{programme_id}/versions" if programme_id else "/programmes"
    items = call_service(data, "get", "eligibility", path, AUDITOR)["items"]
    if as_json:
        click.echo(json.dumps(items, ensure_ascii=False, indent=2))
        return
    for item in items:
        click.echo(
            f"{item['programme_id']}  v{item['version']}  {item['status']}  from {item['effective_from']}"
            f"  {item['digest'][:12]}"
        )


@programme.command("show")
@DATA
@click.argument("programme_id")
@click.option("--version", type=click.IntRange(min=1), help="An older version.  [default: the newest]")
def programme_show(data: Path, programme_id: str, version: int | None) -> None:
    """Print one version of a programme, whole, as JSON."""
    from songban.actors import AUDITOR

    query = {"version": version} if version else {}
    answer = call_service(data, "get", "eligibility", f"/programmes/{programme_id}", AUDITOR, **query)
    click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
