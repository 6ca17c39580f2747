"""Patterns in a shop's redemptions that somebody should look at. They block nothing, and a job finds them, so
that no sale waits for them.

- burst: many sales within a few minutes, more than people can be served
- out_of_hours: sold outside the shop's registered hours, or at night where it registered none
- imei_range: handsets of one hundred consecutive serial numbers; a carton looks like this, and so does a list
- far_away: households of another province. Communes have no coordinates here, so the province's border is the
  measure of distance, and a coarse one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.disbursement.vouchers import ACTOR, SERVICE
from shared.auth import Actor
from shared.events import NewEvent
from shared.outbox.record import record

LOOK_BACK = timedelta(days=2)
"""Long enough for a job that was down over a weekend's night; what is older has been seen."""

_RECENT = """
    recent AS (
        SELECT redemption.shop_id, redemption.sold_at, redemption.imei_block, shop.hours,
               voucher.province <> shop.province AS far,
               redemption.sold_at AT TIME ZONE 'Asia/Ho_Chi_Minh' AS clock
        FROM redemption
        JOIN shop ON shop.shop_id = redemption.shop_id
        JOIN voucher ON voucher.voucher_id = redemption.voucher_id
        WHERE redemption.redemption_id >= CAST(:since AS uuid) AND redemption.reversed_at IS NULL
    )
"""
_PATTERNS = """
    SELECT 'burst' AS kind, shop_id, to_char(clock, 'YYYY-MM-DD HH24') AS slot, max(together) AS redemptions,
           min(sold_at) AS first_at, max(sold_at) AS last_at
    FROM (
        SELECT shop_id, sold_at, clock, count(*) OVER (
            PARTITION BY shop_id ORDER BY sold_at
            RANGE BETWEEN CAST(:burst_window AS interval) PRECEDING AND CURRENT ROW
        ) AS together
        FROM recent
    ) AS running WHERE together >= :burst GROUP BY shop_id, slot
    UNION ALL
    SELECT 'out_of_hours', shop_id, to_char(clock, 'YYYY-MM-DD'), count(*), min(sold_at), max(sold_at)
    FROM recent
    WHERE CASE
        WHEN cardinality(hours) = 0
            THEN to_char(clock, 'HH24:MI') < :usual_from OR to_char(clock, 'HH24:MI') >= :usual_until
        ELSE NOT EXISTS (
            SELECT 1 FROM unnest(hours) AS entry
            WHERE left(entry, 1) = to_char(clock, 'ID')
              AND to_char(clock, 'HH24:MI') >= substr(entry, 3, 5)
              AND to_char(clock, 'HH24:MI') < substr(entry, 9, 5)
        )
    END
    GROUP BY shop_id, to_char(clock, 'YYYY-MM-DD')
    UNION ALL
    SELECT 'imei_range', shop_id, left(imei_block, 16), count(*), min(sold_at), max(sold_at)
    FROM recent GROUP BY shop_id, imei_block HAVING count(*) >= :same_hundred
    UNION ALL
    SELECT 'far_away', shop_id, to_char(clock, 'YYYY-MM-DD'), count(*), min(sold_at), max(sold_at)
    FROM recent WHERE far GROUP BY shop_id, to_char(clock, 'YYYY-MM-DD')
"""
_RAISE = text(
    f"""
    WITH {_RECENT}
    INSERT INTO alert (alert_id, kind, shop_id, slot, redemptions, first_at, last_at, status, raised_at)
    SELECT uuidv7(), kind, shop_id, slot, redemptions, first_at, last_at, 'open', :now
    FROM ({_PATTERNS}) AS found
    ON CONFLICT (kind, shop_id, slot) DO UPDATE SET
        redemptions = excluded.redemptions, first_at = excluded.first_at, last_at = excluded.last_at
    WHERE alert.status = 'open' AND alert.redemptions < excluded.redemptions
    RETURNING CAST(alert_id AS text) AS alert_id, kind, shop_id, redemptions, raised_at = :now AS fresh
    """  # noqa: S608 - our own clauses, no values
)
_CLOSE = text(
    """
    UPDATE alert SET status = 'closed', closed_by = :by, closed_reason = :reason
    WHERE alert_id = CAST(:alert_id AS uuid) AND status = 'open' RETURNING shop_id
    """
)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From when on a pattern is worth a look (unverified: no source names figures; settings change them).

    `burst` sales within `burst_minutes`; `same_hundred` handsets out of one hundred serial numbers;
    usual_from, usual_until: a day's hours in Viet Nam for shops that registered none.
    """

    burst: int = 10
    burst_minutes: int = 10
    same_hundred: int = 5
    usual_from: str = "06:00"
    usual_until: str = "21:00"


def raise_alerts(session: Session, limits: Thresholds, now: datetime) -> Sequence[Any]:
    """Look at the last days' redemptions and note what is new; returns the new alerts. What an open alert has
    seen grow is only counted on."""
    values = {
        "since": _earliest_id(now - LOOK_BACK),
        "burst_window": timedelta(minutes=limits.burst_minutes),
        "burst": limits.burst,
        "same_hundred": limits.same_hundred,
        "usual_from": limits.usual_from,
        "usual_until": limits.usual_until,
        "now": now,
    }
    fresh = [row for row in session.execute(_RAISE, values) if row.fresh]
    record(session, SERVICE, [_raised(row) for row in fresh])
    return fresh


def _raised(row: Any) -> NewEvent:
    data = {name: getattr(row, name) for name in ("alert_id", "shop_id", "kind", "redemptions")}
    return NewEvent("alert.raised.v1", row.shop_id, data, ACTOR)


def _earliest_id(moment: datetime) -> str:
    """No UUIDv7 made at or after `moment` is smaller: redemptions are found by their primary key."""
    return str(UUID(int=int(moment.timestamp() * 1000) << 80))


def close(session: Session, alert_id: str, reason: str, actor: Actor) -> bool:
    """Somebody has looked; False when it is closed already. The same pattern another day is a new alert."""
    row = session.execute(_CLOSE, {"alert_id": alert_id, "by": actor.subject, "reason": reason}).first()
    if row is None:
        return False
    data = {"alert_id": alert_id, "shop_id": row.shop_id, "closed_by": actor.subject}
    record(session, SERVICE, [NewEvent("alert.closed.v1", row.shop_id, data, actor.subject)])
    return True
