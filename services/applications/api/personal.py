"""What the law on personal data asks for: a subject's whole file, and requests with their deadlines."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue
from flask_smorest import Blueprint

from services.applications import dossier, requests
from services.applications.api.common import answer_refusal, answers_problems, leave_trace, secrets, today
from services.applications.models import DataRequest
from services.applications.schemas import personal as schemas
from services.applications.traces import area_key
from shared.auth import Role
from shared.web import Page, Problem, Refusal, current_actor, current_session, idempotent, requires

blp = Blueprint("personal", __name__, description="Personal data: files of subjects, and what they ask")


@blp.get("/households/<uuid:household_id>:export")
@blp.arguments(schemas.FileQuery(), location="query", unknown=None)
@blp.response(200, schemas.WholeFile)
@answers_problems(blp, 404, 422)
@requires(Role.OFFICER, Role.MANAGER)
def export(query: dict[str, Any], household_id: UUID) -> dict[str, Any]:
    """A subject's whole file: all applications with their revisions and timelines, and who read them."""
    actor = current_actor()
    found = dossier.whole_file(current_session(), secrets(), str(household_id), actor)
    if found is None:
        raise Problem(404, "NOT_FOUND")
    leave_trace(actor, str(household_id), "export", query["purpose"], [str(household_id)])
    return found


@blp.post("/households/<uuid:household_id>/requests")
@blp.arguments(schemas.ReceiveRequest())
@blp.response(201, schemas.DataRequestAnswer)
@answers_problems(blp, 400, 404, 413, 422)
@requires(Role.OFFICER, Role.MANAGER)
@idempotent
def receive(body: dict[str, Any], household_id: UUID) -> dict[str, Any]:
    """Record that somebody of a household asked about their data, and by when it is due."""
    if body["received_on"] > today():
        raise Problem(422, "DATE_IN_FUTURE")
    made = requests.receive(current_session(), str(household_id), **body, actor=current_actor())
    if made is None:
        raise Problem(404, "NOT_FOUND")
    return requests.shown(made)


@blp.post("/requests/<uuid:request_id>:answer")
@blp.response(200, schemas.DataRequestAnswer)
@answers_problems(blp, 400, 404, 409, 422)
@requires(Role.OFFICER, Role.MANAGER)
@idempotent
def answer(request_id: UUID) -> ResponseReturnValue:
    """The person was told what becomes of the request."""
    return _changed(lambda: requests.answer(current_session(), str(request_id), today(), current_actor()))


@blp.post("/requests/<uuid:request_id>:extend")
@blp.arguments(schemas.ExtendRequest())
@blp.response(200, schemas.DataRequestAnswer)
@answers_problems(blp, 400, 404, 409, 413, 422)
@requires(Role.OFFICER, Role.MANAGER)
@idempotent
def extend(body: dict[str, Any], request_id: UUID) -> ResponseReturnValue:
    """Take the longer time, once, for a reason."""
    return _changed(
        lambda: requests.extend(current_session(), str(request_id), body["reason"], current_actor())
    )


@blp.post("/requests/<uuid:request_id>:close")
@blp.arguments(schemas.CloseRequest())
@blp.response(200, schemas.DataRequestAnswer)
@answers_problems(blp, 400, 404, 409, 413, 422)
@requires(Role.OFFICER, Role.MANAGER)
@idempotent
def close(body: dict[str, Any], request_id: UUID) -> ResponseReturnValue:
    """What was asked for is done, or refused."""
    return _changed(
        lambda: requests.close(current_session(), str(request_id), body["outcome"], today(), current_actor())
    )


@blp.get("/requests")
@blp.arguments(schemas.RequestsQuery(), location="query", unknown=None)
@blp.response(200, schemas.DataRequests)
@answers_problems(blp, 400, 422)
@requires(Role.OFFICER, Role.MANAGER, Role.AUDITOR)
def list_requests(query: dict[str, Any]) -> Page:
    """Requests of one's area, what is due first, first: that somebody asked is personal data as well."""
    actor = current_actor()
    page = requests.list_requests(current_session(), actor, today(), **query)
    if page.items:
        households = sorted({item["household_id"] for item in page.items})
        leave_trace(actor, area_key(actor), "list", "DATA_REQUESTS", households)
    return page


def _changed(change: Callable[[], DataRequest | Refusal | None]) -> ResponseReturnValue:
    outcome = change()
    if outcome is None:
        raise Problem(404, "NOT_FOUND")
    return answer_refusal(outcome) if isinstance(outcome, Refusal) else requests.shown(outcome)
