"""The budget's guarded statements. Amounts are whole đồng.

The row is hot: approvals, redemptions and cancellations of a programme all meet there. So each transaction
comes to it last, after its vouchers, and commits; who moves several programmes takes them in the order of
their ids. A redemption's money moves at its commit, by the trigger `redemption_settles_its_budget`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.disbursement.models import Posting, table
from shared.db import insert_rows

_OPEN = text(
    "INSERT INTO budget (programme_id, allocated, available, reserved, spent)"
    " VALUES (:programme_id, 0, 0, 0, 0) ON CONFLICT DO NOTHING"
)
_ALLOCATE = text(
    """
    UPDATE budget SET
        allocated = allocated + :amount, available = available + :amount, last_document = :document
    WHERE programme_id = :programme_id RETURNING available
    """
)
_RESERVE = text(
    """
    UPDATE budget SET available = available - :total, reserved = reserved + :total
    WHERE programme_id = :programme_id AND available >= :total RETURNING available
    """
)
_HOLD = text("SELECT available FROM budget WHERE programme_id = :programme_id FOR UPDATE")
_VOID = text(
    """
    UPDATE budget SET available = available + :total, reserved = reserved - :total
    WHERE programme_id = :programme_id AND reserved >= :total RETURNING available
    """
)
_SETTLE_NOW = text("SET CONSTRAINTS redemption_settles_its_budget IMMEDIATE")


class BudgetBroken(Exception):
    """The reservation that a voucher stands for is not in its budget: nothing may go on."""


@dataclass(frozen=True, slots=True)
class Movement:
    """One posting. `kind`: allocate, adjust, reserve, post or void."""

    programme_id: str
    kind: str
    amount: int
    event_id: str
    application_id: str | None = None
    voucher_id: str | None = None


def post(session: Session, movements: Sequence[Movement], moment: datetime) -> None:
    """Write the postings of movements that the caller makes in the same transaction."""
    rows = [
        {
            "programme_id": movement.programme_id,
            "kind": movement.kind,
            "amount": movement.amount,
            "application_id": movement.application_id,
            "voucher_id": movement.voucher_id,
            "event_id": movement.event_id,
            "posted_at": moment,
        }
        for movement in movements
    ]
    insert_rows(session, table(Posting), rows)


def allocate(session: Session, programme_id: str, amount: int, document: str) -> int:
    """Add money to a programme's budget, opening it at need; returns what is available now."""
    values = {"programme_id": programme_id, "amount": amount, "document": document}
    session.execute(_OPEN, {"programme_id": programme_id})
    return int(session.execute(_ALLOCATE, values).scalar_one())


def reserve(session: Session, programme_id: str, total: int) -> bool:
    """Reserve `total`, or nothing when the money does not reach."""
    return session.execute(_RESERVE, {"programme_id": programme_id, "total": total}).first() is not None


def hold(session: Session, programme_id: str) -> int:
    """Lock the budget's row until the commit, opening it at need; returns what is available.

    Whoever brings money meanwhile waits, and then sees whom this transaction has put on the waitlist.
    """
    available = session.scalar(_HOLD, {"programme_id": programme_id})
    if available is None:
        session.execute(_OPEN, {"programme_id": programme_id})
        available = session.execute(_HOLD, {"programme_id": programme_id}).scalar_one()
    return int(available)


def void(session: Session, programme_id: str, total: int) -> int:
    """Return a reservation of `total`; returns what is available now. Raises BudgetBroken."""
    available = session.execute(_VOID, {"programme_id": programme_id, "total": total}).scalar()
    if available is None:
        raise BudgetBroken(f"{programme_id} has not reserved {total}")
    return int(available)


def settle_now(session: Session, programme_id: str) -> int:
    """Let the redemptions of this transaction move their money now instead of at the commit; returns what is
    available then. For the rare one that leaves money over."""
    session.execute(_SETTLE_NOW)
    return hold(session, programme_id)
