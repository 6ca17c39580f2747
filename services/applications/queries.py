"""What is read of applications: pages by keyset, one case with its person, counts, and the live state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, literal, select, text, tuple_
from sqlalchemy.orm import Session

from services.applications.commands import find_application
from services.applications.entering import Secrets, unseal_part
from services.applications.models import Application, Household
from shared.auth import Actor, within
from shared.web.paging import Page, decode_cursor, encode_cursor
from shared.web.problems import Problem

_VERSIONS = text(
    """
    SELECT version, type, recorded_at, convert_from(bytes, 'UTF8')::json ->> 'actor' AS actor
    FROM event_log WHERE stream = :stream ORDER BY version
    """
)
_COLUMNS = (
    Application.id.label("application_id"),
    Application.household_id,
    Application.programme_id,
    Application.village,
    Application.commune,
    Application.status,
    Application.entered_by,
    Application.submitted_at,
    Application.created_at,
    Household.sealed,
)


@dataclass(frozen=True, slots=True)
class Filter:
    """What a listing is narrowed to; None is no limit."""

    programme_id: str | None = None
    commune: str | None = None
    village: str | None = None
    status: str | None = None


def list_applications(
    session: Session, secrets: Secrets, actor: Actor, wanted: Filter, cursor: str | None, limit: int
) -> Page:
    """A page of the actor's area, newest first. Each item carries the head's name, unsealed here.

    Raises Problem 400 for a cursor that is none of ours.
    """
    query = (
        select(*_COLUMNS)
        .join(Household, Household.id == Application.household_id)
        .where(within(actor, Application.commune, Application.province))
        .order_by(Application.created_at.desc(), Application.id.desc())
        .limit(limit + 1)
    )
    for column, value in (
        (Application.programme_id, wanted.programme_id),
        (Application.commune, wanted.commune),
        (Application.village, wanted.village),
        (Application.status, wanted.status),
    ):
        if value is not None:
            query = query.where(column == value)
    if cursor is not None:
        moment, last_id = _position(cursor)
        place = tuple_(literal(moment), literal(last_id, Application.id.type))
        query = query.where(tuple_(Application.created_at, Application.id) < place)
    rows = session.execute(query).mappings().all()
    page = rows[:limit]
    more = len(rows) > limit
    following = (
        encode_cursor(page[-1]["created_at"].isoformat(), page[-1]["application_id"]) if more else None
    )
    return Page(_with_names(session, secrets, page), following)


def read_application(
    session: Session, secrets: Secrets, application_id: str, actor: Actor
) -> dict[str, Any] | None:
    """One application with its person, its details and its versions; None outside the actor's area."""
    application = find_application(session, application_id, actor)
    if application is None:
        return None
    household = session.get_one(Household, application.household_id)
    key = secrets.ring.load(session, [household.id])[household.id]
    versions = session.execute(_VERSIONS, {"stream": f"application/{application_id}"}).mappings()
    return {
        **{name: getattr(application, name) for name in _DETAIL},
        "application_id": application.id,
        "head": unseal_part(key, household.sealed, f"household/{household.id}"),
        **unseal_part(key, application.sealed, f"application/{application.id}"),
        "versions": [dict(version) for version in versions],
    }


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


def live_state(session: Session, cursor: str | None, limit: int) -> Page:
    """Where every application stands, in the shape of the audit's fold. Drafts have no event yet: absent."""
    query = select(Application).where(Application.application_state != "draft").order_by(Application.id)
    if cursor is not None:
        (after,) = decode_cursor(cursor, 1)
        query = query.where(Application.id > _uuid(after))
    found = session.scalars(query.limit(limit + 1)).all()
    items = [{"key": one.id, "state": _state(one)} for one in found[:limit]]
    return Page(items, encode_cursor(found[limit - 1].id) if len(found) > limit else None)


_DETAIL = (
    "household_id",
    "programme_id",
    "commune",
    "province",
    "village",
    "status",
    "application_state",
    "eligibility_state",
    "disbursement_state",
    "revision",
    "entered_by",
    "channel",
    "legal_basis",
    "import_id",
    "created_at",
    "submitted_at",
)


def _state(one: Application) -> dict[str, Any]:
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


def _with_names(
    session: Session, secrets: Secrets, rows: Sequence[Mapping[Any, Any]]
) -> list[dict[str, Any]]:
    """The rows with `head_name` for `sealed`; one whose key went while we read is left out."""
    keys = secrets.ring.load(session, {row["household_id"] for row in rows})
    return [
        {
            **{name: value for name, value in row.items() if name != "sealed"},
            "head_name": _name(keys[row["household_id"]], row["sealed"], row["household_id"]),
        }
        for row in rows
        if row["household_id"] in keys
    ]


def _name(key: bytes, sealed: bytes, household_id: str) -> str:
    return str(unseal_part(key, sealed, f"household/{household_id}")["name"])


def _position(cursor: str) -> tuple[datetime, str]:
    moment, application_id = decode_cursor(cursor, 2)
    try:
        return datetime.fromisoformat(moment), _uuid(application_id)
    except (TypeError, ValueError) as error:
        raise Problem(400, "CURSOR_INVALID") from error


def _uuid(value: object) -> str:
    try:
        return str(UUID(str(value)))
    except ValueError as error:
        raise Problem(400, "CURSOR_INVALID") from error
