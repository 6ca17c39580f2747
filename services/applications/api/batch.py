"""Forms before they are sent, and forms that were filled in without a line."""

from dataclasses import dataclass
from typing import Any

from flask_smorest import Blueprint

from services.applications import domain, schemas
from services.applications.api.common import answers_problems, leave_trace, secrets, today
from services.applications.api.reading import mapping_of
from services.applications.batching import Item, Outcome, take_batch
from services.applications.commands import programme_refusal
from services.applications.duplicates import find_duplicates, households_of, sought_in
from services.applications.forms import form_problem, read_form
from services.applications.lists import Problem as FieldProblem
from services.applications.schemas.batches import FormRead, read_as
from services.applications.stored import content_of
from shared.auth import Role, may_act_in
from shared.web import Refusal, current_actor, current_session, requires

blp = Blueprint("batch", __name__, description="Forms to be checked, and forms filled in offline")
_ITEM = schemas.BatchItem()


@dataclass(frozen=True, slots=True)
class _Read:
    """An item of a batch: what to enter, or None with problems that say why not."""

    application_id: str | None
    item: Item | None
    problems: tuple[FieldProblem, ...]


@blp.post("/applications:check")
@blp.arguments(schemas.CheckRequest(partial=True))
@blp.response(200, schemas.CheckAnswer)
@answers_problems(blp, 400, 413, 422)
@requires(Role.OFFICER)
def check(read: FormRead) -> dict[str, Any]:
    """Say what is wrong with a form, complete or not, and who of the commune it may be. Writes nothing.

    Without a commune it is the officer's own. What is shown of other households is recorded as a search.
    """
    actor, session = current_actor(), current_session()
    problems = [*read.problems, *(read_form(read.form, today()).problems if read.form else ())]
    programme_id, written = read.values.get("programme_id"), read.values.get("commune") or actor.commune
    stopped = programme_refusal(session, programme_id) if programme_id else None
    if stopped is not None:
        problems.append(_why(stopped))
    if written is None:
        return {"problems": problems, "duplicates": []}
    place, notices = _placed(written)
    if place is None:
        return {"problems": [*notices, *problems], "duplicates": []}
    sought = sought_in(read.values, place.commune, secrets().hasher)
    found = find_duplicates(session, secrets(), sought, place.commune, read.values.get("application_id"))
    if found:
        leave_trace(actor, place.commune, "search", "DUPLICATE_CHECK", households_of(found))
    return {"problems": [*notices, *problems], "duplicates": found}


@blp.post("/applications:batch")
@blp.arguments(schemas.BatchRequest())
@blp.response(200, schemas.BatchAnswer)
@answers_problems(blp, 400, 413, 422)
@requires(Role.OFFICER)
def batch(body: dict[str, Any]) -> dict[str, Any]:
    """Take in up to 500 forms with ids that the device made, each by itself; a bad one stops no other.

    No Idempotency-Key: an item that is sent again is found unchanged. A conflict shows what is stored, which
    is recorded.
    """
    actor = current_actor()
    reads = [_read(raw) for raw in body["items"]]
    items = [read.item for read in reads if read.item is not None]
    outcomes = iter(take_batch(current_session(), secrets(), items, actor))
    settled = [(read, next(outcomes) if read.item else None) for read in reads]
    shown = {one.stored.home.id: one.stored.place.commune for _, one in settled if one and one.stored}
    if shown:
        leave_trace(actor, min(shown.values()), "list", "REVISION_CONFLICT", sorted(shown))
    return {"items": [_result(read, outcome) for read, outcome in settled]}


def _read(raw: Any) -> _Read:
    """One item, held against its schema and the rules of the form."""
    read = read_as(_ITEM, raw)
    written = read.values.get("application_id")
    application_id = str(written) if written else None
    if read.form is None:
        return _Read(application_id, None, read.problems)
    form = read.form
    place, notices = _placed(form["commune"])
    reading = read_form(form, today())
    problems = (*notices, *reading.problems)
    if place is None or reading.draft is None:
        return _Read(application_id, None, problems)
    item = Item(
        str(written),
        form["programme_id"],
        place,
        reading.draft,
        submit=form["submit"],
        expected=form["expected_revision"],
        reason=form["reason"],
        note=form["note"] or "",
    )
    return _Read(application_id, item, problems)


def _placed(commune: str) -> tuple[domain.Place | None, tuple[FieldProblem, ...]]:
    """The place in the actor's area that a code means, or the problem of the item."""
    found = domain.locate(commune)
    if isinstance(found, Refusal):
        return None, (form_problem("commune", found.code, **found.facts),)
    if not may_act_in(current_actor(), found.place.commune, found.place.province):
        return None, (form_problem("commune", "OUTSIDE_AREA"),)
    return found.place, mapping_of(commune, found)


def _result(read: _Read, outcome: Outcome | None) -> dict[str, Any]:
    if read.item is None or outcome is None:
        return {"application_id": read.application_id, "status": "refused", "problems": read.problems}
    refusal, stored = outcome.refusal, outcome.stored
    why = () if refusal is None else (_why(refusal),)
    return {
        "application_id": read.application_id,
        "status": outcome.status,
        "revision": outcome.revision,
        "problems": (*why, *read.problems),
        "duplicate_of": refusal.facts.get("application_id") if refusal else None,
        "stored": content_of(stored.draft) if stored else None,
        "sent": content_of(read.item.draft) if stored else None,
    }


def _why(refusal: Refusal) -> FieldProblem:
    """What the domain refuses, under the field that it is about; "" is the form as a whole."""
    word = refusal.code.partition("_")[0]
    field = {"PROGRAMME": "programme_id", "COMMUNE": "commune", "APPLICATION": "application_id"}.get(word, "")
    return form_problem(field, refusal.code, **refusal.facts)
