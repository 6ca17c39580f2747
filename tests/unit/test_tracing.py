"""Traces hold no personal data: what follows the path of a request is left out."""

from flask import Flask
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shared.observability.tracing import forget_query

SEARCH = "/applications?q=giang+a+pao"


def spans_of(**options: object) -> str:
    """Everything that is exported of a search, under both ways in which a server names the address."""
    flask, exporter = Flask(__name__), InMemorySpanExporter()
    flask.get("/applications")(lambda: "ok")
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    FlaskInstrumentor().instrument_app(flask, tracer_provider=provider, **options)
    for named in ({}, {"RAW_URI": None, "REQUEST_URI": None}):
        assert flask.test_client().get(SEARCH, environ_overrides=named).status_code == 200
    return str([span.to_json() for span in exporter.get_finished_spans()])


def test_a_span_does_not_say_what_was_searched_for() -> None:
    told = spans_of(response_hook=forget_query)
    assert "/applications" in told
    assert "pao" not in told


def test_the_instrumentor_alone_would_say_it() -> None:
    assert "pao" in spans_of()
