"""What eligibility does by itself: evidence expires with the year, automatic programmes serve who waits, and
somebody counts what is overdue."""

from functools import partial

from sqlalchemy.orm import Session

from services.eligibility import automatic, renewing
from services.eligibility.domain import today
from services.eligibility.overdue import count_overdue
from services.eligibility.renewing import Place
from shared.idempotency import FORGET_OLD_ANSWERS
from shared.jobs import Job, JobContext
from shared.observability import metrics
from shared.privacy import KeyRing

AT_ONCE = 500
HOUR, MINUTE = 3600.0, 60.0


def renew_evidence(context: JobContext) -> bool:
    """Assess open cases anew whose evidence is of an earlier year: one walk through all of them, a batch in
    each transaction."""
    ring = KeyRing(context.settings.wrapping_key)
    place: Place | None = Place()
    while place is not None and context.may_go_on():
        place = context.database.run(partial(_renew_some, ring, place))
    return False


def _renew_some(ring: KeyRing, after: Place, session: Session) -> Place | None:
    return renewing.renew(session, ring, today(), AT_ONCE, after)


def approve_waiting(context: JobContext) -> bool:
    """Approve who waits in programmes that approve by themselves."""
    ring = KeyRing(context.settings.wrapping_key)
    done = context.database.run(lambda session: automatic.approve_waiting(session, ring, AT_ONCE))
    return done >= AT_ONCE


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
