"""Counts of an area, and the live state of everything. No personal data."""

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.applications.models import Application
from services.applications.queries.finding import uuid_in
from shared.auth import Actor, within
from shared.web.paging import Page, decode_cursor, encode_cursor

_STATE = (
    Application.id,
    Application.household_id,
    Application.programme_id,
    Application.commune,
    Application.revision,
    Application.application_state,
    Application.eligibility_state,
    Application.disbursement_state,
    Application.status,
)


def funnel(session: Session, actor: Actor, programme_id: str) -> dict[str, Any]:
    """How many applications of the actor's area stand where. Whoever has no area counts nothing."""
    rows = session.execute(
        select(
            Application.status,
            Application.channel,
            Application.application_state,
            func.count().label("number"),
        )
        .where(
            Application.programme_id == programme_id,
            within(actor, Application.commune, Application.province),
        )
        .group_by(Application.status, Application.channel, Application.application_state)
    ).all()
    by_status: dict[str, int] = {}
    for row in rows:
        by_status[row.status] = by_status.get(row.status, 0) + row.number
    return {
        "programme_id": programme_id,
        "imported": sum(row.number for row in rows if row.channel == "list"),
        "submitted": sum(row.number for row in rows if row.application_state != "draft"),
        "withdrawn": sum(row.number for row in rows if row.application_state == "withdrawn"),
        "by_status": by_status,
    }


def villages(session: Session, actor: Actor, programme_id: str, commune: str) -> list[dict[str, Any]]:
    """How many applications of each village of a commune stand where; nothing outside the actor's area."""
    rows = session.execute(
        select(Application.village, Application.status, func.count().label("number"))
        .where(
            Application.commune == commune,
            Application.programme_id == programme_id,
            within(actor, Application.commune, Application.province),
        )
        .group_by(Application.village, Application.status)
        .order_by(Application.village, Application.status)
    ).all()
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row.village, {})[row.status] = row.number
    return [
        {"village": village, "applications": sum(by_status.values()), "by_status": by_status}
        for village, by_status in found.items()
    ]


def live_state(session: Session, cursor: str | None, limit: int) -> Page:
    """Where every application stands, in the shape of the audit's fold. Drafts have no event yet: absent."""
    query = select(*_STATE).where(Application.application_state != "draft").order_by(Application.id)
    if cursor is not None:
        (after,) = decode_cursor(cursor, 1)
        query = query.where(Application.id > uuid_in(after))
    found = session.execute(query.limit(limit + 1)).all()
    items = [{"key": one.id, "state": _state(one)} for one in found[:limit]]
    return Page(items, encode_cursor(found[limit - 1].id) if len(found) > limit else None)


def _state(one: Any) -> dict[str, Any]:
    return {
        "household_id": one.household_id,
        "programme_id": one.programme_id,
        "commune": one.commune,
        "revision": one.revision,
        "application": one.application_state,
        "eligibility": one.eligibility_state,
        "disbursement": one.disbursement_state,
        "status": one.status,
    }
