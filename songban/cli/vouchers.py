"""What shops and their enterprises need from an operator: checking QR codes, keys for till systems."""

import hashlib
import json
import secrets as randomness
import sys
from pathlib import Path

import click

from songban.cli.group import cli


@cli.group()
def voucher() -> None:
    """Vouchers: what a QR code says, without a line."""


@voucher.command("verify")
@click.argument("token")
@click.option(
    "--keys",
    "keys_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="The published keys, as GET /voucher-keys of disbursement answers (a JWK set).",
)
def voucher_verify(token: str, keys_file: Path) -> None:
    """Check TOKEN, the text in a voucher's QR code, against the published keys. Needs no network.

    Prints what the token says as JSON and exits 0 when one of the keys signed it, 1 otherwise. Whether the
    voucher was used meanwhile is not in the token: ask when there is a line again.
    """
    from services.disbursement.tokens import keys_of, read_token
    from shared.refusal import Refusal

    try:
        keys = keys_of(json.loads(keys_file.read_bytes()))
    except (ValueError, KeyError, TypeError) as error:
        raise click.ClickException(f"{keys_file} is not a JWK set with Ed25519 keys") from error
    found = read_token(token, keys)
    if isinstance(found, Refusal):
        click.echo(json.dumps({"valid": False, "code": found.code}))
        sys.exit(1)
    said = {
        "valid": True,
        "code": found.code,
        "amount": found.amount,
        "minimum_price": found.minimum_price,
        "expires_on": found.expires_on.isoformat(),
        "programme_mark": found.programme,
        "key_id": found.key_id,
    }
    click.echo(json.dumps(said))


@cli.command("enterprise-client")
@click.argument("client")
@click.argument("enterprise_id")
def enterprise_client(client: str, enterprise_id: str) -> None:
    """Make a secret for CLIENT, the till system of ENTERPRISE_ID, for the embedded token issuer.

    The secret is shown once, for the enterprise; the portal's setting SONGBAN_ENTERPRISE_CLIENTS keeps only
    its SHA-256. To take a till's access away, remove its entry and start the portal anew.
    """
    if "=" in client + enterprise_id or "," in client + enterprise_id:
        raise click.BadParameter("neither = nor , may stand in a name")
    secret = randomness.token_urlsafe(32)
    digest = hashlib.sha256(secret.encode()).hexdigest()
    click.echo(f"client_id      {client}\nclient_secret  {secret}", err=True)
    click.echo(f"{client}={enterprise_id}={digest}")
