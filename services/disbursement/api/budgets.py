"""Money: giving it, correcting it, moving it, looking at it."""

from datetime import UTC, datetime
from typing import Any

from flask_smorest import Blueprint

from services.disbursement import journal, queries
from services.disbursement.api.common import STAFF, answer_refusal, slug
from services.disbursement.commands import budgets
from services.disbursement.commands.budgets import Change
from services.disbursement.domain import Place, budget_ids, local_date
from services.disbursement.schemas import budgets as s
from shared.auth import Role
from shared.reference import areas
from shared.web import Problem, current_actor, current_session, idempotent, requires

BAD_PLACE = "INVALID_FIELDS, COMMUNE_UNKNOWN, PROVINCE_UNKNOWN, IDEMPOTENCY_KEY_REUSED"

blp = Blueprint("budgets", __name__, description="Budgets")


@blp.post("/budgets/<string:programme_id>:allocate")
@blp.arguments(s.AllocationRequest())
@blp.response(200, s.BudgetResponse())
@blp.alt_response(403, description="ROLE_MISSING, OUTSIDE_AREA")
@blp.alt_response(404, description="PROGRAMME_UNKNOWN")
@blp.alt_response(409, description="BUDGET_TOO_SMALL: the budget above has not so much left")
@blp.alt_response(422, description=BAD_PLACE)
@requires(Role.MANAGER)
@idempotent
def allocate_budget(body: dict[str, Any], programme_id: str) -> Any:
    """Add money to a programme's budget, or a share of it to a province's or commune's; who waits for it is
    served at once."""
    place = _place(programme_id, body)
    session, change = current_session(), Change(place, body["amount"], body["document"])
    refusal = budgets.allocate(session, change, current_actor(), datetime.now(UTC))
    return answer_refusal(refusal) if refusal else queries.budget(session, place)


@blp.post("/budgets/<string:programme_id>:adjust")
@blp.arguments(s.AdjustmentRequest())
@blp.response(200, s.BudgetResponse())
@blp.alt_response(403, description="ROLE_MISSING, OUTSIDE_AREA")
@blp.alt_response(404, description="PROGRAMME_UNKNOWN")
@blp.alt_response(409, description="BUDGET_TOO_SMALL: so much is not available")
@blp.alt_response(422, description=BAD_PLACE)
@requires(Role.MANAGER)
@idempotent
def adjust_budget(body: dict[str, Any], programme_id: str) -> Any:
    """Correct a budget by a document and for a reason, upwards or downwards; never below what is
    available."""
    place = _place(programme_id, body)
    session, change = current_session(), Change(place, body["change"], body["document"], body["reason"])
    refusal = budgets.adjust(session, change, current_actor(), datetime.now(UTC))
    return answer_refusal(refusal) if refusal else queries.budget(session, place)


@blp.post("/budgets/<string:programme_id>:move")
@blp.arguments(s.MoveRequest())
@blp.response(200, s.MoveResponse())
@blp.alt_response(403, description="ROLE_MISSING, OUTSIDE_AREA")
@blp.alt_response(404, description="PROGRAMME_UNKNOWN")
@blp.alt_response(409, description="BUDGET_TOO_SMALL, BUDGET_SAME")
@blp.alt_response(422, description=BAD_PLACE)
@requires(Role.MANAGER)
@idempotent
def move_budget(body: dict[str, Any], programme_id: str) -> Any:
    """Move money between two budgets of a programme; each step of the way is an adjustment of its own."""
    source, target = _place(programme_id, body["source"]), _place(programme_id, body["target"])
    session, taken = current_session(), Change(source, -body["amount"], body["document"], body["reason"])
    refusal = budgets.move(session, taken, target, current_actor(), datetime.now(UTC))
    if refusal:
        return answer_refusal(refusal)
    return {"source": queries.budget(session, source), "target": queries.budget(session, target)}


@blp.get("/budgets/<string:programme_id>")
@blp.arguments(s.PlaceQuery(), location="query")
@blp.response(200, s.BudgetResponse())
@blp.alt_response(404, description="NOT_FOUND")
@requires(*STAFF)
def show_budget(query: dict[str, Any], programme_id: str) -> Any:
    """allocated = available + reserved + spent + distributed, in đồng."""
    return _visible(_place(programme_id, query))


@blp.get("/budgets/<string:programme_id>/tree")
@blp.response(200, s.BudgetTree())
@requires(*STAFF)
def show_budget_tree(programme_id: str) -> Any:
    """The programme's budgets of the actor's area and those above them, each before those below it."""
    return {"items": queries.budgets(current_session(), current_actor(), slug(programme_id))}


@blp.get("/budgets/<string:programme_id>/statement")
@blp.arguments(s.StatementQuery(), location="query")
@blp.response(200, s.StatementResponse())
@blp.alt_response(404, description="NOT_FOUND")
@requires(*STAFF)
def show_statement(query: dict[str, Any], programme_id: str) -> Any:
    """How the budget stood at the end of a day in Viet Nam (today's, when none is named), from its
    postings."""
    found = _visible(_place(programme_id, query))
    as_of = query["as_of"] or local_date(datetime.now(UTC))
    return journal.statement(current_session(), found.budget_id, as_of)


def _visible(place: Place) -> Any:
    """The budget, if it concerns the actor. Raises Problem 404."""
    own = budget_ids(place)[0]
    tree = queries.budgets(current_session(), current_actor(), place.programme_id, own)
    if not tree:
        raise Problem(404, "NOT_FOUND")
    return tree[0]


def _place(programme_id: str, body: dict[str, Any]) -> Place:
    """Raises Problem 404 for an id that cannot be anybody's, 422 for a place that is none."""
    slug(programme_id)
    province = body["province"]
    if body["commune"] is not None:
        commune = areas.commune(body["commune"])
        if commune is None or province not in (None, commune.province_code):
            raise Problem(422, "COMMUNE_UNKNOWN", commune=body["commune"])
        return Place(programme_id, commune.province_code, commune.code)
    if province is not None and areas.province(province) is None:
        raise Problem(422, "PROVINCE_UNKNOWN", province=province)
    return Place(programme_id, province, None)
