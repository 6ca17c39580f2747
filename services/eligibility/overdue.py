"""What is past its deadline: referred cases that nobody has decided in time."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.eligibility.models import CaseFile


@dataclass(frozen=True, slots=True)
class Overdue:
    """A case past its last day. `owner` took it; None: any approver of the province has to."""

    application_id: str
    programme_id: str
    commune: str
    province: str
    owner: str | None
    due_on: date


def overdue(session: Session, today: date, limit: int = 1000) -> list[Overdue]:
    """The referred cases whose deadline was before `today` (a day in Viet Nam), the oldest first."""
    query = (
        select(CaseFile)
        .where(CaseFile.due_on < today, ~CaseFile.withdrawn)
        .order_by(CaseFile.due_on, CaseFile.application_id)
        .limit(limit)
    )
    return [
        Overdue(row.application_id, row.programme_id, row.commune, row.province, row.taken_by, row.due_on)
        for row in session.scalars(query)
        if row.due_on is not None
    ]


def count_overdue(session: Session, today: date) -> int:
    query = select(func.count()).where(CaseFile.due_on < today, ~CaseFile.withdrawn)
    return int(session.scalar(query) or 0)
