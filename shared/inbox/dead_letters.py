"""Dead letters: events a handler could not take, and the later ones of their streams, parked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shared.db import Database
from shared.db.tables import dead_letter, inbox
from shared.eventlog.port import Received
from shared.events import Envelope, InvalidEvent, lookup, parse, upcast, validate
from shared.inbox.handlers import HandlerMap, Ignored, KeySource, Unit

OPEN = ("poison", "parked")


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """`status`: poison or parked (open), replayed or discarded (settled)."""

    id: int
    topic: str
    partition: int
    offset: int
    stream: str | None
    version: int | None
    type: str | None
    status: str
    error: str
    bytes: bytes
    failed_at: datetime


class NothingToSettle(LookupError):
    """No open dead letter has that id."""


def put_aside(session: Session, record: Received, event: Envelope | None, status: str, error: str) -> bool:
    """Keep the exact bytes and why they failed; a second delivery of the same record adds nothing (False)."""
    kept = session.execute(
        insert(dead_letter)
        .values(
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            key=record.key.replace("\0", "\ufffd"),
            stream=event.stream if event else None,
            version=event.version if event else None,
            type=event.type if event else None,
            status=status,
            error=error[:2000].replace("\0", "\ufffd"),
            bytes=record.value,
        )
        .on_conflict_do_nothing()
        .returning(dead_letter.c.id)
    )
    return kept.first() is not None


def find(session: Session, *, open_only: bool = True, limit: int = 200) -> list[DeadLetter]:
    """Dead letters, oldest first."""
    columns = [dead_letter.c[name] for name in DeadLetter.__dataclass_fields__]
    query = select(*columns).order_by(dead_letter.c.id).limit(limit)
    if open_only:
        query = query.where(dead_letter.c.status.in_(OPEN))
    return [DeadLetter(*row) for row in session.execute(query)]


def discard(session: Session, letter_id: int, actor: str, reason: str) -> None:
    """Give a dead letter up, for a reason that stays with it. Raises NothingToSettle."""
    if not reason.strip():
        raise ValueError("a dead letter is discarded for a reason")
    settled = session.execute(
        update(dead_letter)
        .where(dead_letter.c.id == letter_id, dead_letter.c.status.in_(OPEN))
        .values(status="discarded", settled_at=text("now()"), settled_by=actor, settled_reason=reason)
        .returning(dead_letter.c.id)
    )
    if settled.first() is None:
        raise NothingToSettle(f"no open dead letter {letter_id}")


def replay(
    database: Database,
    service: str,
    handlers: HandlerMap,
    actor: str,
    *,
    key_source: KeySource | None = None,
    stream: str | None = None,
) -> tuple[int, list[tuple[DeadLetter, str]]]:
    """Hand open dead letters to their handlers again, each in a transaction of its own, in stream order.

    A stream stops at its first letter that fails again. Returns how many went through, and the failures.
    """
    done = 0
    failures: list[tuple[DeadLetter, str]] = []
    stopped: set[str] = set()
    for letter in _open_letters(database, stream):
        if letter.stream in stopped:
            continue
        try:
            database.run(partial(_replay_one, service, handlers, letter, actor, key_source))
            done += 1
        except Exception as error:  # noqa: BLE001 - reported to the operator, the letter stays open
            failures.append((letter, f"{type(error).__name__}: {error}"))
            if letter.stream is not None:  # malformed ones have none, and do not wait for each other
                stopped.add(letter.stream)
    return done, failures


def _open_letters(database: Database, stream: str | None) -> Sequence[DeadLetter]:
    with database.transaction() as session:
        letters = find(session, limit=100_000)
    chosen = [letter for letter in letters if stream is None or letter.stream == stream]
    return sorted(chosen, key=lambda letter: (letter.stream or "", letter.version or 0, letter.id))


def _replay_one(
    service: str,
    handlers: HandlerMap,
    letter: DeadLetter,
    actor: str,
    key_source: KeySource | None,
    session: Session,
) -> None:
    claimed = session.execute(
        update(dead_letter)
        .where(dead_letter.c.id == letter.id, dead_letter.c.status.in_(OPEN))
        .values(status="replayed", settled_at=text("now()"), settled_by=actor, settled_reason="replayed")
        .returning(dead_letter.c.id)
    )
    if claimed.first() is None:
        raise NothingToSettle(f"dead letter {letter.id} was settled meanwhile")
    event = upcast(parse(letter.bytes))
    _check_place(session, event)
    handler = handlers.get(event.type)
    if handler is None:
        raise InvalidEvent(f"{service} has no decision about {event.type}")
    if not isinstance(handler, Ignored):
        validate(lookup(event.type), event.data)
        handler(Unit(session, service, key_source), [event])


def _check_place(session: Session, event: Envelope) -> None:
    """The event's place in its stream must be its own, and the one before it taken; else ValueError."""
    place = {"stream": event.stream, "version": event.version}
    session.execute(insert(inbox).values(**place, event_id=event.id).on_conflict_do_nothing())
    rows = session.execute(
        select(inbox.c.version, inbox.c.event_id).where(
            inbox.c.stream == event.stream, inbox.c.version.in_([event.version - 1, event.version])
        )
    )
    taken = {row.version: row.event_id for row in rows}
    if taken[event.version] != event.id:
        raise ValueError(f"{event.stream} has another version {event.version}: discard this one")
    if event.version > 1 and event.version - 1 not in taken:
        raise ValueError(f"{event.stream}: version {event.version - 1} has not come yet")
