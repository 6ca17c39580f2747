"""Personal data that nobody needs any more go by themselves: in the background, a few households at a time.

A household is over when each of its applications is: a draft that was never submitted within the days of the
setting, or one that came to nothing in a programme that closed so many months ago. Whom a programme gave
something stays, and so does who asked something about their data and waits for the answer.
"""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.applications.entering import Secrets
from services.applications.erasing import erase_household
from services.applications.requests import count_late
from shared.auth import Actor, Role
from shared.jobs import JobContext
from shared.observability import logger, metrics
from shared.settings import KeepingSettings

GROUND = "RETENTION_OVER"
BATCH = 100
SERVICE = Actor("service:applications", roles=frozenset({Role.SERVICE}))
VIET_NAM = ZoneInfo("Asia/Ho_Chi_Minh")

_OLD_DRAFT = "application_state = 'draft' AND created_at < now() - make_interval(days => :days)"
_CAME_TO_NOTHING = """
    status IN ('withdrawn', 'ineligible', 'rejected') AND :months > 0 AND programme_id IN (
        SELECT id FROM programme
        WHERE status = 'closed' AND closed_at < now() - make_interval(months => :months)
    )
"""
_APPLIES = f"""
    EXISTS (
        SELECT FROM application AS other
        WHERE other.household_id = {{household}} AND NOT ({_OLD_DRAFT} OR {_CAME_TO_NOTHING})
    )
"""
_ASKS = """
    EXISTS (SELECT FROM data_request WHERE data_request.household_id = {household} AND closed_on IS NULL)
"""
_NEEDED = f"{_APPLIES} OR {_ASKS}"
_OVER = text(
    f"""
    SELECT household_id::text FROM application AS one
    WHERE (({_OLD_DRAFT}) OR ({_CAME_TO_NOTHING})) AND NOT ({_NEEDED.format(household="one.household_id")})
    GROUP BY household_id ORDER BY household_id LIMIT :batch
    """  # noqa: S608
)
_HOLD = text("SELECT id FROM household WHERE id = :household FOR UPDATE")
_HOLD_APPLICATIONS = text("SELECT id FROM application WHERE household_id = :household ORDER BY id FOR UPDATE")
_STILL_NEEDED = text(f"SELECT {_NEEDED.format(household='CAST(:household AS uuid)')}")
_DROP_DRAFTS = text(
    f"""
    DELETE FROM application AS one
    WHERE {_OLD_DRAFT} AND {_APPLIES.format(household="one.household_id")}
      AND NOT {_ASKS.format(household="one.household_id")}
    RETURNING id
    """  # noqa: S608
)


def retain(context: JobContext) -> bool:
    """Erase a batch of what is over; True when there may be more.

    A draft of a household that is needed for another application goes by itself: nobody heard of it, no event
    tells of it.
    """
    keeping = context.settings.keeping
    limits = {"days": keeping.draft_days, "months": keeping.closed_months}
    with context.database.transaction() as session:
        households = list(session.scalars(_OVER, {**limits, "batch": BATCH}))
    secrets = Secrets.of(context.settings)
    erased = 0
    for household_id in households:
        if not context.may_go_on():
            return True
        erased += context.database.run(
            lambda session, one=household_id: _erase_if_over(session, secrets, one, limits)  # type: ignore[misc]
        )
    more = len(households) == BATCH and erased > 0
    drafts = (
        0 if more else context.database.run(lambda session: len(session.execute(_DROP_DRAFTS, limits).all()))
    )
    if erased or drafts:
        _log(erased, drafts, keeping)
    return more


def watch_requests(context: JobContext) -> bool:
    """Say in the metrics how many requests are past the day they were due. There is never more at once."""
    today = datetime.now(VIET_NAM).date()
    with context.database.transaction() as session:
        counts = count_late(session, today)
    for kind, count in counts.items():
        metrics.OVERDUE.labels("applications", kind).set(count)
    return False


def _erase_if_over(session: Session, secrets: Secrets, household_id: str, limits: dict[str, Any]) -> int:
    """1 when the household was erased, 0 when it is needed after all: a draft was submitted meanwhile."""
    one = {"household": household_id}
    session.execute(_HOLD, one)
    session.execute(_HOLD_APPLICATIONS, one)
    if session.scalar(_STILL_NEEDED, {**one, **limits}):
        return 0
    return 1 if erase_household(session, secrets, household_id, GROUND, SERVICE) is not None else 0


def _log(households: int, drafts: int, keeping: KeepingSettings) -> None:
    logger("work", service="applications").info(
        "retention is over",
        households=households,
        drafts=drafts,
        draft_days=keeping.draft_days,
        closed_months=keeping.closed_months,
    )
