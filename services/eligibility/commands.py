"""Deciding cases: one by one, or a whole list under one decision. Each runs in the caller's transaction."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from services.eligibility.approving import Approved, Decision, Scope, approve
from services.eligibility.domain import why_not_open
from services.eligibility.models import ApprovalList, CaseFile, ProgrammeVersion
from services.eligibility.publishing import SERVICE
from shared.auth import Actor, within
from shared.events import NewEvent, new_id
from shared.outbox import record
from shared.privacy import KeyRing, seal
from shared.refusal import Refusal

CHUNK = 1000
"""Events recorded per statement: some 2 MB."""

DECIDABLE = ("eligible",)
DECIDABLE_BY_PROVINCE = ("eligible", "referred")


@dataclass(frozen=True, slots=True)
class ListApproved:
    list_id: str
    approved: int
    skipped_own: int


def approve_list(
    session: Session,
    programme_id: str,
    commune: str | None,
    application_ids: Sequence[str] | None,
    decision: Decision,
    actor: Actor,
) -> ListApproved | Refusal:
    """Approve every eligible case of the programme in the actor's area, narrowed to a commune or to ids.

    What the actor entered himself stays for somebody else. OUTSIDE_AREA is decided by the caller.
    """
    refusal = _not_running(session, programme_id)
    if refusal:
        return refusal
    scope = Scope(programme_id, within(actor, CaseFile.commune, CaseFile.province), commune, application_ids)
    approved = approve(session, scope, actor.subject, decision, DECIDABLE)
    made = ListApproved(new_id(), len(approved), scope.count_own(session, actor.subject, DECIDABLE))
    session.add(
        ApprovalList(
            id=made.list_id,
            programme_id=programme_id,
            commune=commune or actor.commune,
            province=actor.province,
            decision_number=decision.number,
            decision_date=decision.date,
            approved_by=actor.subject,
            approved=made.approved,
            skipped_own=made.skipped_own,
        )
    )
    _record_approvals(session, programme_id, approved, decision, actor)
    return made


def approve_case(
    session: Session, application_id: str, decision: Decision, actor: Actor
) -> Approved | Refusal:
    """Approve one case; the province also decides referred ones. Refusals: NOT_FOUND, MAKER_IS_CHECKER,
    CASE_NOT_OPEN, PROGRAMME_STOPPED."""
    case = find_case(session, application_id, actor)
    if case is None:
        return Refusal("NOT_FOUND")
    refusal = _not_running(session, case.programme_id)
    if refusal:
        return refusal
    scope = Scope(
        case.programme_id, within(actor, CaseFile.commune, CaseFile.province), None, [application_id]
    )
    approved = approve(session, scope, actor.subject, decision, _decidable(actor))
    if not approved:
        return _why_not(session, application_id, actor)
    _record_approvals(session, case.programme_id, approved, decision, actor)
    return approved[0]


def reject_case(
    session: Session, ring: KeyRing, application_id: str, reason: str, decision: Decision, actor: Actor
) -> Refusal | None:
    """Refuse one case with a reason in words, which is sealed. Refusals as `approve_case`."""
    case = find_case(session, application_id, actor)
    keys = ring.load(session, [case.household_id]) if case else {}
    if case is None or case.household_id not in keys:
        return Refusal("NOT_FOUND")
    sealed = seal(keys[case.household_id], {"reason": reason}, f"rejection/{application_id}")
    rejected = session.execute(
        update(CaseFile)
        .where(
            CaseFile.application_id == application_id,
            within(actor, CaseFile.commune, CaseFile.province),
            CaseFile.status.in_(_decidable(actor)),
            ~CaseFile.withdrawn,
            CaseFile.entered_by != actor.subject,
            CaseFile.corrected_by.is_distinct_from(actor.subject),
        )
        .values(
            status="rejected",
            decision_number=decision.number,
            decision_date=decision.date,
            rejected_by=actor.subject,
            rejection=sealed,
        )
        .returning(CaseFile.programme_id)
        .execution_options(synchronize_session=False)
    ).first()
    if rejected is None:
        return _why_not(session, application_id, actor)
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


def find_case(session: Session, application_id: str, actor: Actor) -> Any | None:
    """A case file as it stands now; None outside the actor's area."""
    query = select(CaseFile.__table__).where(
        CaseFile.application_id == application_id, within(actor, CaseFile.commune, CaseFile.province)
    )
    return session.execute(query).first()


def _decidable(actor: Actor) -> tuple[str, ...]:
    """The province decides what the rules refer (the province "decides referred cases")."""
    return DECIDABLE if actor.commune is not None else DECIDABLE_BY_PROVINCE


def _not_running(session: Session, programme_id: str) -> Refusal | None:
    status = session.scalar(
        select(ProgrammeVersion.status)
        .where(ProgrammeVersion.id == programme_id)
        .order_by(ProgrammeVersion.version.desc())
        .limit(1)
    )
    if status is None:
        return Refusal("PROGRAMME_UNKNOWN", programme_id=programme_id)
    return None if status == "published" else Refusal("PROGRAMME_STOPPED")


def _why_not(session: Session, application_id: str, actor: Actor) -> Refusal:
    """Read after the guarded update, so that the answer is about the state that refused it."""
    case = find_case(session, application_id, actor)
    if case is None:
        return Refusal("NOT_FOUND")
    makers = (case.entered_by, case.corrected_by)
    return why_not_open(case.status, case.withdrawn, makers, actor.subject, _decidable(actor))


def _record_approvals(
    session: Session, programme_id: str, approved: Sequence[Approved], decision: Decision, actor: Actor
) -> None:
    for chunk in _chunks(approved):
        events = [
            NewEvent(
                "eligibility.approved.v1",
                one.application_id,
                {
                    "application_id": one.application_id,
                    "household_id": one.household_id,
                    "programme_id": programme_id,
                    "commune": one.commune,
                    "programme_version": one.programme_version,
                    "decision_number": decision.number,
                    "decision_date": decision.date.isoformat(),
                    "approved_by": actor.subject,
                    "position": one.position,
                    "amount": one.terms.amount,
                    "minimum_price": one.terms.minimum_price,
                    "validity_days": one.terms.validity_days,
                },
                actor.subject,
            )
            for one in chunk
        ]
        record(session, SERVICE, events)


def _chunks(approved: Sequence[Approved]) -> Iterator[Sequence[Approved]]:
    for start in range(0, len(approved), CHUNK):
        yield approved[start : start + CHUNK]
