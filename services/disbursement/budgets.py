"""The budgets: which one pays for a case, and the postings that move its money. Amounts are whole đồng.

Nothing here writes a balance: a posting does, inside the database (`move_money`), and its CHECKs refuse what
would overdraw a budget. The rows are hot: approvals and cancellations of a place all meet there. So each
transaction posts last, after its vouchers, and commits; who moves several budgets, or serves those who wait
for them, holds all of them first, in the order of the tree. Redemptions, the most frequent of all, post into
stripes beside the row and meet nobody.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from services.disbursement.domain import Place, budget_ids
from services.disbursement.models import Posting, table
from shared.db import insert_rows

OVERDRAWN = "budget_never_negative"

_OPEN = text(
    """
    INSERT INTO budget (budget_id, programme_id, province, commune, parent,
                        allocated, available, reserved, spent, distributed)
    VALUES (:budget_id, :programme_id, :province, :commune, :parent, 0, 0, 0, 0, 0)
    ON CONFLICT DO NOTHING RETURNING budget_id
    """
)
_STANDINGS = text(
    """
    SELECT budget_id, available, EXISTS (
        SELECT 1 FROM waitlist WHERE waitlist.budget_id = budget.budget_id AND status = 'waiting'
    ) AS waited_for
    FROM budget WHERE budget_id = ANY(CAST(:budget_ids AS text[]))
    """
)
_HOLD = text(
    """
    SELECT budget_id, available FROM budget WHERE budget_id = ANY(CAST(:budget_ids AS text[]))
    ORDER BY budget_id COLLATE "C" FOR NO KEY UPDATE
    """
)
"""Not FOR UPDATE: who has spent into a new stripe holds the budget's key, and two such would wait for each
other."""


class BudgetTooSmall(Exception):
    """The money does not reach: the statement's postings were refused, all of them."""


@dataclass(frozen=True, slots=True)
class Movement:
    """One posting: see `models.money` for the kinds. One about a voucher names it, one that a decision makes
    names its `document` and, when it corrects, the `reason`. The movements of one statement are all of one
    sort."""

    budget_id: str
    kind: str
    amount: int
    event_id: str
    voucher_id: str | None = None
    document: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """A budget at a glance, without a lock. `waited_for`: somebody stands in its line."""

    available: int
    waited_for: bool


def post(session: Session, movements: Sequence[Movement], moment: datetime) -> None:
    """Write the postings and so move the money; from here to the commit the budgets' rows are held.

    Raises BudgetTooSmall. The transaction is lost then unless a savepoint stands around the call.
    """
    try:
        insert_rows(session, table(Posting), [_row(movement, moment) for movement in movements])
    except IntegrityError as error:
        if getattr(getattr(error.orig, "diag", None), "constraint_name", None) == OVERDRAWN:
            raise BudgetTooSmall from error
        raise


def _row(movement: Movement, moment: datetime) -> dict[str, Any]:
    row = {
        "budget_id": movement.budget_id,
        "kind": movement.kind,
        "amount": movement.amount,
        "event_id": movement.event_id,
        "posted_at": moment,
    }
    if movement.voucher_id is not None:
        return {**row, "voucher_id": movement.voucher_id}
    return {**row, "document": movement.document, "reason": movement.reason}


def open_budget(session: Session, place: Place) -> bool:
    """Make the budget of a place, empty, with those above it; False when it was there.

    The caller holds those above that exist.
    """
    opened = False
    above: str | None = None
    for budget_id in reversed(budget_ids(place)):
        parts = budget_id.split("/")
        values = {
            "budget_id": budget_id,
            "programme_id": place.programme_id,
            "province": place.province if len(parts) > 1 else None,
            "commune": place.commune if len(parts) > 2 else None,
            "parent": above,
        }
        opened = session.execute(_OPEN, values).first() is not None
        above = budget_id
    return opened


def standings(session: Session, places: Iterable[Place]) -> dict[str, Standing]:
    """The budgets that exist among those that could pay for these places."""
    wanted = sorted({budget_id for place in places for budget_id in budget_ids(place)})
    rows = session.execute(_STANDINGS, {"budget_ids": wanted})
    return {row.budget_id: Standing(row.available, row.waited_for) for row in rows}


def charged(found: Mapping[str, Standing], place: Place) -> str:
    """The budget that pays for a place: the most specific one that exists, else the programme's."""
    return next((one for one in budget_ids(place) if one in found), place.programme_id)


def hold(session: Session, budget_ids: Iterable[str]) -> dict[str, int]:
    """Lock budgets' rows until the commit, in the order of the tree, opening a programme's at need; returns
    what is available in each of them that exists, the upper ones first.

    Whoever brings money meanwhile waits, and then sees whom this transaction has put on the waitlist. Whoever
    opens a budget below one of them waits too (see `open_budget`).
    """
    wanted = sorted(set(budget_ids))
    held = _hold(session, wanted)
    missing = [one for one in wanted if one not in held and "/" not in one]
    if not missing:
        return held
    for programme_id in missing:
        open_budget(session, Place(programme_id, None, None))
    return _hold(session, wanted)


def _hold(session: Session, wanted: list[str]) -> dict[str, int]:
    return {row.budget_id: row.available for row in session.execute(_HOLD, {"budget_ids": wanted})}
