"""Shops and their clerks: the registry."""

from datetime import UTC, datetime
from typing import Any

from flask_smorest import Blueprint

from services.disbursement import shop_queries
from services.disbursement.api.common import STAFF, answer_refusal, slug, uuid_of
from services.disbursement.commands import shops
from services.disbursement.schemas import shops as s
from shared.auth import Actor, Role, may_act_in
from shared.reference import areas
from shared.refusal import Refusal
from shared.web import Page, PageQuery, Problem, current_actor, current_session, idempotent, refuse, requires

blp = Blueprint("shops", __name__, description="Shops and clerks")


@blp.post("/shops")
@blp.arguments(s.ShopRequest())
@blp.response(201, s.ShopResponse())
@blp.alt_response(403, description="ROLE_MISSING, OUTSIDE_AREA")
@blp.alt_response(409, description="SHOP_EXISTS")
@blp.alt_response(
    422, description="INVALID_FIELDS, COMMUNE_UNKNOWN, ENTERPRISE_UNKNOWN, IDEMPOTENCY_KEY_REUSED"
)
@requires(Role.MANAGER)
@idempotent
def register_shop(body: dict[str, Any]) -> Any:
    """Let a shop of a telecom enterprise redeem vouchers."""
    commune = areas.commune(body["commune"])
    if commune is None:
        raise Problem(422, "COMMUNE_UNKNOWN", commune=body["commune"])
    if not may_act_in(current_actor(), commune.code, commune.province_code):
        raise Problem(403, "OUTSIDE_AREA")
    moment = datetime.now(UTC)
    refusal = shops.register(current_session(), body, commune.province_code, current_actor(), moment)
    return answer_refusal(refusal) if refusal else {**body, "status": "active"}


@blp.get("/shops")
@blp.arguments(PageQuery(), location="query")
@blp.response(200, s.ShopPage())
@requires(*STAFF, Role.ENTERPRISE)
def list_shops(query: dict[str, Any]) -> Page:
    """The shops of the actor's area, or of the actor's enterprise, by id."""
    return shop_queries.shops(current_session(), current_actor(), query["cursor"], query["limit"])


@blp.post("/shops/<string:shop_id>:change")
@blp.arguments(s.Terms())
@blp.response(200, s.ShopResponse())
@blp.alt_response(404, description="NOT_FOUND")
@requires(Role.MANAGER)
@idempotent
def change_shop(body: dict[str, Any], shop_id: str) -> Any:
    """Other hours and limits, from now on."""
    _shop(shop_id)
    shops.change(current_session(), shop_id, body, current_actor())
    return _shop(shop_id)


@blp.post("/shops/<string:shop_id>:suspend")
@blp.arguments(s.WhyRequest())
@blp.response(200, s.ShopResponse())
@blp.alt_response(404, description="NOT_FOUND")
@blp.alt_response(409, description="SHOP_SUSPENDED: it is suspended already")
@requires(Role.MANAGER)
@idempotent
def suspend_shop(body: dict[str, Any], shop_id: str) -> Any:
    """From now on the shop redeems nothing."""
    return _decide_shop(shop_id, "suspended", body["reason"], "SHOP_SUSPENDED")


@blp.post("/shops/<string:shop_id>:reinstate")
@blp.arguments(s.WhyRequest())
@blp.response(200, s.ShopResponse())
@blp.alt_response(404, description="NOT_FOUND")
@blp.alt_response(409, description="NOT_SUSPENDED")
@requires(Role.MANAGER)
@idempotent
def reinstate_shop(body: dict[str, Any], shop_id: str) -> Any:
    """The shop redeems again."""
    return _decide_shop(shop_id, "reinstated", body["reason"], "NOT_SUSPENDED")


@blp.post("/shops/<string:shop_id>/clerks")
@blp.arguments(s.ClerkRequest())
@blp.response(201, s.ClerkResponse())
@blp.alt_response(404, description="NOT_FOUND")
@blp.alt_response(409, description="CLERK_EXISTS")
@requires(Role.MANAGER, Role.ENTERPRISE)
@idempotent
def register_clerk(body: dict[str, Any], shop_id: str) -> Any:
    """Enter a person's account as a clerk of the shop, so that it can be suspended by itself."""
    _shop(shop_id)
    moment = datetime.now(UTC)
    clerk_id = shops.register_clerk(current_session(), shop_id, body["subject"], current_actor(), moment)
    if clerk_id is None:
        return refuse(Refusal("CLERK_EXISTS"))
    return {"clerk_id": clerk_id, "subject": body["subject"], "shop_id": shop_id, "status": "active"}


@blp.get("/shops/<string:shop_id>/clerks")
@blp.arguments(PageQuery(), location="query")
@blp.response(200, s.ClerkPage())
@blp.alt_response(404, description="NOT_FOUND")
@requires(*STAFF, Role.ENTERPRISE)
def list_clerks(query: dict[str, Any], shop_id: str) -> Page:
    """The shop's clerks."""
    _shop(shop_id)
    return shop_queries.clerks(current_session(), shop_id, query["cursor"], query["limit"])


@blp.post("/clerks/<string:clerk_id>:suspend")
@blp.arguments(s.WhyRequest())
@blp.response(200, s.ClerkResponse())
@blp.alt_response(404, description="NOT_FOUND")
@blp.alt_response(409, description="CLERK_SUSPENDED: he or she is suspended already")
@requires(Role.MANAGER, Role.ENTERPRISE)
@idempotent
def suspend_clerk(body: dict[str, Any], clerk_id: str) -> Any:
    """From now on this account redeems nothing, whatever its token says."""
    return _decide_clerk(uuid_of(clerk_id), "suspended", body["reason"], "CLERK_SUSPENDED")


@blp.post("/clerks/<string:clerk_id>:reinstate")
@blp.arguments(s.WhyRequest())
@blp.response(200, s.ClerkResponse())
@blp.alt_response(404, description="NOT_FOUND")
@blp.alt_response(409, description="NOT_SUSPENDED")
@requires(Role.MANAGER, Role.ENTERPRISE)
@idempotent
def reinstate_clerk(body: dict[str, Any], clerk_id: str) -> Any:
    """The account redeems again."""
    return _decide_clerk(uuid_of(clerk_id), "reinstated", body["reason"], "NOT_SUSPENDED")


def _shop(shop_id: str) -> Any:
    """A shop of the actor's area. Raises Problem 404."""
    shop = shop_queries.visible_shop(current_session(), current_actor(), slug(shop_id))
    if shop is None:
        raise Problem(404, "NOT_FOUND")
    return shop


def _decide_shop(shop_id: str, decision: str, reason: str, no: str) -> Any:
    _shop(shop_id)
    actor: Actor = current_actor()
    if not shops.decide(current_session(), "shop", {"shop_id": shop_id}, decision, reason, actor):
        return refuse(Refusal(no))
    return _shop(shop_id)


def _decide_clerk(clerk_id: str, decision: str, reason: str, no: str) -> Any:
    session, actor = current_session(), current_actor()
    clerk = shop_queries.visible_clerk(session, actor, clerk_id)
    if clerk is None:
        raise Problem(404, "NOT_FOUND")
    named = {"clerk_id": clerk_id, "shop_id": clerk.shop_id}
    if not shops.decide(session, "clerk", named, decision, reason, actor):
        return refuse(Refusal(no))
    return shop_queries.visible_clerk(session, actor, clerk_id)
