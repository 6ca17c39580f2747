"""What is read of eligibility: programmes, cases by keyset, one case with its reasons, counts, live state."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Uuid, func, literal, select, tuple_
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from services.eligibility import rulebook
from services.eligibility.cases import opened
from services.eligibility.commands import find_case
from services.eligibility.domain import OWN_REASONS
from services.eligibility.models import CaseFile, ProgrammeVersion, ReasonTally
from services.eligibility.rules import Programme
from shared.auth import Actor, within
from shared.privacy import KeyRing, Unreadable, unseal
from shared.reference import areas
from shared.web.paging import Page, decode_cursor, encode_cursor
from shared.web.problems import Problem, sentence

_ITEM = (
    CaseFile.application_id,
    CaseFile.household_id,
    CaseFile.programme_id,
    CaseFile.commune,
    CaseFile.status,
    CaseFile.outcome,
    CaseFile.entered_by,
    CaseFile.submitted_at,
    CaseFile.assessed_at,
    CaseFile.decision_number,
)
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
    "withdrawn",
)
PROGRAMME_PREFIX = "programme/"
COUNTED = ("eligible", "ineligible", "referred")
DECIDED = ("approved", "rejected")


@dataclass(frozen=True, slots=True)
class Filter:
    """What a listing is narrowed to; None is no limit."""

    programme_id: str | None = None
    commune: str | None = None
    status: str | None = None


def list_programmes(session: Session, actor: Actor, cursor: str | None, limit: int) -> Page:
    """The newest version of each programme that serves the actor's area, by id."""
    after = str(decode_cursor(cursor, 1)[0]) if cursor else ""
    found = [one for one in _newest(session) if one.id > after and _serves(_programme(session, one), actor)]
    page = found[:limit]
    following = encode_cursor(page[-1].id) if len(found) > limit else None
    return Page([_summary(_programme(session, one), one) for one in page], following)


def read_programme(session: Session, programme_id: str, version: int | None) -> dict[str, Any] | None:
    """One version (default: the newest) with its whole document and every reason's sentences."""
    query = select(ProgrammeVersion).where(ProgrammeVersion.id == programme_id)
    if version is not None:
        query = query.where(ProgrammeVersion.version == version)
    row = session.scalar(query.order_by(ProgrammeVersion.version.desc()).limit(1))
    if row is None:
        return None
    programme = _programme(session, row)
    codes = (*programme.reasons, *OWN_REASONS)
    return {
        **_summary(programme, row),
        "document": orjson.loads(row.document),
        "reasons": {code: _words(programme, code) for code in codes},
    }


def _newest(session: Session) -> list[ProgrammeVersion]:
    query = select(ProgrammeVersion).ext(distinct_on(ProgrammeVersion.id))
    return list(session.scalars(query.order_by(ProgrammeVersion.id, ProgrammeVersion.version.desc())))


def _programme(session: Session, row: ProgrammeVersion) -> Programme:
    return rulebook.of_version(session, row.id, row.version, row.digest).programme


def _serves(programme: Programme, actor: Actor) -> bool:
    commune = areas.commune(actor.commune) if actor.commune else None
    province = commune.province_code if commune else actor.province
    return province is None or programme.covers(province)


def _summary(programme: Programme, row: ProgrammeVersion) -> dict[str, Any]:
    return {
        "programme_id": row.id,
        "version": row.version,
        "digest": row.digest,
        "status": row.status,
        "name_vi": programme.name_vi,
        "name_en": programme.name_en,
        "period_from": programme.period_from,
        "period_to": programme.period_to,
        "amount": programme.amount,
        "published_by": row.published_by,
        "published_at": row.published_at,
    }


def _words(programme: Programme, code: str) -> dict[str, str]:
    """A reason in both languages: the programme's own words, else the service's."""
    found = programme.reasons.get(code)
    if found is not None:
        return {"vi": found.vi, "en": found.en}
    return {"vi": sentence(code, "vi", {}), "en": sentence(code, "en", {})}


def list_cases(session: Session, actor: Actor, wanted: Filter, cursor: str | None, limit: int) -> Page:
    """A page of the actor's area in the order of submission. Raises Problem 400 for a foreign cursor."""
    query = (
        select(*_ITEM)
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
    if cursor is not None:
        query = query.where(tuple_(CaseFile.submitted_at, CaseFile.application_id) > tuple_(*_place(cursor)))
    rows = session.execute(query).mappings().all()
    page = rows[:limit]
    last = page[-1] if len(rows) > limit else None
    following = encode_cursor(last["submitted_at"].isoformat(), last["application_id"]) if last else None
    return Page(page, following)


def _place(cursor: str) -> tuple[Any, Any]:
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
        "reasons": [{"code": code, **_words(rules.programme, code)} for code in content["reasons"]],
        "rows": content["rows"],
        "looked_at": {name: content["looked_at"][name] for name in rules.seen},
        "rejection_reason": _rejection(case, key),
    }


def _rejection(case: Any, key: bytes) -> str | None:
    if case.rejection is None:
        return None
    try:
        content: dict[str, str] = unseal(key, case.rejection, f"rejection/{case.application_id}")
    except Unreadable:
        return None
    return content["reason"]


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
    """What the tables hold now, in the shape of the audit's fold: cases by id, then `programme/<id>`."""
    after = str(decode_cursor(cursor, 1)[0]) if cursor else ""
    items = [] if after.startswith(PROGRAMME_PREFIX) else _case_states(session, after, limit + 1)
    if len(items) <= limit:
        items += _programme_states(session, after, limit + 1 - len(items))
    page = items[:limit]
    return Page(page, encode_cursor(page[-1]["key"]) if len(items) > limit else None)


def _case_states(session: Session, after: str, limit: int) -> list[dict[str, Any]]:
    query = select(CaseFile.__table__).order_by(CaseFile.application_id).limit(limit)
    if after:
        query = query.where(CaseFile.application_id > _uuid(after))
    return [{"key": row["application_id"], "state": _state(row)} for row in session.execute(query).mappings()]


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError as error:
        raise Problem(400, "CURSOR_INVALID") from error


def _state(row: Mapping[Any, Any]) -> dict[str, Any]:
    day = row["decision_date"]
    return {**{name: row[name] for name in _STATE}, "decision_date": day.isoformat() if day else None}


def _programme_states(session: Session, after: str, limit: int) -> list[dict[str, Any]]:
    newest = {f"{PROGRAMME_PREFIX}{one.id}": one for one in _newest(session)}
    states = [
        {"key": key, "state": {"version": one.version, "digest": one.digest, "status": one.status}}
        for key, one in sorted(newest.items())
        if key > after
    ]
    return states[:limit]
