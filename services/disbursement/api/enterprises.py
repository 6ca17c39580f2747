"""Telecom enterprises: the registry."""

from datetime import UTC, datetime
from typing import Any

from flask_smorest import Blueprint

from services.disbursement import shop_queries
from services.disbursement.api.common import STAFF, slug
from services.disbursement.commands import shops
from services.disbursement.schemas import shops as s
from shared.auth import Role
from shared.refusal import Refusal
from shared.web import Page, PageQuery, Problem, current_actor, current_session, idempotent, refuse, requires

blp = Blueprint("enterprises", __name__, description="Telecom enterprises")


@blp.post("/enterprises")
@blp.arguments(s.EnterpriseRequest())
@blp.response(201, s.EnterpriseResponse())
@blp.alt_response(403, description="ROLE_MISSING, OUTSIDE_AREA")
@blp.alt_response(409, description="ENTERPRISE_EXISTS")
@requires(Role.MANAGER)
@idempotent
def register_enterprise(body: dict[str, Any]) -> Any:
    """Enter an enterprise; its shops come after it."""
    actor = current_actor()
    if actor.province not in (None, body["province"]):
        raise Problem(403, "OUTSIDE_AREA")
    if not shops.register_enterprise(current_session(), body, actor, datetime.now(UTC)):
        return refuse(Refusal("ENTERPRISE_EXISTS"))
    return {**body, "status": "active"}


@blp.get("/enterprises")
@blp.arguments(PageQuery(), location="query")
@blp.response(200, s.EnterprisePage())
@requires(*STAFF, Role.ENTERPRISE)
def list_enterprises(query: dict[str, Any]) -> Page:
    """All enterprises, by id; an enterprise sees itself."""
    return shop_queries.enterprises(current_session(), current_actor(), query["cursor"], query["limit"])


@blp.post("/enterprises/<string:enterprise_id>:suspend")
@blp.arguments(s.WhyRequest())
@blp.response(200, s.EnterpriseResponse())
@blp.alt_response(404, description="NOT_FOUND")
@blp.alt_response(409, description="ENTERPRISE_SUSPENDED: it is suspended already")
@requires(Role.MANAGER)
@idempotent
def suspend_enterprise(body: dict[str, Any], enterprise_id: str) -> Any:
    """From now on none of its shops redeems anything."""
    return _decide(enterprise_id, "suspended", body["reason"], "ENTERPRISE_SUSPENDED")


@blp.post("/enterprises/<string:enterprise_id>:reinstate")
@blp.arguments(s.WhyRequest())
@blp.response(200, s.EnterpriseResponse())
@blp.alt_response(404, description="NOT_FOUND")
@blp.alt_response(409, description="NOT_SUSPENDED")
@requires(Role.MANAGER)
@idempotent
def reinstate_enterprise(body: dict[str, Any], enterprise_id: str) -> Any:
    """Its shops redeem again, except for those that are suspended themselves."""
    return _decide(enterprise_id, "reinstated", body["reason"], "NOT_SUSPENDED")


def _decide(enterprise_id: str, decision: str, reason: str, no: str) -> Any:
    session, actor = current_session(), current_actor()
    if shop_queries.kept_enterprise(session, actor, slug(enterprise_id)) is None:
        raise Problem(404, "NOT_FOUND")
    if not shops.decide(session, "enterprise", {"enterprise_id": enterprise_id}, decision, reason, actor):
        return refuse(Refusal(no))
    return shop_queries.kept_enterprise(session, actor, enterprise_id)
