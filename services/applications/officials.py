"""Who handles applications: whoever applies with one of them in the household goes to a person first.

A manager registers an official's citizen ID, of which only the keyed hash is kept. From then on an
application that names this person, as head or member, says so among its sealed facts
(`conflict_of_interest`), and which `officials` belong to the household: they may not decide about it. The
register is small and every application is held against it, so each process keeps it for a short while.
Applications that came before are looked through by `looking_back.py`.
"""

import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, delete, func, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from services.applications.models import Official
from shared.auth import Actor
from shared.events import NewEvent
from shared.outbox import record
from shared.privacy import IdentityHasher
from shared.reference import identifiers
from shared.refusal import Refusal

FRESH_S = 30.0
"""Longest time in which another process does not know of a new official."""

Known = Mapping[str, str]
"""Officials: keyed hash of the citizen ID to subject."""

_kept: WeakKeyDictionary[Engine, tuple[float, Known]] = WeakKeyDictionary()
_lock = threading.Lock()


def known(session: Session) -> Known:
    """All officials, as known at most FRESH_S ago."""
    engine = session.get_bind().engine
    with _lock:
        read, found = _kept.get(engine, (float("-inf"), {}))
    if time.monotonic() - read < FRESH_S:
        return found
    found = {row.person: row.subject for row in session.execute(select(Official.person, Official.subject))}
    with _lock:
        _kept[engine] = (time.monotonic(), found)
    return found


def register(
    session: Session, hasher: IdentityHasher, subject: str, citizen_id: str, actor: Actor
) -> Refusal | None:
    """Register an official, or an official's number anew. Refusals: OFFICIAL_ID_INVALID,
    OFFICIAL_ID_TAKEN."""
    number = identifiers.citizen_id(citizen_id).value
    if number is None:
        return Refusal("OFFICIAL_ID_INVALID")
    values = {"person": hasher.citizen_id(number), "registered_by": actor.subject}
    if session.scalar(
        select(Official.subject).where(Official.person == values["person"], Official.subject != subject)
    ):
        return Refusal("OFFICIAL_ID_TAKEN")
    session.execute(
        upsert(Official)
        .values(subject=subject, **values)
        .on_conflict_do_update(
            index_elements=[Official.subject],
            set_={**values, "registered_at": func.now(), "looked_back_at": None},
        )
    )
    _tell(session, "official.registered.v1", subject, actor)
    return None


def remove(session: Session, subject: str, actor: Actor) -> bool:
    """Take somebody off the register who handles applications no more; False when nobody is there."""
    gone = session.execute(delete(Official).where(Official.subject == subject).returning(Official.subject))
    if gone.first() is None:
        return False
    _tell(session, "official.removed.v1", subject, actor)
    return True


def listed(session: Session) -> Sequence[dict[str, Any]]:
    """Who is registered, by subject; no number and no hash of one."""
    columns = (Official.subject, Official.registered_by, Official.registered_at, Official.looked_back_at)
    rows = session.execute(select(*columns).order_by(Official.subject)).mappings()
    return [dict(row) for row in rows]


def _tell(session: Session, type_: str, subject: str, actor: Actor) -> None:
    with _lock:
        _kept.pop(session.get_bind().engine, None)
    record(session, "applications", [NewEvent(type_, subject, {"subject": subject}, actor.subject)])
