"""The Flask app of a service: access checks, the request's transaction, problem details, health, metrics."""

import contextlib
import hmac
import re
import time
from collections.abc import Sequence
from typing import Any

import orjson
import structlog
from flask import Flask, Response, g, request
from flask.json.provider import JSONProvider
from flask.typing import ResponseReturnValue
from flask_smorest import Api, Blueprint
from sqlalchemy.exc import DataError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import ClientDisconnected, HTTPException
from werkzeug.wsgi import LimitedStream

from shared.auth import Verifier
from shared.db import Database, DatabaseUnavailable, current_revision, head_revision, is_outage
from shared.events import new_id
from shared.observability import logger, metrics
from shared.observability.tracing import continue_trace, forget_query, instrument_psycopg
from shared.settings import Settings
from shared.web.access import PUBLIC, check_access, requires
from shared.web.description import AccessPlugin, tidy
from shared.web.problems import Problem, problem_response
from shared.web.unit import REQUEST_KEY, close_session, run_view

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
"""The methods that a metric names; what else a client makes up counts as OTHER."""

DRAINED_BYTES = 256 * 2**20
"""Larger bodies than this are cut off: somebody who sends so much does not want an answer."""

NUL_IN_JSON = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")

PARSER = Blueprint.ARGUMENTS_PARSER
PARSER.DEFAULT_UNKNOWN_BY_LOCATION = {**PARSER.DEFAULT_UNKNOWN_BY_LOCATION, "query": None}
"""webargs drops query arguments that a schema does not know; then a misspelt filter would show everything.
With None the schema decides, as it does for a body."""

RETRY_AFTER = {429: "60", 503: "3"}
"""Seconds after which the same request may go well."""

CODES = {
    400: "BAD_REQUEST",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    413: "BODY_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    422: "INVALID_FIELDS",
}


class OrjsonProvider(JSONProvider):
    """Flask's JSON by orjson, in the order in which the schemas name their fields."""

    def dumps(self, obj: Any, **_options: Any) -> str:
        return orjson.dumps(obj, default=str).decode()

    def loads(self, s: str | bytes, **_options: Any) -> Any:
        return orjson.loads(s)


class ServiceApp(Flask):
    """A Flask app whose views each run in one transaction of `database`."""

    database: Database
    settings: Settings

    def wsgi_app(self, environ: Any, start_response: Any) -> Any:
        """The body ends where its length says, so that what is left of it can be read without waiting."""
        length = str(environ.get("CONTENT_LENGTH") or "")
        if length.isdecimal():
            environ["wsgi.input"] = LimitedStream(environ["wsgi.input"], int(length))
            environ["wsgi.input_terminated"] = True
        return super().wsgi_app(environ, start_response)

    def ensure_sync(self, func: Any) -> Any:
        """No view of ours is a coroutine; Flask would look anew at each decorator of each request."""
        return func

    def dispatch_request(self) -> ResponseReturnValue:
        view = self.view_functions.get(request.endpoint) if request.endpoint else None

        def call() -> Response:
            return self.make_response(super(ServiceApp, self).dispatch_request())

        with continue_trace(
            {"traceparent": parent} if (parent := request.headers.get("Traceparent")) else {}
        ):
            answer: Response = run_view(self.database, self.settings.service, view, call)
        return answer


def create_service(
    settings: Settings,
    database: Database,
    blueprints: Sequence[Blueprint],
    *,
    title: str,
    verifier: Verifier | None = None,
    import_name: str = __name__,
) -> ServiceApp:
    """Wire a service's app. `verifier` is for tests that mint tokens without an issuer."""
    app = ServiceApp(import_name, static_folder=None)
    app.database, app.settings = database, settings
    app.extensions[REQUEST_KEY] = hmac.digest(settings.wrapping_key, b"idempotent requests", "sha256")
    app.config.update(
        API_TITLE=title,
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/",
        OPENAPI_JSON_PATH="openapi.json",
        MAX_CONTENT_LENGTH=settings.max_body_bytes,
        MAX_FORM_MEMORY_SIZE=settings.max_body_bytes,
        PROPAGATE_EXCEPTIONS=False,
    )
    app.json = OrjsonProvider(app)
    verifier = verifier or Verifier(
        settings.jwks_url, settings.issuer, settings.audience, settings.algorithms
    )
    api = Api(app, spec_kwargs={"extra_plugins": [AccessPlugin(app)]})
    api.ERROR_SCHEMA = None
    api.ma_plugin.converter.add_attribute_function(tidy)
    for blueprint in blueprints:
        api.register_blueprint(blueprint)
    _observe(app)
    app.before_request(lambda: check_access(verifier))
    app.before_request(_check_json)
    _answer_errors(app)
    _add_health(app)
    if settings.tracing:
        _trace(app)
    return app


def _observe(app: ServiceApp) -> None:
    log = logger("http", service=app.settings.service)

    def begin() -> None:
        g.started = time.perf_counter()
        g.request_id = request.headers.get("X-Request-Id", "")[:64] or new_id()
        structlog.contextvars.bind_contextvars(request_id=g.request_id)

    def end(response: Response) -> Response:
        seconds = time.perf_counter() - g.get("started", time.perf_counter())
        route = str(request.url_rule) if request.url_rule else "(none)"
        method = request.method if request.method in METHODS else "OTHER"
        metrics.REQUESTS.labels(app.settings.service, route, method, response.status_code).observe(seconds)
        response.headers["X-Request-Id"] = g.get("request_id", "")
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers["X-Content-Type-Options"] = "nosniff"
        if response.status_code >= 400:
            drain()
        if response.status_code >= 500:
            log.error("request failed", route=route, method=method, status=response.status_code)
        return response

    app.before_request(begin)
    app.after_request(end)


def drain() -> None:
    """Read what is left of a refused body, within bounds: a server that hangs up on a client that is still
    sending breaks its connection, and the client never reads why."""
    if 0 < (request.content_length or 0) <= DRAINED_BYTES:
        with contextlib.suppress(ClientDisconnected, OSError):  # nobody is there to read the answer
            while request.environ["wsgi.input"].read(2**20):
                pass


def _check_json() -> None:
    """Refuse JSON that the standard library reads and that only does harm behind it: lone surrogates, NaN,
    NUL (no column can keep it), and a depth that no request of ours needs (orjson writes 254 levels)."""
    if not request.is_json or request.endpoint is None:
        return
    body = request.get_data()
    if not body:
        return
    try:
        g.canonical_body = orjson.dumps(orjson.loads(body), option=orjson.OPT_SORT_KEYS)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError) as error:
        raise Problem(400, "MALFORMED_JSON") from error
    if NUL_IN_JSON.search(body):
        raise Problem(400, "MALFORMED_JSON")


def _answer_errors(app: ServiceApp) -> None:
    def on_problem(problem: Problem) -> Response:
        response = problem_response(problem.status, problem.code, problem.facts, problem.errors)
        if problem.status == 401:
            response.headers["WWW-Authenticate"] = "Bearer"
        if problem.status in RETRY_AFTER:
            response.headers["Retry-After"] = RETRY_AFTER[problem.status]
        return response

    def on_http(error: HTTPException) -> Response:
        status = error.code or 500
        data: dict[str, Any] = getattr(error, "data", None) or {}
        if status == 400 and "JSON" in f"{error.description} {data.get('messages', '')}":
            return problem_response(400, "MALFORMED_JSON", {})
        if status >= 500:
            return on_anything(error)
        facts = {"megabytes": app.settings.max_body_bytes // 2**20} if status == 413 else {}
        response = problem_response(status, CODES.get(status, "BAD_REQUEST"), facts, data.get("messages"))
        if methods := getattr(error, "valid_methods", None):
            response.headers["Allow"] = ", ".join(sorted(methods))
        return response

    def on_outage(error: Exception) -> Response:
        if isinstance(error, DataError):  # a value that no column can hold, such as NUL in an address
            logger("http", service=app.settings.service).warning("value refused by the database")
            return problem_response(400, "BAD_REQUEST", {})
        if not is_outage(error):
            return on_anything(error)
        logger("http", service=app.settings.service).error("database unavailable", error=type(error).__name__)
        return on_problem(Problem(503, "UNAVAILABLE"))

    def on_anything(error: Exception) -> Response:
        logger("http", service=app.settings.service).error("unexpected error", exc_info=error)
        return problem_response(500, "INTERNAL_ERROR", {"request_id": g.get("request_id", "")})

    app.register_error_handler(Problem, on_problem)
    app.register_error_handler(HTTPException, on_http)
    for outage in (DBAPIError, PoolTimeout, DatabaseUnavailable):
        app.register_error_handler(outage, on_outage)
    app.register_error_handler(Exception, on_anything)
    app.teardown_request(lambda _error: close_session())


def _add_health(app: ServiceApp) -> None:
    @app.get("/healthz")
    @requires(PUBLIC)
    def healthz() -> dict[str, str]:
        """The process answers."""
        return {"status": "ok", "service": app.settings.service}

    @app.get("/readyz")
    @requires(PUBLIC)
    def readyz() -> dict[str, str]:
        """The process can work: its database answers and is migrated."""
        app.database.ping()
        found, wanted = current_revision(app.database.engine), head_revision(app.settings.service)
        if found != wanted:
            raise Problem(503, "UNAVAILABLE")
        return {"status": "ready", "revision": str(found)}

    @app.get("/metrics")
    @requires(PUBLIC)
    def metrics_page() -> Response:
        return Response(metrics.exposition(), content_type="text/plain; version=0.0.4; charset=utf-8")


def _trace(app: ServiceApp) -> None:
    from opentelemetry.instrumentation.flask import FlaskInstrumentor

    instrument_psycopg()
    FlaskInstrumentor().instrument_app(app, response_hook=forget_query)  # type: ignore[no-untyped-call]
