"""Taking back an approval by hand: disbursement stops or cancels the voucher by the event."""

from sqlalchemy import update
from sqlalchemy.orm import Session

from services.eligibility.approving import SERVICE, party_to
from services.eligibility.cases import ENDED, let_go
from services.eligibility.commands.found import find_case, parties
from services.eligibility.models import CaseFile
from shared.auth import Actor, within
from shared.events import NewEvent
from shared.outbox import record
from shared.refusal import Refusal


def revoke_case(session: Session, application_id: str, reason: str, actor: Actor) -> Refusal | None:
    """Take back an approval, by somebody of the province who did not make the case; `reason` is a code. A
    case for which a phone was handed out stays approved. Refusals: NOT_FOUND, PROVINCE_DECIDES,
    CASE_NOT_OPEN, MAKER_IS_CHECKER, PHONE_HANDED_OUT."""
    if actor.commune is not None:
        return Refusal("PROVINCE_DECIDES")
    revoked = session.execute(
        update(CaseFile)
        .where(
            CaseFile.application_id == application_id,
            within(actor, CaseFile.commune, CaseFile.province),
            CaseFile.status == "approved",
            CaseFile.voucher.is_distinct_from("redeemed"),
            ~party_to(actor.subject),
        )
        .values(status="revoked", revoked_by=actor.subject, revoked_reason=reason)
        .returning(
            CaseFile.application_id,
            CaseFile.household_id,
            CaseFile.programme_id,
            CaseFile.counted_in,
            CaseFile.voucher,
        )
        .execution_options(synchronize_session=False)
    ).first()
    if revoked is None:
        return _why_not(session, application_id, actor)
    if revoked.voucher == ENDED:
        let_go(session, [revoked])
    data = {
        "application_id": application_id,
        "household_id": revoked.household_id,
        "programme_id": revoked.programme_id,
        "reason": reason,
        "revoked_by": actor.subject,
    }
    record(session, SERVICE, [NewEvent("eligibility.revoked.v1", application_id, data, actor.subject)])
    return None


def _why_not(session: Session, application_id: str, actor: Actor) -> Refusal:
    case = find_case(session, application_id, actor)
    if case is None:
        return Refusal("NOT_FOUND")
    if case.status != "approved":
        return Refusal("CASE_NOT_OPEN", status=case.status)
    if actor.subject in parties(case):
        return Refusal("MAKER_IS_CHECKER")
    return Refusal("PHONE_HANDED_OUT")
