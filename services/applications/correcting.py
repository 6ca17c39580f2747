"""Corrections: the whole content anew on top of a revision, the one before it kept with who and why."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from services.applications import officials, places
from services.applications.attempts import or_nothing
from services.applications.commands import Entered
from services.applications.entering import (
    Applicant,
    Entry,
    Secrets,
    applicant,
    corrected_event,
    seal_part,
    unseal_part,
)
from services.applications.household import HouseholdDraft
from services.applications.stored import NOWHERE, Said, Stored, moved, read_stored
from shared.auth import Actor
from shared.outbox import record
from shared.refusal import Refusal

_KEEP = text(
    """
    INSERT INTO application_version (
        application_id, revision, village, sealed_head, sealed, entered_by, entered_at, reason
    )
    SELECT application.id, revision, application.village, household.sealed, application.sealed,
           coalesce(corrected_by, entered_by), coalesce(corrected_at, application.created_at),
           correction_reason
    FROM application JOIN household ON household.id = household_id
    WHERE application.id = :id AND revision = :expected
    ON CONFLICT DO NOTHING RETURNING revision
    """
)
_RENEW_HOUSEHOLD = text(
    "UPDATE household SET village = :village, sealed = :sealed, head_hash = :head WHERE id = :id"
)
_CORRECT = text(
    """
    UPDATE application SET revision = revision + 1, village = :village, sealed = :sealed,
        certificate_hash = :certificate, words = CAST(:words AS bigint[]), legal_basis = :legal_basis,
        corrected_by = :actor, corrected_at = now(), correction_reason = :reason
    WHERE id = :id AND revision = :expected AND application_state IN ('submitted', 'appealed')
      AND disbursement_state IS DISTINCT FROM 'redeemed'
    RETURNING revision, status
    """
)
_VERSIONS = text(
    """
    SELECT revision, village, sealed_head, sealed, entered_by, entered_at, reason
    FROM application_version WHERE application_id = :id
    UNION ALL
    SELECT revision, application.village, household.sealed, application.sealed,
           coalesce(corrected_by, entered_by), coalesce(corrected_at, application.created_at),
           correction_reason
    FROM application JOIN household ON household.id = household_id WHERE application.id = :id
    ORDER BY revision
    """
)


@dataclass(frozen=True, slots=True)
class Correction:
    """What replaces revision `expected`, and came by `channel`. `reason` is a code; `note` stays sealed."""

    draft: HouseholdDraft
    expected: int
    reason: str
    note: str = ""
    channel: str = "form"
    said: Said = NOWHERE


@dataclass(frozen=True, slots=True)
class Conflict:
    """Somebody else changed the application since: it stands as `stored` now."""

    stored: Stored


@dataclass(frozen=True, slots=True)
class Revisions:
    """`items` are in the shape of the answer: they hold a person's data."""

    application_id: str
    household_id: str
    items: list[dict[str, Any]]


def correct_application(
    session: Session, secrets: Secrets, application_id: str, correction: Correction, actor: Actor
) -> Entered | Conflict | Refusal | None:
    """Replace an application's content. None when there is none in the actor's area.

    What the look at the stored application finds only picks the answer: the guards are the key of
    `application_version`, the places, and the update's own condition.
    """
    stored = read_stored(session, secrets, [application_id], actor).get(application_id)
    if stored is None:
        return None
    refusal = moved(stored, correction.said)
    if refusal is not None:
        return refusal
    if stored.revision != correction.expected:
        return Conflict(stored)
    if not stored.correctable:
        return Refusal("NOT_CORRECTABLE")
    outcome = or_nothing(session, partial(_replace, session, secrets, stored, correction, actor))
    if not isinstance(outcome, Refusal):
        return outcome
    now = read_stored(session, secrets, [application_id], actor).get(application_id)
    if now is None:
        return None
    return Conflict(now) if now.revision != correction.expected else outcome


def read_revisions(session: Session, secrets: Secrets, application_id: str, actor: Actor) -> Revisions | None:
    """Every revision of an application with its content, the current one last. None outside the area."""
    stored = read_stored(session, secrets, [application_id], actor).get(application_id)
    if stored is None:
        return None
    rows = session.execute(_VERSIONS, {"id": application_id})
    return Revisions(application_id, stored.home.id, [_revision(row, stored) for row in rows])


def _revision(row: Any, stored: Stored) -> dict[str, Any]:
    head = unseal_part(stored.home.key, row.sealed_head, f"household/{stored.home.id}")
    details = unseal_part(stored.home.key, row.sealed, f"application/{stored.application_id}")
    return {
        "revision": row.revision,
        "entered_by": row.entered_by,
        "entered_at": row.entered_at,
        "reason": row.reason,
        "note": details.get("correction_note", ""),
        "content": {"village": row.village, "head": head, **details},
    }


def _replace(
    session: Session, secrets: Secrets, stored: Stored, correction: Correction, actor: Actor
) -> Entered | Refusal:
    """Writes before it refuses: the caller undoes that."""
    one = applicant(correction.draft, stored.place, secrets.hasher, stored.application_id)
    if correction.note:
        one = replace(one, details={**one.details, "correction_note": correction.note})
    where = (stored.programme_id, stored.place.commune)
    if not places.reclaim(session, one.application_id, one.persons, *where):
        holder = places.holder_of(session, one.application_id, one.persons, *where)
        return Refusal("ALREADY_APPLIED", application_id=holder)
    known = {"id": stored.application_id, "expected": correction.expected}
    if session.scalar(_KEEP, known) is None:
        return Refusal("REVISION_CONFLICT")
    if not _renew_household(session, stored, one):
        return Refusal("HEAD_HAS_HOUSEHOLD")
    row = session.execute(_CORRECT, {**known, **_values(stored, one, correction, actor)}).one_or_none()
    if row is None:
        return Refusal("NOT_CORRECTABLE")
    entry = Entry(stored.programme_id, stored.place, actor.subject, correction.channel)
    event = corrected_event(
        entry,
        one,
        stored.home,
        revision=row.revision,
        reason=correction.reason,
        officials=officials.known(session),
    )
    record(session, "applications", [event])
    return Entered(stored.application_id, stored.home.id, row.status, row.revision)


def _renew_household(session: Session, stored: Stored, one: Applicant) -> bool:
    """False when the head that is named now has another household in the commune."""
    home = stored.home
    sealed = seal_part(home.key, one.head, f"household/{home.id}")
    values = {"id": home.id, "village": one.village, "sealed": sealed, "head": one.persons[0]}
    try:
        session.execute(_RENEW_HOUSEHOLD, values)
    except IntegrityError as error:
        if getattr(getattr(error.orig, "diag", None), "constraint_name", None) != "household_commune_head":
            raise
        return False
    return True


def _values(stored: Stored, one: Applicant, correction: Correction, actor: Actor) -> dict[str, Any]:
    return {
        "village": one.village,
        "sealed": seal_part(stored.home.key, one.details, f"application/{one.application_id}"),
        "certificate": one.certificate,
        "words": list(one.words),
        "legal_basis": one.details["legal_basis"],
        "actor": actor.subject,
        "reason": correction.reason,
    }
