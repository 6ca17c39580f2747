"""Vouchers: finding them."""

from typing import Any

from flask_smorest import Blueprint

from services.disbursement import queries
from services.disbursement.schemas import vouchers as s
from shared.auth import Role
from shared.web import Page, current_actor, current_session, requires

blp = Blueprint("vouchers", __name__, description="Vouchers")


@blp.get("/vouchers")
@blp.arguments(s.VoucherQuery(), location="query")
@blp.response(200, s.VoucherPage())
@requires(Role.OFFICER, Role.APPROVER, Role.MANAGER, Role.AUDITOR)
def list_vouchers(query: dict[str, Any]) -> Page:
    """The vouchers of the actor's area, in the order of issue; never their codes or PINs."""
    return queries.vouchers(current_session(), current_actor(), query)
