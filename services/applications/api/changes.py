"""What becomes of an application: replaced while a draft, submitted, corrected, withdrawn, appealed."""

from typing import Any
from uuid import UUID

from flask import Response
from flask.typing import ResponseReturnValue
from flask_smorest import Blueprint

from services.applications import schemas
from services.applications.api.common import answer_refusal, answers_problems, leave_trace, secrets
from services.applications.api.reading import household_in, said_in
from services.applications.commands import (
    Entered,
    appeal_application,
    submit_application,
    withdraw_application,
)
from services.applications.correcting import Conflict, Correction, correct_application, read_revisions
from services.applications.drafts import discard_draft, replace_draft
from services.applications.lists import Problem as FieldProblem
from services.applications.stored import content_of
from shared.auth import Role
from shared.web import Problem, Refusal, current_actor, current_session, idempotent, requires

blp = Blueprint("changes", __name__, description="What becomes of an application")
CONFLICT = "The state does not allow it; `code` says why. REVISION_CONFLICT carries both versions."


@blp.put("/applications/<uuid:application_id>")
@blp.arguments(schemas.ReplaceRequest())
@blp.response(200, schemas.ApplicationChanged)
@answers_problems(blp, 400, 404, 409, 413, 422)
@requires(Role.OFFICER)
@idempotent
def replace(form: dict[str, Any], application_id: UUID) -> ResponseReturnValue:
    """Replace a draft."""
    said, (draft, warnings) = said_in(form), household_in(form)
    outcome = replace_draft(current_session(), secrets(), str(application_id), draft, current_actor(), said)
    return _outcome(outcome, warnings)


@blp.delete("/applications/<uuid:application_id>")
@blp.response(204)
@answers_problems(blp, 400, 404, 409)
@requires(Role.OFFICER)
@idempotent
def discard(application_id: UUID) -> ResponseReturnValue:
    """Throw a draft away. What was submitted is withdrawn instead."""
    gone = discard_draft(current_session(), secrets(), str(application_id), current_actor())
    if isinstance(gone, Refusal):
        return answer_refusal(gone)
    if not gone:
        raise Problem(404, "NOT_FOUND")
    return Response(status=204)


@blp.post("/applications/<uuid:application_id>:submit")
@blp.response(200, schemas.ApplicationAnswer)
@answers_problems(blp, 400, 404, 409, 422)
@requires(Role.OFFICER)
@idempotent
def submit(application_id: UUID) -> ResponseReturnValue:
    """Submit a draft."""
    return _outcome(submit_application(current_session(), secrets(), str(application_id), current_actor()))


@blp.post("/applications/<uuid:application_id>:correct")
@blp.arguments(schemas.CorrectRequest())
@blp.response(200, schemas.ApplicationChanged)
@blp.alt_response(
    409, schema=schemas.RevisionConflict, description=CONFLICT, content_type="application/problem+json"
)
@answers_problems(blp, 400, 404, 413, 422)
@requires(Role.OFFICER)
@idempotent
def correct(form: dict[str, Any], application_id: UUID) -> ResponseReturnValue:
    """Replace the content of a submitted application; what it was before is kept, with who and why."""
    said, (draft, warnings) = said_in(form), household_in(form)
    correction = Correction(draft, form["expected_revision"], form["reason"], form["note"] or "", said=said)
    outcome = correct_application(
        current_session(), secrets(), str(application_id), correction, current_actor()
    )
    if isinstance(outcome, Conflict):
        raise _conflict(correction, outcome)
    return _outcome(outcome, warnings)


@blp.post("/applications/<uuid:application_id>:withdraw")
@blp.arguments(schemas.WithdrawRequest())
@blp.response(200, schemas.ApplicationAnswer)
@answers_problems(blp, 400, 404, 409, 413, 422)
@requires(Role.OFFICER)
@idempotent
def withdraw(body: dict[str, Any], application_id: UUID) -> ResponseReturnValue:
    """Take an application back, with a reason code."""
    return _outcome(
        withdraw_application(current_session(), str(application_id), body["reason"], current_actor())
    )


@blp.post("/applications/<uuid:application_id>:appeal")
@blp.arguments(schemas.AppealRequest())
@blp.response(200, schemas.ApplicationAnswer)
@answers_problems(blp, 400, 404, 409, 413, 422)
@requires(Role.OFFICER)
@idempotent
def appeal(body: dict[str, Any], application_id: UUID) -> ResponseReturnValue:
    """Record that the household objects to the decision, with its grounds. Once."""
    return _outcome(
        appeal_application(
            current_session(), secrets(), str(application_id), body["grounds"], current_actor()
        )
    )


@blp.get("/applications/<uuid:application_id>/versions")
@blp.arguments(schemas.ReadQuery(), location="query", unknown=None)
@blp.response(200, schemas.Revisions)
@answers_problems(blp, 404, 422)
@requires(Role.OFFICER, Role.APPROVER, Role.MANAGER, Role.AUDITOR)
def versions(query: dict[str, Any], application_id: UUID) -> Any:
    """Every revision with who made it, when, why, and its content: the reading is recorded."""
    actor = current_actor()
    found = read_revisions(current_session(), secrets(), str(application_id), actor)
    if found is None:
        raise Problem(404, "NOT_FOUND")
    leave_trace(actor, str(application_id), "household", query["purpose"], [found.household_id])
    return found


def answer_of(entered: Entered) -> dict[str, Any]:
    return {
        "application_id": entered.application_id,
        "household_id": entered.household_id,
        "status": entered.status,
        "revision": entered.revision,
    }


def _outcome(
    outcome: Entered | Refusal | None, warnings: tuple[FieldProblem, ...] = ()
) -> dict[str, Any] | Response:
    if outcome is None:
        raise Problem(404, "NOT_FOUND")
    if isinstance(outcome, Refusal):
        return answer_refusal(outcome)
    return {**answer_of(outcome), "warnings": warnings}


def _conflict(correction: Correction, conflict: Conflict) -> Problem:
    """Both versions. The reading is recorded by itself: under the key of a request that changed nothing no
    answer is remembered, for this one holds a person's data."""
    stored = conflict.stored
    session = current_session()
    session.rollback()
    leave_trace(current_actor(), stored.application_id, "household", "REVISION_CONFLICT", [stored.home.id])
    session.commit()
    facts = schemas.ConflictFacts().dump(
        {
            "application_id": stored.application_id,
            "expected_revision": correction.expected,
            "stored_revision": stored.revision,
            "stored_status": stored.status,
            "stored": content_of(stored.draft),
            "sent": content_of(correction.draft),
        }
    )
    return Problem(409, "REVISION_CONFLICT", **facts)
