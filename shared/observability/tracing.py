"""W3C trace context through HTTP requests and events.

The context is read and written by OpenTelemetry's own propagator, always. Spans are made only when
`SONGBAN_TRACING` is on: then the flask and psycopg instrumentors run, and the exporter is whatever the
standard `OTEL_*` variables name.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from opentelemetry import context, trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

ADDRESSES = ("http.target", "http.url", "url.full")
"""A span's attributes that hold the address of a request."""

_propagator = TraceContextTextMapPropagator()


def current_traceparent() -> str | None:
    """The `traceparent` of what is going on now, or None outside any trace."""
    if not trace.get_current_span().get_span_context().is_valid:
        return None
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return carrier.get("traceparent")


@contextmanager
def continue_trace(carrier: Mapping[str, str]) -> Iterator[None]:
    """Run a block inside the trace that `carrier` names; a missing or malformed one changes nothing."""
    if "traceparent" not in carrier:
        yield
        return
    token = context.attach(_propagator.extract(carrier))
    try:
        yield
    finally:
        context.detach(token)


def forget_query(span: trace.Span, _status: str, _headers: Any) -> None:
    """For the flask instrumentor: what somebody searched for stands behind the path, and a name among it."""
    told: Mapping[str, Any] = getattr(span, "attributes", None) or {}
    for name in ADDRESSES:
        if name in told:
            span.set_attribute(name, str(told[name]).partition("?")[0])
    if "url.query" in told:
        span.set_attribute("url.query", "")


def instrument_psycopg() -> None:
    """Spans for every statement; called once per process, only when tracing is on."""
    from opentelemetry.instrumentation.psycopg import PsycopgInstrumentor
    from opentelemetry.sdk.trace import TracerProvider

    trace.set_tracer_provider(TracerProvider())
    PsycopgInstrumentor().instrument()
