"""Replay: fold the ledger into the state as of a moment, or one case alone."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.audit.ledger import Progress, Until, copy_rows, reported, snapshot
from services.audit.models import Ledger
from shared.db import Database
from shared.events import parse, upcast
from shared.events.upcast import UPCASTERS
from shared.folds import FOLDED_TYPES, SERVICES, Event, Replay, Shape

_CHOSEN = """
    FROM ledger
    WHERE (%(moment)s::timestamptz IS NULL OR time <= %(moment)s::timestamptz)
      AND (%(size)s::bigint IS NULL OR "index" < %(size)s::bigint)
"""
_COUNT = f"SELECT count(*) {_CHOSEN}"
_READ = f'SELECT bytes {_CHOSEN} AND type = ANY(%(types)s) ORDER BY "index"'


@dataclass(frozen=True, slots=True)
class Replayed:
    """`states` as of the moment asked for; `events` = all events until then, folded or not."""

    replay: Replay
    events: int


def replay(database: Database, until: Until | None = None, progress: Progress | None = None) -> Replayed:
    """Fold all events until then (default: all). Raises DatabaseUnavailable."""
    until = until or Until()
    values = {"moment": until.moment, "size": until.size, "types": _read_types()}
    folded = Replay()
    feed, loads = folded.feed, orjson.loads
    with snapshot(database) as connection:
        row = connection.execute(_COUNT, values).fetchone()
        events = int(row[0]) if row else 0
        for (raw,) in copy_rows(connection, _READ, ["bytea"], values):
            feed(_newest(raw) if UPCASTERS else loads(raw))
            reported(progress, folded.events, events)
    return Replayed(folded, events)


def replay_case(session: Session, application_id: str, moment: datetime | None) -> tuple[int, int, Replay]:
    """One case alone, through the key's index: (events in all, events until `moment`, their fold)."""
    query = select(Ledger.time, Ledger.bytes).where(
        Ledger.key == application_id, Ledger.type.in_(_read_types())
    )
    rows = session.execute(query.order_by(Ledger.index)).all()
    folded = Replay()
    for time, raw in rows:
        if moment is None or time <= moment:
            folded.feed(_newest(raw))
    return len(rows), folded.events, folded


def case_states(folded: Replay, application_id: str) -> dict[str, Shape | None]:
    """What each service said of the case; None where it said nothing."""
    return {service: folded.shown(service, application_id) for service in SERVICES}


def _read_types() -> list[str]:
    """What is folded, and older versions that become it."""
    return sorted(FOLDED_TYPES | set(UPCASTERS))


def _newest(raw: bytes) -> Event:
    """An event as the newest version of its type says it."""
    event = upcast(parse(raw))
    attributes: dict[str, Any] = {"type": event.type, "data": event.data}
    return attributes
