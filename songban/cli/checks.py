"""Looking and proving: `songban audit`, `songban reconcile` and `songban doctor`."""

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from songban.cli.group import cli
from songban.cli.options import DATA, call_service, console, load_settings

RECONCILED = ("eligibility", "disbursement")


@cli.group()
def audit() -> None:
    """Replay the log, hold it against the live tables, prove that nothing was changed."""


@audit.command("replay")
@DATA
@click.option(
    "--as-of", type=click.DateTime(), help="Fold the events up to this moment (UTC).  [default: now]"
)
def audit_replay(data: Path, as_of: datetime | None) -> None:
    """Fold every event into state and print the funnel of each programme as of a date."""
    from songban.actors import AUDITOR

    query = {"as_of": as_of.isoformat() + "Z"} if as_of else {}
    click.echo(
        json.dumps(
            call_service(data, "get", "audit", "/replay", AUDITOR, **query), ensure_ascii=False, indent=2
        )
    )


@audit.command("compare")
@DATA
def audit_compare(data: Path) -> None:
    """Hold the replayed state against each service's live tables, key by key. Exits 1 on any difference."""
    from songban.actors import AUDITOR

    answer = call_service(data, "get", "audit", "/checks/compare", AUDITOR)
    click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
    sys.exit(0 if answer["equal"] else 1)


@audit.command("verify")
@DATA
def audit_verify(data: Path) -> None:
    """Check every byte, hash, version and chain of the ledger. Exits 1 when anything does not hold."""
    from songban.actors import AUDITOR

    answer = call_service(data, "get", "audit", "/checks/verify", AUDITOR)
    click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
    sys.exit(0 if answer["verified"] else 1)


@cli.command("reconcile")
@DATA
@click.option("--json", "as_json", is_flag=True, help="Print the whole answer as JSON.")
def reconcile(data: Path, as_json: bool) -> None:
    """Check that deadlines, places, quotas, lists, budgets, vouchers and claims tie out.

    Exits 1, naming what does not: an overdue referral, a place that nobody can use, money that does not add
    up.
    """
    from songban.actors import AUDITOR

    answers = {name: call_service(data, "get", name, "/reconcile", AUDITOR) for name in RECONCILED}
    ties = all(answer["ties"] for answer in answers.values())
    if as_json:
        checks = [{"service": name, **check} for name in answers for check in answers[name]["checks"]]
        click.echo(json.dumps({"ties": ties, "checks": checks}, ensure_ascii=False))
    else:
        for answer in answers.values():
            _show_checks(answer["checks"])
    sys.exit(0 if ties else 1)


def _show_checks(checks: list[dict[str, Any]]) -> None:
    for check in checks:
        mark = "[green]ok[/]  " if check["holds"] else "[red]BAD[/] "
        console.print(f"{mark} {check['name']}: {check['says']}", highlight=False)
        for row in check["rows"]:
            facts = "  ".join(f"{name}={value}" for name, value in row.items())
            console.print(f"      → {facts}", highlight=False, markup=False)
        if check["count"] > len(check["rows"]):
            console.print(f"      … {check['count']} rows in all", highlight=False)


@cli.command()
@DATA
def doctor(data: Path) -> None:
    """Check settings, databases, migrations, broker, lag, dead letters and clock, and say what to do."""
    from songban.doctor import examine

    load_settings(data)
    healthy = True
    for finding in examine():
        mark = "[green]ok[/]  " if finding.healthy else "[red]BAD[/] "
        console.print(f"{mark} {finding.what}: {finding.says}", highlight=False)
        if not finding.healthy:
            healthy = False
            console.print(f"      → {finding.remedy}", highlight=False)
    sys.exit(0 if healthy else 1)
