"""From a form that fits its schema to a household in a place, or the answer that says why not."""

from typing import Any

from services.applications import domain
from services.applications.api.common import today
from services.applications.forms import form_problem, read_form
from services.applications.household import HouseholdDraft
from services.applications.lists import Problem as FieldProblem
from services.applications.schemas.telling import invalid
from services.applications.stored import Said
from shared.auth import may_act_in
from shared.web import Problem, Refusal, current_actor

Notices = tuple[FieldProblem, ...]


def located(commune: str) -> tuple[domain.Place, Notices]:
    """The place that a form's commune code means today, with a notice where the code was another one.

    Raises Problem 422 for a code of no commune, or of one that was split among several.
    """
    found = domain.locate(commune)
    if isinstance(found, Refusal):
        raise Problem(422, found.code, **found.facts)
    return found.place, mapping_of(commune, found)


def mapping_of(commune: str, found: domain.Located) -> Notices:
    """The notice that a code of before 01/07/2025 was understood."""
    if not found.mapped:
        return ()
    return (form_problem("commune", "COMMUNE_MAPPED", commune=commune, now=found.place.commune),)


def own_place_of(commune: str) -> tuple[domain.Place, Notices]:
    """The same, inside the actor's area. Raises Problem 403 outside."""
    place, notices = located(commune)
    if not may_act_in(current_actor(), place.commune, place.province):
        raise Problem(403, "OUTSIDE_AREA")
    return place, notices


def said_in(form: dict[str, Any]) -> Said:
    """Where a form of an application that exists says it belongs. Raises Problem 422."""
    place = located(form["commune"])[0] if form["commune"] else None
    return Said(form["programme_id"], place)


def household_in(form: dict[str, Any]) -> tuple[HouseholdDraft, Notices]:
    """The household with its warnings. Raises Problem 422 that names every wrong field."""
    reading = read_form(form, today())
    if reading.draft is None:
        raise invalid(reading.problems)
    return reading.draft, reading.problems
