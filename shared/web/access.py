"""Every route names its roles. A route that names none answers nobody."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from flask import current_app, g, request

from shared.auth import Actor, InvalidToken, IssuerUnavailable, Role, Verifier
from shared.web.problems import Problem

View = TypeVar("View", bound=Callable[..., Any])

PUBLIC = "public"
"""For routes without a user: health, metrics, the API's own description."""

PUBLIC_ENDPOINTS = {"static", "api-docs.openapi_json"}


def requires(*roles: Role | str) -> Callable[[View], View]:
    """Say who may call a view: roles, or PUBLIC. Checked before the body is read."""

    def mark(view: View) -> View:
        view.__roles__ = frozenset(roles)  # type: ignore[attr-defined]
        return view

    return mark


def roles_of(endpoint: str) -> frozenset[Role | str] | None:
    """The roles a route names; None when it names none."""
    if endpoint in PUBLIC_ENDPOINTS:
        return frozenset([PUBLIC])
    return getattr(current_app.view_functions[endpoint], "__roles__", None)


def current_actor() -> Actor:
    """Who makes this request. Only in views that are not PUBLIC."""
    return cast("Actor", g.actor)


def check_access(verifier: Verifier) -> None:
    """Before each request: 401 without a valid token, 403 without one of the route's roles."""
    if request.endpoint is None:
        return
    roles = roles_of(request.endpoint)
    if roles is None:
        raise Problem(403, "ROLE_MISSING", roles="")
    if PUBLIC in roles:
        return
    g.actor = _actor(verifier)
    if g.actor.roles.isdisjoint(roles):
        raise Problem(403, "ROLE_MISSING", roles=", ".join(sorted(roles)))


def _actor(verifier: Verifier) -> Actor:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Problem(401, "TOKEN_MISSING")
    try:
        return verifier.actor(token.strip())
    except InvalidToken as error:
        raise Problem(401, error.code) from error
    except IssuerUnavailable as error:
        raise Problem(503, "UNAVAILABLE") from error
