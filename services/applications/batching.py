"""Forms filled in without a line, many at a time: each is settled by itself, and sent again changes nothing.

What is new is entered with the few statements of `entering.enter`. An item whose id is known is compared with
what is stored: the same content is left alone, another one corrects the revision that it says it saw.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.applications import domain, places
from services.applications.attempts import begin_anew
from services.applications.commands import Entered, programme_refusal, submit_application
from services.applications.correcting import Conflict, Correction, correct_application
from services.applications.drafts import replace_draft
from services.applications.entering import Applicant, Entry, Secrets, applicant, enter
from services.applications.household import HouseholdDraft
from services.applications.stored import Said, Stored, moved, read_stored
from shared.auth import Actor
from shared.refusal import Refusal

CHANNEL = "offline"
LOOKS = 3
"""How often an item is held against what is stored, while others change it."""

_USED = text(
    """
    SELECT wanted.id FROM unnest(CAST(:ids AS text[])) AS wanted (id)
    WHERE EXISTS (SELECT FROM application WHERE application.id = CAST(wanted.id AS uuid))
       OR EXISTS (SELECT FROM event_log WHERE stream = 'application/' || wanted.id)
    """
)

Status = Literal["created", "unchanged", "corrected", "conflict", "refused"]


@dataclass(frozen=True, slots=True)
class Item:
    """One form. `expected`: the revision that it changes, None for a new application; `reason` is a code."""

    application_id: str
    programme_id: str
    place: domain.Place
    draft: HouseholdDraft
    submit: bool = True
    expected: int | None = None
    reason: str = "OFFLINE_CHANGE"
    note: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an item. `refusal` says why not; a conflict carries what is stored."""

    status: Status
    revision: int | None = None
    refusal: Refusal | None = None
    stored: Stored | None = None


def take_batch(session: Session, secrets: Secrets, items: Iterable[Item], actor: Actor) -> list[Outcome]:
    """Settle every item, in the caller's transaction; outcomes in the items' order.

    An id that comes more than once is settled once per turn, in the order of the items.
    """
    waiting = dict(enumerate(items))
    outcomes: dict[int, Outcome] = {}
    while waiting:
        first: dict[str, int] = {}
        for place, item in waiting.items():
            first.setdefault(item.application_id, place)
        turn = {application_id: waiting.pop(place) for application_id, place in first.items()}
        settled = _settle(session, secrets, turn, actor)
        outcomes |= {first[application_id]: outcome for application_id, outcome in settled.items()}
    return [outcomes[place] for place in sorted(outcomes)]


def _settle(session: Session, secrets: Secrets, turn: Mapping[str, Item], actor: Actor) -> dict[str, Outcome]:
    """By application id. Changes go in the order of the ids, so that two batches never wait in a circle."""
    stored = read_stored(session, secrets, turn, actor)
    fresh = {one: item for one, item in turn.items() if one not in stored}
    used = set(session.scalars(_USED, {"ids": sorted(fresh)})) if fresh else set()
    outcomes = _enter(session, secrets, [item for one, item in fresh.items() if one not in used], actor)
    late = fresh.keys() - outcomes.keys()
    if late:
        stored |= read_stored(session, secrets, late, actor)
        outcomes |= {one: _taken(fresh[one]) for one in used - stored.keys()}
        if late - outcomes.keys() - stored.keys():  # whoever stood in the way has gone again
            begin_anew(session)
    for one in sorted(stored):
        outcomes[one] = _change(session, secrets, turn[one], stored[one], actor)
    return outcomes


def _taken(item: Item) -> Outcome:
    """What an id is that lies outside the actor's area, or was erased: as if it were not there."""
    return _refused(Refusal("APPLICATION_ID_TAKEN" if item.expected is None else "NOT_FOUND"))


def _enter(session: Session, secrets: Secrets, fresh: list[Item], actor: Actor) -> dict[str, Outcome]:
    """Outcomes of what is new here; those are missing whose id another transaction entered meanwhile."""
    outcomes = {one.application_id: _taken(one) for one in fresh if one.expected is not None}
    wanted = sorted((one for one in fresh if one.expected is None), key=_group)
    for _, group in groupby(wanted, key=_group):
        outcomes |= _enter_group(session, secrets, list(group), actor)
    return outcomes


def _group(item: Item) -> tuple[str, str, bool]:
    return item.programme_id, item.place.commune, item.submit


def _enter_group(session: Session, secrets: Secrets, items: list[Item], actor: Actor) -> dict[str, Outcome]:
    """Items of one programme, commune and state. Who loses a place to somebody who loses another one gets a
    second chance."""
    lead = items[0]
    refusal = programme_refusal(session, lead.programme_id)
    if refusal is not None:
        return {item.application_id: _refused(refusal) for item in items}
    entry = Entry(lead.programme_id, lead.place, actor.subject, CHANNEL, submit=lead.submit)
    outcomes: dict[str, Outcome] = {}
    waiting = [applicant(one.draft, one.place, secrets.hasher, one.application_id) for one in items]
    while waiting:
        entered = enter(session, secrets.ring, waiting, entry)
        outcomes |= dict.fromkeys(entered, Outcome("created", 1))
        waiting = [one for one in waiting if one.application_id not in entered]
        held = {one.application_id: _held(session, one, entry) for one in waiting}
        outcomes |= {one: _refused(refusal) for one, refusal in held.items() if refusal is not None}
        waiting = [one for one in waiting if held[one.application_id] is None]
        if not entered:
            break
    return outcomes


def _held(session: Session, one: Applicant, entry: Entry) -> Refusal | None:
    where = (entry.programme_id, entry.place.commune)
    holder = places.holder_of(session, one.application_id, one.persons, *where)
    return None if holder is None else Refusal("ALREADY_APPLIED", application_id=holder)


def _change(session: Session, secrets: Secrets, item: Item, stored: Stored, actor: Actor) -> Outcome:
    """Hold an item against what is stored; again when somebody else changed that meanwhile."""
    current: Stored | None = stored
    for _ in range(LOOKS):
        if current is None:
            return _refused(Refusal("NOT_FOUND"))
        outcome = _try(session, secrets, item, current, actor)
        if outcome is not None:
            return outcome
        current = read_stored(session, secrets, [item.application_id], actor).get(item.application_id)
    return Outcome("conflict", current.revision if current else None, stored=current)


def _try(session: Session, secrets: Secrets, item: Item, stored: Stored, actor: Actor) -> Outcome | None:
    """None when somebody else was quicker."""
    refusal = moved(stored, Said(item.programme_id, item.place))
    if refusal is not None:
        return _refused(refusal, stored.revision)
    same = domain.same_content(item.draft, stored.draft)
    if same and not (stored.state == "draft" and item.submit):
        return Outcome("unchanged", stored.revision)
    if not same and item.expected != stored.revision:
        return Outcome("conflict", stored.revision, stored=stored)
    if stored.state == "draft":
        changed = _change_draft(session, secrets, item, actor, same=same)
    else:
        correction = Correction(item.draft, stored.revision, item.reason, item.note, CHANNEL)
        changed = correct_application(session, secrets, item.application_id, correction, actor)
    if isinstance(changed, Entered):
        return Outcome("corrected", changed.revision)
    if isinstance(changed, Refusal) and changed.code != "NOT_A_DRAFT":
        return _refused(changed, stored.revision)
    return None


def _change_draft(
    session: Session, secrets: Secrets, item: Item, actor: Actor, *, same: bool
) -> Entered | Refusal | Conflict | None:
    """Replace what differs, then submit if the item says so."""
    changed = None if same else replace_draft(session, secrets, item.application_id, item.draft, actor)
    if isinstance(changed, Refusal) or not item.submit:
        return changed
    return submit_application(session, secrets, item.application_id, actor)


def _refused(refusal: Refusal, revision: int | None = None) -> Outcome:
    return Outcome("refused", revision, refusal)
