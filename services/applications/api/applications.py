"""Applications one at a time: enter, read."""

from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue
from flask_smorest import Blueprint

from services.applications import queries, schemas
from services.applications.api.changes import answer_of
from services.applications.api.common import answer_refusal, answers_problems, leave_trace, secrets
from services.applications.api.reading import household_in, own_place_of
from services.applications.commands import enter_application
from services.applications.entering import Entry
from shared.auth import Role
from shared.web import Problem, Refusal, current_actor, current_session, idempotent, requires

blp = Blueprint("applications", __name__, description="Applications of households to programmes")


@blp.post("/applications")
@blp.arguments(schemas.ApplicationRequest())
@blp.response(201, schemas.ApplicationCreated)
@answers_problems(blp, 400, 409, 413, 422)
@requires(Role.OFFICER)
@idempotent
def create_application(form: dict[str, Any]) -> ResponseReturnValue:
    """Enter a household into a programme."""
    place, notices = own_place_of(form["commune"])
    draft, warnings = household_in(form)
    entry = Entry(form["programme_id"], place, current_actor().subject, "form", submit=form["submit"])
    wanted_id = str(form["application_id"]) if form["application_id"] else None
    entered = enter_application(current_session(), secrets(), draft, entry, wanted_id)
    if isinstance(entered, Refusal):
        return answer_refusal(entered)
    return {**answer_of(entered), "warnings": (*notices, *warnings)}


@blp.get("/applications/<uuid:application_id>")
@blp.arguments(schemas.ReadQuery(), location="query", unknown=None)
@blp.response(200, schemas.ApplicationDetail)
@answers_problems(blp, 404, 422)
@requires(Role.OFFICER, Role.APPROVER, Role.MANAGER, Role.AUDITOR)
def read_application(query: dict[str, Any], application_id: UUID) -> dict[str, Any]:
    """Everything about one application, with personal data: the reading is recorded."""
    actor = current_actor()
    found = queries.read_application(current_session(), secrets(), str(application_id), actor)
    if found is None:
        raise Problem(404, "NOT_FOUND")
    leave_trace(actor, str(application_id), "household", query["purpose"], [found["household_id"]])
    return found
