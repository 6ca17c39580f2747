"""Approval lists: draft, post, object, approve, take back, print."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from flask import Response
from flask.typing import ResponseReturnValue
from flask_smorest import Blueprint

from services.eligibility import queries, schemas
from services.eligibility.api.common import answer_refusal, answers_problems, check_area, decision_of, keys
from services.eligibility.commands import (
    Objected,
    approve_posted,
    cancel_list,
    draft_list,
    object_to,
    post_list,
)
from services.eligibility.models import ApprovalList
from services.eligibility.printing import document
from shared.auth import Role
from shared.web import Page, Problem, Refusal, current_actor, current_session, idempotent, requires

READERS = (Role.OFFICER, Role.APPROVER, Role.MANAGER, Role.AUDITOR)

blp = Blueprint("lists", __name__, description="Approval lists: posted in public, then approved")


@blp.get("/lists")
@blp.arguments(schemas.ListQuery(), location="query", unknown=None)
@blp.response(200, schemas.ListPage)
@answers_problems(blp, 400, 422)
@requires(*READERS)
def list_lists(query: dict[str, Any]) -> Page:
    """The lists of one's area in the order of making."""
    wanted = queries.ListFilter(query["programme_id"], query["commune"], query["status"])
    return queries.list_lists(current_session(), current_actor(), wanted, query["cursor"], query["limit"])


@blp.get("/lists/<uuid:list_id>")
@blp.response(200, schemas.ListDetail)
@answers_problems(blp, 404)
@requires(*READERS)
def show_list(list_id: UUID) -> dict[str, Any]:
    """A list and who stands on it, in order, each with what gave it its rank. It names nobody."""
    return _found(list_id)


@blp.post("/lists")
@blp.arguments(schemas.DraftRequest())
@blp.response(201, schemas.ListItem)
@answers_problems(blp, 400, 404, 409, 413, 415, 422)
@requires(Role.OFFICER, Role.APPROVER)
@idempotent
def draft(body: dict[str, Any]) -> ResponseReturnValue:
    """Gather the eligible cases of a commune or a village in the programme's priority order. Somebody else
    approves them."""
    check_area(body["commune"])
    made = draft_list(
        current_session(), keys(), body["programme_id"], body["commune"], body["village"], current_actor()
    )
    return _answer(made)


@blp.post("/lists/<uuid:list_id>:post")
@blp.response(200, schemas.ListItem)
@answers_problems(blp, 400, 404, 409, 422)
@requires(Role.OFFICER, Role.APPROVER)
@idempotent
def post(list_id: UUID) -> ResponseReturnValue:
    """Start the posting, today."""
    return _answer(post_list(current_session(), str(list_id), current_actor()))


@blp.post("/lists/<uuid:list_id>:cancel")
@blp.response(200, schemas.ListItem)
@answers_problems(blp, 400, 404, 409, 422)
@requires(Role.OFFICER, Role.APPROVER)
@idempotent
def cancel(list_id: UUID) -> ResponseReturnValue:
    """Take a list back; whoever still waits on it may stand on another one."""
    return _answer(cancel_list(current_session(), str(list_id), current_actor()))


@blp.post("/lists/<uuid:list_id>:approve")
@blp.arguments(schemas.ListDecision())
@blp.response(200, schemas.ListAnswer)
@answers_problems(blp, 400, 404, 409, 413, 415, 422)
@requires(Role.APPROVER)
@idempotent
def approve(body: dict[str, Any], list_id: UUID) -> ResponseReturnValue:
    """Approve who stands on the list, all or those named, after the posting is over."""
    ids = body["application_ids"]
    made = approve_posted(
        current_session(),
        str(list_id),
        None if ids is None else [str(one) for one in ids],
        decision_of(body),
        current_actor(),
    )
    return answer_refusal(made) if isinstance(made, Refusal) else asdict(made)


@blp.post("/lists/<uuid:list_id>/objections")
@blp.arguments(schemas.ObjectionRequest())
@blp.response(201, schemas.ObjectionAnswer)
@answers_problems(blp, 400, 404, 409, 413, 415, 422)
@requires(Role.OFFICER, Role.APPROVER)
@idempotent
def object_(body: dict[str, Any], list_id: UUID) -> ResponseReturnValue:
    """Write down an objection: the case leaves the list and goes to a person of the province."""
    case = str(body["application_id"])
    objection = Objected(body["ground"], body["text"])
    made = object_to(current_session(), keys(), str(list_id), case, objection, current_actor())
    if isinstance(made, Refusal):
        return answer_refusal(made)
    return {"objection_id": made, "application_id": case, "status": "referred"}


@blp.post("/lists/<uuid:list_id>/document")
@blp.arguments(schemas.DocumentRequest())
@blp.alt_response(200, description="A PDF or an .xlsx file.", content_type="application/pdf")
@answers_problems(blp, 404, 413, 415, 422)
@requires(*(role for role in READERS if role is not Role.AUDITOR))
def print_list(body: dict[str, Any], list_id: UUID) -> Response:
    """The posting sheet, or the list to sign, on paper or as a table. Names stand on it only where the caller
    sends them along; they are kept nowhere."""
    found = _found(list_id)
    names = {str(case): name for case, name in body["names"].items()}
    made = document(found, body["kind"], body["format"], names)
    return Response(made.content, content_type=made.content_type)


def _found(list_id: UUID) -> dict[str, Any]:
    found = queries.read_list(current_session(), str(list_id), current_actor())
    if found is None:
        raise Problem(404, "NOT_FOUND")
    return found


def _answer(made: ApprovalList | Refusal) -> ResponseReturnValue:
    if isinstance(made, Refusal):
        return answer_refusal(made)
    return {
        **{column.name: getattr(made, column.name) for column in ApprovalList.__table__.columns},
        "list_id": made.id,
    }
