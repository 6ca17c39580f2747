"""Reading single events: the ledger page by page, and one case's timeline."""

from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.audit.models import Ledger
from shared.auth import Actor, Role, may_act_in
from shared.reference import areas
from shared.web import Page, Problem, decode_cursor, encode_cursor

SUMMARY_FIELDS = frozenset(
    {
        "amount",
        "approved_by",
        "channel",
        "commune",
        "count",
        "decision_date",
        "decision_number",
        "entered_by",
        "expired_on",
        "expires_on",
        "outcome",
        "position",
        "price",
        "programme_id",
        "programme_version",
        "purpose",
        "reason",
        "redemption_id",
        "rejected_by",
        "replaces",
        "revision",
        "revoked_by",
        "shop_id",
        "subsidy",
        "voucher_id",
        "what",
    }
)
"""What a timeline tells of an event's data. Hashes of persons and handsets and everything sealed stay out."""

CASE_STREAMS = ("application/", "eligibility/", "disbursement/")
AREA_TYPES = ("application.submitted.v1", "application.corrected.v1")

Item = dict[str, Any]


def ledger_page(session: Session, cursor: str | None, limit: int) -> Page:
    """Events in index order, each with its whole JSON (whose canonical bytes give the hash).

    Raises Problem 400 for a cursor that is none of ours.
    """
    query = select(Ledger).order_by(Ledger.index).limit(limit + 1)
    if cursor is not None:
        (last,) = decode_cursor(cursor, 1)
        if not isinstance(last, int):
            raise Problem(400, "CURSOR_INVALID")
        query = query.where(Ledger.index > last)
    rows = list(session.scalars(query))
    items = [_entry(row) for row in rows[:limit]]
    return Page(items, encode_cursor(items[-1]["index"]) if len(rows) > limit else None)


def _entry(row: Ledger) -> Item:
    names = ("index", "stream", "version", "event_id", "type", "key", "time", "hash")
    return {**{name: getattr(row, name) for name in names}, "event": orjson.loads(row.bytes)}


def visible_case(session: Session, application_id: str, actor: Actor) -> bool:
    """Whether the case exists for `actor`: it was submitted, from a commune in the actor's area."""
    query = (
        select(Ledger.commune)
        .where(Ledger.key == application_id, Ledger.type.in_(AREA_TYPES))
        .order_by(Ledger.index.desc())
        .limit(1)
    )
    code = session.scalar(query)
    if code is None:
        return False
    unit = areas.commune(code)
    return may_act_in(actor, code, unit.province_code if unit else "")


def timeline(session: Session, application_id: str, actor: Actor) -> list[Item]:
    """What happened to the case, oldest first. Who read its personal data is for auditors alone."""
    rows = session.scalars(select(Ledger).where(Ledger.key == application_id).order_by(Ledger.index))
    everything = actor.has(Role.AUDITOR)
    return [_moment(row) for row in rows if everything or row.stream.startswith(CASE_STREAMS)]


def _moment(row: Ledger) -> Item:
    event = orjson.loads(row.bytes)
    return {
        "index": row.index,
        "time": row.time,
        "type": row.type,
        "version": row.version,
        "actor": event["actor"],
        "service": event["source"].lstrip("/"),
        "summary": {name: value for name, value in event["data"].items() if name in SUMMARY_FIELDS},
    }
