"""The audit service keeps every event of every topic: one handler for all types.

What it cannot take in (bytes that are no event, an unknown type, a stream with a hole) the inbox keeps as a
dead letter, so that nothing that ever travelled is lost.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text

from shared.events import CATALOGUE, Envelope
from shared.inbox import HandlerMap, Unit

_APPEND = text(
    """
    WITH head AS (
        UPDATE ledger_head SET size = size + :count RETURNING size - :count AS first
    )
    INSERT INTO ledger ("index", stream, version, event_id, type, key, commune, time, hash, bytes)
    SELECT head.first + place - 1, stream, version, event_id, type, key, commune, time, hash, bytes
    FROM head, unnest(
        CAST(:streams AS text[]), CAST(:versions AS integer[]), CAST(:ids AS uuid[]), CAST(:types AS text[]),
        CAST(:keys AS text[]), CAST(:communes AS text[]), CAST(:times AS timestamptz[]),
        CAST(:hashes AS text[]), CAST(:raws AS bytea[])
    ) WITH ORDINALITY AS t (stream, version, event_id, type, key, commune, time, hash, bytes, place)
    ORDER BY place
    """
)


def append(unit: Unit, events: Sequence[Envelope]) -> None:
    """Append `events` to the ledger. One statement: the head's row lock, held until the batch commits, lets
    one consumer append at a time, so that the index has no gap and grows in the order of commits."""
    unit.session.execute(_APPEND, _columns(events))


def _columns(events: Sequence[Envelope]) -> dict[str, Any]:
    return {
        "count": len(events),
        "streams": [event.stream for event in events],
        "versions": [event.version for event in events],
        "ids": [event.id for event in events],
        "types": [event.type for event in events],
        "keys": [event.key for event in events],
        "communes": [event.data.get("commune") for event in events],
        "times": [event.time for event in events],
        "hashes": [event.hash for event in events],
        "raws": [event.raw for event in events],
    }


HANDLERS: HandlerMap = dict.fromkeys(CATALOGUE, append)
