"""Finding applications: by filters, by words of a name, by a person's number, by id; newest first."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.applications.domain import search_words
from services.applications.entering import Secrets, unseal_part
from services.applications.models import Household
from services.applications.queries.search import Filter, Position, Search, Sought
from shared.auth import Actor
from shared.privacy import IdentityHasher
from shared.web.paging import Page, decode_cursor, encode_cursor
from shared.web.problems import Problem

MOST_WORDS = 12
_NUMBER = re.compile(r"[0-9]{12}|[0-9]{9}")
_NOISE = re.compile(r"[\s.\-]")


def understand(q: str | None, hasher: IdentityHasher) -> Sought | None:
    """What `q` asks for; None when no letter and no digit is in it, so that nothing can be found."""
    if q is None:
        return Sought()
    number = _NOISE.sub("", q)
    if _NUMBER.fullmatch(number):
        return Sought(person=hasher.citizen_id(number))
    try:
        return Sought(application_id=str(UUID(q.strip())))
    except ValueError:
        words = {hasher.word(word) for word in search_words(q)[:MOST_WORDS]}
    return Sought(words=tuple(sorted(words))) if words else None


def list_applications(
    session: Session, secrets: Secrets, actor: Actor, wanted: Filter, cursor: str | None, limit: int
) -> Page:
    """A page of the actor's area, newest first. Each item carries the head's name, unsealed here.

    A page may be short, even empty, and still have a next one. Raises Problem 400 for a cursor that is none.
    """
    after = position_of(cursor) if cursor is not None else None
    sought = understand(wanted.q, secrets.hasher)
    if sought is None:
        return Page([], None)
    rows, following = Search(session, actor, wanted, sought, limit).page(after)
    behind = encode_cursor(following[0].isoformat(), following[1]) if following is not None else None
    return Page(_with_names(session, secrets, rows), behind)


def position_of(cursor: str) -> Position:
    """Raises Problem 400."""
    moment, application_id = decode_cursor(cursor, 2)
    try:
        return datetime.fromisoformat(moment), uuid_in(application_id)
    except (TypeError, ValueError) as error:
        raise Problem(400, "CURSOR_INVALID") from error


def uuid_in(value: object) -> str:
    """An id out of a cursor. Raises Problem 400."""
    try:
        return str(UUID(str(value)))
    except ValueError as error:
        raise Problem(400, "CURSOR_INVALID") from error


def _with_names(session: Session, secrets: Secrets, rows: Sequence[Any]) -> list[dict[str, Any]]:
    """The rows with their heads' names; one whose key went while we read is left out."""
    households = {row.household_id for row in rows}
    keys = secrets.ring.load(session, households)
    heads = select(Household.id, Household.sealed).where(Household.id.in_(households))
    names = {
        head.id: _name(keys[head.id], head.sealed, head.id)
        for head in session.execute(heads)
        if head.id in keys
    }
    return [
        {**row._mapping, "application_id": row.id, "head_name": names[row.household_id]}
        for row in rows
        if row.household_id in names
    ]


def _name(key: bytes, sealed: bytes, household_id: str) -> str:
    return str(unseal_part(key, sealed, f"household/{household_id}")["name"])
