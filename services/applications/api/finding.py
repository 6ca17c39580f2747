"""Finding applications, following one, and lists out. Names are personal data: each reading is recorded."""

from typing import Any
from uuid import UUID

from flask import Response
from flask_smorest import Blueprint

from services.applications import listing, queries, schemas
from services.applications.api.common import answer_refusal, answers_problems, leave_trace, secrets
from services.applications.api.imports import TRACED, XLSX, settings
from services.applications.commands import access_recorded
from services.applications.schemas import finding as found
from services.applications.traces import area_key
from shared.auth import Role
from shared.web import Page, Problem, Refusal, current_actor, current_session, record_events, requires

blp = Blueprint("finding", __name__, description="Applications found, followed, and listed")

READERS = (Role.OFFICER, Role.APPROVER, Role.MANAGER, Role.AUDITOR)


@blp.get("/applications")
@blp.arguments(found.ListQuery(), location="query", unknown=None)
@blp.response(200, found.ApplicationList)
@answers_problems(blp, 400, 422)
@requires(*READERS)
def list_applications(query: dict[str, Any]) -> Page:
    """Applications of one's area, newest first; with `q` those that fit it."""
    cursor, limit, purpose = query.pop("cursor"), query.pop("limit"), query.pop("purpose")
    actor, wanted = current_actor(), queries.Filter(**query)
    page = queries.list_applications(current_session(), secrets(), actor, wanted, cursor, limit)
    if page.items:
        households = sorted({item["household_id"] for item in page.items})
        what = "list" if wanted.q is None else "search"
        leave_trace(actor, area_key(actor, wanted.commune), what, purpose, households)
    return page


@blp.get("/applications.xlsx")
@blp.arguments(found.ListOutQuery(), location="query", unknown=None)
@blp.response(200, {"type": "string", "format": "binary"}, content_type=XLSX)
@answers_problems(blp, 400, 409, 422)
@requires(*READERS)
def list_out(query: dict[str, Any]) -> Response:
    """The same applications as an .xlsx in the columns that an import reads, up to the limit of a setting."""
    purpose = query.pop("purpose")
    actor, wanted = current_actor(), queries.Filter(**query)
    most = settings().keeping.export_rows
    made = listing.write_list(current_session(), secrets(), actor, wanted, most)
    if isinstance(made, Refusal):
        return answer_refusal(made)
    chunks = [made.households[start : start + TRACED] for start in range(0, len(made.households), TRACED)]
    where = area_key(actor, wanted.commune)
    record_events([access_recorded(actor, where, "export", purpose, chunk) for chunk in chunks])
    name = {"Content-Disposition": "attachment; filename=ho-so.xlsx"}
    return Response(made.content, content_type=XLSX, headers=name)


@blp.get("/applications/<uuid:application_id>/timeline")
@blp.arguments(schemas.ReadQuery(), location="query", unknown=None)
@blp.response(200, found.Timeline)
@answers_problems(blp, 404, 422)
@requires(*READERS)
def show_timeline(query: dict[str, Any], application_id: UUID) -> dict[str, Any]:
    """What every service said of a case, oldest first, with the reasons in the programme's words."""
    actor = current_actor()
    told = queries.timeline(current_session(), secrets(), str(application_id), actor)
    if told is None:
        raise Problem(404, "NOT_FOUND")
    leave_trace(actor, str(application_id), "household", query["purpose"], [told["household_id"]])
    return told
