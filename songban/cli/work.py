"""What an operator does with the services: tokens."""

from pathlib import Path

import click

from songban.cli.group import cli
from songban.cli.options import DATA, gateway


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
