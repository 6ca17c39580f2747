"""Claims: gathered by an enterprise, disputed and accepted by the payer."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask import Response
from flask_smorest import Blueprint

from services.disbursement import claim_queries, queries
from services.disbursement.api.common import answer_refusal
from services.disbursement.commands import claims
from services.disbursement.models import Claim
from services.disbursement.schemas import claims as s
from services.disbursement.statements import statement_pdf, statement_xlsx
from shared.auth import Role
from shared.refusal import Refusal
from shared.web import Page, PageQuery, Problem, current_actor, current_session, idempotent, requires

blp = Blueprint("claims", __name__, description="Claims of enterprises")

READERS = (Role.ENTERPRISE, Role.PAYER, Role.MANAGER, Role.AUDITOR)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@blp.post("/claims")
@blp.arguments(s.ClaimRequest())
@blp.response(201, s.ClaimResponse())
@blp.alt_response(403, description="ROLE_MISSING, OUTSIDE_AREA: another enterprise's")
@blp.alt_response(409, description="CLAIM_EMPTY, CLAIM_TOO_LARGE, CLAIM_NOT_POSITIVE")
@blp.alt_response(422, description="INVALID_FIELDS, IDEMPOTENCY_KEY_REUSED")
@requires(Role.ENTERPRISE)
@idempotent
def submit_claim(body: dict[str, Any]) -> Any:
    """Gather what was redeemed in a period and never claimed, with the corrections that wait."""
    actor = current_actor()
    if actor.enterprise_id != body["enterprise_id"]:
        raise Problem(403, "OUTSIDE_AREA")
    period = claims.Period(body["period_from"], body["period_to"])
    made = claims.submit(
        current_session(), body["enterprise_id"], body["programme_id"], period, actor, datetime.now(UTC)
    )
    return answer_refusal(made) if isinstance(made, Refusal) else made


@blp.get("/claims")
@blp.arguments(s.ClaimsQuery(), location="query", unknown=None)
@blp.response(200, s.ClaimPage())
@blp.alt_response(400, description="CURSOR_INVALID")
@requires(*READERS)
def list_claims(query: dict[str, Any]) -> Page:
    """Newest first; an enterprise sees its own."""
    return claim_queries.claims(current_session(), current_actor(), query)


@blp.get("/claims/<uuid:claim_id>")
@blp.response(200, s.ClaimResponse())
@blp.alt_response(404, description="NOT_FOUND")
@requires(*READERS)
def show_claim(claim_id: UUID) -> Claim:
    """paid ≤ ordered ≤ accepted ≤ claimed, in đồng."""
    return _claim(claim_id)


@blp.get("/claims/<uuid:claim_id>/lines")
@blp.arguments(PageQuery(), location="query", unknown=None)
@blp.response(200, s.LinePage())
@blp.alt_response(400, description="CURSOR_INVALID")
@blp.alt_response(404, description="NOT_FOUND")
@requires(*READERS)
def list_lines(query: dict[str, Any], claim_id: UUID) -> Page:
    """What the claim is made of."""
    _claim(claim_id)
    return claim_queries.lines(current_session(), str(claim_id), query["cursor"], query["limit"])


@blp.get("/claims/<uuid:claim_id>/statement.xlsx")
@blp.response(200, description="The claim line by line, for Excel.", content_type=XLSX)
@blp.alt_response(404, description="NOT_FOUND")
@requires(*READERS)
def statement_as_xlsx(claim_id: UUID) -> Response:
    """The claim line by line."""
    claim = _claim(claim_id)
    data = statement_xlsx(claim, claim_queries.all_lines(current_session(), str(claim_id)))
    return _file(data, XLSX, f"claim-{claim_id}.xlsx")


@blp.get("/claims/<uuid:claim_id>/statement.pdf")
@blp.response(200, description="The acceptance minutes, to be signed.", content_type="application/pdf")
@blp.alt_response(404, description="NOT_FOUND")
@requires(*READERS)
def statement_as_pdf(claim_id: UUID) -> Response:
    """The acceptance minutes with sums per shop."""
    claim, session = _claim(claim_id), current_session()
    programme = queries.programme(session, claim.programme_id)
    name = programme.name_vi if programme else claim.programme_id
    data = statement_pdf(claim, name, claim_queries.by_shop(session, str(claim_id)))
    return _file(data, "application/pdf", f"claim-{claim_id}.pdf")


@blp.post("/claims/<uuid:claim_id>:withdraw")
@blp.response(200, s.ClaimResponse())
@blp.alt_response(404, description="NOT_FOUND")
@blp.alt_response(409, description="CLAIM_DECIDED")
@requires(Role.ENTERPRISE)
@idempotent
def withdraw_claim(claim_id: UUID) -> Any:
    """Take a claim back that nobody has accepted; its redemptions are free again."""
    return _decide(claim_id, lambda claim: claims.withdraw(current_session(), claim, current_actor()))


@blp.post("/claims/<uuid:claim_id>:dispute")
@blp.arguments(s.DisputeRequest())
@blp.response(200, s.ChangedResponse())
@blp.alt_response(404, description="NOT_FOUND")
@blp.alt_response(409, description="CLAIM_DECIDED")
@blp.alt_response(422, description="INVALID_FIELDS, IDEMPOTENCY_KEY_REUSED")
@requires(Role.PAYER)
@idempotent
def dispute_lines(body: dict[str, Any], claim_id: UUID) -> Any:
    """Dispute lines, each with its reason; they will not be accepted with the rest."""
    claim = _claim(claim_id, lock=True)
    wanted = [(str(line["line_id"]), line["reason"]) for line in body["lines"]]
    return _changed(claim, claims.dispute(current_session(), claim, wanted, current_actor()))


@blp.post("/claims/<uuid:claim_id>:reinstate")
@blp.arguments(s.ReinstateRequest())
@blp.response(200, s.ChangedResponse())
@blp.alt_response(404, description="NOT_FOUND")
@blp.alt_response(409, description="CLAIM_DECIDED")
@blp.alt_response(422, description="INVALID_FIELDS, IDEMPOTENCY_KEY_REUSED")
@requires(Role.PAYER)
@idempotent
def reinstate_lines(body: dict[str, Any], claim_id: UUID) -> Any:
    """Take disputes back, as long as the claim is not accepted."""
    claim = _claim(claim_id, lock=True)
    wanted = [str(line_id) for line_id in body["line_ids"]]
    return _changed(claim, claims.reinstate(current_session(), claim, wanted, current_actor()))


@blp.post("/claims/<uuid:claim_id>:accept")
@blp.arguments(s.AcceptRequest())
@blp.response(200, s.ClaimResponse())
@blp.alt_response(404, description="NOT_FOUND")
@blp.alt_response(409, description="CLAIM_DECIDED, MAKER_IS_CHECKER, CLAIM_NOT_POSITIVE")
@blp.alt_response(422, description="INVALID_FIELDS, IDEMPOTENCY_KEY_REUSED")
@requires(Role.PAYER)
@idempotent
def accept_claim(body: dict[str, Any], claim_id: UUID) -> Any:
    """Accept what is not disputed, under acceptance minutes."""

    def decide(claim: Claim) -> Refusal | None:
        session, actor = current_session(), current_actor()
        return claims.accept(session, claim, body["minutes"], body["minutes_date"], actor, datetime.now(UTC))

    return _decide(claim_id, decide)


@blp.post("/claim-lines/<uuid:line_id>:correct")
@blp.arguments(s.CorrectRequest())
@blp.response(201, s.CorrectionResponse())
@blp.alt_response(404, description="NOT_FOUND")
@blp.alt_response(409, description="LINE_NOT_CORRECTABLE, LINE_CORRECTED_ALREADY, CORRECTION_TOO_LARGE")
@blp.alt_response(422, description="INVALID_FIELDS, IDEMPOTENCY_KEY_REUSED")
@requires(Role.ENTERPRISE, Role.PAYER)
@idempotent
def correct_line(body: dict[str, Any], line_id: UUID) -> Any:
    """A correction for the enterprise's next claim: it asks for a disputed line again, or the payer takes
    back of an accepted one."""
    actor, session = current_actor(), current_session()
    asks_again = body["amount"] > 0
    if not actor.has(Role.ENTERPRISE if asks_again else Role.PAYER):
        raise Problem(403, "ROLE_MISSING")
    line = claims.find_line(session, str(line_id), actor)
    if line is None:
        raise Problem(404, "NOT_FOUND")
    made = claims.correct(session, line, body["amount"], body["reason"], actor)
    return answer_refusal(made) if isinstance(made, Refusal) else {"line_id": made}


def _claim(claim_id: UUID, *, lock: bool = False) -> Claim:
    found = claims.find(current_session(), str(claim_id), current_actor(), lock=lock)
    if found is None:
        raise Problem(404, "NOT_FOUND")
    return found


def _decide(claim_id: UUID, decide: Callable[[Claim], Refusal | None]) -> Any:
    """Run a decision on the locked claim; the claim as it stands afterwards, or the refusal."""
    claim = _claim(claim_id, lock=True)
    refusal = decide(claim)
    if refusal is not None:
        return answer_refusal(refusal)
    current_session().refresh(claim)
    return claim


def _changed(claim: Claim, outcome: int | Refusal) -> Any:
    if isinstance(outcome, Refusal):
        return answer_refusal(outcome)
    current_session().refresh(claim)
    return {"changed": outcome, "claim": claim}


def _file(data: bytes, content_type: str, name: str) -> Response:
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(data, content_type=content_type, headers=disposition)
