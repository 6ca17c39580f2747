"""Programmes as people read them."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from services.eligibility import rulebook
from services.eligibility.domain import OWN_REASONS
from services.eligibility.models import ProgrammeVersion
from services.eligibility.rules import Programme
from shared.auth import Actor
from shared.reference import areas
from shared.web.paging import Page, decode_cursor, encode_cursor
from shared.web.problems import sentence


def list_programmes(session: Session, actor: Actor, cursor: str | None, limit: int) -> Page:
    """The newest version of each programme that serves the actor's area, by id."""
    after = str(decode_cursor(cursor, 1)[0]) if cursor else ""
    found = [one for one in newest(session) if one.id > after and _serves(_programme(session, one), actor)]
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
        "document": rulebook.stored_document(session, row.id, row.version, row.digest),
        "reasons": {code: words(programme, code) for code in codes},
    }


def list_versions(session: Session, programme_id: str) -> list[dict[str, Any]]:
    """Every version of a programme, the newest first; nothing for an unknown one."""
    query = select(ProgrammeVersion).where(ProgrammeVersion.id == programme_id)
    rows = session.scalars(query.order_by(ProgrammeVersion.version.desc()))
    return [_summary(_programme(session, one), one) for one in rows]


def newest(session: Session) -> list[ProgrammeVersion]:
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
        "effective_from": row.effective_from,
        "period_from": programme.period_from,
        "period_to": programme.period_to,
        "amount": programme.amount,
        "published_by": row.published_by,
        "published_at": row.published_at,
    }


def words(programme: Programme, code: str) -> dict[str, str]:
    """A reason in both languages: the programme's own words, else the service's."""
    found = programme.reasons.get(code)
    if found is not None:
        return {"vi": found.vi, "en": found.en}
    return {"vi": sentence(code, "vi", {}), "en": sentence(code, "en", {})}
