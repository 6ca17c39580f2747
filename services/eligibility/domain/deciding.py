"""Who may decide a case and when, and how a decision reads on a list."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from shared.refusal import Refusal

OPEN = ("eligible", "ineligible", "referred")
"""Statuses in which nobody has decided yet."""
WAITING = ("eligible", "referred")
"""Statuses of cases that wait for a person."""
APPEALABLE = ("ineligible", "rejected")
LIST_STATUSES = ("draft", "posted", "closed", "cancelled")
ENTRY_STATES = ("listed", "approved", "rejected", "objected", "left")

NO_LONGER_ELIGIBLE = "NO_LONGER_ELIGIBLE"
APPROVER_CORRECTED = "APPROVER_CORRECTED"
APPROVER_BELONGS_TO_HOUSEHOLD = "APPROVER_BELONGS_TO_HOUSEHOLD"
REDEEMED_THOUGH_INELIGIBLE = "REDEEMED_THOUGH_INELIGIBLE"
DOUBTFUL_AFTER_APPROVAL = "DOUBTFUL_AFTER_APPROVAL"
REDEEMED_THOUGH_REVOKED = "REDEEMED_THOUGH_REVOKED"
FLAGS = (REDEEMED_THOUGH_INELIGIBLE, DOUBTFUL_AFTER_APPROVAL, REDEEMED_THOUGH_REVOKED)
"""Why somebody should look at a decided case again."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a case stands for whoever wants to decide it. `makers` entered, corrected or reviewed it,
    or belong to the household;
    `last_day`: of the posting of its list, None without a posted list."""

    status: str
    withdrawn: bool
    makers: Sequence[str]
    last_day: date | None = None


def why_not_open(
    case: Standing, approver: str, wanted: Sequence[str], *, posting: bool, today: date
) -> Refusal | None:
    """Why a case that exists was not decided; `wanted`: the statuses in which the approver may decide it,
    `posting`: whether it must have hung out first. None when nothing of this stands in the way."""
    if case.withdrawn or case.status not in wanted:
        return Refusal("CASE_NOT_OPEN", status="withdrawn" if case.withdrawn else case.status)
    if approver in case.makers:
        return Refusal("MAKER_IS_CHECKER")
    if not posting:
        return None
    if case.last_day is None:
        return Refusal("NOT_POSTED")
    return None if today > case.last_day else Refusal("POSTING_NOT_OVER", last_day=case.last_day)


def last_day_of_posting(posted_on: date, days: int) -> date:
    """The last of so many whole days; the day on which the list is hung out does not count."""
    return posted_on + timedelta(days=days)


def due_on(day: date, days: int) -> date:
    """The last day on which a case referred on `day` is decided in time."""
    return day + timedelta(days=days)


def case_number(application_id: str) -> str:
    """The short number of a case on a list: the last eight digits of its id, which are by chance."""
    digits = application_id.replace("-", "")[-8:].upper()
    return f"{digits[:4]}-{digits[4:]}"


def automatic_decision(programme_id: str, version: int) -> str:
    """The decision number under which a programme with automatic approval approves."""
    return f"AUTO-{programme_id}-v{version}"
