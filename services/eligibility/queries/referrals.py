"""The queue of referred cases: what waits for whom until when, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, literal, select, tuple_
from sqlalchemy.orm import Session

from services.eligibility import rulebook
from services.eligibility.cases import opened
from services.eligibility.domain import case_number
from services.eligibility.models import CaseFile
from services.eligibility.queries.programmes import words
from shared.auth import Actor, Role, within
from shared.privacy import KeyRing
from shared.web.paging import Page, decode_cursor, encode_cursor
from shared.web.problems import Problem


@dataclass(frozen=True, slots=True)
class ReferralFilter:
    """What the queue is narrowed to; None is no limit. `mine`: taken by the actor."""

    programme_id: str | None = None
    commune: str | None = None
    overdue: bool = False
    mine: bool = False


def list_referrals(
    session: Session,
    ring: KeyRing,
    actor: Actor,
    wanted: ReferralFilter,
    cursor: str | None,
    limit: int,
    today: date,
) -> Page:
    """A page of the actor's area, the nearest deadline first. Raises Problem 400 for a foreign cursor."""
    query = (
        select(CaseFile.__table__)
        .where(
            CaseFile.due_on.is_not(None),
            ~CaseFile.withdrawn,
            within(actor, CaseFile.commune, CaseFile.province),
        )
        .order_by(CaseFile.due_on, CaseFile.application_id)
        .limit(limit + 1)
    )
    if wanted.programme_id is not None:
        query = query.where(CaseFile.programme_id == wanted.programme_id)
    if wanted.commune is not None:
        query = query.where(CaseFile.commune == wanted.commune)
    if wanted.overdue:
        query = query.where(CaseFile.due_on < today)
    if wanted.mine:
        query = query.where(CaseFile.taken_by == actor.subject)
    if cursor is not None:
        query = query.where(tuple_(CaseFile.due_on, CaseFile.application_id) > tuple_(*_place(cursor)))
    rows = session.execute(query).all()
    page = rows[:limit]
    last = page[-1] if len(rows) > limit else None
    keys = ring.load(session, {row.household_id for row in page})
    following = encode_cursor(last.due_on.isoformat(), last.application_id) if last else None
    return Page(_shown(session, page, keys, today), following)


def _shown(
    session: Session, page: Sequence[Any], keys: Mapping[str, bytes], today: date
) -> list[dict[str, Any]]:
    """Each with its reasons in words; a household that is being erased has none any more."""
    return [
        {
            "application_id": row.application_id,
            "household_id": row.household_id,
            "case_number": case_number(row.application_id),
            "programme_id": row.programme_id,
            "commune": row.commune,
            "village": row.village,
            "reasons": _reasons(session, row, keys.get(row.household_id)),
            "owner": {"role": Role.APPROVER.value, "province": row.province, "person": row.taken_by},
            "due_on": row.due_on,
            "overdue": row.due_on < today,
        }
        for row in page
    ]


def _reasons(session: Session, row: Any, key: bytes | None) -> list[dict[str, str]]:
    if key is None:
        return []
    rules = rulebook.of_version(session, row.programme_id, row.programme_version, row.digest)
    return [{"code": code, **words(rules.programme, code)} for code in opened(row, key)["reasons"]]


def _place(cursor: str) -> tuple[Any, Any]:
    day, key = decode_cursor(cursor, 2)
    try:
        return date.fromisoformat(str(day)), literal(str(UUID(str(key))), Uuid(as_uuid=False))
    except ValueError as error:
        raise Problem(400, "CURSOR_INVALID") from error
