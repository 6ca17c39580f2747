"""Drafts: nobody but the commune has heard of one, so it can be replaced or thrown away without a trace."""

from functools import partial

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.applications import places
from services.applications.attempts import or_nothing
from services.applications.commands import Entered, no_draft
from services.applications.entering import Entry, Secrets, applicant, enter
from services.applications.household import HouseholdDraft
from services.applications.stored import NOWHERE, Said, Stored, moved, read_stored
from shared.auth import Actor
from shared.refusal import Refusal

_DISCARD = text(
    "DELETE FROM application WHERE id = :id AND application_state = 'draft' RETURNING household_id"
)
_HOLD_HOUSEHOLD = text("SELECT id FROM household WHERE id = :id FOR UPDATE")
_LEAVE_HOUSEHOLD = text(
    """
    WITH empty AS (
        DELETE FROM household
        WHERE id = :id AND NOT EXISTS (SELECT FROM application WHERE household_id = :id) RETURNING id
    )
    DELETE FROM household_key USING empty WHERE household_key.household_id = empty.id
    """
)


def replace_draft(
    session: Session,
    secrets: Secrets,
    application_id: str,
    draft: HouseholdDraft,
    actor: Actor,
    said: Said = NOWHERE,
) -> Entered | Refusal | None:
    """Put another content under a draft's id, entered by whoever does so now; it stays revision 1.

    None when there is no such application in the actor's area.
    """
    stored = read_stored(session, secrets, [application_id], actor).get(application_id)
    if stored is None:
        return None
    refusal = moved(stored, said)
    if refusal is not None:
        return refusal
    return or_nothing(session, partial(_replace, session, secrets, stored, draft, actor))


def discard_draft(session: Session, secrets: Secrets, application_id: str, actor: Actor) -> Refusal | bool:
    """Throw a draft away, with its household if that applied nowhere else. False when there is none."""
    stored = read_stored(session, secrets, [application_id], actor).get(application_id)
    if stored is None:
        return False
    household_id = session.scalar(_DISCARD, {"id": application_id})
    if household_id is None:
        return no_draft(session, application_id)
    _leave_household(session, household_id)
    return True


def _replace(
    session: Session, secrets: Secrets, stored: Stored, draft: HouseholdDraft, actor: Actor
) -> Entered | Refusal:
    """Writes before it refuses: the caller undoes that."""
    left = session.scalar(_DISCARD, {"id": stored.application_id})
    if left is None:
        return no_draft(session, stored.application_id)
    one = applicant(draft, stored.place, secrets.hasher, stored.application_id)
    entry = Entry(
        stored.programme_id,
        stored.place,
        actor.subject,
        stored.channel,
        import_id=stored.import_id,
        submit=False,
    )
    entered = enter(session, secrets.ring, [one], entry)
    if not entered:
        where = (stored.programme_id, stored.place.commune)
        holder = places.holder_of(session, one.application_id, one.persons, *where)
        return Refusal("ALREADY_APPLIED", application_id=holder)
    _leave_household(session, left)
    return Entered(one.application_id, entered[one.application_id], entry.state)


def _leave_household(session: Session, household_id: str) -> None:
    """Delete a household to which no application belongs any more.

    Held first: who enters it meanwhile is then seen, or finds it gone and makes a new one.
    """
    session.execute(_HOLD_HOUSEHOLD, {"id": household_id})
    session.execute(_LEAVE_HOUSEHOLD, {"id": household_id})
