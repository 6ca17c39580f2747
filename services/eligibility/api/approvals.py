"""Approval lists: everything that waits, under one signed decision."""

from dataclasses import asdict
from typing import Any

from flask.typing import ResponseReturnValue
from flask_smorest import Blueprint

from services.eligibility import schemas
from services.eligibility.api.common import answer_refusal, answers_problems, check_area, decision_of, keys
from services.eligibility.commands import approve_list
from shared.auth import Role
from shared.web import Refusal, current_actor, current_session, idempotent, requires

blp = Blueprint("approvals", __name__, description="Lists approved under one decision")


@blp.post("/approval-lists")
@blp.arguments(schemas.ListRequest())
@blp.response(201, schemas.ListAnswer)
@answers_problems(blp, 400, 404, 409, 413, 415, 422)
@requires(Role.APPROVER)
@idempotent
def create_approval_list(body: dict[str, Any]) -> ResponseReturnValue:
    """Approve every eligible case of a commune, of one's whole area, or of those named, at once; in a
    programme that wants lists posted, those whose posting is over.

    Cases that the approver entered, corrected or reviewed are left out and counted in `skipped_own`.
    """
    if body["commune"] is not None:
        check_area(body["commune"])
    ids = body["application_ids"]
    made = approve_list(
        current_session(),
        keys(),
        body["programme_id"],
        body["commune"],
        None if ids is None else [str(one) for one in ids],
        decision_of(body),
        current_actor(),
    )
    return answer_refusal(made) if isinstance(made, Refusal) else asdict(made)
