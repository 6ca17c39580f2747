"""Redemption at a shop."""

from datetime import UTC, datetime
from typing import Any

from flask_smorest import Blueprint

from services.disbursement import queries
from services.disbursement.api.common import answer_refusal, hasher, pins
from services.disbursement.codes import read_code
from services.disbursement.commands.redemptions import redeem_voucher
from services.disbursement.domain import Sale, local_date, usable
from services.disbursement.redemptions import look
from services.disbursement.schemas import redemptions as s
from shared.auth import Role
from shared.reference import identifiers
from shared.refusal import Refusal
from shared.web import current_actor, current_session, idempotent, requires

blp = Blueprint("redemptions", __name__, description="Redemption")


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
        return answer_refusal(refusal or Refusal("VOUCHER_UNKNOWN"))
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
        return answer_refusal(sale)
    result = redeem_voucher(current_session(), sale, current_actor(), pins(), datetime.now(UTC))
    return answer_refusal(result) if isinstance(result, Refusal) else result


def _sale(body: dict[str, Any]) -> Sale | Refusal:
    """The sale with handset numbers checked and hashed."""
    if not body["id_checked"]:
        return Refusal("ID_NOT_CHECKED")
    hashes: list[str] = []
    for place, typed in enumerate(body["imeis"], start=1):
        checked = identifiers.imei(typed)
        if checked.value is None:
            return Refusal("IMEI_INVALID", place=place, reason=checked.problem)
        hashes.append(hasher().imei(checked.value))
    if len(set(hashes)) < len(hashes):
        return Refusal("IMEI_INVALID", place=2, reason="IMEI_REPEATED")
    code = read_code(body["code"])
    if code is None:
        return Refusal("VOUCHER_UNKNOWN")
    return Sale(code, body["pin"], tuple(sorted(hashes)), body["model"], body["price"])
