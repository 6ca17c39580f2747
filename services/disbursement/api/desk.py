"""Redemptions afterwards: lists, reversals by two people, alerts."""

from datetime import UTC, datetime
from typing import Any

from flask import current_app
from flask_smorest import Blueprint

from services.disbursement import alerts, desk_queries, reversal
from services.disbursement.api.common import answer_refusal, uuid_of
from services.disbursement.api.counter import till_of
from services.disbursement.models import Alert, Reversal
from services.disbursement.schemas import desk as s
from services.disbursement.schemas.offline import OpenOrClosed
from shared.auth import Role
from shared.refusal import Refusal
from shared.web import Page, Problem, current_actor, current_session, idempotent, refuse, requires

blp = Blueprint("desk", __name__, description="Redemptions afterwards")

SHOPS = (Role.SHOP, Role.ENTERPRISE)
DECIDERS = (Role.MANAGER, Role.PAYER)
TOO_LATE = "REDEMPTION_REVERSED, REDEMPTION_CLAIMED, REVERSAL_TOO_LATE"


def _usual_days() -> int:
    days: int = current_app.settings.sales.reversal_days  # type: ignore[attr-defined]
    return days


@blp.get("/redemptions")
@blp.arguments(s.RedemptionsQuery(), location="query")
@blp.response(200, s.RedemptionPage())
@requires(*SHOPS, Role.MANAGER, Role.PAYER, Role.AUDITOR)
def list_redemptions(query: dict[str, Any]) -> Page:
    """A shop's own, an enterprise's own, or those of the area's shops; newest first."""
    return desk_queries.redemptions(current_session(), current_actor(), query)


@blp.post("/redemptions/<string:redemption_id>:reverse")
@blp.arguments(s.ReversalRequest())
@blp.response(201, s.ReversalAnswer())
@blp.alt_response(404, description="NOT_FOUND")
@blp.alt_response(409, description=f"REVERSAL_ASKED, {TOO_LATE}")
@requires(*SHOPS)
@idempotent
def ask_for_reversal(body: dict[str, Any], redemption_id: str) -> Any:
    """The shop of the sale, or its enterprise, wants to take it back. Nothing changes before somebody else
    confirms it."""
    session, actor, till = current_session(), current_actor(), till_of(None)
    if isinstance(till, Refusal) or (till.shop_id is None and not till.enterprise_id):
        raise Problem(404, "NOT_FOUND")
    asked = reversal.ask(session, uuid_of(redemption_id), till, body, actor, datetime.now(UTC), _usual_days())
    if asked is None:
        raise Problem(404, "NOT_FOUND")
    return answer_refusal(asked) if isinstance(asked, Refusal) else asked


@blp.get("/reversals")
@blp.arguments(s.ReversalsQuery(), location="query")
@blp.response(200, s.ReversalPage())
@requires(*SHOPS, *DECIDERS, Role.AUDITOR)
def list_reversals(query: dict[str, Any]) -> Page:
    """What shops want to take back, newest first."""
    return desk_queries.reversals(current_session(), current_actor(), query)


@blp.post("/reversals/<string:reversal_id>:confirm")
@blp.response(200, s.ReversalAnswer())
@blp.alt_response(404, description="NOT_FOUND")
@blp.alt_response(409, description=f"REVERSAL_DECIDED, MAKER_IS_CHECKER, BUDGET_TOO_SMALL, {TOO_LATE}")
@requires(*DECIDERS)
@idempotent
def confirm_reversal(reversal_id: str) -> Any:
    """The voucher is out again, its money reserved, the handset's numbers free. Never by who asked."""
    wanted = _undecided(reversal_id)
    if isinstance(wanted, Refusal):
        return answer_refusal(wanted)
    done = reversal.confirm(current_session(), wanted, current_actor(), datetime.now(UTC), _usual_days())
    return answer_refusal(done) if isinstance(done, Refusal) else done


@blp.post("/reversals/<string:reversal_id>:refuse")
@blp.response(200, s.ReversalAnswer())
@blp.alt_response(404, description="NOT_FOUND")
@blp.alt_response(409, description="REVERSAL_DECIDED, MAKER_IS_CHECKER")
@requires(*DECIDERS)
@idempotent
def refuse_reversal(reversal_id: str) -> Any:
    """The redemption stands."""
    wanted = _undecided(reversal_id)
    if isinstance(wanted, Refusal):
        return answer_refusal(wanted)
    done = reversal.refuse(current_session(), wanted, current_actor(), datetime.now(UTC))
    return answer_refusal(done) if isinstance(done, Refusal) else done


def _undecided(reversal_id: str) -> str | Refusal:
    """The reversal's id, if it is in the actor's area and somebody else's. Raises Problem 404."""
    actor, key = current_actor(), uuid_of(reversal_id)
    found = desk_queries.visible(current_session(), actor, Reversal, key)
    if found is None:
        raise Problem(404, "NOT_FOUND")
    return Refusal("MAKER_IS_CHECKER") if found.asked_by == actor.subject else key


@blp.get("/alerts")
@blp.arguments(OpenOrClosed(), location="query")
@blp.response(200, s.AlertPage())
@requires(Role.MANAGER, Role.PAYER, Role.AUDITOR)
def list_alerts(query: dict[str, Any]) -> Page:
    """Patterns in shops' redemptions that somebody should look at, newest first."""
    return desk_queries.alerts(current_session(), current_actor(), query)


@blp.post("/alerts/<string:alert_id>:close")
@blp.arguments(s.CloseRequest())
@blp.response(200, s.AlertResponse())
@blp.alt_response(404, description="NOT_FOUND")
@blp.alt_response(409, description="CLOSED_ALREADY")
@requires(Role.MANAGER, Role.PAYER)
@idempotent
def close_alert(body: dict[str, Any], alert_id: str) -> Any:
    """Somebody has looked, and says what it was."""
    session, actor, key = current_session(), current_actor(), uuid_of(alert_id)
    if desk_queries.visible(session, actor, Alert, key) is None:
        raise Problem(404, "NOT_FOUND")
    if not alerts.close(session, key, body["reason"], actor):
        return refuse(Refusal("CLOSED_ALREADY"))
    return desk_queries.visible(session, actor, Alert, key)
