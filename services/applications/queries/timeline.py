"""A case's timeline: its own events out of the event log, the other services' as they were kept."""

from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from services.applications.case_events import facts_in, opened
from services.applications.entering import Secrets
from services.applications.models import Application, CaseEvent, Programme
from shared.auth import Actor, within
from shared.web.problems import sentence

Words = Mapping[str, Mapping[str, str]]
"""A programme's reasons: code → language → sentence."""

Moment = dict[str, Any]

_OWN = text("SELECT bytes, recorded_at FROM event_log WHERE stream = :stream ORDER BY version")


def timeline(session: Session, secrets: Secrets, application_id: str, actor: Actor) -> dict[str, Any] | None:
    """What every service said of a case, oldest first. None outside the actor's area."""
    query = (
        select(Application.household_id, Programme.reasons)
        .outerjoin(Programme, Programme.id == Application.programme_id)
        .where(Application.id == application_id, within(actor, Application.commune, Application.province))
    )
    row = session.execute(query).one_or_none()
    key = secrets.ring.load(session, [row.household_id]).get(row.household_id) if row is not None else None
    if row is None or key is None:
        return None
    items = moments(session, application_id, key, row.reasons or {})
    return {"application_id": application_id, "household_id": row.household_id, "items": items}


def moments(session: Session, application_id: str, key: bytes, words: Words) -> list[Moment]:
    """The timeline of a case whose household's key is at hand."""
    heard = select(CaseEvent).where(CaseEvent.application_id == application_id)
    items = [
        _moment(application_id, key, words, one.type, one.occurred_at, one.actor, one.facts, one.sealed)
        for one in session.scalars(heard)
    ]
    for raw, recorded_at in session.execute(_OWN, {"stream": f"application/{application_id}"}):
        event = orjson.loads(raw)
        data, kind = event["data"], event["type"]
        said = (kind, recorded_at, event["actor"], facts_in(data), data.get("sealed"))
        items.append(_moment(application_id, key, words, *said))
    return sorted(items, key=lambda item: item["at"])


def _moment(
    application_id: str,
    key: bytes,
    words: Words,
    kind: str,
    at: Any,
    actor: str,
    facts: Any,
    sealed: str | None,
) -> Moment:
    codes, written = opened(kind, application_id, sealed, key)
    reasons = [{"code": code, **_sentences(code, words)} for code in codes]
    return {"at": at, "type": kind, "actor": actor, "facts": facts, "reasons": reasons, "words": written}


def _sentences(code: str, words: Words) -> dict[str, str]:
    """The programme's own words, else those of the service that gave the reason."""
    own = words.get(code, {})
    return {language: own.get(language) or sentence(code, language, {}) for language in ("vi", "en")}
