"""One batch of received events and the two ways to take it in: together, or one by one after a failure."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from shared.db import is_conflict, is_outage
from shared.eventlog.port import Received
from shared.events import Envelope, InvalidEvent, MalformedEvent, lookup, parse, upcast, validate
from shared.inbox.dead_letters import put_aside
from shared.inbox.handlers import HandlerMap, Ignored, KeySource, Transient, Unit
from shared.observability import metrics
from shared.observability.tracing import continue_trace

BRAKE_FAILURES = 10
"""So many poisoned events in a row, without one that a handler took, look like our own fault."""

_TAKE = text(
    """
    INSERT INTO inbox (stream, version, event_id)
    SELECT * FROM unnest(CAST(:streams AS text[]), CAST(:versions AS integer[]), CAST(:ids AS uuid[]))
    ON CONFLICT DO NOTHING RETURNING stream, version, event_id::text
    """
)
_CONTRADICTED = text(
    """
    SELECT got.stream, got.version, got.event_id::text
    FROM unnest(CAST(:streams AS text[]), CAST(:versions AS integer[]), CAST(:ids AS uuid[]))
         AS got (stream, version, event_id)
    JOIN inbox USING (stream, version) WHERE inbox.event_id <> got.event_id
    """
)
_PRESENT = text(
    """
    SELECT stream, version FROM inbox
    JOIN unnest(CAST(:streams AS text[]), CAST(:versions AS integer[])) AS got (stream, version)
    USING (stream, version)
    """
)
_PARKED = text(
    "SELECT DISTINCT stream FROM dead_letter"
    " WHERE status IN ('poison', 'parked') AND stream = ANY(CAST(:streams AS text[]))"
)

Place = tuple[str, int, str]
"""Stream, version and id of an event: what the inbox knows it by."""


class BrakeEngaged(Exception):
    """Nearly everything fails: stop and wait for a person instead of filling the dead letters."""


class StreamGap(ValueError):
    """An event came whose predecessor in its stream never did."""


class Contradiction(ValueError):
    """Two different events claim the same place in a stream."""


class Parked(ValueError):
    """An earlier event of the stream waits in the dead letters."""


@dataclass(slots=True)
class Outcome:
    """What became of a batch: events taken in by type, events put aside by status."""

    taken: Counter[str] = field(default_factory=Counter)
    dead: Counter[str] = field(default_factory=Counter)
    failures_in_a_row: int = 0


@dataclass(slots=True)
class Step:
    """A record that is not a second copy. One with a defect goes to the dead letters."""

    record: Received
    event: Envelope | None
    defect: Exception | None = None


class Batch:
    def __init__(
        self, service: str, received: Sequence[Received], handlers: HandlerMap, key_source: KeySource | None
    ) -> None:
        self._service = service
        self._handlers = handlers
        self._key_source = key_source
        self._parsed = _first_of_each([(record, _parse(record)) for record in received])

    def together(self, session: Session, failures_in_a_row: int) -> Outcome:
        """The usual way: what is defective by itself is put aside, every handler runs once per wave.

        Raises what a handler raises, or BrakeEngaged.
        """
        unit = Unit(session, self._service, self._key_source)
        outcome = Outcome(failures_in_a_row=failures_in_a_row)
        steps = self._take(session)
        for wave in waves([step.event for step in steps if step.event and not step.defect]):
            for name, group in wave.items():
                self._handle(unit, name, group)
        for step in steps:
            self._settle(session, step, outcome)
        return outcome

    def one_by_one(self, session: Session, failures_in_a_row: int) -> Outcome:
        """After a failure: each event in its own savepoint, so that one poison costs only itself.

        Poison and the later events of its stream go to the dead letters. Raises BrakeEngaged (and so rolls
        everything back) on mass failure, Transient or a database error when trying again is right.
        """
        unit = Unit(session, self._service, self._key_source)
        outcome = Outcome(failures_in_a_row=failures_in_a_row)
        poisoned: set[str] = set()
        for step in self._take(session):
            if step.event and not step.defect:
                step.defect = _parked(step.event, poisoned) or self._try(unit, step.event)
                if step.defect:
                    poisoned.add(step.event.stream)
            self._settle(session, step, outcome)
        return outcome

    def _settle(self, session: Session, step: Step, outcome: Outcome) -> None:
        if step.event and not step.defect:
            outcome.taken[step.event.type] += 1
            if not isinstance(self._handlers[step.event.type], Ignored):
                outcome.failures_in_a_row = 0
            return
        if isinstance(step.defect, Parked):
            put_aside(session, step.record, step.event, "parked", str(step.defect))
            outcome.dead["parked"] += 1
            return
        reason = f"{type(step.defect).__name__}: {step.defect}"
        if not put_aside(session, step.record, step.event, "poison", reason):
            return  # delivered again
        outcome.dead["poison"] += 1
        outcome.failures_in_a_row += 1
        if outcome.failures_in_a_row >= BRAKE_FAILURES:
            raise BrakeEngaged(f"{outcome.failures_in_a_row} failures in a row, the last: {reason}")

    def _try(self, unit: Unit, event: Envelope) -> Exception | None:
        try:
            with unit.session.begin_nested():
                self._handle(unit, event.type, [event])
        except Exception as error:  # whatever a handler raises is the poison we are looking for
            if isinstance(error, Transient) or is_outage(error) or is_conflict(error):
                raise
            return error
        return None

    def _handle(self, unit: Unit, name: str, events: list[Envelope]) -> None:
        handler = self._handlers.get(name)
        if handler is None:
            raise InvalidEvent(f"{self._service} has no decision about {name}")
        if isinstance(handler, Ignored):
            return
        event_type = lookup(name)
        for event in events:
            validate(event_type, event.data)
        carrier = {"traceparent": events[0].traceparent} if events[0].traceparent else {}
        with metrics.HANDLER_SECONDS.labels(self._service, name).time(), continue_trace(carrier):
            handler(unit, events)

    def _take(self, session: Session) -> list[Step]:
        """Write the inbox rows; returns the records that are new, in order, with what is wrong by itself.

        A defect parks the later events of its stream, in this batch too.
        """
        events = [event for _, event in self._parsed if isinstance(event, Envelope)]
        columns = _columns(events)
        taken = {tuple(row) for row in session.execute(_TAKE, columns)} if events else set()
        contradicted: set[Any] = set()
        if len(taken) < len(events):
            contradicted = {tuple(row) for row in session.execute(_CONTRADICTED, columns)}
        before = self._predecessors(session, [event for event in events if _place(event) in taken], taken)
        parked = set(session.scalars(_PARKED, {"streams": columns["streams"]})) if events else set()
        steps = []
        for record, event in self._parsed:
            if isinstance(event, MalformedEvent):
                steps.append(Step(record, None, event))
            elif _place(event) in contradicted:
                steps.append(Step(record, event, Contradiction(f"{_name(event)}: that place is taken")))
                parked.add(event.stream)
            elif _place(event) in taken:
                defect = _parked(event, parked) or _gap(event, before)
                steps.append(Step(record, event, defect))
                before.add((event.stream, event.version))
                if defect:
                    parked.add(event.stream)
        return steps

    @staticmethod
    def _predecessors(session: Session, fresh: list[Envelope], taken: set[Any]) -> set[tuple[str, int]]:
        """The places right before the fresh events that were taken before this batch."""
        here = {(stream, version) for stream, version, _ in taken}
        wanted = {(event.stream, event.version - 1) for event in fresh if event.version > 1} - here
        if not wanted:
            return set()
        columns = {
            "streams": [stream for stream, _ in wanted],
            "versions": [version for _, version in wanted],
        }
        return {(stream, version) for stream, version in session.execute(_PRESENT, columns)}


def waves(events: Sequence[Envelope]) -> Iterator[dict[str, list[Envelope]]]:
    """Cut a batch so that each wave holds at most one event per key, grouped by type, order kept per key."""
    layers: list[dict[str, list[Envelope]]] = []
    depth: Counter[str] = Counter()
    for event in events:
        place = depth[event.key]
        depth[event.key] += 1
        if place == len(layers):
            layers.append({})
        layers[place].setdefault(event.type, []).append(event)
    yield from layers


def _parse(record: Received) -> Envelope | MalformedEvent:
    try:
        event = parse(record.value)
    except MalformedEvent as error:
        return error
    try:
        return upcast(event)
    except Exception as error:  # noqa: BLE001 - data that their own version does not allow
        return MalformedEvent(f"{_name(event)} cannot be read as its newest version: {error!r}")


def _first_of_each(
    parsed: Sequence[tuple[Received, Envelope | MalformedEvent]],
) -> list[tuple[Received, Envelope | MalformedEvent]]:
    """Without second copies inside the batch."""
    seen: set[Place] = set()
    first: list[tuple[Received, Envelope | MalformedEvent]] = []
    for record, event in parsed:
        if isinstance(event, Envelope):
            if _place(event) in seen:
                continue
            seen.add(_place(event))
        first.append((record, event))
    return first


def _parked(event: Envelope, streams: set[str]) -> Parked | None:
    return Parked("an earlier event of this stream was put aside") if event.stream in streams else None


def _gap(event: Envelope, before: set[tuple[str, int]]) -> StreamGap | None:
    if event.version == 1 or (event.stream, event.version - 1) in before:
        return None
    return StreamGap(f"{_name(event)} came without version {event.version - 1}")


def _place(event: Envelope) -> Place:
    return event.stream, event.version, event.id


def _name(event: Envelope) -> str:
    return f"{event.stream} version {event.version}"


def _columns(events: Sequence[Envelope]) -> dict[str, list[Any]]:
    return {
        "streams": [event.stream for event in events],
        "versions": [event.version for event in events],
        "ids": [event.id for event in events],
    }
