"""`songban account`: who may sign in at the portal, where it keeps accounts itself."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy import text

from shared.auth import Role
from songban.cli.group import cli
from songban.cli.options import DATA, service_database

ROLES = [role.value for role in Role if role is not Role.SERVICE]


@cli.group()
def account() -> None:
    """Accounts of the embedded issuer: who may sign in, with which role, for which area or shop."""


@account.command("add")
@click.argument("username")
@click.option("--name", required=True, help="The person's name, as it stands on lists and in timelines.")
@click.option(
    "--role", "roles", type=click.Choice(ROLES), multiple=True, required=True, help="May be given again."
)
@click.option("--commune", help="The 5-digit code of an officer's or approver's commune.")
@click.option("--province", help="The 2-digit code of an approver's or manager's province.")
@click.option("--shop", "shop_id", help="The shop of a clerk.")
@click.option("--enterprise", "enterprise_id", help="The enterprise of a clerk or of its claims' office.")
@click.password_option(help="Asked for, twice; never give it on a command line that others can see.")
@DATA
def account_add(
    username: str, name: str, roles: tuple[str, ...], password: str, data: Path, **area: Any
) -> None:
    """Let USERNAME sign in. Role and area must fit: an officer has a commune, a clerk a shop."""
    from services.portal.accounts import NewAccount, create_account

    new = NewAccount(username, name, password, frozenset(roles), **area)
    with _accounts(data) as session:
        _or_say(create_account(session, new))
    click.echo(f"{username} may sign in as {', '.join(sorted(roles))}")


@account.command("password")
@click.argument("username")
@click.password_option(help="Asked for, twice; never give it on a command line that others can see.")
@DATA
def account_password(username: str, password: str, data: Path) -> None:
    """Give USERNAME a new password, open a lock, and end every session it had."""
    from services.portal.accounts import set_password

    with _accounts(data) as session:
        _or_say(set_password(session, username, password))
    click.echo(f"{username} has a new password")


@account.command("disable")
@click.argument("username")
@DATA
def account_disable(username: str, data: Path) -> None:
    """Shut USERNAME out at once. The row stays: its name is in the log."""
    from services.portal.accounts import disable_account

    with _accounts(data) as session:
        _or_say(disable_account(session, username, datetime.now(UTC)))
    click.echo(f"{username} cannot sign in any more")


@account.command("list")
@DATA
def account_list(data: Path) -> None:
    """List all accounts: name, roles, area, and whether they may sign in."""
    statement = text(
        "SELECT username, display_name, array_to_string(roles, ', ') AS roles, disabled_at,"
        " coalesce(commune, province, shop_id, enterprise_id, '-') AS area FROM account ORDER BY username"
    )
    with _accounts(data) as session:
        for row in session.execute(statement):
            state = f"disabled {row.disabled_at:%Y-%m-%d}" if row.disabled_at else "active"
            click.echo(f"{row.username:<20} {row.roles:<20} {row.area:<16} {state:<20} {row.display_name}")


def _accounts(data: Path) -> Any:
    return service_database("portal", data).transaction()


def _or_say(result: Any) -> None:
    """A refusal ends the command; its code says why."""
    from services.portal.accounts import Refusal

    if isinstance(result, Refusal):
        raise click.ClickException(f"refused: {result.code.replace('_', ' ')}")
