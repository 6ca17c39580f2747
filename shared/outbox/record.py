"""`record`: put facts into the event log of the service, and into its outbox, in the caller's transaction."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from shared.db.lean import Lean
from shared.eventlog.placing import MAX_RECORD_BYTES
from shared.events import Envelope, EventType, Head, InvalidEvent, NewEvent, lookup, validate
from shared.events.envelope import check_key, seal_envelope
from shared.failpoints import failpoint
from shared.observability.tracing import current_traceparent

_HEADS = Lean(
    """
    SELECT wanted.stream, head.version, head.hash
    FROM unnest(CAST(:streams AS text[])) AS wanted (stream)
    CROSS JOIN LATERAL (
        SELECT version, hash FROM event_log
        WHERE event_log.stream = wanted.stream ORDER BY version DESC LIMIT 1
    ) AS head
    """
)

_STORE = Lean(
    """
    WITH fact AS (
        SELECT * FROM unnest(
            CAST(:streams AS text[]), CAST(:versions AS integer[]), CAST(:ids AS uuid[]),
            CAST(:types AS text[]), CAST(:prev_hashes AS text[]), CAST(:hashes AS text[]),
            CAST(:raws AS bytea[]), CAST(:topics AS text[]), CAST(:keys AS text[])
        ) WITH ORDINALITY AS t (stream, version, event_id, type, prev_hash, hash, bytes, topic, key, place)
    ), logged AS (
        INSERT INTO event_log (stream, version, event_id, type, prev_hash, hash, bytes)
        SELECT stream, version, event_id, type, prev_hash, hash, bytes FROM fact
    )
    INSERT INTO outbox (topic, key, stream, version)
    SELECT topic, key, stream, version FROM fact ORDER BY place
    """
)

STORE_ONE = """
    logged AS (
        INSERT INTO event_log (stream, version, event_id, type, prev_hash, hash, bytes)
        SELECT :event_stream, CAST(:event_version AS integer), CAST(:event_id AS uuid), :event_type,
               :event_prev_hash, :event_hash, CAST(:event_bytes AS bytea)
        FROM {guard} RETURNING stream, version
    ), queued AS (
        INSERT INTO outbox (topic, key, stream, version)
        SELECT :event_topic, :event_key, stream, version FROM logged
    )
"""
"""Two WITH clauses that store the event of `sealed` once for each row of `{guard}`: for a hot path whose one
statement changes the state and records the fact, or does neither."""


def sealed(service: str, event: NewEvent, head: Head) -> tuple[Envelope, dict[str, Any]]:
    """`event` behind `head`, the last of its stream, and the parameters of `STORE_ONE`. Raises InvalidEvent.

    A head that is no longer the last makes the insert fail, as in `record`. Call
    `failpoint("record.after_insert")` after the statement.
    """
    event_type, stream, event = _place(service, event)
    envelope = _seal(service, stream, event, head, datetime.now(UTC), current_traceparent())
    return envelope, {
        "event_stream": envelope.stream,
        "event_version": envelope.version,
        "event_id": envelope.id,
        "event_type": envelope.type,
        "event_prev_hash": envelope.prevhash,
        "event_hash": envelope.hash,
        "event_bytes": envelope.raw,
        "event_topic": event_type.topic,
        "event_key": envelope.key,
    }


def record(
    session: Session, service: str, events: Sequence[NewEvent], *, fresh: bool = False
) -> list[Envelope]:
    """Append `events` to their streams, in order, and queue them for the relay.

    `fresh` says that every event opens a new stream, which spares the look-up of the streams' heads; a
    stream that exists after all makes the insert fail, never a second version 1.
    Two transactions that append to one stream at once clash on `event_log_pkey`: `Database.run` and the
    request loop try again. Raises InvalidEvent for data that do not fit their schema, and for an event that
    no broker would store, since behind it the relay could never send another one.
    """
    if not events:
        return []
    moment = datetime.now(UTC)
    traceparent = current_traceparent()
    placed: list[tuple[EventType, str, NewEvent]] = [_place(service, event) for event in events]
    heads = {} if fresh else _heads(session, {stream for _, stream, _ in placed})
    envelopes = []
    for _, stream, event in placed:
        envelope = _seal(service, stream, event, heads.get(stream, Head()), moment, traceparent)
        heads[stream] = Head(envelope.version, envelope.hash)
        envelopes.append(envelope)
    _STORE.all(session, _columns(envelopes, [event_type.topic for event_type, _, _ in placed]))
    failpoint("record.after_insert")
    return envelopes


def _place(service: str, event: NewEvent) -> tuple[EventType, str, NewEvent]:
    event_type = lookup(event.type)
    validate(event_type, event.data)
    check_key(event.key)
    if event_type.service == "any":
        return event_type, f"{event_type.stream}-{service}/{event.key}", event
    if event_type.service != service:
        raise InvalidEvent(f"{service} may not record {event.type}: it belongs to {event_type.service}")
    return event_type, event_type.stream_of(event.key), event


def _seal(
    service: str, stream: str, event: NewEvent, head: Head, moment: datetime, traceparent: str | None
) -> Envelope:
    envelope = seal_envelope(
        event,
        stream=stream,
        source=f"/{service}",
        head=head,
        moment=moment,
        traceparent=traceparent or (event.cause.traceparent if event.cause else None),
    )
    if len(envelope.raw) + len(envelope.key) > MAX_RECORD_BYTES:
        raise InvalidEvent(f"{event.type}: {len(envelope.raw)} bytes are more than the event log stores")
    return envelope


def _heads(session: Session, streams: set[str]) -> dict[str, Head]:
    rows = _HEADS.all(session, {"streams": sorted(streams)})
    return {stream: Head(version, hash_) for stream, version, hash_ in rows}


def _columns(envelopes: Sequence[Envelope], topics: Sequence[str]) -> dict[str, list[Any]]:
    return {
        "streams": [event.stream for event in envelopes],
        "versions": [event.version for event in envelopes],
        "ids": [event.id for event in envelopes],
        "types": [event.type for event in envelopes],
        "prev_hashes": [event.prevhash for event in envelopes],
        "hashes": [event.hash for event in envelopes],
        "raws": [event.raw for event in envelopes],
        "topics": list(topics),
        "keys": [event.key for event in envelopes],
    }
