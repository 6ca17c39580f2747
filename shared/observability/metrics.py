"""Prometheus metrics. Labels hold services, routes, types and states: never a person, never a case."""

import os
import socket
from pathlib import Path

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
    values,
)

_HOST = socket.gethostname()


def _process() -> str:
    """This process among all that share the directory: in containers, several have the same number."""
    return f"{_HOST}-{os.getpid()}"


if "PROMETHEUS_MULTIPROC_DIR" in os.environ:  # before the first metric is made
    values.ValueClass = values.MultiProcessValue(_process)  # type: ignore[no-untyped-call]

REQUESTS = Histogram(
    "songban_http_request_seconds",
    "Time to answer a request, by route and status",
    ["service", "route", "method", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
RELAYED = Counter("songban_relayed_events_total", "Events sent to the log and acknowledged", ["service"])
RELAY_FAILURES = Counter("songban_relay_failures_total", "Batches the log did not acknowledge", ["service"])
RELAY_WAITING = Gauge(
    "songban_relay_waiting_events",
    "Events in the outbox (counted up to 10,000)",
    ["service"],
    multiprocess_mode="mostrecent",
)
RELAY_AGE = Gauge(
    "songban_relay_oldest_seconds",
    "Age of the oldest waiting event",
    ["service"],
    multiprocess_mode="mostrecent",
)
CONSUMED = Counter("songban_consumed_events_total", "Events taken in, by type", ["service", "type"])
CONSUMER_LAG = Gauge(
    "songban_consumer_lag_events",
    "Events in the log not yet taken in",
    ["service"],
    multiprocess_mode="mostrecent",
)
CONSUMER_BRAKE = Gauge(
    "songban_consumer_brake", "1 while the brake holds", ["service"], multiprocess_mode="mostrecent"
)
CONSUMER_REBUILDS = Counter(
    "songban_consumer_rebuilds_total", "Consumers rebuilt by the watchdog", ["service"]
)
DEAD_LETTERS = Counter("songban_dead_letters_total", "Events put aside, by status", ["service", "status"])
HANDLER_SECONDS = Histogram(
    "songban_handler_seconds",
    "Time of a handler for one batch, by event type",
    ["service", "type"],
    buckets=(0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5),
)
HEARTBEAT = Gauge(
    "songban_heartbeat_timestamp_seconds",
    "When the loop of a process without a port last turned; 0 before its first turn",
    ["service", "role"],
    multiprocess_mode="max",
)
OVERDUE = Gauge(
    "songban_overdue_cases",
    "What waits past its deadline, by kind",
    ["service", "kind"],
    multiprocess_mode="mostrecent",
)
RULES_TAMPERED = Counter(
    "songban_rules_tampered_total", "Readings of rules that are not what was published", ["programme"]
)
SHOP_ALERTS = Counter(
    "songban_shop_alerts_total", "Patterns in shops' redemptions that were noticed, by kind", ["kind"]
)
JOB_SECONDS = Histogram(
    "songban_job_seconds",
    "Time of one run of a background job",
    ["service", "job"],
    buckets=(0.005, 0.05, 0.5, 5, 30, 120),
)
JOB_FAILURES = Counter(
    "songban_job_failures_total", "Runs of a background job that failed", ["service", "job"]
)


def exposition() -> bytes:
    """The metrics of this process, or of all processes of the service that share PROMETHEUS_MULTIPROC_DIR."""
    directory = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if directory is None:
        return generate_latest()
    Path(directory).mkdir(parents=True, exist_ok=True)
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)
