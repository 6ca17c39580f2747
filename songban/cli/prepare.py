"""Before the first start on servers of one's own: secrets, databases and roles, tables, topics."""

import base64
import os
import secrets as randomness
from pathlib import Path

import click

from shared.settings import SERVICES
from songban.cli.group import cli
from songban.cli.options import DATA, load_settings


@cli.command()
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write them here, readable by you only; never over a file that is there.  [default: print them]",
)
def secrets(output: Path | None) -> None:
    """Make fresh secrets as an environment file for docker-compose.yml.

    Keep the file safe and backed up: without the wrapping keys nobody can read the households' data again.
    """
    lines = [
        "POSTGRES_PASSWORD=" + randomness.token_urlsafe(24),
        "SESSION_KEY=" + randomness.token_urlsafe(32),
        "IDENTITY_KEY=" + _key(),
        "VOUCHER_KEY=" + _key(),
    ]
    for service in SERVICES:
        lines.append(f"{service.upper()}_PASSWORD={randomness.token_urlsafe(24)}")
        lines.append(f"{service.upper()}_WRAPPING_KEY={_key()}")
        lines.append(f"{service.upper()}_CLIENT_SECRET={randomness.token_urlsafe(32)}")
    if output is None:
        click.echo("\n".join(lines))
        return
    try:
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise click.ClickException(f"{output} is there already; its secrets may be in use") from error
    with os.fdopen(descriptor, "w") as file:
        file.write("\n".join(lines) + "\n")
    click.echo(f"secrets written to {output}: keep a copy somewhere safe")


@cli.command()
def provision() -> None:
    """Create one database and two roles per service on the server of SONGBAN_ADMIN_URL.

    One role owns the tables and is only used by `prepare`; the service's own reads and writes rows. Its
    password comes from SONGBAN_<SERVICE>_PASSWORD. Doing it again only sets the passwords anew.
    """
    from shared.db import provision as run

    admin_url = os.environ.get("SONGBAN_ADMIN_URL")
    if not admin_url:
        raise click.ClickException("SONGBAN_ADMIN_URL is not set: the URL of a superuser's database")
    for service in SERVICES:
        password = os.environ.get(f"SONGBAN_{service.upper()}_PASSWORD")
        if not password:
            raise click.ClickException(f"SONGBAN_{service.upper()}_PASSWORD is not set")
        run(admin_url, service, password)
        click.echo(f"{service}: database and roles are there")


@cli.command()
@DATA
def prepare(data: Path) -> None:
    """Bring every service's tables to the newest revision and create the topics that are missing.

    With SONGBAN_ADMIN_URL the tables belong to the role that `provision` made for it, so that no service can
    change them; without it, to the role of each service's database URL.
    """
    from shared.db import Database, current_revision, migrate, owner_url
    from shared.eventlog import load_topics
    from shared.settings import load
    from songban.processes import TOPICS_FILE, open_log

    load_settings(data)
    for service in SERVICES:
        own, admin = load(service).database_url, os.environ.get("SONGBAN_ADMIN_URL")
        database = Database(owner_url(admin, service) if admin else own, "prepare")
        migrate(service, database.engine)
        click.echo(f"{service}: at revision {current_revision(database.engine)}")
        database.close()
    declared = load_topics(TOPICS_FILE, int(os.environ.get("SONGBAN_KAFKA_REPLICATION", "0")) or None)
    log = open_log(load("audit"), "prepare")
    log.ensure_topics(declared)
    log.close()
    click.echo(f"{len(declared)} topics are there")


def _key() -> str:
    return base64.b64encode(randomness.token_bytes(32)).decode()
