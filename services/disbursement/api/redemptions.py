"""Redemption at a shop, by its clerk or by its enterprise's till system."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

import orjson
from flask import Response
from flask.typing import ResponseReturnValue
from flask_smorest import Blueprint

from services.disbursement.api.common import answer_refusal, hasher, pins, signer
from services.disbursement.api.counter import code_of, phone_of, receipt_of, till_of
from services.disbursement.commands.redemptions import (
    Redemption,
    look_up_voucher,
    redeem_at_once,
    redeem_voucher,
)
from services.disbursement.sale import Sale, Till
from services.disbursement.schemas import redemptions as s
from services.disbursement.tokens import jwk_set
from shared.auth import Role
from shared.idempotency import Kept
from shared.refusal import Refusal
from shared.web import (
    PUBLIC,
    current_actor,
    current_key,
    current_session,
    keeps_its_answer,
    requires,
    single_statements,
    under_key,
)
from shared.web.problems import sentence

blp = Blueprint("redemptions", __name__, description="Redemption")

SHOP_NOS = (
    "SHOP_UNKNOWN, SHOP_SUSPENDED, SHOP_CLOSED, ENTERPRISE_SUSPENDED, CLERK_SUSPENDED, CLERK_OF_ANOTHER_SHOP"
)
FULL_NOS = "SHOP_DAY_FULL, SHOP_MINUTE_FULL, TOO_MANY_WRONG_TRIES"
VOUCHER_NOS = (
    "VOUCHER_USED, VOUCHER_EXPIRED, VOUCHER_CANCELLED, VOUCHER_REISSUED, VOUCHER_LOCKED, VOUCHER_OTHER_SHOP"
)
QR_NOS = "TOKEN_UNREADABLE, TOKEN_KEY_UNKNOWN, TOKEN_FORGED"
JSON = "application/json"


@blp.get("/voucher-keys")
@blp.response(200, description="A JWK set (RFC 7517), the present key first.", content_type=JSON)
@requires(PUBLIC)
def show_voucher_keys() -> Response:
    """The public keys that vouchers' QR codes are checked against without a line."""
    return Response(orjson.dumps(jwk_set(signer().keys)), content_type=JSON)


@blp.post("/vouchers:lookup")
@blp.arguments(s.LookupRequest())
@blp.response(200, s.LookupResponse())
@blp.alt_response(403, description=SHOP_NOS)
@blp.alt_response(404, description="VOUCHER_UNKNOWN")
@blp.alt_response(409, description=VOUCHER_NOS)
@blp.alt_response(422, description=f"INVALID_FIELDS, {QR_NOS}")
@blp.alt_response(429, description=FULL_NOS)
@requires(Role.SHOP, Role.ENTERPRISE)
def look_up(body: dict[str, Any]) -> Any:
    """What a voucher is good for today, before anybody sells a phone for it. `code`: typed, or a whole QR."""
    till, code = till_of(body["shop_id"]), code_of(body["code"])
    if isinstance(till, Refusal):
        return answer_refusal(till)
    if isinstance(code, Refusal):
        return answer_refusal(code)
    found = look_up_voucher(current_session(), code, till, current_actor(), datetime.now(UTC))
    if isinstance(found, Refusal):
        return answer_refusal(found)
    voucher, terms = found
    facts = {"day": f"{voucher.expires_on:%d/%m/%Y}"}
    return {
        "status": voucher.status,
        "sentence_vi": sentence("VOUCHER_GOOD", "vi", facts),
        "sentence_en": sentence("VOUCHER_GOOD", "en", facts),
        "amount": voucher.amount,
        "minimum_price": voucher.minimum_price,
        "maximum_price": terms.maximum_price,
        "handset_kinds": terms.handset_kinds,
        "expires_on": voucher.expires_on,
        "programme_name_vi": terms.name_vi,
        "programme_name_en": terms.name_en,
    }


@blp.post("/redemptions")
@blp.arguments(s.RedemptionRequest())
@blp.response(201, s.RedemptionResponse())
@blp.alt_response(403, description=SHOP_NOS)
@blp.alt_response(404, description="VOUCHER_UNKNOWN")
@blp.alt_response(
    409,
    description=f"{VOUCHER_NOS}, PIN_WRONG, IMEI_USED, IMEI_NOT_OF_MODEL, HANDSET_NOT_LISTED,"
    " HANDSET_KIND_NOT_ACCEPTED, HANDSET_BELOW_MINIMUM, HANDSET_ABOVE_MAXIMUM, HANDSET_ABOVE_CEILING",
)
@blp.alt_response(
    422, description=f"INVALID_FIELDS, IMEI_INVALID, ID_NOT_CHECKED, IDEMPOTENCY_KEY_REUSED, {QR_NOS}"
)
@blp.alt_response(429, description=FULL_NOS)
@requires(Role.SHOP, Role.ENTERPRISE)
@keeps_its_answer
def create_redemption(body: dict[str, Any]) -> ResponseReturnValue:
    """Hand over a phone for a voucher, once."""
    now, key, actor = datetime.now(UTC), current_key(), current_actor()
    till, sale = till_of(body["shop_id"]), _sale(body, now)
    if isinstance(till, Refusal):
        return under_key(partial(answer_refusal, till))
    if isinstance(sale, Refusal):
        return under_key(partial(answer_refusal, sale))
    session = single_statements()
    if session is not None:
        kept = redeem_at_once(
            session, sale, till, actor, pins(), now, lambda made: Kept(key, 201, JSON, _dump(made))
        )
        if kept is not None:
            return Response(kept.body, kept.status, content_type=kept.content_type)
    return under_key(partial(_redeem, sale, till, now))


def _redeem(sale: Sale, till: Till, now: datetime) -> Response:
    result = redeem_voucher(current_session(), sale, till, current_actor(), pins(), now)
    return (
        answer_refusal(result)
        if isinstance(result, Refusal)
        else Response(_dump(result), 201, content_type=JSON)
    )


def _dump(made: Redemption) -> bytes:
    return orjson.dumps(made)


def _sale(body: dict[str, Any], now: datetime) -> Sale | Refusal:
    """The sale with code and handset numbers read and checked."""
    if not body["id_checked"]:
        return Refusal("ID_NOT_CHECKED")
    phone = phone_of(body, hasher())
    if isinstance(phone, Refusal):
        return phone
    code = code_of(body["code"])
    if isinstance(code, Refusal):
        return code
    return Sale(code, body["pin"], phone, receipt_of(body["receipt"]), now)
