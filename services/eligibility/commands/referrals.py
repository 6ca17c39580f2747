"""Referred cases: a person of the province takes one, and upholds or refuses it, with a reason."""

from typing import Any

from sqlalchemy import func, update
from sqlalchemy.orm import Session

from services.eligibility import claims, tally
from services.eligibility.approving import SERVICE, Decision
from services.eligibility.cases import against, case_data, lock, place_of, subject_in
from services.eligibility.commands.approvals import reject_case
from services.eligibility.commands.found import find_case, parties
from services.eligibility.domain import today
from services.eligibility.models import CaseFile
from shared.auth import Actor
from shared.events import NewEvent
from shared.outbox import record
from shared.privacy import KeyRing, seal
from shared.refusal import Refusal

REFERRED = ("referred",)


def take_referral(session: Session, application_id: str, actor: Actor) -> Any | Refusal:
    """Take a referred case on; from then on the actor may not approve it. One that somebody else has is free
    again when its deadline is past. Returns the case. Refusals: NOT_FOUND, PROVINCE_DECIDES, CASE_NOT_OPEN,
    MAKER_IS_CHECKER, REFERRAL_TAKEN."""
    row = _hold(session, application_id, actor)
    if isinstance(row, Refusal):
        return row
    if row.taken_by not in (None, actor.subject) and row.due_on >= today():
        return Refusal("REFERRAL_TAKEN")
    _review(session, application_id, actor, taken_by=actor.subject)
    data = {**case_data(subject_in(row, row.assessed_year)), "taken_by": actor.subject}
    record(session, SERVICE, [NewEvent("eligibility.referral_taken.v1", application_id, data, actor.subject)])
    return row


def uphold_referral(
    session: Session, ring: KeyRing, application_id: str, reason: str, actor: Actor
) -> Refusal | None:
    """Find a referred case eligible, with the reason, which is sealed. Somebody else approves it, on a list.
    Refusals as `take_referral`, and PLACE_TAKEN while another case holds one of its places."""
    row = _hold(session, application_id, actor)
    if isinstance(row, Refusal):
        return row
    if row.taken_by not in (None, actor.subject):
        return Refusal("REFERRAL_TAKEN")
    key = ring.load(session, [str(row.household_id)]).get(str(row.household_id))
    if key is None:
        return Refusal("NOT_FOUND")
    subject = subject_in(row, row.assessed_year)
    if any(claims.claim(session, [subject]).values()):
        return Refusal("PLACE_TAKEN")
    sealed = seal(key, {"reason": reason}, f"referral/{application_id}")
    _review(
        session,
        application_id,
        actor,
        outcome="eligible",
        status="eligible",
        due_on=None,
        taken_by=None,
        review=sealed,
    )
    tally.change(session, [(place_of(row), against(row, key))])
    data = {**case_data(subject), "upheld_by": actor.subject, "sealed": sealed}
    record(
        session, SERVICE, [NewEvent("eligibility.referral_upheld.v1", application_id, data, actor.subject)]
    )
    return None


def refuse_referral(
    session: Session, ring: KeyRing, application_id: str, reason: str, decision: Decision, actor: Actor
) -> Refusal | None:
    """Refuse a referred case with the reason that the household is told. Refusals as `take_referral`."""
    if actor.commune is not None:
        return Refusal("PROVINCE_DECIDES")
    return reject_case(session, ring, application_id, reason, decision, actor, REFERRED)


def _hold(session: Session, application_id: str, actor: Actor) -> Any | Refusal:
    """The referred case, locked, for a person of its province who did not make it."""
    case = find_case(session, application_id, actor)
    if case is None:
        return Refusal("NOT_FOUND")
    if actor.commune is not None:
        return Refusal("PROVINCE_DECIDES")
    row = lock(session, [application_id], REFERRED).get(application_id)
    if row is None:
        return Refusal("CASE_NOT_OPEN", status="withdrawn" if case.withdrawn else case.status)
    return Refusal("MAKER_IS_CHECKER") if actor.subject in parties(row) else row


def _review(session: Session, application_id: str, actor: Actor, **values: Any) -> None:
    """Change a case that `_hold` locked, and keep the actor among its reviewers."""
    reviewers = func.array_append(func.array_remove(CaseFile.reviewers, actor.subject), actor.subject)
    session.execute(
        update(CaseFile)
        .where(CaseFile.application_id == application_id, CaseFile.status == "referred")
        .values(reviewers=reviewers, **values)
        .execution_options(synchronize_session=False)
    )
