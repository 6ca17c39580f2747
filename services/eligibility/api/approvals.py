"""Approval lists: everything that waits, under one signed decision."""

from dataclasses import asdict
from typing import Any

from flask.typing import ResponseReturnValue
from flask_smorest import Blueprint

from services.eligibility import schemas
from services.eligibility.api.common import answer_refusal, answers_problems, decision_of
from services.eligibility.commands import approve_list
from shared.auth import Role, may_act_in
from shared.reference import areas
from shared.web import Problem, Refusal, current_actor, current_session, idempotent, requires

blp = Blueprint("approvals", __name__, description="Lists approved under one decision")


@blp.post("/approval-lists")
@blp.arguments(schemas.ListRequest())
@blp.response(201, schemas.ListAnswer)
@answers_problems(blp, 400, 404, 409, 413, 415, 422)
@requires(Role.APPROVER)
@idempotent
def create_approval_list(body: dict[str, Any]) -> ResponseReturnValue:
    """Approve every eligible case of a commune, of one's whole area, or of those named.

    Cases that the approver entered are left out and counted in `skipped_own`.
    """
    if body["commune"] is not None:
        _check_area(body["commune"])
    ids = body["application_ids"]
    made = approve_list(
        current_session(),
        body["programme_id"],
        body["commune"],
        None if ids is None else [str(one) for one in ids],
        decision_of(body),
        current_actor(),
    )
    return answer_refusal(made) if isinstance(made, Refusal) else asdict(made)


def _check_area(code: str) -> None:
    """Raises Problem 422 for a code of no commune of today, 403 outside the area."""
    commune = areas.commune(code)
    if commune is None:
        raise Problem(422, "COMMUNE_UNKNOWN", commune=code)
    if not may_act_in(current_actor(), commune.code, commune.province_code):
        raise Problem(403, "OUTSIDE_AREA")
