"""The event log behind one port: `connect` gives the broker that the settings name."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from shared.eventlog.port import (
    Consumer,
    EventLog,
    EventLogUnavailable,
    Producer,
    Received,
    Record,
    SendFailed,
    Topic,
)

__all__ = [
    "Consumer",
    "EventLog",
    "EventLogUnavailable",
    "Producer",
    "Received",
    "Record",
    "SendFailed",
    "Topic",
    "connect",
    "load_topics",
]


def connect(
    broker: str,
    *,
    bootstrap: str | None,
    database_url: str | None,
    client_id: str,
    api_version: tuple[int, int] | None = None,
) -> EventLog:
    """A connection to the "kafka" broker at `bootstrap` or to the "embedded" log in `database_url`.

    Talks to nobody yet, so a service starts while its broker is down. `api_version` is only for brokers
    that cannot say their own (the mock cluster of the fault tests).
    """
    if broker == "kafka" and bootstrap:
        from shared.eventlog.kafka import KafkaEventLog

        return KafkaEventLog(bootstrap, client_id, api_version=api_version)
    if broker == "embedded" and database_url:
        from shared.eventlog.postgres import PostgresEventLog

        return PostgresEventLog(database_url, client_id)
    raise ValueError(
        f"broker {broker!r} is unknown or lacks its address: kafka needs bootstrap, embedded a URL"
    )


def load_topics(path: Path, replication: int | None = None) -> list[Topic]:
    """The topics that `deploy/kafka/topics.yaml` declares; `replication` overrides the file's."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    defaults = document["defaults"]
    return [_topic(entry, defaults, replication) for entry in document["topics"]]


def _topic(entry: Mapping[str, Any], defaults: Mapping[str, Any], replication: int | None) -> Topic:
    config = {**defaults.get("config", {}), **entry.get("config", {})}
    return Topic(
        name=entry["name"],
        partitions=entry.get("partitions", defaults["partitions"]),
        replication=replication or entry.get("replication", defaults["replication"]),
        config=tuple(sorted((name, str(value)) for name, value in config.items())),
    )
