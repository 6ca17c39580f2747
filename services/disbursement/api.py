"""The views: parse, call, dump."""

from datetime import UTC, datetime
from typing import Any

from flask import Response, current_app
from flask_smorest import Blueprint

from services.disbursement import commands, queries
from services.disbursement import schemas as s
from services.disbursement.codes import Pins, read_code
from services.disbursement.domain import Sale, local_date, usable
from services.disbursement.papers import print_response
from services.disbursement.redemptions import look
from shared.auth import Role, may_act_in
from shared.privacy import IdentityHasher
from shared.reference import areas, identifiers
from shared.refusal import Refusal
from shared.web import Page, PageQuery, Problem, current_actor, current_session, idempotent, refuse, requires

PINS = "songban.disbursement.pins"
HASHER = "songban.disbursement.hasher"
STATUSES = {
    "VOUCHER_UNKNOWN": 404,
    "SHOP_UNKNOWN": 403,
    "SHOP_SUSPENDED": 403,
    "IMEI_INVALID": 422,
    "ID_NOT_CHECKED": 422,
}
STAFF = (Role.OFFICER, Role.APPROVER, Role.MANAGER, Role.PAYER, Role.AUDITOR)

blp = Blueprint("disbursement", __name__, description="Budget, vouchers, shops, redemption")
BLUEPRINTS = (blp,)


def _slug(value: str) -> str:
    """An id in a path. Raises Problem 404 for one that cannot be anybody's."""
    if s.SLUG_PATTERN.fullmatch(value) is None:
        raise Problem(404, "NOT_FOUND")
    return value


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
    commands.allocate_budget(
        session, _slug(programme_id), body["amount"], body["document"], current_actor(), datetime.now(UTC)
    )
    return queries.budget(session, programme_id)


@blp.get("/budgets/<string:programme_id>")
@blp.response(200, s.BudgetResponse())
@blp.alt_response(404, description="NOT_FOUND")
@requires(*STAFF)
def show_budget(programme_id: str) -> Any:
    """allocated = available + reserved + spent, in đồng."""
    found = queries.budget(current_session(), _slug(programme_id))
    if found is None:
        raise Problem(404, "NOT_FOUND")
    return found


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
    if not commands.register_shop(current_session(), body, commune.province_code, current_actor(), moment):
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
    shop = queries.visible_shop(session, actor, _slug(shop_id))
    if shop is None:
        raise Problem(404, "NOT_FOUND")
    if not commands.suspend_shop(session, shop_id, body["reason"], actor):
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


@blp.get("/vouchers")
@blp.arguments(s.VoucherQuery(), location="query")
@blp.response(200, s.VoucherPage())
@requires(Role.OFFICER, Role.APPROVER, Role.MANAGER, Role.AUDITOR)
def list_vouchers(query: dict[str, Any]) -> Page:
    """The vouchers of the actor's area, in the order of issue; never their codes or PINs."""
    return queries.vouchers(current_session(), current_actor(), query)


@blp.post("/vouchers:print")
@blp.arguments(s.PrintRequest())
@blp.response(200, s.PrintResponse(), description="The PDF, or JSON for `Accept: application/json`")
@blp.alt_response(403, description="OUTSIDE_AREA")
@blp.alt_response(404, description="NOTHING_TO_PRINT")
@blp.alt_response(409, description="TOO_MANY_TO_PRINT")
@requires(Role.OFFICER, Role.APPROVER)
def print_vouchers(body: dict[str, Any]) -> Response:
    """Vouchers on paper, with codes and PINs; that somebody printed them is recorded."""
    return print_response(current_session(), current_actor(), body, _pins())


@blp.post("/vouchers:lookup")
@blp.arguments(s.LookupRequest())
@blp.response(200, s.LookupResponse())
@blp.alt_response(404, description="VOUCHER_UNKNOWN")
@blp.alt_response(409, description="VOUCHER_USED, VOUCHER_EXPIRED, VOUCHER_CANCELLED, VOUCHER_LOCKED")
@requires(Role.SHOP)
def look_up_voucher(body: dict[str, Any]) -> Any:
    """What a voucher is good for today, before anybody sells a phone for it."""
    session = current_session()
    code = read_code(body["code"])
    voucher = look(session, code, None, ()).voucher if code else None
    refusal = usable(voucher, local_date(datetime.now(UTC)))
    if refusal is not None or voucher is None:
        return _refuse(refusal or Refusal("VOUCHER_UNKNOWN"))
    programme = queries.programme(session, voucher.programme_id)
    return {
        "status": voucher.status,
        "amount": voucher.amount,
        "minimum_price": voucher.minimum_price,
        "expires_on": voucher.expires_on,
        "programme_name_vi": programme.name_vi if programme else voucher.programme_id,
        "programme_name_en": programme.name_en if programme else voucher.programme_id,
    }


@blp.post("/redemptions")
@blp.arguments(s.RedemptionRequest())
@blp.response(201, s.RedemptionResponse())
@blp.alt_response(403, description="SHOP_UNKNOWN, SHOP_SUSPENDED")
@blp.alt_response(404, description="VOUCHER_UNKNOWN")
@blp.alt_response(
    409,
    description="VOUCHER_USED, VOUCHER_EXPIRED, VOUCHER_CANCELLED, VOUCHER_LOCKED, PIN_WRONG, IMEI_USED,"
    " HANDSET_BELOW_MINIMUM",
)
@blp.alt_response(422, description="INVALID_FIELDS, IMEI_INVALID, ID_NOT_CHECKED, IDEMPOTENCY_KEY_REUSED")
@requires(Role.SHOP)
@idempotent
def create_redemption(body: dict[str, Any]) -> Any:
    """Hand over a phone for a voucher, once."""
    sale = _sale(body)
    if isinstance(sale, Refusal):
        return _refuse(sale)
    result = commands.redeem_voucher(current_session(), sale, current_actor(), _pins(), datetime.now(UTC))
    return _refuse(result) if isinstance(result, Refusal) else result


def _sale(body: dict[str, Any]) -> Sale | Refusal:
    """The sale with handset numbers checked and hashed."""
    if not body["id_checked"]:
        return Refusal("ID_NOT_CHECKED")
    hasher: IdentityHasher = current_app.extensions[HASHER]
    hashes: list[str] = []
    for place, typed in enumerate(body["imeis"], start=1):
        checked = identifiers.imei(typed)
        if checked.value is None:
            return Refusal("IMEI_INVALID", place=place, reason=checked.problem)
        hashes.append(hasher.imei(checked.value))
    if len(set(hashes)) < len(hashes):
        return Refusal("IMEI_INVALID", place=2, reason="IMEI_REPEATED")
    code = read_code(body["code"])
    if code is None:
        return Refusal("VOUCHER_UNKNOWN")
    return Sale(code, body["pin"], tuple(sorted(hashes)), body["model"], body["price"])


def _refuse(refusal: Refusal) -> Response:
    return refuse(refusal, STATUSES.get(refusal.code, 409))


def _pins() -> Pins:
    pins: Pins = current_app.extensions[PINS]
    return pins


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
