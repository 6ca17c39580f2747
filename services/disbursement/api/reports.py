"""Counts, and the live state that the audit compares with its replay."""

from typing import Any

from flask_smorest import Blueprint

from services.disbursement import queries
from services.disbursement.reconcile import reconcile
from services.disbursement.schemas import reports as s
from shared.auth import Role
from shared.reconcile import ReconcileResponse, answer
from shared.web import Page, current_actor, current_session, requires

blp = Blueprint("reports", __name__, description="Counts and live state")


@blp.get("/funnel")
@blp.arguments(s.ProgrammeQuery(), location="query")
@blp.response(200, s.FunnelResponse())
@requires(*Role)
def show_funnel(query: dict[str, Any]) -> dict[str, Any]:
    """How far a programme's vouchers have come, within the actor's area."""
    return queries.funnel(current_session(), current_actor(), query["programme_id"])


@blp.get("/live-state")
@blp.arguments(s.LiveStateQuery(), location="query")
@blp.response(200, s.LiveStatePage())
@requires(Role.AUDITOR, Role.SERVICE)
def show_live_state(query: dict[str, Any]) -> Page:
    """What the tables hold now, in the shape that a fold of this service's events gives."""
    return queries.live_state(current_session(), query["cursor"], query["limit"])


@blp.get("/reconcile")
@blp.response(200, ReconcileResponse())
@requires(Role.AUDITOR)
def show_reconcile() -> dict[str, Any]:
    """Whether everything ties out (budgets, postings, vouchers, the waitlist, claims), and which rows do
    not."""
    return answer(reconcile(current_session()))
