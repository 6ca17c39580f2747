"""What people ask about their own data (Law 91/2025/QH15): received, answered, extended once, closed.

A request outlives the household that it is about: it keeps ids and days, nothing else.
"""

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, func, insert, literal, or_, select, tuple_, update
from sqlalchemy.orm import Session

from services.applications.models import DataRequest, Household
from services.applications.queries.finding import uuid_in
from shared.auth import Actor, within
from shared.events import NewEvent, new_id
from shared.outbox import record
from shared.reference.workdays import working_days_after
from shared.refusal import Refusal
from shared.web.paging import Page, decode_cursor, encode_cursor
from shared.web.problems import Problem

ANSWER_DAYS = 2
DONE_DAYS = 10
EXTENDED_DAYS = 20
"""Working days (Decree 356/2025: answered in 2, done in 10, in 20 when it was extended)."""

_SHOWN = (
    "household_id", "commune", "kind", "received_on", "answer_due", "done_due", "extended",
    "extension_reason", "recorded_by", "answered_on", "answered_by", "closed_on", "closed_by", "outcome",
)  # fmt: skip


def receive(
    session: Session, household_id: str, kind: str, received_on: date, actor: Actor
) -> DataRequest | None:
    """Put a household's request on the list. None when there is no such household in the actor's area."""
    dues = {
        "answer_due": working_days_after(received_on, ANSWER_DAYS),
        "done_due": working_days_after(received_on, DONE_DAYS),
    }
    values = {
        "id": new_id(), "kind": kind, "received_on": received_on, "recorded_by": actor.subject, **dues,
    }  # fmt: skip
    columns = [DataRequest.__table__.c[name] for name in values]
    household = select(
        *(literal(value, column.type) for value, column in zip(values.values(), columns, strict=True)),
        Household.id,
        Household.commune,
        Household.province,
    ).where(Household.id == household_id, within(actor, Household.commune, Household.province))
    made = session.scalar(
        insert(DataRequest)
        .from_select([*values, "household_id", "commune", "province"], household)
        .returning(DataRequest)
    )
    if made is not None:
        said = {"commune": made.commune, "asked": kind, "received_on": _iso(received_on)}
        _tell(session, made, "received", actor, **said, **{name: _iso(day) for name, day in dues.items()})
    return made


def answer(session: Session, request_id: str, today: date, actor: Actor) -> DataRequest | Refusal | None:
    """The person was told that the request came in and what becomes of it. None as for all of these: there is
    no such request in the actor's area."""
    waiting = and_(DataRequest.answered_on.is_(None), DataRequest.closed_on.is_(None))
    values = {"answered_on": today, "answered_by": actor.subject}
    changed = _change(session, request_id, waiting, values, actor)
    if changed is not None:
        _tell(session, changed, "answered", actor, answered_on=_iso(today))
        return changed
    return _why_not(session, request_id, actor, "REQUEST_ANSWERED")


def extend(session: Session, request_id: str, reason: str, actor: Actor) -> DataRequest | Refusal | None:
    """Take the longer time, once; `reason` is a code."""
    found = find_request(session, request_id, actor)
    if found is None:
        return None
    due = working_days_after(found.received_on, EXTENDED_DAYS)
    once = and_(~DataRequest.extended, DataRequest.closed_on.is_(None))
    values = {"extended": True, "extension_reason": reason, "done_due": due}
    changed = _change(session, request_id, once, values, actor)
    if changed is not None:
        _tell(session, changed, "extended", actor, done_due=_iso(due), reason=reason)
        return changed
    return _why_not(session, request_id, actor, "REQUEST_EXTENDED")


def close(
    session: Session, request_id: str, outcome: str, today: date, actor: Actor
) -> DataRequest | Refusal | None:
    """What was asked for is done, or refused; that answers it too, if nobody has yet."""
    values = {
        "closed_on": today,
        "closed_by": actor.subject,
        "outcome": outcome,
        "answered_on": func.coalesce(DataRequest.answered_on, today),
        "answered_by": func.coalesce(DataRequest.answered_by, actor.subject),
    }
    changed = _change(session, request_id, DataRequest.closed_on.is_(None), values, actor)
    if changed is not None:
        _tell(session, changed, "closed", actor, closed_on=_iso(today), settled=outcome)
        return changed
    return _why_not(session, request_id, actor, "REQUEST_CLOSED")


def list_requests(
    session: Session,
    actor: Actor,
    today: date,
    *,
    overdue: bool,
    closed: bool,
    cursor: str | None,
    limit: int,
) -> Page:
    """Requests of the actor's area, what is due first, first. Raises Problem 400 for a foreign cursor."""
    query = (
        select(DataRequest)
        .where(within(actor, DataRequest.commune, DataRequest.province))
        .order_by(DataRequest.done_due, DataRequest.id)
        .limit(limit + 1)
    )
    if overdue:
        query = query.where(late(today))
    elif not closed:
        query = query.where(DataRequest.closed_on.is_(None))
    if cursor is not None:
        query = query.where(tuple_(DataRequest.done_due, DataRequest.id) > tuple_(*_place(cursor)))
    rows = session.scalars(query).all()
    last = rows[limit - 1] if len(rows) > limit else None
    following = encode_cursor(_iso(last.done_due), last.id) if last is not None else None
    return Page([shown(one) for one in rows[:limit]], following)


def count_late(session: Session, today: date) -> dict[str, int]:
    """How many requests wait for an answer, and how many for their end, past the day they were due."""
    row = session.execute(
        select(
            func.count().filter(_answer_late(today)).label("data_request_answer"),
            func.count().filter(_end_late(today)).label("data_request"),
        ).where(DataRequest.closed_on.is_(None))
    ).one()
    return dict(row._mapping)


def late(today: date) -> ColumnElement[bool]:
    """Past a day by which something was due."""
    return and_(DataRequest.closed_on.is_(None), or_(_answer_late(today), _end_late(today)))


def find_request(session: Session, request_id: str, actor: Actor) -> DataRequest | None:
    """A request of the actor's area."""
    return session.scalar(
        select(DataRequest).where(
            DataRequest.id == request_id, within(actor, DataRequest.commune, DataRequest.province)
        )
    )


def shown(one: DataRequest) -> dict[str, Any]:
    return {"request_id": one.id, **{name: getattr(one, name) for name in _SHOWN}}


def _answer_late(today: date) -> ColumnElement[bool]:
    return and_(DataRequest.answered_on.is_(None), DataRequest.answer_due < today)


def _end_late(today: date) -> ColumnElement[bool]:
    return DataRequest.done_due < today


def _change(
    session: Session, request_id: str, guard: ColumnElement[bool], values: dict[str, Any], actor: Actor
) -> DataRequest | None:
    statement = (
        update(DataRequest)
        .where(DataRequest.id == request_id, within(actor, DataRequest.commune, DataRequest.province), guard)
        .values(**values)
        .returning(DataRequest)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    return session.scalar(statement)


def _why_not(session: Session, request_id: str, actor: Actor, code: str) -> Refusal | None:
    """Read after the guarded update, so that the answer is about the state that refused it."""
    found = find_request(session, request_id, actor)
    if found is None:
        return None
    return Refusal("REQUEST_CLOSED" if found.closed_on is not None else code)


def _tell(session: Session, one: DataRequest, what: str, actor: Actor, **said: str) -> None:
    data = {"request_id": one.id, "household_id": one.household_id, **said}
    record(session, "applications", [NewEvent(f"request.{what}.v1", one.id, data, actor.subject)])


def _place(cursor: str) -> tuple[Any, Any]:
    day, request_id = decode_cursor(cursor, 2)
    try:
        return literal(date.fromisoformat(str(day))), literal(uuid_in(request_id), DataRequest.id.type)
    except ValueError as error:
        raise Problem(400, "CURSOR_INVALID") from error


def _iso(day: date) -> str:
    return day.isoformat()
