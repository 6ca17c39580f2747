"""The inbox: events come in exactly once per service, batch by batch, each batch one transaction."""

from shared.inbox.consumer import BrakeEngaged, Consume
from shared.inbox.dead_letters import DeadLetter, discard, find, replay
from shared.inbox.handlers import Handler, HandlerMap, Ignored, Transient, Unit, ignored, topics_of, undecided

__all__ = [
    "BrakeEngaged",
    "Consume",
    "DeadLetter",
    "Handler",
    "HandlerMap",
    "Ignored",
    "Transient",
    "Unit",
    "discard",
    "find",
    "ignored",
    "replay",
    "topics_of",
    "undecided",
]
