"""What eligibility does by itself: evidence expires with the year, automatic programmes serve who waits, and
somebody counts what is overdue."""

from services.eligibility import automatic, renewing
from services.eligibility.domain import today
from services.eligibility.overdue import count_overdue
from shared.idempotency import FORGET_OLD_ANSWERS
from shared.jobs import Job, JobContext
from shared.observability import metrics
from shared.privacy import KeyRing

AT_ONCE = 500
HOUR, MINUTE = 3600.0, 60.0


def renew_evidence(context: JobContext) -> bool:
    """Assess open cases anew whose evidence is of an earlier year, a batch at a time."""
    ring = KeyRing(context.settings.wrapping_key)
    done = context.database.run(lambda session: renewing.renew(session, ring, today(), AT_ONCE))
    return done == AT_ONCE


def approve_waiting(context: JobContext) -> bool:
    """Approve who waits in programmes that approve by themselves."""
    return context.database.run(lambda session: automatic.approve_waiting(session, AT_ONCE)) >= AT_ONCE


def count_what_is_overdue(context: JobContext) -> bool:
    with context.database.transaction() as session:
        metrics.OVERDUE.labels("eligibility", "referral").set(count_overdue(session, today()))
    return False


JOBS = (
    Job("renew-evidence", renew_evidence, every=HOUR),
    Job("approve-waiting", approve_waiting, every=MINUTE),
    Job("overdue", count_what_is_overdue, every=MINUTE),
    FORGET_OLD_ANSWERS,
)
