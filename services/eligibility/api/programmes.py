"""Programmes: publish, stop, read."""

from dataclasses import asdict
from typing import Any

from flask.typing import ResponseReturnValue
from flask_smorest import Blueprint

from services.eligibility import queries, schemas
from services.eligibility.api.common import answer_refusal, answers_problems
from services.eligibility.publishing import publish, stop
from services.eligibility.rules import ProgrammeInvalid
from shared.auth import Role
from shared.web import Page, PageQuery, Problem, Refusal, current_actor, current_session, idempotent, requires

blp = Blueprint("programmes", __name__, description="Programmes as versioned documents with their rules")


@blp.post("/programmes")
@blp.arguments(schemas.PublishRequest())
@blp.response(201, schemas.PublishedAnswer)
@blp.alt_response(200, schema=schemas.PublishedAnswer, description="This very version was published before.")
@answers_problems(blp, 400, 409, 413, 415, 422)
@requires(Role.MANAGER)
@idempotent
def publish_programme(body: dict[str, Any]) -> ResponseReturnValue:
    """Publish a programme version. It never changes afterwards."""
    try:
        published = publish(current_session(), body["document"], current_actor())
    except ProgrammeInvalid as invalid:
        raise Problem(422, "PROGRAMME_INVALID", errors={"document": list(invalid.problems)}) from invalid
    if isinstance(published, Refusal):
        return answer_refusal(published)
    return asdict(published), 201 if published.new else 200


@blp.post("/programmes/<programme_id>:suspend")
@blp.arguments(schemas.StopRequest())
@blp.response(200, schemas.ProgrammeStatus)
@answers_problems(blp, 400, 404, 409, 413, 415, 422)
@requires(Role.MANAGER)
@idempotent
def suspend_programme(body: dict[str, Any], programme_id: str) -> ResponseReturnValue:
    """Approve nothing more until a new version is published."""
    return _stop(programme_id, "suspended", body["reason"])


@blp.post("/programmes/<programme_id>:close")
@blp.arguments(schemas.StopRequest())
@blp.response(200, schemas.ProgrammeStatus)
@answers_problems(blp, 400, 404, 409, 413, 415, 422)
@requires(Role.MANAGER)
@idempotent
def close_programme(body: dict[str, Any], programme_id: str) -> ResponseReturnValue:
    """End a programme."""
    return _stop(programme_id, "closed", body["reason"])


def _stop(programme_id: str, status: str, reason: str) -> ResponseReturnValue:
    refusal = stop(current_session(), programme_id, status, reason, current_actor())
    if refusal is not None:
        return answer_refusal(refusal)
    return {"programme_id": programme_id, "status": status}


@blp.get("/programmes")
@blp.arguments(PageQuery(), location="query", unknown=None)
@blp.response(200, schemas.ProgrammePage)
@answers_problems(blp, 400, 422)
@requires(*Role)
def list_programmes(query: dict[str, Any]) -> Page:
    """The newest version of each programme that serves one's area."""
    return queries.list_programmes(current_session(), current_actor(), query["cursor"], query["limit"])


@blp.get("/programmes/<programme_id>")
@blp.arguments(schemas.VersionQuery(), location="query", unknown=None)
@blp.response(200, schemas.ProgrammeDetail)
@answers_problems(blp, 404, 422)
@requires(*Role)
def show_programme(query: dict[str, Any], programme_id: str) -> dict[str, Any]:
    """One programme with its document, by default the newest version. Public wherever it serves."""
    found = queries.read_programme(current_session(), programme_id, query["version"])
    if found is None:
        raise Problem(404, "NOT_FOUND")
    return found


@blp.get("/programmes/<programme_id>/versions")
@blp.response(200, schemas.ProgrammePage)
@answers_problems(blp, 404)
@requires(*Role)
def list_versions(programme_id: str) -> Page:
    """Every version of one programme, the newest first, without their documents."""
    found = queries.list_versions(current_session(), programme_id)
    if not found:
        raise Problem(404, "NOT_FOUND")
    return Page(found, None)
