"""Use cases of one request, each in the caller's transaction. A domain's no is a Refusal, nothing written."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from services.applications import officials, places
from services.applications.attempts import begin_anew, or_nothing
from services.applications.entering import (
    Entry,
    Secrets,
    applicant,
    enter,
    seal_part,
    submitted_event,
)
from services.applications.entering_one import enter_one
from services.applications.household import HouseholdDraft
from services.applications.models import Application
from services.applications.stored import read_stored
from shared.auth import Actor, within
from shared.db.lean import Lean
from shared.events import NewEvent
from shared.outbox import record
from shared.refusal import Refusal

_PROGRAMME = Lean("SELECT status FROM programme WHERE id = :programme_id")
_SUBMIT = text(
    """
    UPDATE application SET application_state = 'submitted', status = 'submitted', submitted_at = now()
    WHERE id = :id AND application_state = 'draft'
    """
)
_WITHDRAW = text(
    """
    UPDATE application SET application_state = 'withdrawn', status = 'withdrawn'
    WHERE id = :id AND application_state IN ('submitted', 'appealed')
      AND disbursement_state IS DISTINCT FROM 'redeemed'
    """
)
_APPEAL = text(
    """
    UPDATE application SET application_state = 'appealed', appealed_at = now(), grounds = :grounds
    WHERE id = :id AND application_state = 'submitted' AND appealed_at IS NULL
      AND eligibility_state IN ('ineligible', 'rejected')
    RETURNING status, revision
    """
)
_IS_DRAFT = text("SELECT application_state = 'draft' FROM application WHERE id = :id")
_HAS_APPEALED = text("SELECT appealed_at IS NOT NULL FROM application WHERE id = :id")


@dataclass(frozen=True, slots=True)
class Entered:
    """An application after a change of it."""

    application_id: str
    household_id: str
    status: str
    revision: int = 1


def programme_refusal(session: Session, programme_id: str) -> Refusal | None:
    """Why nobody can be entered into a programme: unknown here, suspended or closed."""
    found = _PROGRAMME.first(session, {"programme_id": programme_id})
    if found is None:
        return Refusal("PROGRAMME_UNKNOWN", programme_id=programme_id)
    if found.status == "published":
        return None
    return Refusal(f"PROGRAMME_{found.status.upper()}", programme_id=programme_id)


def enter_application(
    session: Session, secrets: Secrets, draft: HouseholdDraft, entry: Entry, application_id: str | None
) -> Entered | Refusal:
    """One household from the form. `application_id` is made by the client, or here."""
    one = applicant(draft, entry.place, secrets.hasher, application_id)
    household_id = enter_one(session, secrets.ring, one, entry) if entry.submit else None
    if household_id is not None:
        return Entered(one.application_id, household_id, entry.state)
    refusal = programme_refusal(session, entry.programme_id)
    if refusal is not None:
        return refusal
    if application_id is not None and _id_taken(session, application_id):
        return Refusal("APPLICATION_ID_TAKEN")
    entered = enter(session, secrets.ring, [one], entry)
    if not entered:
        where = (entry.programme_id, entry.place.commune)
        holder = places.holder_of(session, one.application_id, one.persons, *where)
        return Refusal("ALREADY_APPLIED", application_id=holder)
    return Entered(one.application_id, entered[one.application_id], entry.state)


def submit_application(
    session: Session, secrets: Secrets, application_id: str, actor: Actor
) -> Entered | Refusal | None:
    """A draft becomes an application. None when there is none in the actor's area."""
    application = find_application(session, application_id, actor)
    if application is None:
        return None
    refusal = programme_refusal(session, application.programme_id)
    if refusal is not None:
        return refusal
    return or_nothing(session, partial(_submit, session, secrets, application_id, actor))


def withdraw_application(
    session: Session, application_id: str, reason: str, actor: Actor
) -> Entered | Refusal | None:
    """The household takes its application back; `reason` is a code. None when there is none in the area.

    A redeemed voucher cannot be undone by withdrawing. The persons' places are free again, so that a
    household that was withdrawn by mistake can be entered anew.
    """
    application = find_application(session, application_id, actor)
    if application is None:
        return None
    if _changed(session, _WITHDRAW, application_id) == 0:
        redeemed = application.disbursement_state == "redeemed"
        return Refusal("ALREADY_REDEEMED" if redeemed else "NOT_WITHDRAWABLE")
    places.give_back(session, application_id)
    data = {
        "application_id": application_id,
        "household_id": application.household_id,
        "programme_id": application.programme_id,
        "reason": reason,
    }
    record(
        session,
        "applications",
        [NewEvent("application.withdrawn.v1", application_id, data, actor.subject)],
    )
    return Entered(application_id, application.household_id, "withdrawn")


def appeal_application(
    session: Session, secrets: Secrets, application_id: str, grounds: str, actor: Actor
) -> Entered | Refusal | None:
    """The household objects to the decision, once; `grounds` are its own words and stay sealed.

    None when there is no such application in the actor's area.
    """
    stored = read_stored(session, secrets, [application_id], actor).get(application_id)
    if stored is None:
        return None
    sealed = seal_part(stored.home.key, {"grounds": grounds}, f"appeal/{application_id}")
    row = session.execute(_APPEAL, {"id": application_id, "grounds": sealed}).one_or_none()
    if row is None:
        return Refusal("ALREADY_APPEALED" if _has_appealed(session, application_id) else "NOT_APPEALABLE")
    data = {
        "application_id": application_id,
        "household_id": stored.home.id,
        "programme_id": stored.programme_id,
        "sealed": base64.b64encode(sealed).decode(),
    }
    record(
        session, "applications", [NewEvent("application.appealed.v1", application_id, data, actor.subject)]
    )
    return Entered(application_id, stored.home.id, row.status, row.revision)


def find_application(session: Session, application_id: str, actor: Actor) -> Application | None:
    """An application of the actor's area."""
    return session.scalar(
        select(Application).where(
            Application.id == application_id, within(actor, Application.commune, Application.province)
        )
    )


def access_recorded(
    actor: Actor, key: str, what: str, purpose: str, household_ids: Sequence[str]
) -> NewEvent:
    """Who read whose personal data, and why. `key`: one household's application, or a list's commune."""
    data: dict[str, Any] = {
        "purpose": purpose,
        "what": what,
        "households": list(household_ids),
        "count": len(household_ids),
    }
    return NewEvent("access.recorded.v1", key, data, actor.subject)


def _submit(session: Session, secrets: Secrets, application_id: str, actor: Actor) -> Entered | Refusal:
    """Read once it is held, for somebody may have replaced it. Its household may have changed since it was
    entered, through an application to another programme: the places follow. Writes before it refuses."""
    if _changed(session, _SUBMIT, application_id) == 0:
        return no_draft(session, application_id)
    stored = read_stored(session, secrets, [application_id], actor)[application_id]
    one = applicant(stored.draft, stored.place, secrets.hasher, application_id)
    where = (stored.programme_id, stored.place.commune)
    if not places.reclaim(session, application_id, one.persons, *where):
        holder = places.holder_of(session, application_id, one.persons, *where)
        return Refusal("ALREADY_APPLIED", application_id=holder)
    entry = Entry(stored.programme_id, stored.place, stored.entered_by, stored.channel)
    known = officials.known(session)
    event = submitted_event(entry, one, stored.home, by=actor.subject, officials=known)
    record(session, "applications", [event])
    return Entered(application_id, stored.home.id, "submitted")


def no_draft(session: Session, application_id: str) -> Refusal:
    """Why a change of a draft found none. Clashes when there is one after all: it was replaced while we
    waited for it."""
    if session.scalar(_IS_DRAFT, {"id": application_id}):
        begin_anew(session)
    return Refusal("NOT_A_DRAFT")


def _has_appealed(session: Session, application_id: str) -> bool:
    return bool(session.scalar(_HAS_APPEALED, {"id": application_id}))


def _id_taken(session: Session, application_id: str) -> bool:
    """Whether an id is in use, or was until it was erased: its stream would go on where it ended."""
    statement = text(
        "SELECT EXISTS (SELECT FROM application WHERE id = CAST(:id AS uuid))"
        " OR EXISTS (SELECT FROM event_log WHERE stream = 'application/' || CAST(CAST(:id AS uuid) AS text))"
    )
    return bool(session.scalar(statement, {"id": application_id}))


def _changed(session: Session, statement: Any, application_id: str) -> int:
    result: Any = session.execute(statement, {"id": application_id})
    return int(result.rowcount)
