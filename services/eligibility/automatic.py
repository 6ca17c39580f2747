"""Programmes that approve by themselves: what they find eligible is approved under their own decision."""

from collections.abc import Sequence

from sqlalchemy import select, true
from sqlalchemy.orm import Session

from services.eligibility import approving, quotas, ranking, rulebook
from services.eligibility.approving import Decision, Scope
from services.eligibility.cases import ACTOR, Assessed
from services.eligibility.domain import automatic_decision, today
from services.eligibility.models import CaseFile, ProgrammeVersion
from services.eligibility.rules import Programme
from services.eligibility.running import running
from shared.privacy import KeyRing
from shared.refusal import Refusal

AUTOMATIC = "automatic"


def approve(session: Session, assessed: Sequence[Assessed]) -> None:
    """Approve the eligible among cases that were just stored, in programmes that say so."""
    eligible = [
        one
        for one in assessed
        if one.programme.approval_mode == AUTOMATIC and one.finding.outcome == "eligible"
    ]
    for programme in {one.programme.id: one.programme for one in eligible}.values():
        _approve(session, programme, [one.id for one in eligible if one.programme.id == programme.id])


def approve_waiting(session: Session, ring: KeyRing, limit: int) -> int:
    """Approve eligible cases of automatic programmes that still wait: upheld by a person, or left without
    room when they came. Returns how many."""
    programmes = session.scalars(select(ProgrammeVersion.id).distinct())
    approved = 0
    for rules in rulebook.current(session, programmes).values():
        if rules.programme.approval_mode == AUTOMATIC:
            approved += _approve(session, rules.programme, _next(session, ring, rules.programme, limit))
    return approved


def _next(session: Session, ring: KeyRing, programme: Programme, limit: int) -> list[str]:
    """The first who wait in the programme's order where its quota has room: nobody waits behind those whom a
    full province keeps waiting."""
    left = quotas.room(session, programme)
    if left is not None and left.whole == 0:
        return []
    full = [] if left is None else [code for code, room in left.by_province.items() if room == 0]
    scope = Scope(programme.id, CaseFile.province.not_in(full) if full else true())
    ranking.align(session, ring, programme, scope, ("eligible",))
    waiting = (
        select(CaseFile.application_id)
        .where(*scope.open(("eligible",)))
        .order_by(CaseFile.priority, CaseFile.submitted_at, CaseFile.application_id)
        .limit(limit)
    )
    return list(session.scalars(waiting))


def _approve(session: Session, programme: Programme, application_ids: Sequence[str]) -> int:
    if not application_ids or isinstance(running(session, programme.id), Refusal):
        return 0
    decision = Decision(automatic_decision(programme.id, programme.version), today())
    scope = Scope(programme.id, true(), application_ids=application_ids)
    approved = approving.approve(session, scope, programme, ACTOR, decision, ("eligible",))
    approving.tell(session, programme.id, approved, decision, ACTOR)
    return len(approved)
