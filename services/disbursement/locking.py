"""The PIN's lock: five wrong tries close a voucher, a person of the office opens it again, three times at
most.

Opening leaves the PIN as it is: the household's paper stays good, and nobody has to come down the mountain
for a new sheet. So all tries that a voucher will ever allow are 5 · (1 + 3) = 20 of 1,000,000 PINs; who
needs more gets a new voucher (`ending.reissue`).
"""

from typing import Any

from sqlalchemy import text, update
from sqlalchemy.orm import Session

from services.disbursement.domain import PIN_ATTEMPTS, UNLOCKS
from services.disbursement.domain import Voucher as Seen
from services.disbursement.models import Voucher
from services.disbursement.vouchers import SERVICE
from shared.auth import Actor, within
from shared.events import NewEvent
from shared.outbox.record import record

_COUNT_WRONG_PIN = text(
    f"""
    UPDATE voucher SET pin_attempts = pin_attempts + 1, locked = pin_attempts + 1 >= {PIN_ATTEMPTS}
    WHERE voucher_id = CAST(:voucher_id AS uuid) AND status = 'issued' AND NOT locked
    RETURNING pin_attempts
    """  # noqa: S608 - the number is ours
)


def count_wrong_pin(session: Session, voucher: Seen, actor: Actor) -> int:
    """Count one wrong PIN at the actor's shop, locking the voucher with the last; returns how many are
    left."""
    attempts = session.scalar(_COUNT_WRONG_PIN, {"voucher_id": voucher.voucher_id})
    left = PIN_ATTEMPTS - int(attempts) if attempts is not None else 0
    if attempts is not None and left == 0:
        data: dict[str, Any] = {
            "application_id": voucher.application_id,
            "household_id": voucher.household_id,
            "programme_id": voucher.programme_id,
            "voucher_id": voucher.voucher_id,
            "shop_id": actor.shop_id,
        }
        record(session, SERVICE, [NewEvent("voucher.locked.v1", voucher.application_id, data, actor.subject)])
    return left


def unlock(session: Session, voucher_id: str, reason: str, actor: Actor) -> bool:
    """Give a locked voucher of the actor's area its tries back; False when it cannot be."""
    statement = (
        update(Voucher)
        .where(
            Voucher.voucher_id == voucher_id,
            Voucher.status == "issued",
            Voucher.locked,
            Voucher.unlocks < UNLOCKS,
            within(actor, Voucher.commune, Voucher.province),
        )
        .values(pin_attempts=0, locked=False, unlocks=Voucher.unlocks + 1)
        .returning(Voucher.application_id, Voucher.household_id, Voucher.programme_id)
        .execution_options(synchronize_session=False)
    )
    row = session.execute(statement).first()
    if row is None:
        return False
    data = {
        "application_id": row.application_id,
        "household_id": row.household_id,
        "programme_id": row.programme_id,
        "voucher_id": voucher_id,
        "reason": reason,
    }
    record(session, SERVICE, [NewEvent("voucher.unlocked.v1", row.application_id, data, actor.subject)])
    return True
