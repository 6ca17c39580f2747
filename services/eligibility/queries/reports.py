"""Counts, and the live state that the audit compares with its replay."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.eligibility.models import ApprovalList, CaseFile, ReasonTally
from services.eligibility.queries.programmes import newest
from shared.auth import Actor, within
from shared.web.paging import Page, decode_cursor, encode_cursor
from shared.web.problems import Problem

_STATE = (
    "household_id",
    "programme_id",
    "commune",
    "outcome",
    "programme_version",
    "digest",
    "status",
    "decision_number",
    "approved_by",
    "position",
    "amount",
    "taken_by",
    "withdrawn",
)
LIST_PREFIX, PROGRAMME_PREFIX = "list/", "programme/"
COUNTED = ("eligible", "ineligible", "referred")
DECIDED = ("approved", "rejected")


def funnel(session: Session, actor: Actor, programme_id: str) -> dict[str, Any]:
    """Counts of the actor's area; `eligible` and its kin count outcomes, whatever was decided after them."""
    rows = session.execute(
        select(CaseFile.outcome, CaseFile.status, func.count().label("number"))
        .where(CaseFile.programme_id == programme_id, within(actor, CaseFile.commune, CaseFile.province))
        .group_by(CaseFile.outcome, CaseFile.status)
    ).all()
    reasons = session.execute(
        select(ReasonTally.reason, func.sum(ReasonTally.count).label("number"))
        .where(
            ReasonTally.programme_id == programme_id,
            within(actor, ReasonTally.commune, ReasonTally.province),
            ReasonTally.count > 0,
        )
        .group_by(ReasonTally.reason)
        .order_by(ReasonTally.reason)
    ).all()
    return {
        "programme_id": programme_id,
        "assessed": sum(row.number for row in rows),
        **{name: sum(row.number for row in rows if row.outcome == name) for name in COUNTED},
        **{name: sum(row.number for row in rows if row.status == name) for name in DECIDED},
        "reasons": {row.reason: int(row.number) for row in reasons},
    }


def live_state(session: Session, cursor: str | None, limit: int) -> Page:
    """What the tables hold now, in the shape of the audit's fold: cases by id, then `list/<id>`, then
    `programme/<id>`."""
    after = str(decode_cursor(cursor, 1)[0]) if cursor else ""
    first = 2 if after.startswith(PROGRAMME_PREFIX) else 1 if after.startswith(LIST_PREFIX) else 0
    items: list[dict[str, Any]] = []
    for states in (_case_states, _list_states, _programme_states)[first:]:
        if len(items) <= limit:
            items += states(session, after, limit + 1 - len(items))
        after = ""
    page = items[:limit]
    return Page(page, encode_cursor(page[-1]["key"]) if len(items) > limit else None)


def _case_states(session: Session, after: str, limit: int) -> list[dict[str, Any]]:
    query = select(CaseFile.__table__).order_by(CaseFile.application_id).limit(limit)
    if after:
        query = query.where(CaseFile.application_id > _uuid(after))
    return [{"key": row["application_id"], "state": _state(row)} for row in session.execute(query).mappings()]


def _list_states(session: Session, after: str, limit: int) -> list[dict[str, Any]]:
    """Lists that were drafted; one that was approved at once is told by its approvals alone."""
    query = select(ApprovalList).where(ApprovalList.drafted_by.is_not(None)).order_by(ApprovalList.id)
    if after:
        query = query.where(ApprovalList.id > _uuid(after.removeprefix(LIST_PREFIX)))
    return [
        {
            "key": f"{LIST_PREFIX}{one.id}",
            "state": {
                "programme_id": one.programme_id,
                "commune": one.commune,
                "village": one.village,
                "cases": one.size,
                "status": one.status,
                "posted_on": one.posted_on.isoformat() if one.posted_on else None,
                "last_day": one.last_day.isoformat() if one.last_day else None,
            },
        }
        for one in session.scalars(query.limit(limit))
    ]


def _programme_states(session: Session, after: str, limit: int) -> list[dict[str, Any]]:
    found = {f"{PROGRAMME_PREFIX}{one.id}": one for one in newest(session)}
    states = [
        {"key": key, "state": {"version": one.version, "digest": one.digest, "status": one.status}}
        for key, one in sorted(found.items())
        if key > after
    ]
    return states[:limit]


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError as error:
        raise Problem(400, "CURSOR_INVALID") from error


def _state(row: Mapping[Any, Any]) -> dict[str, Any]:
    day = row["decision_date"]
    return {**{name: row[name] for name in _STATE}, "decision_date": day.isoformat() if day else None}
