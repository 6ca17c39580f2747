"""Cases: list, read with reasons, approve or reject one."""

from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue
from flask_smorest import Blueprint

from services.eligibility import queries, schemas
from services.eligibility.api.common import answer_refusal, answers_problems, decision_of, keys, note_access
from services.eligibility.commands import approve_case, reject_case, revoke_case
from shared.auth import Role
from shared.web import (
    Page,
    Problem,
    Refusal,
    current_actor,
    current_session,
    idempotent,
    requires,
)

READERS = (Role.OFFICER, Role.APPROVER, Role.MANAGER, Role.AUDITOR)

blp = Blueprint("cases", __name__, description="Assessed applications and the decisions about them")


@blp.get("/cases")
@blp.arguments(schemas.CaseQuery(), location="query", unknown=None)
@blp.response(200, schemas.CasePage)
@answers_problems(blp, 400, 422)
@requires(*READERS)
def list_cases(query: dict[str, Any]) -> Page:
    """The cases of one's area in the order of submission; no personal data."""
    wanted = queries.Filter(query["programme_id"], query["commune"], query["status"], query["flagged"])
    return queries.list_cases(current_session(), current_actor(), wanted, query["cursor"], query["limit"])


@blp.get("/cases/<uuid:application_id>")
@blp.arguments(schemas.ReadQuery(), location="query", unknown=None)
@blp.response(200, schemas.CaseDetail)
@answers_problems(blp, 404, 422)
@requires(*READERS)
def show_case(query: dict[str, Any], application_id: UUID) -> dict[str, Any]:
    """One case with its reasons and the values they rest on. The reading is recorded."""
    key, actor = str(application_id), current_actor()
    case = queries.read_case(current_session(), keys(), key, actor)
    if case is None:
        raise Problem(404, "NOT_FOUND")
    note_access(key, actor, query["purpose"], "household", [case["household_id"]])
    return case


@blp.post("/cases/<uuid:application_id>:approve")
@blp.arguments(schemas.DecisionRequest())
@blp.response(200, schemas.ApprovedAnswer)
@answers_problems(blp, 400, 404, 409, 413, 415, 422)
@requires(Role.APPROVER)
@idempotent
def approve(body: dict[str, Any], application_id: UUID) -> ResponseReturnValue:
    """Approve one eligible case. A referred one is upheld first, by somebody else."""
    approved = approve_case(current_session(), str(application_id), decision_of(body), current_actor())
    if isinstance(approved, Refusal):
        return answer_refusal(approved)
    return {
        "application_id": approved.application_id,
        "status": "approved",
        "position": approved.position,
        "amount": approved.terms.amount,
    }


@blp.post("/cases/<uuid:application_id>:reject")
@blp.arguments(schemas.RejectRequest())
@blp.response(200, schemas.RejectedAnswer)
@answers_problems(blp, 400, 404, 409, 413, 415, 422)
@requires(Role.APPROVER)
@idempotent
def reject(body: dict[str, Any], application_id: UUID) -> ResponseReturnValue:
    """Reject one case, with the reason that the household is told."""
    refusal = reject_case(
        current_session(), keys(), str(application_id), body["reason"], decision_of(body), current_actor()
    )
    if refusal is not None:
        return answer_refusal(refusal)
    return {"application_id": str(application_id), "status": "rejected", "appeal": queries.appeal_path()}


@blp.post("/cases/<uuid:application_id>:revoke")
@blp.arguments(schemas.RevokeRequest())
@blp.response(200, schemas.RevokedAnswer)
@answers_problems(blp, 400, 404, 409, 413, 415, 422)
@requires(Role.APPROVER, Role.MANAGER)
@idempotent
def revoke(body: dict[str, Any], application_id: UUID) -> ResponseReturnValue:
    """Take back an approval, by the province; its voucher is stopped or cancelled by the event."""
    refusal = revoke_case(current_session(), str(application_id), body["reason"], current_actor())
    if refusal is not None:
        return answer_refusal(refusal)
    return {"application_id": str(application_id), "status": "revoked"}
