"""Events: the envelope, the catalogue of types, and how old versions are read."""

from shared.events.catalogue import CATALOGUE, EventType, InvalidEvent, lookup, types_of_topics, validate
from shared.events.envelope import GENESIS, Envelope, Head, MalformedEvent, NewEvent, new_id, parse
from shared.events.upcast import upcast

__all__ = [
    "CATALOGUE",
    "GENESIS",
    "Envelope",
    "EventType",
    "Head",
    "InvalidEvent",
    "MalformedEvent",
    "NewEvent",
    "lookup",
    "new_id",
    "parse",
    "types_of_topics",
    "upcast",
    "validate",
]
