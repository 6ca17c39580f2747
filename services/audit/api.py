"""The audit service's routes. All of them read; nothing here changes anything."""

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import current_app
from flask_smorest import Blueprint

from services.audit import queries, schemas
from services.audit.compare import Comparison, LiveStateUnavailable, compare
from services.audit.ledger import Until
from services.audit.replay import case_states, replay, replay_case
from services.audit.verify import Finding, Report, verify
from shared.auth import Role
from shared.folds import funnel, total
from shared.web import Page, Problem, current_actor, current_session, own_transactions, requires
from shared.web.problems import sentence

STAFF = (Role.OFFICER, Role.APPROVER, Role.MANAGER, Role.PAYER, Role.AUDITOR)

blp = Blueprint("audit", __name__, description="The ledger, replay and checks.")
blueprints = [blp]


def problem(status: int, description: str) -> Any:
    """Document that a route may answer with problem details."""
    return blp.alt_response(
        status, schema=schemas.ProblemAnswer, description=description, content_type="application/problem+json"
    )


@blp.get("/ledger")
@blp.arguments(schemas.PageQuery(), location="query")
@blp.response(200, schemas.LedgerPage)
@problem(400, "The cursor is not one of ours.")
@requires(Role.AUDITOR)
def list_ledger(query: dict[str, Any]) -> Page:
    """Every event ever taken in, in the order of the gapless index."""
    return queries.ledger_page(current_session(), query["cursor"], query["limit"])


@blp.get("/cases/<uuid:application_id>/timeline")
@blp.response(200, schemas.Timeline)
@problem(404, "No such case, or it lies outside your area.")
@requires(*STAFF)
def show_timeline(application_id: UUID) -> dict[str, Any]:
    """What happened to one case, oldest first, without personal data."""
    session, actor, key = current_session(), current_actor(), str(application_id)
    if not queries.visible_case(session, key, actor):
        raise Problem(404, "NOT_FOUND")
    return {"application_id": key, "items": queries.timeline(session, key, actor)}


@blp.get("/cases/<uuid:application_id>")
@blp.arguments(schemas.AsOfQuery(), location="query")
@blp.response(200, schemas.CaseState)
@problem(404, "The ledger holds no event of such a case.")
@requires(Role.AUDITOR)
def show_case(query: dict[str, Any], application_id: UUID) -> dict[str, Any]:
    """One case as each service knew it at a moment, folded from its events alone."""
    key, moment = str(application_id), query["as_of"]
    known, events, folded = replay_case(current_session(), key, moment)
    if not known:
        raise Problem(404, "NOT_FOUND")
    return {
        "application_id": key,
        "as_of": moment,
        "states": case_states(folded, key),
        "events": events,
    }


@blp.get("/replay")
@blp.arguments(schemas.ReplayQuery(), location="query")
@blp.response(200, schemas.ReplayAnswer)
@problem(503, "The database does not answer.")
@requires(Role.AUDITOR)
@own_transactions
def show_replay(query: dict[str, Any]) -> dict[str, Any]:
    """The funnel as of a moment, from a replay of the whole ledger."""
    return replay_answer(query["as_of"], query["programme_id"])


def replay_answer(moment: datetime | None, programme_id: str | None) -> dict[str, Any]:
    """Replay and count; `programme_id` narrows the counts to one programme."""
    replayed = replay(_database(), Until(moment))
    funnels = {
        name: counts
        for name, counts in funnel(replayed.replay).items()
        if programme_id is None or name == programme_id
    }
    return {
        "as_of": moment,
        "events": replayed.events,
        **total(funnels),
        "programmes": [{"programme_id": name, **counts} for name, counts in sorted(funnels.items())],
    }


@blp.get("/checks/compare")
@blp.response(200, schemas.ComparisonAnswer)
@problem(503, "A service does not show its live state.")
@requires(Role.AUDITOR)
@own_transactions
def check_compare() -> Comparison:
    """Hold the replayed state against every service's live tables, key by key. Meant for a system at rest:
    events that are still on their way show as differences."""
    try:
        return compare(_database(), current_app.extensions["live_states"]())
    except LiveStateUnavailable as error:
        raise Problem(503, "LIVE_STATE_UNAVAILABLE", service=error.service) from error


@blp.get("/checks/verify")
@blp.response(200, schemas.VerificationAnswer)
@problem(503, "The database does not answer.")
@requires(Role.AUDITOR)
@own_transactions
def check_verify() -> dict[str, Any]:
    """Check every byte, hash, version and chain of the ledger."""
    return verification_answer(verify(_database()))


def verification_answer(report: Report) -> dict[str, Any]:
    """The report with each problem's sentence in both languages."""
    return {
        "verified": report.verified,
        "events": report.events,
        "streams": report.streams,
        "found": dict(report.found),
        "problems": [_finding(finding) for finding in report.problems],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "index": finding.index,
        "stream": finding.stream,
        "code": finding.code,
        "message_vi": sentence(finding.code, "vi", finding.facts),
        "message_en": sentence(finding.code, "en", finding.facts),
    }


def _database() -> Any:
    return current_app.database  # type: ignore[attr-defined]
