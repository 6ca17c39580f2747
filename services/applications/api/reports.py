"""Counts, and the live state that the audit compares with its replay. No personal data."""

from typing import Any

from flask_smorest import Blueprint

from services.applications import queries
from services.applications.api.common import answers_problems
from services.applications.schemas import finding as schemas
from shared.auth import Role
from shared.web import Page, current_actor, current_session, requires

blp = Blueprint("reports", __name__, description="Counts and live state")


@blp.get("/funnel")
@blp.arguments(schemas.FunnelQuery(), location="query", unknown=None)
@blp.response(200, schemas.Funnel)
@answers_problems(blp, 422)
@requires(*Role)
def funnel(query: dict[str, Any]) -> dict[str, Any]:
    """How many applications of one's area stand where."""
    return queries.funnel(current_session(), current_actor(), query["programme_id"])


@blp.get("/villages")
@blp.arguments(schemas.VillagesQuery(), location="query", unknown=None)
@blp.response(200, schemas.Villages)
@answers_problems(blp, 422)
@requires(Role.OFFICER, Role.APPROVER, Role.MANAGER, Role.AUDITOR)
def villages(query: dict[str, Any]) -> dict[str, Any]:
    """How many applications of each village of a commune stand where; none outside one's area."""
    return {**query, "items": queries.villages(current_session(), current_actor(), **query)}


@blp.get("/live-state")
@blp.arguments(schemas.LiveStateQuery(), location="query", unknown=None)
@blp.response(200, schemas.LiveState)
@answers_problems(blp, 400, 422)
@requires(Role.AUDITOR, Role.SERVICE)
def live_state(query: dict[str, Any]) -> Page:
    """Where every application stands, key by key, in the shape of the audit's fold."""
    return queries.live_state(current_session(), query["cursor"], query["limit"])
