"""The statements of a redemption: one look, one guarded claim. `domain` and `sale` decide what they mean."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.disbursement.domain import Split, Voucher, local_date
from services.disbursement.sale import WRONG_TRIES_AN_HOUR, Counter, Model, Phone, Sale, Terms, Till
from services.disbursement.vouchers import SERVICE
from shared.db.lean import Connected, Lean
from shared.events import Envelope, Head, NewEvent
from shared.failpoints import failpoint
from shared.idempotency import KEEP_ANSWER, Kept
from shared.outbox.record import STORE_ONE, sealed

_IMEI_TAKEN = """EXISTS (
    SELECT 1 FROM redemption_imei WHERE imei_hash IN (CAST(:imei_1 AS text), CAST(:imei_2 AS text))
)"""
_LOOK = Lean(
    f"""
    SELECT voucher.voucher_id, voucher.application_id, voucher.household_id, voucher.programme_id,
           voucher.budget_id, voucher.status, voucher.locked, voucher.amount, voucher.minimum_price,
           voucher.expires_on,
           shop.shop_id, shop.enterprise_id, shop.province, shop.hours, shop.status = 'active' AS active,
           enterprise.status = 'active' AS enterprise_active,
           quota.day = :today AND quota.day_count >= quota.daily_limit AS day_full,
           quota.minute = :minute AND quota.minute_count >= quota.minute_limit AS minute_full,
           CASE quota.hour WHEN :hour THEN quota.wrong_tries ELSE 0 END AS wrong_tries,
           clerk.status AS clerk_status, clerk.shop_id AS clerk_shop,
           programme.name_vi, programme.name_en, programme.provinces, programme.handset_kinds,
           programme.maximum_price,
           handset.status = 'listed' AS listed, handset.generation, handset.price_ceiling,
           (SELECT count(*) FROM handset_tac WHERE handset_tac.handset_id = handset.handset_id
                AND tac IN (CAST(:tac_1 AS text), CAST(:tac_2 AS text))) AS tacs_known,
           head.version, head.hash, {_IMEI_TAKEN} AS imei_used
    FROM (VALUES (1)) AS one (row)
    LEFT JOIN voucher ON voucher.code = :code
    LEFT JOIN shop ON shop.shop_id = :shop_id
         AND shop.enterprise_id = coalesce(CAST(:enterprise_id AS text), shop.enterprise_id)
    LEFT JOIN enterprise ON enterprise.enterprise_id = shop.enterprise_id
    LEFT JOIN shop_quota AS quota ON quota.shop_id = shop.shop_id
    LEFT JOIN clerk ON clerk.subject = :subject
    LEFT JOIN programme ON programme.programme_id = voucher.programme_id
    LEFT JOIN handset ON handset.model = CAST(:model AS text)
    LEFT JOIN LATERAL (
        SELECT version, hash FROM event_log
        WHERE stream = 'disbursement/' || voucher.application_id ORDER BY version DESC LIMIT 1
    ) AS head ON true
    """  # noqa: S608 - a clause of ours, no values
)
_COUNTED = """,
    counted AS (
        UPDATE shop_quota SET
            day = :day, day_count = CASE day WHEN :day THEN day_count ELSE 0 END + 1,
            minute = :minute, minute_count = CASE minute WHEN :minute THEN minute_count ELSE 0 END + 1
        FROM claimed WHERE shop_id = :shop_id
    )
"""
"""Not for sales made without a line: they have limits of their own. What is too much breaks a CHECK."""

_CLAIMED = f"""
    claimed AS (
        UPDATE voucher SET status = 'redeemed'
        WHERE code = :code AND status = 'issued' AND NOT locked AND expires_on >= :today
          AND EXISTS (
              SELECT 1 FROM shop
              JOIN enterprise ON enterprise.enterprise_id = shop.enterprise_id
              JOIN shop_quota AS quota ON quota.shop_id = shop.shop_id
              WHERE shop.shop_id = :shop_id AND shop.status = 'active' AND enterprise.status = 'active'
                AND (quota.hour <> :hour OR quota.wrong_tries < {WRONG_TRIES_AN_HOUR})
          )
          AND NOT EXISTS (SELECT 1 FROM clerk WHERE subject = :subject AND status = 'suspended')
        RETURNING voucher_id, programme_id, budget_id, amount
    ), redeemed AS (
        INSERT INTO redemption (redemption_id, voucher_id, shop_id, enterprise_id, programme_id, channel,
                                model, amount, price, subsidy, household_pays, imei_block,
                                receipt_reference, receipt_sha256, sold_at, redeemed_at)
        SELECT CAST(:redemption_id AS uuid), voucher_id, :shop_id, :enterprise_id, programme_id, :channel,
               :model, amount, :price, :subsidy, :household_pays, :imei_block,
               :receipt_reference, :receipt_sha256, :sold_at, :moment
        FROM claimed RETURNING redemption_id
    ), handsets AS (
        INSERT INTO redemption_imei (imei_hash, redemption_id)
        SELECT handset.imei_hash, redemption_id
        FROM redeemed, (VALUES (CAST(:imei_1 AS text)), (CAST(:imei_2 AS text))) AS handset (imei_hash)
        WHERE handset.imei_hash IS NOT NULL
    ), {STORE_ONE.format(guard="claimed")}, posted AS (
        INSERT INTO posting (budget_id, kind, amount, voucher_id, event_id, posted_at)
        SELECT budget_id, part.kind, part.amount, voucher_id, CAST(:event_id AS uuid), :moment
        FROM claimed, (VALUES ('post', CAST(:subsidy AS bigint)), ('release', CAST(:returned AS bigint)))
             AS part (kind, amount)
        WHERE part.amount > 0
    )
"""  # noqa: S608 - the kernel's clauses, no values
_CLAIM = Lean(f"WITH {_CLAIMED} {_COUNTED} SELECT redemption_id FROM redeemed")  # noqa: S608 - no values
_CLAIM_OFFLINE = Lean(f"WITH {_CLAIMED} SELECT redemption_id FROM redeemed")  # noqa: S608 - no values
_CLAIM_AND_ANSWER = Lean(
    f"WITH {_CLAIMED} {_COUNTED}, {KEEP_ANSWER.format(guard='claimed')}"  # noqa: S608 - no values
    " SELECT redemption_id FROM redeemed"
)
_COUNT_WRONG_TRY = text(
    f"""
    UPDATE shop_quota SET
        hour = :hour, wrong_tries = CASE hour WHEN :hour THEN wrong_tries ELSE 0 END + 1
    WHERE shop_id = :shop_id AND (hour <> :hour OR wrong_tries < {WRONG_TRIES_AN_HOUR})
    RETURNING wrong_tries
    """  # noqa: S608 - the number is ours
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What stands in the database around one code, one shop and one handset, before anything is changed."""

    voucher: Voucher | None
    head: Head
    counter: Counter | None
    terms: Terms
    model: Model | None
    imei_used: bool


def look(session: Connected, till: Till, code: str | None, phone: Phone | None, now: datetime) -> Seen:
    """Everything a redemption needs to know, in one statement and without a lock."""
    row = _LOOK.first(
        session,
        {
            "code": code,
            "shop_id": till.shop_id,
            "enterprise_id": till.enterprise_id,
            "subject": till.subject,
            "model": phone and phone.model,
            **_numbers("imei", phone.imeis if phone else ()),
            **_numbers("tac", phone.tacs if phone else ()),
            "today": local_date(now),
            "minute": _minute(now),
            "hour": _hour(now),
        },
    )
    return Seen(
        voucher=_voucher(row) if row.voucher_id else None,
        head=Head(row.version, row.hash) if row.version else Head(),
        counter=_counter(row) if row.shop_id else None,
        terms=_terms(row),
        model=_model(row, phone) if phone and row.listed is not None else None,
        imei_used=row.imei_used,
    )


def _numbers(name: str, values: tuple[str, ...]) -> dict[str, str | None]:
    """One or two numbers as two parameters: PostgreSQL plans them once, an array anew for each sale."""
    return {
        f"{name}_1": values[0] if values else None,
        f"{name}_2": values[1] if len(values) > 1 else None,
    }


def _minute(now: datetime) -> datetime:
    return now.replace(second=0, microsecond=0)


def _hour(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0)


def _voucher(row: Any) -> Voucher:
    return Voucher(
        voucher_id=str(row.voucher_id),
        application_id=str(row.application_id),
        household_id=str(row.household_id),
        programme_id=row.programme_id,
        budget_id=row.budget_id,
        status=row.status,
        locked=row.locked,
        amount=row.amount,
        minimum_price=row.minimum_price,
        expires_on=row.expires_on,
    )


def _counter(row: Any) -> Counter:
    return Counter(
        shop_id=row.shop_id,
        enterprise_id=row.enterprise_id,
        province=row.province,
        active=row.active,
        enterprise_active=row.enterprise_active,
        hours=tuple(row.hours),
        day_full=bool(row.day_full),
        minute_full=bool(row.minute_full),
        wrong_tries=row.wrong_tries,
        clerk_status=row.clerk_status,
        clerk_shop=row.clerk_shop,
    )


def _terms(row: Any) -> Terms:
    """A programme whose terms have not arrived yet is known by its id and restricts nothing."""
    return Terms(
        name_vi=row.name_vi or row.programme_id or "",
        name_en=row.name_en or row.programme_id or "",
        provinces=row.provinces and tuple(row.provinces),
        handset_kinds=row.handset_kinds and tuple(row.handset_kinds),
        maximum_price=row.maximum_price,
    )


def _model(row: Any, phone: Phone) -> Model:
    return Model(row.listed, row.generation, row.price_ceiling, row.tacs_known == len(phone.tacs))


@dataclass(frozen=True, slots=True)
class Claim:
    """What `claim` writes: the sale at its shop, who pays what of it, and the fact, ready for its stream.

    `valid_on`: the day on which the voucher must still be good.
    """

    sale: Sale
    till: Till
    shares: Split
    new: NewEvent
    head: Head
    valid_on: date
    moment: datetime


def claim(session: Connected, wanted: Claim, kept: Kept | None = None) -> Envelope | None:
    """Redeem the voucher if it still can be: status, lock, date and shop are checked in the very statement
    that changes it, takes the handset's numbers under their primary key, stores the fact behind `head`, posts
    the money and, if `kept` is given, keeps that answer under the request's key. None when it cannot be, with
    nothing changed.

    Raises IntegrityError on `redemption_imei_pkey` when two sales of one handset meet, on KEY_TAKEN when two
    requests of one key do, and on `shop_within_its_limits` when the shop's other tills were faster.
    """
    sale, new, shares = wanted.sale, wanted.new, wanted.shares
    envelope, event = sealed(SERVICE, new, wanted.head)
    values = {
        **event,
        "code": sale.code,
        "today": wanted.valid_on,
        "day": local_date(wanted.moment),
        "minute": _minute(wanted.moment),
        "hour": _hour(wanted.moment),
        "subject": wanted.till.subject,
        "shop_id": new.data["shop_id"],
        "enterprise_id": new.data["enterprise_id"],
        **_numbers("imei", sale.phone.imeis),
        "redemption_id": new.data["redemption_id"],
        "channel": wanted.till.channel,
        "model": sale.phone.model,
        "price": shares.price,
        "subsidy": shares.subsidy,
        "household_pays": shares.household_pays,
        "returned": shares.returned,
        "imei_block": sale.phone.block,
        "receipt_reference": sale.receipt.reference,
        "receipt_sha256": sale.receipt.sha256,
        "sold_at": sale.sold_at,
        "moment": wanted.moment,
    }
    if kept is not None:
        claimed = _CLAIM_AND_ANSWER.first(session, {**values, **kept.values})
    else:
        statement = _CLAIM_OFFLINE if wanted.till.channel == "offline" else _CLAIM
        claimed = statement.first(session, values)
    failpoint("record.after_insert")
    return envelope if claimed else None


def count_wrong_try(session: Session, shop_id: str, now: datetime) -> bool:
    """Count a wrong PIN or an unknown code against the shop; False when its tries of this hour are used up,
    and then nobody may be told what was wrong."""
    values = {"shop_id": shop_id, "hour": _hour(now)}
    return session.execute(_COUNT_WRONG_TRY, values).first() is not None
