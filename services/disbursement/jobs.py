"""What this service does in the background."""

from datetime import UTC, datetime

from services.disbursement.alerts import Thresholds, raise_alerts
from services.disbursement.domain import local_date
from services.disbursement.ending import EXPIRED_AT_ONCE, expire_due
from shared.idempotency import FORGET_OLD_ANSWERS
from shared.jobs import Job, JobContext
from shared.observability import metrics


def expire_vouchers(context: JobContext) -> bool:
    """End vouchers whose last day in Viet Nam is over, a few hundred at a time; True when more may be due.

    Safe at any moment and beside any sale: the guard is in the statement; what is being sold is passed over.
    """
    now = datetime.now(UTC)
    ended = context.database.run(lambda session: expire_due(session, local_date(now), now))
    return ended == EXPIRED_AT_ONCE


def look_for_patterns(context: JobContext) -> bool:
    """Note patterns in the last days' redemptions. The same run again notes nothing new."""
    wanted = context.settings.sales.alerts
    limits = Thresholds(wanted["burst"], wanted["burst_minutes"], wanted["same_hundred"])
    now = datetime.now(UTC)
    for row in context.database.run(lambda session: raise_alerts(session, limits, now)):
        metrics.SHOP_ALERTS.labels(row.kind).inc()
    return False


JOBS = (
    Job("expiry", expire_vouchers, every=600.0),
    Job("alerts", look_for_patterns, every=60.0),
    FORGET_OLD_ANSWERS,
)
