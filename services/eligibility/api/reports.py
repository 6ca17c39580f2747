"""Counts, and the live state that the audit compares with its replay. No personal data."""

from typing import Any

from flask_smorest import Blueprint

from services.eligibility import queries, schemas
from services.eligibility.api.common import answers_problems
from services.eligibility.reconcile import reconcile
from shared.auth import Role
from shared.reconcile import ReconcileResponse, answer
from shared.web import Page, current_actor, current_session, requires

blp = Blueprint("reports", __name__, description="Counts and live state")


@blp.get("/funnel")
@blp.arguments(schemas.FunnelQuery(), location="query", unknown=None)
@blp.response(200, schemas.FunnelAnswer)
@answers_problems(blp, 422)
@requires(*Role)
def funnel(query: dict[str, Any]) -> dict[str, Any]:
    """How many cases of one's area came out how, and for which reasons."""
    return queries.funnel(current_session(), current_actor(), query["programme_id"])


@blp.get("/live-state")
@blp.arguments(schemas.LiveStateQuery(), location="query", unknown=None)
@blp.response(200, schemas.LiveState)
@answers_problems(blp, 400, 422)
@requires(Role.AUDITOR, Role.SERVICE)
def live_state(query: dict[str, Any]) -> Page:
    """Where every case and programme stands, key by key, in the shape of the audit's fold."""
    return queries.live_state(current_session(), query["cursor"], query["limit"])


@blp.get("/reconcile")
@blp.response(200, ReconcileResponse)
@answers_problems(blp)
@requires(Role.AUDITOR)
def show_reconcile() -> dict[str, Any]:
    """Whether deadlines are kept and places, quotas and lists tie out, and which rows do not."""
    return answer(reconcile(current_session()))
