"""Shops: the registry."""

from datetime import UTC, datetime
from typing import Any

from flask_smorest import Blueprint

from services.disbursement import queries
from services.disbursement.api.common import STAFF, slug
from services.disbursement.commands import shops
from services.disbursement.schemas import shops as s
from shared.auth import Role, may_act_in
from shared.reference import areas
from shared.refusal import Refusal
from shared.web import Page, PageQuery, Problem, current_actor, current_session, idempotent, refuse, requires

blp = Blueprint("shops", __name__, description="Shops")


@blp.post("/shops")
@blp.arguments(s.ShopRequest())
@blp.response(201, s.ShopResponse())
@blp.alt_response(403, description="ROLE_MISSING, OUTSIDE_AREA")
@blp.alt_response(409, description="SHOP_EXISTS")
@blp.alt_response(422, description="INVALID_FIELDS, COMMUNE_UNKNOWN, IDEMPOTENCY_KEY_REUSED")
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
    if not shops.register(current_session(), body, commune.province_code, current_actor(), moment):
        return refuse(Refusal("SHOP_EXISTS"))
    return {**body, "status": "active"}


@blp.post("/shops/<string:shop_id>:suspend")
@blp.arguments(s.SuspensionRequest())
@blp.response(200, s.ShopResponse())
@blp.alt_response(404, description="NOT_FOUND")
@blp.alt_response(409, description="SHOP_SUSPENDED: it is suspended already")
@requires(Role.MANAGER)
@idempotent
def suspend_shop(body: dict[str, Any], shop_id: str) -> Any:
    """From now on the shop redeems nothing."""
    session, actor = current_session(), current_actor()
    shop = queries.visible_shop(session, actor, slug(shop_id))
    if shop is None:
        raise Problem(404, "NOT_FOUND")
    if not shops.suspend(session, shop_id, body["reason"], actor):
        return refuse(Refusal("SHOP_SUSPENDED"))
    session.refresh(shop)
    return shop


@blp.get("/shops")
@blp.arguments(PageQuery(), location="query")
@blp.response(200, s.ShopPage())
@requires(*STAFF)
def list_shops(query: dict[str, Any]) -> Page:
    """The shops of the actor's area, by id."""
    return queries.shops(current_session(), current_actor(), query["cursor"], query["limit"])
