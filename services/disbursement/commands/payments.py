"""Paying claims: an order to the bank, and what the bank says of it. Only its answer counts as paid."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.disbursement.commands.claims import event
from services.disbursement.models import Claim, Payee, Payment
from services.disbursement.vouchers import SERVICE
from shared.auth import Actor, Role
from shared.events import NewEvent
from shared.events.envelope import new_id
from shared.outbox.record import record
from shared.refusal import Refusal

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ORDER = text(
    """
    UPDATE claim SET ordered = ordered + :amount
    WHERE claim_id = :claim_id AND status = 'accepted' AND ordered + :amount <= accepted RETURNING claim_id
    """
)
_CLOSE = text(
    """
    UPDATE payment SET status = :status, paid_on = :paid_on, bank_reference = :bank_reference,
        failure = :failure, closed_by = :by
    WHERE reference = :reference AND status = 'ordered' AND amount = :amount RETURNING claim_id
    """
)
_PAID = text(
    """
    UPDATE claim SET paid = paid + :amount,
        status = CASE WHEN paid + :amount = accepted THEN 'settled' ELSE status END
    WHERE claim_id = :claim_id
    """
)
_RETURNED = text("UPDATE claim SET ordered = ordered - :amount WHERE claim_id = :claim_id")
_KEEP_PAYEE = text(
    """
    INSERT INTO payee (enterprise_id, account_name, bank, account_number, kept_by, kept_at)
    VALUES (:enterprise_id, :account_name, :bank, :account_number, :by, :now)
    ON CONFLICT (enterprise_id) DO UPDATE SET account_name = excluded.account_name, bank = excluded.bank,
        account_number = excluded.account_number, kept_by = excluded.kept_by, kept_at = excluded.kept_at
    """
)


@dataclass(frozen=True, slots=True)
class Confirmation:
    """One line of the bank's answer. `amount` is whole đồng; `failure` is None for money that arrived."""

    reference: str
    amount: int
    day: date
    bank_reference: str
    failure: str | None


def keep_payee(session: Session, payee: dict[str, Any], actor: Actor, now: datetime) -> None:
    """Where an enterprise's money goes from now on; orders already given keep the account they were given."""
    session.execute(_KEEP_PAYEE, {**payee, "by": actor.subject, "now": now})
    key = str(payee["enterprise_id"])
    record(session, SERVICE, [NewEvent("payee.kept.v1", key, payee, actor.subject)])


def order(
    session: Session, claim: Claim, amount: int | None, actor: Actor, now: datetime
) -> Payment | Refusal:
    """Order `amount` đồng of an accepted claim, all that is left of it when None.

    Refusals: NOT_THE_PAYER (who has a hand in approving or claiming never pays), PAYEE_UNKNOWN,
    PAYEE_KEEPER_PAYS, CLAIM_NOT_ACCEPTED, PAYMENT_TOO_LARGE.
    """
    refusal = _why_not_pay(claim, actor)
    if refusal is not None:
        return refusal
    payee = session.get(Payee, claim.enterprise_id)
    if payee is None:
        return Refusal("PAYEE_UNKNOWN", enterprise_id=claim.enterprise_id)
    if payee.kept_by == actor.subject:
        return Refusal("PAYEE_KEEPER_PAYS")
    left = claim.accepted - claim.ordered
    amount = left if amount is None else amount
    wanted = {"claim_id": claim.claim_id, "amount": amount}
    if amount <= 0 or session.execute(_ORDER, wanted).first() is None:
        return Refusal("PAYMENT_TOO_LARGE", left=left)
    payment = Payment(
        payment_id=new_id(),
        claim_id=claim.claim_id,
        reference=_reference(),
        amount=amount,
        status="ordered",
        account_name=payee.account_name,
        bank=payee.bank,
        account_number=payee.account_number,
        ordered_by=actor.subject,
        ordered_at=now,
    )
    session.add(payment)
    session.flush()
    data = {"payment_id": payment.payment_id, "reference": payment.reference, "amount": amount}
    record(session, SERVICE, [event(claim, "payment.ordered.v1", data, actor)])
    return payment


def _why_not_pay(claim: Claim, actor: Actor) -> Refusal | None:
    if actor.has(Role.OFFICER, Role.APPROVER, Role.SHOP, Role.ENTERPRISE):
        return Refusal("NOT_THE_PAYER")
    return None if claim.status == "accepted" else Refusal("CLAIM_NOT_ACCEPTED", status=claim.status)


def confirm(session: Session, line: Confirmation, actor: Actor) -> str:
    """Write down what the bank says of one order; returns what came of it:

    paid, failed, repeated (said before), differs (another amount or another outcome than known), unknown.
    """
    payment = session.query(Payment).filter_by(reference=line.reference).with_for_update().first()
    if payment is None:
        return "unknown"
    if payment.status != "ordered" or payment.amount != line.amount:
        return "repeated" if _said_before(payment, line) else "differs"
    status = "failed" if line.failure else "paid"
    values = {
        "status": status,
        "paid_on": None if line.failure else line.day,
        "bank_reference": line.bank_reference or None,
        "failure": line.failure,
        "by": actor.subject,
        "reference": line.reference,
        "amount": line.amount,
    }
    session.execute(_CLOSE, values)
    session.execute(
        _RETURNED if line.failure else _PAID, {"claim_id": payment.claim_id, "amount": line.amount}
    )
    claim = session.get_one(Claim, payment.claim_id)
    data: dict[str, Any] = {
        "payment_id": payment.payment_id,
        "reference": line.reference,
        "amount": line.amount,
    }
    type_ = "payment.failed.v1" if line.failure else "claim.paid.v1"
    record(session, SERVICE, [event(claim, type_, data, actor)])
    return status


def _said_before(payment: Payment, line: Confirmation) -> bool:
    said = "failed" if line.failure else "paid"
    return (payment.status, payment.amount) == (said, line.amount)


def confirm_all(session: Session, lines: Sequence[Confirmation], actor: Actor) -> list[str]:
    """`confirm` for each line of a bank's file, by reference; the answers stand in the lines' order."""
    said = {
        place: confirm(session, line, actor)
        for place, line in sorted(enumerate(lines), key=lambda one: one[1].reference)
    }
    return [said[place] for place in range(len(lines))]


def _reference() -> str:
    """Ten characters nobody confuses, for the transfer's text: 50 bits, so that two never meet by chance."""
    return "SB" + "".join(secrets.choice(_ALPHABET) for _ in range(10))
