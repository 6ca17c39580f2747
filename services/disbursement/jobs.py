"""What this service does in the background."""

from datetime import UTC, datetime

from services.disbursement.domain import local_date
from services.disbursement.ending import EXPIRED_AT_ONCE, expire_due
from shared.jobs import Job, JobContext


def expire_vouchers(context: JobContext) -> bool:
    """End vouchers whose last day in Viet Nam is over, a few hundred at a time; True when more may be due.

    Safe at any moment and beside any sale: the guard is in the statement; what is being sold is passed over.
    """
    now = datetime.now(UTC)
    ended = context.database.run(lambda session: expire_due(session, local_date(now), now))
    return ended == EXPIRED_AT_ONCE


JOBS = (Job("expiry", expire_vouchers, every=600.0),)
