"""The embedded token issuer: keys and addresses for the services, tokens for programs.

People get their token through the portal's session; `/oauth/token` serves programs (RFC 6749, client
credentials). Another OpenID Connect provider can take its place: the services only know the issuer's address.
"""

import hashlib
import secrets
from datetime import timedelta

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from services.portal.context import portal
from services.portal.security import csrf_exempt
from shared.auth import Actor, Role
from shared.web import PUBLIC, requires

blueprint = Blueprint("issuer", __name__)

KEYS_KEPT = "public, max-age=300"
LIFETIME = timedelta(minutes=15)


@blueprint.get("/.well-known/openid-configuration")
@requires(PUBLIC)
def configuration() -> ResponseReturnValue:
    """Where everything is (OpenID Connect Discovery 1.0, the fields a resource server reads)."""
    settings = portal().settings
    response = jsonify(
        issuer=settings.issuer,
        jwks_uri=settings.jwks_url,
        token_endpoint=settings.token_url,
        grant_types_supported=["client_credentials"],
        token_endpoint_auth_methods_supported=["client_secret_basic", "client_secret_post"],
        response_types_supported=[],
        subject_types_supported=["public"],
    )
    response.headers["Cache-Control"] = KEYS_KEPT
    return response


@blueprint.get("/.well-known/jwks.json")
@requires(PUBLIC)
def keys() -> ResponseReturnValue:
    """The public keys that tokens are checked against."""
    response = jsonify(portal().issuer.jwks())
    response.headers["Cache-Control"] = KEYS_KEPT
    return response


@blueprint.post("/oauth/token")
@requires(PUBLIC)
@csrf_exempt
def token() -> ResponseReturnValue:
    """A token for a program that knows its secret: one of our services, or an enterprise's till system."""
    if request.form.get("grant_type") != "client_credentials":
        return jsonify(error="unsupported_grant_type"), 400
    client, secret = _credentials()
    actor = _actor(client, secret)
    if actor is None:
        return jsonify(error="invalid_client"), 401, {"WWW-Authenticate": 'Basic realm="songban"'}
    lifetime_s = int(LIFETIME.total_seconds())
    minted = portal().issuer.mint(actor, lifetime_s)
    return jsonify(access_token=minted, token_type="Bearer", expires_in=lifetime_s)  # noqa: S106


def _credentials() -> tuple[str, str]:
    basic = request.authorization
    if basic is not None and basic.type == "basic":
        return basic.username or "", basic.password or ""
    return request.form.get("client_id", ""), request.form.get("client_secret", "")


def _actor(client: str, secret: str) -> Actor | None:
    """Who the client is; None when the secret is not its own."""
    settings = portal().settings
    expected = settings.client_secrets.get(client)
    if expected is not None:
        same = bool(expected) and secrets.compare_digest(expected.encode(), secret.encode())
        return Actor(subject=client, name=client, roles=frozenset({Role.SERVICE})) if same else None
    enterprise = settings.enterprise_clients.get(client)
    digest = hashlib.sha256(secret.encode()).hexdigest()
    if enterprise is None or not secrets.compare_digest(enterprise.secret_sha256, digest):
        return None
    return Actor(
        subject=f"till:{client}",
        name=client,
        roles=frozenset({Role.ENTERPRISE}),
        enterprise_id=enterprise.enterprise_id,
    )
