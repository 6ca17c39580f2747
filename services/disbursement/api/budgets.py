"""Money: allocating it and looking at it."""

from datetime import UTC, datetime
from typing import Any

from flask_smorest import Blueprint

from services.disbursement import queries
from services.disbursement.api.common import STAFF, slug
from services.disbursement.commands.budgets import allocate
from services.disbursement.schemas import budgets as s
from shared.auth import Role
from shared.web import Problem, current_actor, current_session, idempotent, requires

blp = Blueprint("budgets", __name__, description="Budgets")


@blp.post("/budgets/<string:programme_id>:allocate")
@blp.arguments(s.AllocationRequest())
@blp.response(200, s.BudgetResponse())
@blp.alt_response(403, description="ROLE_MISSING")
@blp.alt_response(422, description="INVALID_FIELDS, IDEMPOTENCY_KEY_REUSED")
@requires(Role.MANAGER)
@idempotent
def allocate_budget(body: dict[str, Any], programme_id: str) -> Any:
    """Add money to a programme's budget; who waits for it is served at once."""
    session = current_session()
    allocate(
        session, slug(programme_id), body["amount"], body["document"], current_actor(), datetime.now(UTC)
    )
    return queries.budget(session, programme_id)


@blp.get("/budgets/<string:programme_id>")
@blp.response(200, s.BudgetResponse())
@blp.alt_response(404, description="NOT_FOUND")
@requires(*STAFF)
def show_budget(programme_id: str) -> Any:
    """allocated = available + reserved + spent, in đồng."""
    found = queries.budget(current_session(), slug(programme_id))
    if found is None:
        raise Problem(404, "NOT_FOUND")
    return found
