"""Deciding cases: one by one, or everything that waits under one decision. Each runs in the caller's
transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from services.eligibility import approving, claims, entries, ranking
from services.eligibility.approving import SERVICE, Approved, Decision, Scope, party_to, tell
from services.eligibility.commands.found import DECIDABLE, find_case, parties, rejectable, why_not
from services.eligibility.domain import today
from services.eligibility.models import ApprovalList, CaseFile, ListEntry, table_of
from services.eligibility.rules import Programme
from services.eligibility.running import running
from shared.auth import Actor, within
from shared.db import insert_rows
from shared.events import NewEvent, new_id
from shared.outbox import record
from shared.privacy import KeyRing, seal
from shared.refusal import Refusal


@dataclass(frozen=True, slots=True)
class ListApproved:
    """`skipped_own`: cases the approver made; `over_quota`: cases for which there was no room."""

    list_id: str
    approved: int
    skipped_own: int
    over_quota: int


def approve_list(
    session: Session,
    ring: KeyRing,
    programme_id: str,
    commune: str | None,
    application_ids: Sequence[str] | None,
    decision: Decision,
    actor: Actor,
) -> ListApproved | Refusal:
    """Approve every eligible case of the programme in the actor's area, narrowed to a commune or to ids;
    where the programme wants lists posted, those whose posting is over.

    What the actor made himself stays for somebody else. OUTSIDE_AREA is decided by the caller.
    """
    programme = running(session, programme_id)
    if isinstance(programme, Refusal):
        return programme
    scope = scope_of(programme, actor, decision, commune=commune, application_ids=application_ids)
    ranking.align(session, ring, programme, scope, DECIDABLE)
    approved = approving.approve(session, scope, programme, actor.subject, decision, DECIDABLE)
    own = scope.count_own(session, actor.subject, DECIDABLE)
    made = ListApproved(new_id(), len(approved), own, count_open(session, scope) - own)
    session.add(
        ApprovalList(
            id=made.list_id,
            programme_id=programme_id,
            programme_version=programme.version,
            commune=commune or actor.commune,
            province=actor.province,
            status="closed",
            decision_number=decision.number,
            decision_date=decision.date,
            approved_by=actor.subject,
            size=made.approved,
            approved=made.approved,
            skipped_own=made.skipped_own,
        )
    )
    session.flush()
    _enter(session, made.list_id, approved)
    tell(session, programme_id, approved, decision, actor.subject)
    return made


def approve_case(
    session: Session, application_id: str, decision: Decision, actor: Actor
) -> Approved | Refusal:
    """Approve one eligible case. Refusals: NOT_FOUND, MAKER_IS_CHECKER, CASE_NOT_OPEN, CASE_REFERRED,
    NOT_POSTED, POSTING_NOT_OVER, LIST_MAKER_IS_CHECKER, EVIDENCE_EXPIRED, QUOTA_USED_UP,
    PROGRAMME_STOPPED."""
    case = find_case(session, application_id, actor)
    if case is None:
        return Refusal("NOT_FOUND")
    programme = running(session, case.programme_id)
    if isinstance(programme, Refusal):
        return programme
    scope = scope_of(programme, actor, decision, application_ids=[application_id])
    approved = approving.approve(session, scope, programme, actor.subject, decision, DECIDABLE)
    if not approved:
        return why_not(session, application_id, actor, programme, decision.date)
    tell(session, case.programme_id, approved, decision, actor.subject)
    return approved[0]


def reject_case(
    session: Session,
    ring: KeyRing,
    application_id: str,
    reason: str,
    decision: Decision,
    actor: Actor,
    statuses: Sequence[str] | None = None,
) -> Refusal | None:
    """Refuse one case with a reason in words, which is sealed; its places are free again. `statuses`: those
    in which the actor may refuse it, by default the open ones, of which the province also has the referred.
    Refusals: NOT_FOUND, MAKER_IS_CHECKER, CASE_NOT_OPEN, REFERRAL_TAKEN."""
    case = find_case(session, application_id, actor)
    keys = ring.load(session, [case.household_id]) if case else {}
    if case is None or case.household_id not in keys:
        return Refusal("NOT_FOUND")
    wanted = statuses or rejectable(actor)
    sealed = seal(keys[case.household_id], {"reason": reason}, f"rejection/{application_id}")
    rejected = session.execute(
        update(CaseFile)
        .where(
            CaseFile.application_id == application_id,
            within(actor, CaseFile.commune, CaseFile.province),
            CaseFile.status.in_(wanted),
            ~CaseFile.withdrawn,
            ~party_to(actor.subject),
            func.coalesce(CaseFile.taken_by, actor.subject) == actor.subject,
        )
        .values(
            status="rejected",
            due_on=None,
            taken_by=None,
            decision_number=decision.number,
            decision_date=decision.date,
            rejected_by=actor.subject,
            rejection=sealed,
        )
        .returning(CaseFile.application_id)
        .execution_options(synchronize_session=False)
    ).first()
    if rejected is None:
        return _why_not_rejected(session, application_id, actor, wanted)
    claims.release(session, [application_id])
    entries.leave(session, [application_id], "rejected", actor.subject)
    data = {
        "application_id": application_id,
        "household_id": case.household_id,
        "programme_id": case.programme_id,
        "decision_number": decision.number,
        "decision_date": decision.date.isoformat(),
        "rejected_by": actor.subject,
        "sealed": sealed,
    }
    record(session, SERVICE, [NewEvent("eligibility.rejected.v1", application_id, data, actor.subject)])
    return None


def scope_of(programme: Programme, actor: Actor, decision: Decision, **narrower: object) -> Scope:
    """What the actor may approve of a programme: in the actor's area and, where the programme wants it, on a
    list of somebody else's that was posted to the end, today and on the day of the decision."""
    area = within(actor, CaseFile.commune, CaseFile.province)
    posted_until = min(today(), decision.date) if programme.posting_days else None
    return Scope(programme.id, area, posted_until=posted_until, not_by=actor.subject, **narrower)  # type: ignore[arg-type]


def count_open(session: Session, scope: Scope) -> int:
    """How many eligible cases still wait in a scope."""
    return int(session.scalar(select(func.count()).where(*scope.open(DECIDABLE))) or 0)


def _enter(session: Session, list_id: str, approved: Sequence[Approved]) -> None:
    """Keep who stood on a list that was approved at once, in the order of the positions."""
    rows = [
        {
            "list_id": list_id,
            "application_id": one.application_id,
            "rank": rank,
            "priority": one.priority,
            "submitted_at": one.submitted_at,
            "state": "approved",
        }
        for rank, one in enumerate(approved, 1)
    ]
    insert_rows(session, table_of(ListEntry), rows)


def _why_not_rejected(session: Session, application_id: str, actor: Actor, wanted: Sequence[str]) -> Refusal:
    case = find_case(session, application_id, actor)
    if case is None:
        return Refusal("NOT_FOUND")
    if case.withdrawn or case.status not in wanted:
        return Refusal("CASE_NOT_OPEN", status="withdrawn" if case.withdrawn else case.status)
    if actor.subject in parties(case):
        return Refusal("MAKER_IS_CHECKER")
    return Refusal("REFERRAL_TAKEN")
