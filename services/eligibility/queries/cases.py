"""Cases: a page of them by keyset, and one with its reasons."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, literal, or_, select, tuple_
from sqlalchemy.orm import Session

from services.eligibility import namesakes, rulebook
from services.eligibility.cases import opened
from services.eligibility.commands import find_case
from services.eligibility.domain import APPEALABLE, REDEEMED_THOUGH_REVOKED, case_number
from services.eligibility.models import CaseFile, Objection
from services.eligibility.queries.programmes import words
from shared.auth import Actor, within
from shared.privacy import KeyRing, Unreadable, unseal
from shared.web.paging import Page, decode_cursor, encode_cursor
from shared.web.problems import Problem, sentence

_ITEM = (
    CaseFile.application_id,
    CaseFile.household_id,
    CaseFile.programme_id,
    CaseFile.commune,
    CaseFile.village,
    CaseFile.status,
    CaseFile.outcome,
    CaseFile.priority,
    CaseFile.entered_by,
    CaseFile.submitted_at,
    CaseFile.assessed_at,
    CaseFile.decision_number,
)


@dataclass(frozen=True, slots=True)
class Filter:
    """What a listing is narrowed to; None is no limit. `flagged`: cases that somebody should look at
    again."""

    programme_id: str | None = None
    commune: str | None = None
    status: str | None = None
    flagged: bool = False


def list_cases(session: Session, actor: Actor, wanted: Filter, cursor: str | None, limit: int) -> Page:
    """A page of the actor's area in the order of submission. Raises Problem 400 for a foreign cursor."""
    query = (
        select(*_ITEM, CaseFile.flag, CaseFile.voucher)
        .where(within(actor, CaseFile.commune, CaseFile.province))
        .order_by(CaseFile.submitted_at, CaseFile.application_id)
        .limit(limit + 1)
    )
    for column, value in (
        (CaseFile.programme_id, wanted.programme_id),
        (CaseFile.commune, wanted.commune),
        (CaseFile.status, wanted.status),
    ):
        if value is not None:
            query = query.where(column == value)
    if wanted.flagged:
        late = (CaseFile.status == "revoked") & (CaseFile.voucher == "redeemed")
        query = query.where(or_(CaseFile.flag.is_not(None), late))
    if cursor is not None:
        place = keyset_place(cursor)
        query = query.where(tuple_(CaseFile.submitted_at, CaseFile.application_id) > tuple_(*place))
    rows = session.execute(query).mappings().all()
    page = [{**row, "flag": _flag(row)} for row in rows[:limit]]
    last = page[-1] if len(rows) > limit else None
    following = encode_cursor(last["submitted_at"].isoformat(), last["application_id"]) if last else None
    return Page(page, following)


def keyset_place(cursor: str) -> tuple[Any, Any]:
    """The moment and the id at which a page ended. Raises Problem 400 for a foreign cursor."""
    moment, key = decode_cursor(cursor, 2)
    try:
        return datetime.fromisoformat(str(moment)), literal(str(UUID(str(key))), Uuid(as_uuid=False))
    except ValueError as error:
        raise Problem(400, "CURSOR_INVALID") from error


def read_case(session: Session, ring: KeyRing, application_id: str, actor: Actor) -> dict[str, Any] | None:
    """One case with its reasons in words. None outside the actor's area and for an erased household."""
    case = find_case(session, application_id, actor)
    key = ring.load(session, [case.household_id]).get(case.household_id) if case else None
    if case is None or key is None:
        return None
    content = opened(case, key)
    rules = rulebook.of_version(session, case.programme_id, case.programme_version, case.digest)
    return {
        **case._mapping,
        "case_number": case_number(application_id),
        "flag": _flag(case._mapping),
        "reasons": [{"code": code, **words(rules.programme, code)} for code in content["reasons"]],
        "rows": content["rows"],
        "row": content["rows"][-1],
        "looked_at": {name: content["looked_at"][name] for name in rules.seen} | content["beside"],
        "rejection_reason": _sealed_reason(case, key, case.rejection, "rejection"),
        "review_reason": _sealed_reason(case, key, case.review, "referral"),
        "objections": _objections(session, application_id, key),
        "similar": _similar(session, application_id, actor),
        "appeal": appeal_path() if case.status in APPEALABLE else None,
    }


def appeal_path() -> dict[str, str]:
    """What a household may do that was refused, in both languages."""
    return {language: sentence("APPEAL_PATH", language, {}) for language in ("vi", "en")}


def _flag(row: Any) -> str | None:
    """Why somebody should look at a case again."""
    if row["status"] == "revoked" and row["voucher"] == "redeemed":
        return REDEEMED_THOUGH_REVOKED
    flag: str | None = row["flag"]
    return flag


def _sealed_reason(case: Any, key: bytes, sealed: str | None, place: str) -> str | None:
    content = _opened(key, sealed, f"{place}/{case.application_id}") if sealed else None
    return content["reason"] if content else None


def _objections(session: Session, application_id: str, key: bytes) -> list[dict[str, Any]]:
    rows = session.scalars(
        select(Objection).where(Objection.application_id == application_id).order_by(Objection.recorded_at)
    )
    found = []
    for row in rows:
        content = _opened(key, row.sealed, f"objection/{row.id}") or {}
        found.append({**content, "recorded_by": row.recorded_by, "recorded_at": row.recorded_at})
    return found


def _similar(session: Session, application_id: str, actor: Actor) -> list[dict[str, Any]]:
    return [
        {**row._mapping, "case_number": case_number(row.application_id)}
        for row in namesakes.similar(session, application_id, actor)
    ]


def _opened(key: bytes, sealed: str, place: str) -> dict[str, str] | None:
    try:
        content: dict[str, str] = unseal(key, sealed, place)
    except Unreadable:
        return None
    return content
