"""What the office does with a voucher that is out: cancel it, put a new one in its place, open its lock."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.disbursement import ending, locking
from services.disbursement.domain import gone, local_date
from services.disbursement.models import Voucher
from shared.auth import Actor, within
from shared.refusal import Refusal


def cancel(session: Session, voucher_id: str, reason: str, actor: Actor, now: datetime) -> Refusal | None:
    """Take a voucher back and free its money. Refusals: NOT_FOUND, or how it ended already."""
    if ending.cancel_one(session, voucher_id, reason, actor, now):
        return None
    return _why_not(session, voucher_id, actor) or Refusal("VOUCHER_CANCELLED")


def reissue(session: Session, voucher_id: str, reason: str, actor: Actor, now: datetime) -> str | Refusal:
    """The id of the new voucher; the old one's code is dead. Refusals: NOT_FOUND, or how it ended already."""
    new_id = ending.reissue(session, voucher_id, reason, actor, local_date(now), now)
    return new_id or _why_not(session, voucher_id, actor) or Refusal("VOUCHER_EXPIRED")


def unlock(session: Session, voucher_id: str, reason: str, actor: Actor) -> Refusal | None:
    """Give a voucher's PIN its tries back. Refusals: NOT_FOUND, how it ended already, VOUCHER_NOT_LOCKED,
    VOUCHER_UNLOCKED_TOO_OFTEN."""
    if locking.unlock(session, voucher_id, reason, actor):
        return None
    found = _visible(session, voucher_id, actor)
    if found is not None and found.status == "issued":
        return Refusal("VOUCHER_UNLOCKED_TOO_OFTEN" if found.locked else "VOUCHER_NOT_LOCKED")
    return _why_not(session, voucher_id, actor) or Refusal("VOUCHER_NOT_LOCKED")


def _why_not(session: Session, voucher_id: str, actor: Actor) -> Refusal | None:
    """Why the guarded statement found nothing to change, as the voucher stands now."""
    found = _visible(session, voucher_id, actor)
    return Refusal("NOT_FOUND") if found is None else gone(found.status)


def _visible(session: Session, voucher_id: str, actor: Actor) -> Voucher | None:
    query = select(Voucher).where(
        Voucher.voucher_id == voucher_id, within(actor, Voucher.commune, Voucher.province)
    )
    return session.scalars(query.execution_options(populate_existing=True)).first()
