"""The catalogue of handsets."""

from datetime import UTC, datetime
from typing import Any

from flask_smorest import Blueprint

from services.disbursement import shop_queries
from services.disbursement.api.common import STAFF, answer_refusal, slug
from services.disbursement.commands import handsets
from services.disbursement.schemas import shops as s
from shared.auth import Role
from shared.refusal import Refusal
from shared.web import Page, current_actor, current_session, idempotent, refuse, requires

blp = Blueprint("handsets", __name__, description="The catalogue of handsets")


@blp.post("/handsets")
@blp.arguments(s.HandsetRequest())
@blp.response(201, s.HandsetResponse())
@blp.alt_response(409, description="HANDSET_EXISTS, TAC_OF_ANOTHER_MODEL")
@requires(Role.MANAGER)
@idempotent
def list_handset(body: dict[str, Any]) -> Any:
    """Enter a model: 4G or better, with the first eight digits of its IMEIs. For the whole country."""
    refusal = handsets.list_handset(current_session(), body, current_actor(), datetime.now(UTC))
    return answer_refusal(refusal) if refusal else {**body, "status": "listed"}


@blp.get("/handsets")
@blp.arguments(s.HandsetQuery(), location="query")
@blp.response(200, s.HandsetPage())
@requires(*STAFF, Role.SHOP, Role.ENTERPRISE)
def show_handsets(query: dict[str, Any]) -> Page:
    """The models that shops may hand over, by id."""
    return shop_queries.handsets(current_session(), query)


@blp.post("/handsets/<string:handset_id>:withdraw")
@blp.arguments(s.WhyRequest())
@blp.response(204)
@blp.alt_response(409, description="HANDSET_NOT_LISTED")
@requires(Role.MANAGER)
@idempotent
def withdraw_handset(body: dict[str, Any], handset_id: str) -> Any:
    """From now on nobody is given this model."""
    if not handsets.withdraw(current_session(), slug(handset_id), body["reason"], current_actor()):
        return refuse(Refusal("HANDSET_NOT_LISTED"))
    return None
