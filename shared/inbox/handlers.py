"""What a service does with each event type: a handler, or the reason why it does nothing."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from shared.events import CATALOGUE, Envelope, NewEvent, types_of_topics
from shared.outbox.record import record

KeySource = Callable[[Session, Iterable[str]], Mapping[str, bytes]]
"""Household ids in, their keys out; an erased household has none. Raises Transient."""


class Transient(Exception):
    """Not now: something the handler needs is down. The batch is tried again in place."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One batch's unit of work, handed to every handler of the batch."""

    session: Session
    service: str
    key_source: KeySource | None = None

    @property
    def actor(self) -> str:
        return f"service:{self.service}"

    def record(self, events: Sequence[NewEvent], *, fresh: bool = False) -> list[Envelope]:
        """Record new facts in this batch's transaction."""
        return record(self.session, self.service, events, fresh=fresh)

    def keys(self, household_ids: Iterable[str]) -> Mapping[str, bytes]:
        """The households' keys; the erased ones are missing. Raises Transient while nobody answers."""
        if self.key_source is None:
            raise RuntimeError(f"{self.service} has no source of household keys")
        return self.key_source(self.session, household_ids)


Handler = Callable[[Unit, Sequence[Envelope]], None]
"""Gets all events of its type in a wave of the batch: at most one per partition key, so it may use
set-based statements. Raises Transient to be called again later; anything else it raises is poison."""


@dataclass(frozen=True, slots=True)
class Ignored:
    reason: str


HandlerMap = Mapping[str, Handler | Ignored]


def ignored(reason: str) -> Ignored:
    """A decision to do nothing, with its reason."""
    return Ignored(reason)


def topics_of(handlers: HandlerMap) -> list[str]:
    """The topics a consumer with these handlers reads."""
    return sorted({CATALOGUE[name].topic for name in handlers})


def undecided(handlers: HandlerMap) -> set[str]:
    """Types that travel on those topics and that nobody decided about."""
    return types_of_topics(topics_of(handlers)) - set(handlers)
