"""What the commands share: a case in the actor's area, and why it was not decided."""

from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.eligibility.domain import Standing, today, why_not_open
from services.eligibility.models import ApprovalList, CaseFile, ListEntry
from services.eligibility.rules import Programme
from shared.auth import Actor, within
from shared.refusal import Refusal

DECIDABLE = ("eligible",)
"""What may be approved. A referred case first needs somebody who upholds it, with a reason; then somebody
else approves it."""
REFERRED = "referred"


def find_case(session: Session, application_id: str, actor: Actor) -> Any | None:
    """A case file as it stands now; None outside the actor's area."""
    query = select(CaseFile.__table__).where(
        CaseFile.application_id == application_id, within(actor, CaseFile.commune, CaseFile.province)
    )
    return session.execute(query).first()


def find_list(session: Session, list_id: str, actor: Actor) -> ApprovalList | None:
    """A list as it stands now; None outside the actor's area."""
    return session.scalar(
        select(ApprovalList).where(
            ApprovalList.id == list_id, within(actor, ApprovalList.commune, ApprovalList.province)
        )
    )


def rejectable(actor: Actor) -> tuple[str, ...]:
    """What may be rejected: the province also rejects what the rules refer."""
    return DECIDABLE if actor.commune is not None else (*DECIDABLE, REFERRED)


def parties(case: Any) -> tuple[str, ...]:
    """Who entered or corrected a case, or belongs to its household."""
    return case.entered_by, *case.correctors, *case.kin


def why_not(
    session: Session, application_id: str, actor: Actor, programme: Programme, decided_on: date
) -> Refusal:
    """Why a case was not approved. Read after the guarded update, so that the answer is about the state that
    refused it."""
    case = find_case(session, application_id, actor)
    if case is None:
        return Refusal("NOT_FOUND")
    posting = programme.posting_days > 0
    found = _list_of(session, application_id) if posting else None
    standing = Standing(
        case.status,
        case.withdrawn,
        (*parties(case), *case.reviewers),
        found.last_day if found else None,
    )
    day = min(today(), decided_on)
    refusal = why_not_open(standing, actor.subject, DECIDABLE, posting=posting, today=day)
    if case.status == REFERRED and not case.withdrawn:
        refusal = Refusal("CASE_REFERRED")
    if refusal is None and found is not None and actor.subject in (found.drafted_by, found.posted_by):
        return Refusal("LIST_MAKER_IS_CHECKER")
    expired = case.assessed_year < today().year
    return refusal or Refusal("EVIDENCE_EXPIRED" if expired else "QUOTA_USED_UP")


def _list_of(session: Session, application_id: str) -> ApprovalList | None:
    """The open list that a case stands on."""
    return session.scalar(
        select(ApprovalList)
        .join(ListEntry, ListEntry.list_id == ApprovalList.id)
        .where(ListEntry.application_id == application_id, ListEntry.state == "listed")
    )
