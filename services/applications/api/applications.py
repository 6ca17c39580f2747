"""Applications one at a time: enter, submit, withdraw, list, read."""

from typing import Any
from uuid import UUID

from flask import Response
from flask.typing import ResponseReturnValue
from flask_smorest import Blueprint

from services.applications import queries, schemas
from services.applications.api.common import (
    answer_refusal,
    answers_problems,
    leave_trace,
    own_place,
    secrets,
    today,
)
from services.applications.commands import (
    Entered,
    enter_application,
    submit_application,
    withdraw_application,
)
from services.applications.entering import Entry
from services.applications.forms import read_form
from services.applications.lists import Problem as FieldProblem
from shared.auth import Role
from shared.web import Page, Problem, Refusal, current_actor, current_session, idempotent, requires
from shared.web.problems import wanted_language

blp = Blueprint("applications", __name__, description="Applications of households to programmes")


@blp.post("/applications")
@blp.arguments(schemas.ApplicationRequest())
@blp.response(201, schemas.ApplicationCreated)
@answers_problems(blp, 400, 409, 413, 422)
@requires(Role.OFFICER)
@idempotent
def create_application(form: dict[str, Any]) -> ResponseReturnValue:
    """Enter a household into a programme."""
    place = own_place(form["commune"])
    reading = read_form(form, today())
    if reading.draft is None:
        raise Problem(422, "INVALID_FIELDS", errors={"json": _errors(reading.problems)})
    entry = Entry(
        form["programme_id"],
        place,
        current_actor().subject,
        "form",
        legal_basis=form["legal_basis"],
        submit=form["submit"],
    )
    wanted_id = str(form["application_id"]) if form["application_id"] else None
    entered = enter_application(current_session(), secrets(), reading.draft, entry, wanted_id)
    if isinstance(entered, Refusal):
        return answer_refusal(entered)
    return {**_answer(entered), "warnings": reading.problems}


@blp.post("/applications/<uuid:application_id>:submit")
@blp.response(200, schemas.ApplicationAnswer)
@answers_problems(blp, 400, 404, 409, 422)
@requires(Role.OFFICER)
@idempotent
def submit(application_id: UUID) -> ResponseReturnValue:
    """Submit a draft."""
    return _outcome(submit_application(current_session(), secrets(), str(application_id), current_actor()))


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


@blp.get("/applications")
@blp.arguments(schemas.ListQuery(), location="query", unknown=None)
@blp.response(200, schemas.ApplicationList)
@answers_problems(blp, 400, 422)
@requires(Role.OFFICER, Role.APPROVER, Role.MANAGER, Role.AUDITOR)
def list_applications(query: dict[str, Any]) -> Page:
    """Applications of one's area, newest first. Names are personal data: the reading is recorded."""
    cursor, limit, purpose = query.pop("cursor"), query.pop("limit"), query.pop("purpose")
    actor = current_actor()
    wanted = queries.Filter(**query)
    page = queries.list_applications(current_session(), secrets(), actor, wanted, cursor, limit)
    key = wanted.commune or actor.commune or actor.province or "all"
    if page.items:
        leave_trace(actor, key, "list", purpose, sorted({item["household_id"] for item in page.items}))
    return page


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


def _outcome(outcome: Entered | Refusal | None) -> dict[str, str] | Response:
    if outcome is None:
        raise Problem(404, "NOT_FOUND")
    return answer_refusal(outcome) if isinstance(outcome, Refusal) else _answer(outcome)


def _answer(entered: Entered) -> dict[str, str]:
    return {
        "application_id": entered.application_id,
        "household_id": entered.household_id,
        "status": entered.status,
    }


def _errors(problems: tuple[FieldProblem, ...]) -> dict[str, Any]:
    """Problems by field, nested as the form is, in the language the request prefers."""
    english = wanted_language() == "en"
    found: dict[str, Any] = {}
    for problem in problems:
        if problem.severity != "error":
            continue
        *parents, name = problem.field.split(".")
        place = found
        for parent in parents:
            place = place.setdefault(parent, {})
        place.setdefault(name, []).append(problem.message_en if english else problem.message_vi)
    return found
