"""Which programmes approve now, and under which terms."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.eligibility import rulebook
from services.eligibility.models import ProgrammeVersion
from services.eligibility.rules import Programme
from shared.refusal import Refusal


def running(session: Session, programme_id: str) -> Programme | Refusal:
    """The programme as it is in force. Refusals: PROGRAMME_UNKNOWN, PROGRAMME_STOPPED."""
    status = session.scalar(
        select(ProgrammeVersion.status)
        .where(ProgrammeVersion.id == programme_id)
        .order_by(ProgrammeVersion.version.desc())
        .limit(1)
    )
    if status is None:
        return Refusal("PROGRAMME_UNKNOWN", programme_id=programme_id)
    if status != "published":
        return Refusal("PROGRAMME_STOPPED")
    return rulebook.current(session, [programme_id])[programme_id].programme
