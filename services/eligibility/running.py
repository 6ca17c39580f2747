"""Which programmes approve now, and under which terms."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.eligibility import rulebook
from services.eligibility.models import ProgrammeVersion
from services.eligibility.rules import Programme
from shared.refusal import Refusal


def running(session: Session, programme_id: str) -> Programme | Refusal:
    """The programme as it is in force. Refusals: PROGRAMME_UNKNOWN, PROGRAMME_STOPPED."""
    rules = rulebook.current(session, [programme_id]).get(programme_id)
    if rules is None:
        return Refusal("PROGRAMME_UNKNOWN", programme_id=programme_id)
    in_force = rules.programme
    status = session.scalar(
        select(ProgrammeVersion.status).where(
            ProgrammeVersion.id == programme_id, ProgrammeVersion.version == in_force.version
        )
    )
    return in_force if status == "published" else Refusal("PROGRAMME_STOPPED")
