"""Money, as a province gives it."""

from datetime import datetime

from sqlalchemy.orm import Session

from services.disbursement import budgets
from services.disbursement.budgets import Movement
from services.disbursement.vouchers import SERVICE, serve_waitlist
from shared.auth import Actor
from shared.events import NewEvent
from shared.outbox.record import record


def allocate(
    session: Session, programme_id: str, amount: int, document: str, actor: Actor, now: datetime
) -> None:
    """Add `amount` đồng, by the decision `document` names, and serve who waits for it."""
    data = {"programme_id": programme_id, "amount": amount, "document": document}
    (event,) = record(session, SERVICE, [NewEvent("budget.allocated.v1", programme_id, data, actor.subject)])
    budgets.post(session, [Movement(programme_id, "allocate", amount, event.id)], now)
    available = budgets.allocate(session, programme_id, amount, document)
    serve_waitlist(session, programme_id, available, now, event)
