"""One application with its person."""

from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from services.applications.entering import Secrets, unseal_part
from services.applications.models import Application, Household
from shared.auth import Actor, within

_VERSIONS = text(
    """
    SELECT version, type, recorded_at, convert_from(bytes, 'UTF8')::json ->> 'actor' AS actor
    FROM event_log WHERE stream = :stream ORDER BY version
    """
)
_DETAIL = (
    "household_id", "programme_id", "commune", "province", "village", "status", "application_state",
    "eligibility_state", "disbursement_state", "revision", "entered_by", "channel", "legal_basis",
    "import_id", "created_at", "submitted_at", "corrected_by", "corrected_at", "correction_reason",
    "appealed_at",
)  # fmt: skip


def read_application(
    session: Session, secrets: Secrets, application_id: str, actor: Actor
) -> dict[str, Any] | None:
    """One application with its person, its details and its versions; None outside the actor's area."""
    query = (
        select(Application, Household.sealed.label("head"))
        .join(Household, Household.id == Application.household_id)
        .where(Application.id == application_id, within(actor, Application.commune, Application.province))
    )
    row = session.execute(query).one_or_none()
    keys = secrets.ring.load(session, [row.Application.household_id]) if row is not None else {}
    if row is None or not keys:
        return None
    application, (key,) = row.Application, keys.values()
    versions = session.execute(_VERSIONS, {"stream": f"application/{application_id}"}).mappings()
    return {
        **{name: getattr(application, name) for name in _DETAIL},
        "application_id": application.id,
        "head": unseal_part(key, row.head, f"household/{application.household_id}"),
        "grounds": _grounds(key, application),
        "correction_note": "",
        **unseal_part(key, application.sealed, f"application/{application.id}"),
        "versions": [dict(version) for version in versions],
    }


def _grounds(key: bytes, application: Application) -> str | None:
    """What the household said when it appealed."""
    if application.grounds is None:
        return None
    grounds: str = unseal_part(key, application.grounds, f"appeal/{application.id}")["grounds"]
    return grounds
