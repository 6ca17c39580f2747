"""Vouchers on paper."""

from typing import Any

from flask import Response, current_app
from flask_smorest import Blueprint

from services.disbursement.api.common import pins, signer
from services.disbursement.papers import Press, print_response
from services.disbursement.schemas import printing as s
from shared.auth import Role
from shared.web import current_actor, current_session, requires

blp = Blueprint("printing", __name__, description="Vouchers on paper")


@blp.post("/vouchers:print")
@blp.arguments(s.PrintRequest())
@blp.response(200, s.PrintResponse(), description="The PDF, or JSON for `Accept: application/json`")
@blp.alt_response(403, description="OUTSIDE_AREA")
@blp.alt_response(404, description="NOTHING_TO_PRINT")
@blp.alt_response(409, description="TOO_MANY_TO_PRINT")
@requires(Role.OFFICER, Role.APPROVER)
def print_vouchers(body: dict[str, Any]) -> Response:
    """Vouchers on paper, with codes and PINs; that somebody printed them is recorded."""
    complaint = current_app.settings.complaint_channel  # type: ignore[attr-defined]
    press = Press(pins(), signer(), complaint)
    return print_response(current_session(), current_actor(), body, press)
