"""The statements of sales that a device made without a line: what was answered, limits, disputes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.disbursement.domain import Voucher, local_date, vnd
from services.disbursement.sale import Counter, Sale
from services.disbursement.vouchers import SERVICE
from shared.auth import Actor
from shared.events import NewEvent
from shared.events.envelope import new_id
from shared.outbox.record import record
from shared.refusal import Refusal

CLOCKS_DIFFER = timedelta(minutes=10)
"""How far a device's clock may run ahead of ours."""

_ANSWERED = text(
    """
    SELECT request_hash, outcome, code, facts, CAST(redemption_id AS text) AS redemption_id,
           CAST(dispute_id AS text) AS dispute_id
    FROM offline_sale WHERE shop_id = :shop_id AND sale_id = CAST(:sale_id AS uuid)
    """
)
_ANSWER = text(
    """
    INSERT INTO offline_sale (shop_id, sale_id, request_hash, outcome, code, facts, redemption_id, dispute_id,
                              sold_at, sent_at)
    VALUES (:shop_id, CAST(:sale_id AS uuid), :request_hash, :outcome, :code, CAST(:facts AS jsonb),
            CAST(:redemption_id AS uuid), CAST(:dispute_id AS uuid), :sold_at, :sent_at)
    """
)
_TERMS = text(
    """
    SELECT offline_per_voucher AS per_voucher, offline_per_day AS per_day,
           offline_days_to_send AS days_to_send
    FROM programme WHERE programme_id = :programme_id AND offline_per_voucher IS NOT NULL
    """
)
_COUNT = text(
    """
    INSERT INTO offline_day (shop_id, programme_id, day, sales) VALUES (:shop_id, :programme_id, :day, 1)
    ON CONFLICT (shop_id, programme_id, day) DO UPDATE SET sales = offline_day.sales + 1
    WHERE offline_day.sales < :per_day RETURNING sales
    """
)
_FIRST = text(
    """
    SELECT CAST(redemption_id AS text) AS redemption_id, receipt_reference, receipt_sha256 FROM redemption
    WHERE reversed_at IS NULL AND (
        voucher_id = CAST(:voucher_id AS uuid)
        OR redemption_id IN (
            SELECT redemption_id FROM redemption_imei WHERE imei_hash = ANY(CAST(:imeis AS text[]))
        )
    )
    ORDER BY voucher_id = CAST(:voucher_id AS uuid) DESC LIMIT 1
    """
)
_DISPUTE = text(
    """
    INSERT INTO dispute (dispute_id, voucher_id, application_id, programme_id, shop_id, enterprise_id, reason,
                         model, price, receipt_reference, receipt_sha256, first_redemption_id,
                         first_receipt_reference, first_receipt_sha256, status, sold_at, disputed_at)
    VALUES (CAST(:dispute_id AS uuid), CAST(:voucher_id AS uuid), CAST(:application_id AS uuid),
            :programme_id, :shop_id, :enterprise_id, :reason, :model, :price, :receipt_reference,
            :receipt_sha256, CAST(:first_redemption_id AS uuid), :first_receipt_reference,
            :first_receipt_sha256, 'open', :sold_at, :moment)
    """
)
_CLOSE = text(
    """
    UPDATE dispute SET status = 'closed', closed_by = :by, closed_reason = :reason
    WHERE dispute_id = CAST(:dispute_id AS uuid) AND status = 'open'
    RETURNING CAST(voucher_id AS text) AS voucher_id, CAST(application_id AS text) AS application_id,
              programme_id
    """
)
_HOUSEHOLD = text(
    "SELECT CAST(household_id AS text) FROM voucher WHERE voucher_id = CAST(:voucher_id AS uuid)"
)


@dataclass(frozen=True, slots=True)
class Terms:
    """A programme's limits: đồng per voucher, sales per shop and day, days until a sale must be sent."""

    per_voucher: int
    per_day: int
    days_to_send: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a sale. `code` and `facts` say why it was not redeemed, as a refusal does."""

    outcome: str
    code: str | None
    facts: Mapping[str, Any]
    redemption_id: str | None = None
    dispute_id: str | None = None


def refused(refusal: Refusal) -> Answer:
    return Answer("refused", refusal.code, refusal.facts)


def answered(session: Session, shop_id: str, sale_id: str, request_hash: str) -> Answer | None:
    """What was answered when this sale came before; the same id with another content is refused."""
    row = session.execute(_ANSWERED, {"shop_id": shop_id, "sale_id": sale_id}).first()
    if row is None:
        return None
    if row.request_hash != request_hash:
        return refused(Refusal("SALE_ID_REUSED"))
    return Answer(row.outcome, row.code, row.facts, row.redemption_id, row.dispute_id)


def keep(
    session: Session,
    shop_id: str,
    sale_id: str,
    request_hash: str,
    answer: Answer,
    sold_at: datetime,
    now: datetime,
) -> None:
    """Keep the answer for when the sale comes again. Raises IntegrityError on `offline_sale_pkey`."""
    values = {
        "shop_id": shop_id,
        "sale_id": sale_id,
        "request_hash": request_hash,
        "outcome": answer.outcome,
        "code": answer.code,
        "facts": orjson.dumps(dict(answer.facts)).decode(),
        "redemption_id": answer.redemption_id,
        "dispute_id": answer.dispute_id,
        "sold_at": sold_at,
        "sent_at": now,
    }
    session.execute(_ANSWER, values)


def terms_of(session: Session, programme_id: str) -> Terms | None:
    """None where the programme lets nobody redeem without a line."""
    row = session.execute(_TERMS, {"programme_id": programme_id}).first()
    return Terms(row.per_voucher, row.per_day, row.days_to_send) if row else None


def limits_refusal(terms: Terms | None, voucher: Voucher, sold_at: datetime, now: datetime) -> Refusal | None:
    """What the device itself should have seen: OFFLINE_NOT_ALLOWED, OFFLINE_AMOUNT, OFFLINE_CLOCK,
    OFFLINE_TOO_LATE, VOUCHER_EXPIRED."""
    if terms is None:
        return Refusal("OFFLINE_NOT_ALLOWED")
    if voucher.amount > terms.per_voucher:
        return Refusal("OFFLINE_AMOUNT", most=vnd(terms.per_voucher))
    if sold_at > now + CLOCKS_DIFFER:
        return Refusal("OFFLINE_CLOCK")
    if sold_at < now - timedelta(days=terms.days_to_send):
        return Refusal("OFFLINE_TOO_LATE", days=terms.days_to_send)
    return Refusal("VOUCHER_EXPIRED") if local_date(sold_at) > voucher.expires_on else None


def count(session: Session, shop_id: str, programme_id: str, day: date, terms: Terms) -> bool:
    """Count a sale of that day against the shop's limit; False when the day is full."""
    values = {"shop_id": shop_id, "programme_id": programme_id, "day": day, "per_day": terms.per_day}
    return session.execute(_COUNT, values).first() is not None


def dispute(
    session: Session, sale: Sale, counter: Counter, voucher: Voucher, reason: str, actor: Actor, now: datetime
) -> Answer:
    """Keep the second claim to a voucher or a handset beside the first, with both receipts; pay nothing."""
    wanted = {"voucher_id": voucher.voucher_id, "imeis": list(sale.phone.imeis)}
    first = session.execute(_FIRST, wanted).first()
    dispute_id = new_id()
    case: dict[str, Any] = {
        "application_id": voucher.application_id,
        "programme_id": voucher.programme_id,
        "voucher_id": voucher.voucher_id,
        "dispute_id": dispute_id,
        "shop_id": counter.shop_id,
        "enterprise_id": counter.enterprise_id,
        "model": sale.phone.model,
        "price": sale.phone.price,
        "reason": reason,
    }
    row = {
        **case,
        "receipt_reference": sale.receipt.reference,
        "receipt_sha256": sale.receipt.sha256,
        "first_redemption_id": first.redemption_id if first else None,
        "first_receipt_reference": first.receipt_reference if first else None,
        "first_receipt_sha256": first.receipt_sha256 if first else None,
        "sold_at": sale.sold_at,
        "moment": now,
    }
    session.execute(_DISPUTE, row)
    data = {
        **case,
        "household_id": voucher.household_id,
        "imeis": list(sale.phone.imeis),
        "redemption_id": row["first_redemption_id"],
        "receipt": sale.receipt.sha256,
        "first_receipt": row["first_receipt_sha256"],
    }
    record(session, SERVICE, [NewEvent("voucher.disputed.v1", voucher.application_id, data, actor.subject)])
    return Answer("disputed", reason, {}, dispute_id=dispute_id)


def close(session: Session, dispute_id: str, reason: str, actor: Actor) -> bool:
    """A person has looked at both receipts; False when it is closed already."""
    row = session.execute(_CLOSE, {"dispute_id": dispute_id, "by": actor.subject, "reason": reason}).first()
    if row is None:
        return False
    data = {
        "application_id": row.application_id,
        "household_id": session.scalar(_HOUSEHOLD, {"voucher_id": row.voucher_id}),
        "programme_id": row.programme_id,
        "voucher_id": row.voucher_id,
        "dispute_id": dispute_id,
        "closed_by": actor.subject,
    }
    record(session, SERVICE, [NewEvent("dispute.closed.v1", row.application_id, data, actor.subject)])
    return True
