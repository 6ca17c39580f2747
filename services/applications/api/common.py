"""What the views share: the service's secrets, today, documented problems, refusals with their status."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from flask import Response, current_app
from flask_smorest import Blueprint

from services.applications import domain
from services.applications.commands import access_recorded
from services.applications.entering import Secrets
from services.applications.schemas import ProblemDetails
from shared.auth import Actor, may_act_in
from shared.web import Problem, Refusal, current_actor, record_events, refuse

View = TypeVar("View", bound=Callable[..., Any])

_REASONS = {
    400: "Malformed request, cursor or JSON, or no Idempotency-Key.",
    401: "No valid token.",
    403: "Not one of the roles, or outside the area.",
    404: "Not there, or outside the area.",
    409: "The state does not allow it; `code` says why.",
    413: "The body is too large.",
    422: "Fields that are wrong or unknown; `errors` names them.",
    503: "Something we need is down, or too busy; try again.",
}
UNPROCESSABLE = {
    "COMMUNE_UNKNOWN",
    "COMMUNE_CLOSED",
    "PROGRAMME_UNKNOWN",
}


def answers_problems(blueprint: Blueprint, *statuses: int) -> Callable[[View], View]:
    """Document the problems a view may answer with; 401, 403 and 503 belong to every view."""

    def document(view: View) -> View:
        for status in sorted({*statuses, 401, 403, 503}):
            describe = blueprint.alt_response(
                status,
                schema=ProblemDetails,
                description=_REASONS[status],
                content_type="application/problem+json",
            )
            view = describe(view)
        return view

    return document


def secrets() -> Secrets:
    found: Secrets = current_app.extensions["secrets"]
    return found


def today() -> date:
    """The day in Viet Nam."""
    return datetime.now(ZoneInfo("Asia/Ho_Chi_Minh")).date()


def answer_refusal(refusal: Refusal) -> Response:
    """422 for what the request names wrongly, 409 for what the state does not allow."""
    return refuse(refusal, 422 if refusal.code in UNPROCESSABLE else 409)


def own_place(commune: str) -> domain.Place:
    """The place of a code. Raises Problem 422 for a code of no commune of today, 403 outside the area."""
    place = domain.place_of(commune)
    if isinstance(place, Refusal):
        raise Problem(422, place.code, **place.facts)
    if not may_act_in(current_actor(), place.commune, place.province):
        raise Problem(403, "OUTSIDE_AREA")
    return place


def leave_trace(actor: Actor, key: str, what: str, purpose: str, household_ids: Sequence[str]) -> None:
    """Record who read whose personal data, in the request's transaction."""
    record_events([access_recorded(actor, key, what, purpose, household_ids)])
