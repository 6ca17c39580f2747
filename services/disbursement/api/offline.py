"""Sales that a shop's device made without a line."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flask_smorest import Blueprint

from services.disbursement import desk_queries, offline
from services.disbursement.api.common import answer_refusal, hasher, pins, uuid_of
from services.disbursement.api.counter import code_of, phone_of, receipt_of, till_of
from services.disbursement.api.redemptions import SHOP_NOS
from services.disbursement.commands.offline import Desk, Sent, take_in
from services.disbursement.models import Dispute
from services.disbursement.offline import Answer
from services.disbursement.sale import Sale, Till
from services.disbursement.schemas import desk as d
from services.disbursement.schemas import offline as s
from services.disbursement.tokens import looks_like_token
from shared.auth import Role
from shared.refusal import Refusal
from shared.web import Page, Problem, current_actor, current_session, idempotent, refuse, requires
from shared.web.problems import sentence

blp = Blueprint("offline", __name__, description="Redemption without a line")


@blp.get("/offline-terms")
@blp.response(200, s.OfflineTermsList())
@requires(Role.SHOP, Role.ENTERPRISE)
def show_offline_terms() -> dict[str, Any]:
    """What a device may do without a line, for each programme that allows it; fetched while there is one."""
    return {"items": desk_queries.offline_terms(current_session())}


@blp.post("/redemptions:offline")
@blp.arguments(s.OfflineRequest())
@blp.response(200, s.OfflineResponse())
@blp.alt_response(403, description=SHOP_NOS)
@blp.alt_response(422, description="INVALID_FIELDS, IDEMPOTENCY_KEY_REUSED")
@blp.alt_response(429, description="TOO_MANY_WRONG_TRIES")
@requires(Role.SHOP, Role.ENTERPRISE)
@idempotent
def take_in_offline_sales(body: dict[str, Any]) -> Any:
    """Up to 100 sales at once, each answered by itself. A PIN cannot be checked without a line: it is now.

    A sale that finds its voucher or handset taken is disputed, with both receipts; nothing is paid for it.
    """
    till = till_of(body["shop_id"])
    if isinstance(till, Refusal):
        return answer_refusal(till)
    desk = Desk(
        Till(till.shop_id, till.enterprise_id, till.subject, "offline"),
        current_actor(),
        pins(),
        datetime.now(UTC),
    )
    answers = take_in(current_session(), [_sent(sale) for sale in body["sales"]], desk)
    if isinstance(answers, Refusal):
        return answer_refusal(answers)
    named = zip(body["sales"], answers, strict=True)
    return {"results": [_result(str(sale["sale_id"]), answer) for sale, answer in named]}


def _sent(given: dict[str, Any]) -> Sent:
    content = {name: value for name, value in given.items() if name != "pin"}
    return Sent(str(given["sale_id"]), _sale(given), given["sold_at"], content)


def _sale(given: dict[str, Any]) -> Sale | Refusal:
    if not given["id_checked"]:
        return Refusal("ID_NOT_CHECKED")
    if not looks_like_token(given["token"]):
        return Refusal("TOKEN_UNREADABLE")
    code, phone = code_of(given["token"]), phone_of(given, hasher())
    if isinstance(code, Refusal):
        return code
    if isinstance(phone, Refusal):
        return phone
    return Sale(code, given["pin"], phone, receipt_of(given["receipt"]), given["sold_at"])


def _result(sale_id: str, answer: Answer) -> dict[str, Any]:
    facts: Mapping[str, Any] = answer.facts
    return {
        "sale_id": sale_id,
        "outcome": answer.outcome,
        "code": answer.code,
        "sentence_vi": answer.code and sentence(answer.code, "vi", dict(facts)),
        "sentence_en": answer.code and sentence(answer.code, "en", dict(facts)),
        "redemption_id": answer.redemption_id,
        "dispute_id": answer.dispute_id,
        "subsidy": facts.get("subsidy"),
        "household_pays": facts.get("household_pays"),
    }


@blp.get("/disputes")
@blp.arguments(s.OpenOrClosed(), location="query")
@blp.response(200, s.DisputePage())
@requires(Role.SHOP, Role.ENTERPRISE, Role.MANAGER, Role.PAYER, Role.AUDITOR)
def list_disputes(query: dict[str, Any]) -> Page:
    """Second claims to a voucher or a handset, newest first, each with both receipts."""
    return desk_queries.disputes(current_session(), current_actor(), query)


@blp.post("/disputes/<string:dispute_id>:close")
@blp.arguments(d.CloseRequest())
@blp.response(200, s.DisputeResponse())
@blp.alt_response(404, description="NOT_FOUND")
@blp.alt_response(409, description="CLOSED_ALREADY")
@requires(Role.MANAGER, Role.PAYER)
@idempotent
def close_dispute(body: dict[str, Any], dispute_id: str) -> Any:
    """Somebody has looked at both receipts. Nothing is paid by closing either."""
    session, actor, key = current_session(), current_actor(), uuid_of(dispute_id)
    if desk_queries.visible(session, actor, Dispute, key) is None:
        raise Problem(404, "NOT_FOUND")
    if not offline.close(session, key, body["reason"], actor):
        return refuse(Refusal("CLOSED_ALREADY"))
    return desk_queries.visible(session, actor, Dispute, key)
