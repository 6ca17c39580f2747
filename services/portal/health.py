"""For the supervisor, the load balancer and Prometheus: alive, ready, how fast; one id per request."""

import time

import structlog
from flask import Blueprint, Flask, Response, g, request
from flask.typing import ResponseReturnValue
from uuid_utils.compat import uuid7

from services.portal.context import portal
from shared.db import DatabaseUnavailable, current_revision, head_revision
from shared.observability import metrics
from shared.web import PUBLIC, requires
from shared.web.app import METHODS, drain

blueprint = Blueprint("health", __name__)

EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"


@blueprint.get("/healthz")
@requires(PUBLIC)
def alive() -> ResponseReturnValue:
    """The process answers."""
    return {"status": "ok", "service": "portal"}


@blueprint.get("/readyz")
@requires(PUBLIC)
def ready() -> ResponseReturnValue:
    """Accounts can be read; without them nobody signs in. The APIs have their own probes."""
    database = portal().database
    try:
        database.ping()
    except DatabaseUnavailable:
        return {"status": "waiting", "for": "database"}, 503
    found = current_revision(database.engine)
    if found != head_revision("portal"):
        return {"status": "waiting", "for": "migration", "revision": str(found)}, 503
    return {"status": "ready", "revision": str(found)}


@blueprint.get("/metrics")
@requires(PUBLIC)
def figures() -> ResponseReturnValue:
    """Requests by route and status, for Prometheus."""
    return Response(metrics.exposition(), content_type=EXPOSITION)


def init_app(app: Flask) -> None:
    """Time every request and give it an id, which travels on to the APIs."""
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    g.started = time.perf_counter()
    g.request_id = str(uuid7())
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _end(response: Response) -> Response:
    seconds = time.perf_counter() - g.started
    route = str(request.url_rule) if request.url_rule else "(none)"
    method = request.method if request.method in METHODS else "OTHER"
    metrics.REQUESTS.labels("portal", route, method, response.status_code).observe(seconds)
    if response.status_code >= 400:
        drain()
    response.headers["X-Request-Id"] = g.request_id
    return response
