"""Vouchers: finding them, and what the office does with one that is out."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask_smorest import Blueprint

from services.disbursement import queries
from services.disbursement.api.common import answer_refusal
from services.disbursement.commands import vouchers
from services.disbursement.schemas import vouchers as s
from shared.auth import Role
from shared.refusal import Refusal
from shared.web import Page, current_actor, current_session, idempotent, requires

blp = Blueprint("vouchers", __name__, description="Vouchers")


@blp.get("/vouchers")
@blp.arguments(s.VoucherQuery(), location="query")
@blp.response(200, s.VoucherPage())
@requires(Role.OFFICER, Role.APPROVER, Role.MANAGER, Role.AUDITOR)
def list_vouchers(query: dict[str, Any]) -> Page:
    """The vouchers of the actor's area, in the order of issue; never their codes or PINs."""
    return queries.vouchers(current_session(), current_actor(), query)


@blp.post("/vouchers/<uuid:voucher_id>:cancel")
@blp.arguments(s.ReasonRequest())
@blp.response(200, s.VoucherResponse())
@blp.alt_response(404, description="NOT_FOUND")
@blp.alt_response(409, description="VOUCHER_USED, VOUCHER_EXPIRED, VOUCHER_CANCELLED, VOUCHER_REISSUED")
@requires(Role.MANAGER)
@idempotent
def cancel_voucher(body: dict[str, Any], voucher_id: UUID) -> Any:
    """Take a voucher back; its money is free at once and serves who waits."""
    session, actor, moment = current_session(), current_actor(), datetime.now(UTC)
    refusal = vouchers.cancel(session, str(voucher_id), body["reason"], actor, moment)
    return answer_refusal(refusal) if refusal else queries.voucher(session, str(voucher_id))


@blp.post("/vouchers/<uuid:voucher_id>:reissue")
@blp.arguments(s.ReasonRequest())
@blp.response(201, s.VoucherResponse(), description="The new voucher; its code and PIN stand on paper only.")
@blp.alt_response(404, description="NOT_FOUND")
@blp.alt_response(409, description="VOUCHER_USED, VOUCHER_EXPIRED, VOUCHER_CANCELLED, VOUCHER_REISSUED")
@requires(Role.APPROVER, Role.MANAGER)
@idempotent
def reissue_voucher(body: dict[str, Any], voucher_id: UUID) -> Any:
    """Put a new voucher in the place of a lost one: the old code is dead at once, the last day stays."""
    session, actor, moment = current_session(), current_actor(), datetime.now(UTC)
    new_id = vouchers.reissue(session, str(voucher_id), body["reason"], actor, moment)
    return answer_refusal(new_id) if isinstance(new_id, Refusal) else queries.voucher(session, new_id)


@blp.post("/vouchers/<uuid:voucher_id>:unlock")
@blp.arguments(s.ReasonRequest())
@blp.response(200, s.VoucherResponse())
@blp.alt_response(404, description="NOT_FOUND")
@blp.alt_response(
    409,
    description="VOUCHER_NOT_LOCKED, VOUCHER_UNLOCKED_TOO_OFTEN, VOUCHER_USED, VOUCHER_EXPIRED,"
    " VOUCHER_CANCELLED, VOUCHER_REISSUED",
)
@requires(Role.APPROVER, Role.MANAGER)
@idempotent
def unlock_voucher(body: dict[str, Any], voucher_id: UUID) -> Any:
    """Open a voucher that five wrong PINs have locked, three times at most; the PIN stays."""
    session, actor = current_session(), current_actor()
    refusal = vouchers.unlock(session, str(voucher_id), body["reason"], actor)
    return answer_refusal(refusal) if refusal else queries.voucher(session, str(voucher_id))
