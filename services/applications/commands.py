"""Use cases of one request, each in the caller's transaction. A domain's no is a Refusal, nothing written."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from services.applications import domain
from services.applications.entering import (
    Entry,
    Home,
    Secrets,
    applicant,
    enter,
    submitted_event,
    unseal_part,
)
from services.applications.entering_one import enter_one
from services.applications.household import HouseholdDraft
from services.applications.models import Application, Erasure, Household
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


@dataclass(frozen=True, slots=True)
class Entered:
    application_id: str
    household_id: str
    status: str


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
        return Refusal("ALREADY_APPLIED")
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
    if _changed(session, _SUBMIT, application_id) == 0:
        return Refusal("NOT_A_DRAFT")
    record(session, "applications", [_submission(session, secrets, application, actor)])
    return Entered(application_id, application.household_id, "submitted")


def withdraw_application(
    session: Session, application_id: str, reason: str, actor: Actor
) -> Entered | Refusal | None:
    """The household takes its application back; `reason` is a code. None when there is none in the area.

    A redeemed voucher cannot be undone by withdrawing. The person stays known to the programme.
    """
    application = find_application(session, application_id, actor)
    if application is None:
        return None
    if _changed(session, _WITHDRAW, application_id) == 0:
        redeemed = application.disbursement_state == "redeemed"
        return Refusal("ALREADY_REDEEMED" if redeemed else "NOT_WITHDRAWABLE")
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


def erase_household(
    session: Session, secrets: Secrets, household_id: str, ground: str, actor: Actor
) -> list[str] | None:
    """Delete a household, its key, its hashes and its applications; returns the applications' ids.

    The log keeps its events: what they hold sealed opens for nobody any more. None when there is no such
    household in the actor's area.
    """
    where = (Household.id == household_id, within(actor, Household.commune, Household.province))
    if session.scalar(select(Household.id).where(*where).with_for_update()) is None:
        return None
    erased = list(
        session.scalars(
            text("DELETE FROM application WHERE household_id = :id RETURNING id::text"), {"id": household_id}
        )
    )
    session.execute(text("DELETE FROM household WHERE id = :id"), {"id": household_id})
    secrets.ring.forget(session, [household_id])
    session.add(Erasure(household_id=household_id, ground=ground, erased_by=actor.subject))
    events = [
        NewEvent(
            "application.erased.v1",
            application_id,
            {"application_id": application_id, "household_id": household_id},
            actor.subject,
        )
        for application_id in sorted(erased)
    ]
    record(session, "applications", events)
    return erased


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


def _submission(session: Session, secrets: Secrets, application: Application, actor: Actor) -> NewEvent:
    """The event of a draft that is submitted now, from what was kept sealed of it."""
    household = session.get_one(Household, application.household_id)
    home = Home(household.id, secrets.ring.load(session, [household.id])[household.id])
    head = unseal_part(home.key, household.sealed, f"household/{household.id}")
    details = unseal_part(home.key, application.sealed, f"application/{application.id}")
    place = domain.Place(application.commune, application.province)
    entry = Entry(application.programme_id, place, application.entered_by, application.channel)
    draft = domain.draft_of(application.village, head, details)
    one = applicant(draft, place, secrets.hasher, application.id)
    return submitted_event(entry, one, home, by=actor.subject)


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
