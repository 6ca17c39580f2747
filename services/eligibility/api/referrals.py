"""Referred cases: the queue with owners and deadlines, take one, uphold or refuse it."""

from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue
from flask_smorest import Blueprint

from services.eligibility import queries, schemas
from services.eligibility.api.common import answer_refusal, answers_problems, decision_of, keys, note_access
from services.eligibility.commands import refuse_referral, take_referral, uphold_referral
from services.eligibility.domain import today
from shared.auth import Role
from shared.web import Page, Refusal, current_actor, current_session, idempotent, requires

blp = Blueprint("referrals", __name__, description="Cases that a person of the province has to decide")


@blp.get("/referrals")
@blp.arguments(schemas.ReferralQuery(), location="query", unknown=None)
@blp.response(200, schemas.ReferralPage)
@answers_problems(blp, 400, 422)
@requires(Role.APPROVER, Role.MANAGER, Role.AUDITOR)
def list_referrals(query: dict[str, Any]) -> Page:
    """What waits in one's area, the nearest deadline first, with reasons. The reading is recorded."""
    session, actor = current_session(), current_actor()
    wanted = queries.ReferralFilter(query["programme_id"], query["commune"], query["overdue"], query["mine"])
    page = queries.list_referrals(session, keys(), actor, wanted, query["cursor"], query["limit"], today())
    if page.items:
        place = actor.commune or actor.province or "all"
        note_access(place, actor, "REFERRALS", "list", sorted({one["household_id"] for one in page.items}))
    return page


@blp.post("/referrals/<uuid:application_id>:take")
@blp.response(200, schemas.TakenAnswer)
@answers_problems(blp, 400, 404, 409, 422)
@requires(Role.APPROVER)
@idempotent
def take(application_id: UUID) -> ResponseReturnValue:
    """Take a referred case on. Whoever took one does not approve it later."""
    taken = take_referral(current_session(), str(application_id), current_actor())
    if isinstance(taken, Refusal):
        return answer_refusal(taken)
    return {
        "application_id": str(application_id),
        "taken_by": current_actor().subject,
        "due_on": taken.due_on,
    }


@blp.post("/referrals/<uuid:application_id>:uphold")
@blp.arguments(schemas.UpholdRequest())
@blp.response(200, schemas.ReferralAnswer)
@answers_problems(blp, 400, 404, 409, 413, 415, 422)
@requires(Role.APPROVER)
@idempotent
def uphold(body: dict[str, Any], application_id: UUID) -> ResponseReturnValue:
    """Find the household eligible, with the reason; somebody else approves the case."""
    refusal = uphold_referral(current_session(), keys(), str(application_id), body["reason"], current_actor())
    if refusal is not None:
        return answer_refusal(refusal)
    return {"application_id": str(application_id), "status": "eligible"}


@blp.post("/referrals/<uuid:application_id>:refuse")
@blp.arguments(schemas.RefuseRequest())
@blp.response(200, schemas.RejectedAnswer)
@answers_problems(blp, 400, 404, 409, 413, 415, 422)
@requires(Role.APPROVER)
@idempotent
def refuse(body: dict[str, Any], application_id: UUID) -> ResponseReturnValue:
    """Refuse the household, with the reason that it is told."""
    refusal = refuse_referral(
        current_session(), keys(), str(application_id), body["reason"], decision_of(body), current_actor()
    )
    if refusal is not None:
        return answer_refusal(refusal)
    return {"application_id": str(application_id), "status": "rejected", "appeal": queries.appeal_path()}
