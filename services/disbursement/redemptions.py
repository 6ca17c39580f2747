"""The statements of a redemption: one look, one guarded claim. What they mean is decided in `domain`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.disbursement.domain import PIN_ATTEMPTS, Sale, Split, Voucher, local_date
from services.disbursement.vouchers import SERVICE
from shared.db.lean import Lean
from shared.events import Envelope, Head, NewEvent
from shared.failpoints import failpoint
from shared.outbox.record import STORE_ONE, sealed

_LOOK = Lean(
    """
    SELECT voucher.voucher_id, voucher.application_id, voucher.household_id, voucher.programme_id,
           voucher.status, voucher.locked, voucher.amount, voucher.minimum_price, voucher.expires_on,
           shop.enterprise_id, shop.status AS shop_status, head.version, head.hash,
           EXISTS (
               SELECT 1 FROM redemption_imei WHERE imei_hash IN (CAST(:imei_1 AS text), CAST(:imei_2 AS text))
           ) AS imei_used
    FROM (VALUES (1)) AS one (row)
    LEFT JOIN voucher ON voucher.code = :code
    LEFT JOIN shop ON shop.shop_id = :shop_id
    LEFT JOIN LATERAL (
        SELECT version, hash FROM event_log
        WHERE stream = 'disbursement/' || voucher.application_id ORDER BY version DESC LIMIT 1
    ) AS head ON true
    """
)
_CLAIM = Lean(
    f"""
    WITH claimed AS (
        UPDATE voucher SET status = 'redeemed'
        WHERE code = :code AND status = 'issued' AND NOT locked AND expires_on >= :today
          AND EXISTS (SELECT 1 FROM shop WHERE shop_id = :shop_id AND status = 'active')
          AND NOT EXISTS (
              SELECT 1 FROM redemption_imei WHERE imei_hash IN (CAST(:imei_1 AS text), CAST(:imei_2 AS text))
          )
        RETURNING voucher_id, application_id, programme_id, amount
    ), redeemed AS (
        INSERT INTO redemption (redemption_id, voucher_id, shop_id, enterprise_id, programme_id, model,
                                amount, price, subsidy, household_pays, redeemed_at)
        SELECT CAST(:redemption_id AS uuid), voucher_id, :shop_id, :enterprise_id, programme_id, :model,
               amount, :price, :subsidy, :household_pays, :moment
        FROM claimed RETURNING redemption_id
    ), handsets AS (
        INSERT INTO redemption_imei (imei_hash, redemption_id)
        SELECT handset.imei_hash, redemption_id
        FROM redeemed, (VALUES (CAST(:imei_1 AS text)), (CAST(:imei_2 AS text))) AS handset (imei_hash)
        WHERE handset.imei_hash IS NOT NULL
    ), {STORE_ONE.format(guard="claimed")}, posted AS (
        INSERT INTO posting (programme_id, kind, amount, application_id, voucher_id, event_id, posted_at)
        SELECT programme_id, part.kind, part.amount, application_id, voucher_id,
               CAST(:event_id AS uuid), :moment
        FROM claimed, (VALUES ('post', CAST(:subsidy AS bigint)), ('void', CAST(:returned AS bigint)))
             AS part (kind, amount)
        WHERE part.amount > 0
    )
    SELECT redemption_id FROM redeemed
    """  # noqa: S608 - the kernel's clauses, no values
)
_COUNT_WRONG_PIN = text(
    f"""
    UPDATE voucher SET pin_attempts = pin_attempts + 1, locked = pin_attempts + 1 >= {PIN_ATTEMPTS}
    WHERE voucher_id = CAST(:voucher_id AS uuid) AND status = 'issued' AND NOT locked
    RETURNING pin_attempts
    """  # noqa: S608 - the number is ours
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What stands in the database around one code, one shop and one handset, before anything is changed."""

    voucher: Voucher | None
    head: Head
    enterprise_id: str | None
    shop_status: str | None
    imei_used: bool


def look(session: Session, code: str, shop_id: str | None, imeis: tuple[str, ...]) -> Seen:
    """Everything a redemption needs to know, in one statement and without a lock."""
    row = _LOOK.first(session, {"code": code, "shop_id": shop_id, **_handset(imeis)})
    return Seen(
        voucher=_voucher(row) if row.voucher_id else None,
        head=Head(row.version, row.hash) if row.version else Head(),
        enterprise_id=row.enterprise_id,
        shop_status=row.shop_status,
        imei_used=row.imei_used,
    )


def _handset(imeis: tuple[str, ...]) -> dict[str, str | None]:
    """One or two numbers as two parameters: PostgreSQL plans them once, an array anew for each sale."""
    return {"imei_1": imeis[0] if imeis else None, "imei_2": imeis[1] if len(imeis) > 1 else None}


def _voucher(row: Any) -> Voucher:
    return Voucher(
        voucher_id=str(row.voucher_id),
        application_id=str(row.application_id),
        household_id=str(row.household_id),
        programme_id=row.programme_id,
        status=row.status,
        locked=row.locked,
        amount=row.amount,
        minimum_price=row.minimum_price,
        expires_on=row.expires_on,
    )


def claim(
    session: Session,
    sale: Sale,
    shares: Split,
    new: NewEvent,
    head: Head,
    moment: datetime,
) -> Envelope | None:
    """Redeem the voucher if it still can be: status, lock, date, shop and handset are checked in the very
    statement that changes it, takes the handset's numbers, stores the fact `new` behind `head` and posts the
    money. None when it cannot be, with nothing changed.

    Raises IntegrityError on `redemption_imei_pkey` when two sales of one handset meet.
    """
    envelope, event = sealed(SERVICE, new, head)
    values = {
        **event,
        "code": sale.code,
        "today": local_date(moment),
        "shop_id": new.data["shop_id"],
        "enterprise_id": new.data["enterprise_id"],
        **_handset(sale.imeis),
        "redemption_id": new.data["redemption_id"],
        "model": sale.model,
        "price": shares.price,
        "subsidy": shares.subsidy,
        "household_pays": shares.household_pays,
        "returned": shares.returned,
        "moment": moment,
    }
    claimed = _CLAIM.first(session, values)
    failpoint("record.after_insert")
    return envelope if claimed else None


def count_wrong_pin(session: Session, voucher_id: str) -> int:
    """Count one wrong PIN, locking the voucher with the last; returns how many tries are left."""
    attempts = session.scalar(_COUNT_WRONG_PIN, {"voucher_id": voucher_id})
    return PIN_ATTEMPTS - int(attempts) if attempts is not None else 0
