"""What the views share: documented problems, refusals with their status, the decision of a request."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Response, current_app
from flask_smorest import Blueprint

from services.eligibility.approving import Decision
from services.eligibility.domain import today
from services.eligibility.schemas import ProblemDetails
from shared.auth import Actor, may_act_in
from shared.events import NewEvent
from shared.privacy import KeyRing
from shared.reference import areas
from shared.web import Problem, Refusal, current_actor, record_events, refuse

View = TypeVar("View", bound=Callable[..., Any])

_REASONS = {
    400: "Malformed request, cursor or JSON, or no Idempotency-Key.",
    401: "No valid token.",
    403: "Not one of the roles, outside the area, or the maker would be the checker.",
    404: "Not there, or outside the area.",
    409: "The state does not allow it; `code` says why.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    422: "Fields that are wrong or unknown; `errors` names them.",
    503: "Something we need is down, or too busy; try again.",
}
STATUSES = {
    "LIST_MAKER_IS_CHECKER": 403,
    "MAKER_IS_CHECKER": 403,
    "OUTSIDE_AREA": 403,
    "PROVINCE_DECIDES": 403,
    "NOT_FOUND": 404,
    "PROGRAMME_UNKNOWN": 404,
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


def keys() -> KeyRing:
    """This service's own household keys."""
    found: KeyRing = current_app.extensions["keys"]
    return found


def answer_refusal(refusal: Refusal) -> Response:
    """409 unless the code says otherwise. Remembered under the idempotency key like any answer."""
    return refuse(refusal, STATUSES.get(refusal.code, 409))


def decision_of(body: dict[str, Any]) -> Decision:
    """Number and date of a request. Raises Problem 422 for a day that has not come yet in Viet Nam."""
    if body["decision_date"] > today():
        raise Problem(422, "DECISION_IN_FUTURE")
    return Decision(body["decision_number"], body["decision_date"])


def check_area(code: str) -> None:
    """Raises Problem 422 for a code of no commune of today, 403 outside the area."""
    commune = areas.commune(code)
    if commune is None:
        raise Problem(422, "COMMUNE_UNKNOWN", commune=code)
    if not may_act_in(current_actor(), commune.code, commune.province_code):
        raise Problem(403, "OUTSIDE_AREA")


def note_access(key: str, actor: Actor, purpose: str, what: str, households: list[str]) -> None:
    """Record who read whose data, and why."""
    data = {"purpose": purpose, "what": what, "households": households, "count": len(households)}
    record_events([NewEvent("access.recorded.v1", key, data, actor.subject)])
