"""A subject's whole file: all that this service holds of a household, and who has read it."""

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from services.applications.correcting import read_revisions
from services.applications.entering import Secrets, unseal_part
from services.applications.models import Application, DataRequest, Household, Programme
from services.applications.queries.timeline import moments
from services.applications.requests import shown
from services.applications.traces import keys_of
from shared.auth import Actor, within

_ACCESSES = text(
    """
    SELECT bytes, recorded_at FROM event_log
    WHERE stream = ANY(CAST(:streams AS text[])) AND type = 'access.recorded.v1'
      AND position(convert_to(:household, 'UTF8') IN bytes) > 0
    ORDER BY recorded_at, stream, version
    """
)
_STANDING = (
    "programme_id", "status", "application_state", "eligibility_state", "disbursement_state", "revision",
    "entered_by", "channel", "legal_basis", "created_at", "submitted_at", "appealed_at",
)  # fmt: skip


def whole_file(session: Session, secrets: Secrets, household_id: str, actor: Actor) -> dict[str, Any] | None:
    """Everything, opened. None when there is no such household in the actor's area."""
    home = session.scalar(
        select(Household).where(
            Household.id == household_id, within(actor, Household.commune, Household.province)
        )
    )
    key = secrets.ring.load(session, [household_id]).get(household_id) if home is not None else None
    if home is None or key is None:
        return None
    found = select(Application, Programme).outerjoin(Programme, Programme.id == Application.programme_id)
    query = found.where(Application.household_id == household_id).order_by(Application.created_at)
    rows = session.execute(query).all()
    ids = [application.id for application, _ in rows]
    keys = keys_of(household_id, home.commune, home.province, ids)
    return {
        "household_id": household_id,
        "commune": home.commune,
        "village": home.village,
        "head": unseal_part(key, home.sealed, f"household/{household_id}"),
        "created_at": home.created_at,
        "applications": [
            _application(session, secrets, one, programme, key, actor) for one, programme in rows
        ],
        "accesses": _accesses(session, household_id, keys),
        "requests": _requests(session, household_id),
    }


def _application(
    session: Session,
    secrets: Secrets,
    one: Application,
    programme: Programme | None,
    key: bytes,
    actor: Actor,
) -> dict[str, Any]:
    revisions = read_revisions(session, secrets, one.id, actor)
    return {
        "application_id": one.id,
        **{name: getattr(one, name) for name in _STANDING},
        "programme_vi": programme.name_vi if programme else None,
        "programme_en": programme.name_en if programme else None,
        "revisions": revisions.items if revisions else [],
        "timeline": moments(session, one.id, key, programme.reasons if programme else {}),
    }


def _accesses(session: Session, household_id: str, keys: Sequence[str]) -> list[dict[str, Any]]:
    """Who read the household's data here, and why, as the event log says; the oldest first."""
    streams = [f"access-applications/{key}" for key in keys]
    rows = session.execute(_ACCESSES, {"streams": streams, "household": household_id})
    events = [(orjson.loads(raw), recorded_at) for raw, recorded_at in rows]
    return [
        {
            "at": at,
            "actor": event["actor"],
            "what": event["data"]["what"],
            "purpose": event["data"]["purpose"],
        }
        for event, at in events
        if household_id in event["data"]["households"]
    ]


def _requests(session: Session, household_id: str) -> list[dict[str, Any]]:
    query = (
        select(DataRequest).where(DataRequest.household_id == household_id).order_by(DataRequest.received_on)
    )
    return [shown(one) for one in session.scalars(query)]
