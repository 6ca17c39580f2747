"""What an operator does with the services: tokens, programmes."""

import json
from pathlib import Path

import click

from songban.cli.group import cli
from songban.cli.options import DATA, call_service, gateway


@cli.command()
@DATA
@click.option("--subject", required=True, help="Who the token names, an account's name, say.")
@click.option("--role", "roles", multiple=True, required=True, help="A role; may be given several times.")
@click.option("--commune", help="Five-digit code of the commune the bearer is limited to.")
@click.option("--province", help="Two-digit code of the province the bearer is limited to.")
@click.option("--shop", "shop_id", help="The shop that the bearer works for.")
@click.option("--minutes", default=60, show_default=True, help="How long the token is good for.")
def token(
    data: Path, subject: str, roles: tuple[str, ...], commune: str, province: str, shop_id: str, minutes: int
) -> None:
    """Print an access token signed by the embedded issuer, for the APIs (`Authorization: Bearer …`)."""
    from shared.auth import Actor, Role

    unknown = [role for role in roles if role not in set(Role)]
    if unknown:
        raise click.BadParameter(f"{unknown[0]} is no role; roles are {', '.join(Role)}", param_hint="--role")
    actor = Actor(subject, subject, frozenset(Role(role) for role in roles), commune, province, shop_id)
    click.echo(gateway(data).token(actor, minutes * 60))


@cli.group()
def programme() -> None:
    """Programmes: published rules, benefit, area and dates, as versioned documents."""


@programme.command("publish")
@DATA
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def programme_publish(data: Path, file: Path) -> None:
    """Check FILE (YAML) with its decision table and publish it as a version that never changes again."""
    from services.eligibility.rules import ProgrammeInvalid, load_document
    from songban.actors import MANAGER

    try:
        document = load_document(file)
    except ProgrammeInvalid as error:
        raise click.ClickException(f"{file} is not a valid programme:\n{error}") from error
    answer = call_service(data, "post", "eligibility", "/programmes", MANAGER, {"document": document})
    click.echo(
        f"{answer['programme_id']} version {answer['version']} is published, digest {answer['digest']}"
    )


@programme.command("list")
@DATA
def programme_list(data: Path) -> None:
    """List the published programmes."""
    from songban.actors import AUDITOR

    for item in call_service(data, "get", "eligibility", "/programmes", AUDITOR)["items"]:
        click.echo(f"{item['programme_id']}  v{item['version']}  {item['status']}  {item['digest'][:12]}")


@programme.command("show")
@DATA
@click.argument("programme_id")
def programme_show(data: Path, programme_id: str) -> None:
    """Print a programme's current version, whole, as JSON."""
    from songban.actors import AUDITOR

    answer = call_service(data, "get", "eligibility", f"/programmes/{programme_id}", AUDITOR)
    click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
