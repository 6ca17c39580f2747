"""Payments: ordered for accepted claims, sent to the bank as a file, closed by the bank's answer."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask import Response
from flask_smorest import Blueprint

from services.disbursement import claim_queries
from services.disbursement.api.common import answer_refusal, slug
from services.disbursement.bankfile import Unreadable, orders_csv, outcomes, read_answer
from services.disbursement.commands import claims, payments
from services.disbursement.commands.payments import Confirmation
from services.disbursement.models import Payee
from services.disbursement.schemas import claims as s
from shared.auth import Role
from shared.refusal import Refusal
from shared.web import Page, Problem, current_actor, current_session, idempotent, requires
from shared.web.problems import sentence

blp = Blueprint("payments", __name__, description="Payments to enterprises")

READERS = (Role.ENTERPRISE, Role.PAYER, Role.MANAGER, Role.AUDITOR)


@blp.put("/payees/<string:enterprise_id>")
@blp.arguments(s.PayeeRequest())
@blp.response(200, s.PayeeResponse())
@blp.alt_response(422, description="INVALID_FIELDS, IDEMPOTENCY_KEY_REUSED")
@requires(Role.MANAGER)
@idempotent
def keep_payee(body: dict[str, Any], enterprise_id: str) -> Any:
    """The account that an enterprise's money goes to, kept by somebody who never pays."""
    session, payee = current_session(), {"enterprise_id": slug(enterprise_id), **body}
    payments.keep_payee(session, payee, current_actor(), datetime.now(UTC))
    return session.get_one(Payee, enterprise_id)


@blp.get("/payees/<string:enterprise_id>")
@blp.response(200, s.PayeeResponse())
@blp.alt_response(404, description="NOT_FOUND")
@requires(Role.MANAGER, Role.PAYER, Role.AUDITOR)
def show_payee(enterprise_id: str) -> Any:
    """The account that an enterprise's money goes to."""
    found = current_session().get(Payee, slug(enterprise_id))
    if found is None:
        raise Problem(404, "NOT_FOUND")
    return found


@blp.post("/claims/<uuid:claim_id>/payments")
@blp.arguments(s.PayRequest())
@blp.response(201, s.PaymentResponse())
@blp.alt_response(404, description="NOT_FOUND")
@blp.alt_response(
    409,
    description="CLAIM_NOT_ACCEPTED, PAYEE_UNKNOWN, PAYEE_KEEPER_PAYS, PAYMENT_TOO_LARGE, NOT_THE_PAYER",
)
@blp.alt_response(422, description="INVALID_FIELDS, IDEMPOTENCY_KEY_REUSED")
@requires(Role.PAYER)
@idempotent
def order_payment(body: dict[str, Any], claim_id: UUID) -> Any:
    """Order a payment, whole or in part; never more than was accepted, whoever else orders meanwhile."""
    session, actor = current_session(), current_actor()
    claim = claims.find(session, str(claim_id), actor)
    if claim is None:
        raise Problem(404, "NOT_FOUND")
    made = payments.order(session, claim, body["amount"], actor, datetime.now(UTC))
    return answer_refusal(made) if isinstance(made, Refusal) else made


@blp.get("/payments")
@blp.arguments(s.PaymentsQuery(), location="query", unknown=None)
@blp.response(200, s.PaymentPage())
@blp.alt_response(400, description="CURSOR_INVALID")
@requires(*READERS)
def list_payments(query: dict[str, Any]) -> Page:
    """Newest first; an enterprise sees its own."""
    return claim_queries.payments(current_session(), current_actor(), query)


@blp.get("/payments/orders.csv")
@blp.arguments(s.OrdersQuery(), location="query", unknown=None)
@blp.response(200, description="The bank's file: UTF-8 CSV with a byte order mark.", content_type="text/csv")
@requires(Role.PAYER, Role.AUDITOR)
def bank_file(query: dict[str, Any]) -> Response:
    """All orders that the bank has not answered yet. References never repeat, so that a bank which gets the
    file twice can refuse those it knows."""
    data = orders_csv(claim_queries.open_orders(current_session(), query["programme_id"]))
    disposition = {"Content-Disposition": 'attachment; filename="payment-orders.csv"'}
    return Response(data, content_type="text/csv; charset=utf-8", headers=disposition)


@blp.post("/payments/<string:reference>:confirm")
@blp.arguments(s.ConfirmRequest())
@blp.response(200, s.ConfirmedLine())
@blp.alt_response(404, description="NOT_FOUND: no order has this reference")
@blp.alt_response(409, description="PAYMENT_DIFFERS")
@blp.alt_response(422, description="INVALID_FIELDS, IDEMPOTENCY_KEY_REUSED")
@requires(Role.PAYER)
@idempotent
def confirm_payment(body: dict[str, Any], reference: str) -> Any:
    """Write down what the bank says of one order."""
    line = Confirmation(reference, body["amount"], body["day"], body["bank_reference"], body["failure"])
    outcome = payments.confirm(current_session(), line, current_actor())
    if outcome == "unknown":
        raise Problem(404, "NOT_FOUND")
    if outcome == "differs":
        return answer_refusal(Refusal("PAYMENT_DIFFERS", reference=reference))
    return _line(0, reference, outcome)


@blp.post("/payments:confirm")
@blp.arguments(s.ConfirmFile(), location="files")
@blp.response(200, s.ConfirmationsResponse())
@blp.alt_response(422, description="BANK_FILE_UNREADABLE, BANK_FILE_COLUMNS, BANK_FILE_TOO_LONG")
@requires(Role.PAYER)
@idempotent
def confirm_payments(files: dict[str, Any]) -> Any:
    """Read the bank's answer and close its orders; a row that fits nothing is named and changes nothing."""
    rows = read_answer(files["file"].read())
    if isinstance(rows, str):
        raise Problem(422, rows)
    said = payments.confirm_all(current_session(), _readable(rows), current_actor())
    lines = outcomes(rows, said)
    counts = Counter(outcome if outcome.islower() else "unreadable" for _, _, outcome in lines)
    return {"rows": len(lines), "counts": dict(counts), "lines": [_line(*line) for line in lines]}


def _readable(rows: Sequence[Confirmation | Unreadable]) -> list[Confirmation]:
    return [row for row in rows if isinstance(row, Confirmation)]


def _line(row: int, reference: str, outcome: str) -> dict[str, Any]:
    code = f"PAYMENT_{outcome.upper()}" if outcome.islower() else outcome
    return {
        "row": row,
        "reference": reference,
        "outcome": outcome if outcome.islower() else "unreadable",
        "message_vi": sentence(code, "vi", {"reference": reference}),
        "message_en": sentence(code, "en", {"reference": reference}),
    }
