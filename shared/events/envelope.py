"""The CloudEvents 1.0 envelope in structured JSON mode.

Attributes beyond the standard ones are CloudEvents extensions: `partitionkey` (the Kafka key),
`streamversion` and `prevhash` (the chain of a stream), `correlationid`, `causationid`, `actor` and
`traceparent`. The stream's name is the CloudEvents `subject`.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
import uuid_utils

from shared.events import canonical

GENESIS = "0" * 64
"""`prevhash` of the first event of a stream."""


MAX_VERSION = 2**31 - 1
"""CloudEvents integers have 32 bits, and so has the column that keeps a version."""

_WORD = re.compile(r"[\x20-\x7e]{1,255}")
_FORMS: dict[str, re.Pattern[str]] = {
    "id": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "type": _WORD,
    "source": _WORD,
    "subject": _WORD,
    "time": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{6}Z"),
    "partitionkey": _WORD,
    "prevhash": re.compile(r"[0-9a-f]{64}"),
    "correlationid": _WORD,
    "actor": re.compile(r"[^\x00-\x1f]{1,255}"),
}
"""What each text attribute must look like, so that no column and no log line ever chokes on one."""

_OPTIONAL_FORMS = {"causationid": _WORD, "traceparent": _WORD}


class MalformedEvent(ValueError):
    """Bytes that are not an event of ours: not JSON, or an attribute is missing or has the wrong form."""


@dataclass(frozen=True, slots=True)
class NewEvent:
    """A fact on its way into the log; `shared.outbox.record` gives it its place in its stream.

    `key` is the partition key (application id, or the programme's, shop's, enterprise's own id).
    `actor` is the subject of the person or service that acts. `cause` is the event that led to this one.
    """

    type: str
    key: str
    data: dict[str, Any]
    actor: str
    cause: "Envelope | None" = None


@dataclass(frozen=True, slots=True)
class Envelope:
    """An event with its place in a stream. `raw` are the exact bytes, `hash` their SHA-256 in hex."""

    id: str
    type: str
    source: str
    stream: str
    time: str
    key: str
    version: int
    prevhash: str
    correlation: str
    causation: str | None
    actor: str
    traceparent: str | None
    data: dict[str, Any]
    raw: bytes = field(repr=False)
    hash: str


@dataclass(frozen=True, slots=True)
class Head:
    """The last event of a stream: its version (0 when there is none) and hash."""

    version: int = 0
    hash: str = GENESIS


def new_id() -> str:
    """A UUIDv7: time-ordered, so that indexes on it grow at one end."""
    return str(uuid_utils.uuid7())


def timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC with microseconds, always 27 characters, so that text order is time order."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def seal_envelope(
    new: NewEvent, *, stream: str, source: str, head: Head, moment: datetime, traceparent: str | None
) -> Envelope:
    """Put `new` behind `head` in `stream` and make its canonical bytes.

    Raises MalformedEvent for a key or an actor that `parse` would refuse.
    """
    check_key(new.key)
    _check_form("actor", new.actor, _FORMS["actor"])
    identity = new_id()
    attributes: dict[str, Any] = {
        "specversion": "1.0",
        "id": identity,
        "type": new.type,
        "source": source,
        "subject": stream,
        "time": timestamp(moment),
        "datacontenttype": "application/json",
        "partitionkey": new.key,
        "streamversion": head.version + 1,
        "prevhash": head.hash,
        "correlationid": new.cause.correlation if new.cause else identity,
        "actor": new.actor,
        "data": new.data,
    }
    if new.cause:
        attributes["causationid"] = new.cause.id
    if traceparent:
        attributes["traceparent"] = traceparent
    raw = canonical.encode(attributes)
    return _from_attributes(attributes, raw)


def parse(raw: bytes) -> Envelope:
    """Read an event. Raises MalformedEvent, never anything else."""
    try:
        attributes = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise MalformedEvent(f"not JSON: {error}") from error
    if not isinstance(attributes, dict) or attributes.get("specversion") != "1.0":
        raise MalformedEvent("not a CloudEvent 1.0")
    for name, form in _FORMS.items():
        _check_form(name, attributes.get(name), form)
    for name, form in _OPTIONAL_FORMS.items():
        if attributes.get(name) is not None:
            _check_form(name, attributes[name], form)
    version = attributes.get("streamversion")
    if type(version) is not int or not 1 <= version <= MAX_VERSION:
        raise MalformedEvent("streamversion is not a version")
    if not isinstance(attributes.get("data"), dict):
        raise MalformedEvent("data is not an object")
    return _from_attributes(attributes, raw)


def check_key(key: str) -> None:
    """Raises MalformedEvent for text that cannot be a partition key."""
    _check_form("partitionkey", key, _FORMS["partitionkey"])


def _check_form(name: str, value: Any, form: re.Pattern[str]) -> None:
    if not isinstance(value, str) or form.fullmatch(value) is None:
        raise MalformedEvent(f"{name} is missing or has the wrong form")


def _from_attributes(attributes: dict[str, Any], raw: bytes) -> Envelope:
    return Envelope(
        id=attributes["id"],
        type=attributes["type"],
        source=attributes["source"],
        stream=attributes["subject"],
        time=attributes["time"],
        key=attributes["partitionkey"],
        version=attributes["streamversion"],
        prevhash=attributes["prevhash"],
        correlation=attributes["correlationid"],
        causation=attributes.get("causationid"),
        actor=attributes["actor"],
        traceparent=attributes.get("traceparent"),
        data=attributes["data"],
        raw=raw,
        hash=canonical.digest(raw),
    )
