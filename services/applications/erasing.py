"""Erasure: a household's row, key, hashes and applications go, and nothing brings them back.

What the law lets remain names nobody: the log keeps its events, whose sealed parts open for nobody any more;
disbursement keeps its accounting; a request about personal data keeps its ids and days.
"""

from collections.abc import Sequence

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from services.applications.entering import Secrets
from services.applications.importing.forgetting import forget_import_of
from services.applications.models import Erasure, Household
from shared.auth import Actor, within
from shared.events import NewEvent
from shared.outbox import record

_APPLICATIONS = text("SELECT id::text FROM application WHERE household_id = :id ORDER BY id FOR UPDATE")
_DELETE = text("DELETE FROM application WHERE household_id = :id")
_BLANK_ANSWERS = text(
    """
    UPDATE idempotency SET body = '{}' WHERE EXISTS (
        SELECT FROM unnest(CAST(:ids AS text[])) AS gone (id)
        WHERE position(convert_to(gone.id, 'UTF8') IN idempotency.body) > 0
    )
    """
)
"""Answers may repeat what was typed. The keys stay: what comes again must not be done again."""
_DELETE_HOUSEHOLD = text("DELETE FROM household WHERE id = :id")


def erase_household(
    session: Session, secrets: Secrets, household_id: str, ground: str, actor: Actor
) -> list[str] | None:
    """Returns the ids of its applications; None when there is no such household in the actor's area.

    With it go its versions, its timeline, its places in programmes, and the lists kept of its commune.
    """
    where = (Household.id == household_id, within(actor, Household.commune, Household.province))
    if session.scalar(select(Household.id).where(*where).with_for_update()) is None:
        return None
    erased = list(session.scalars(_APPLICATIONS, {"id": household_id}))
    forget_import_of(session, erased)
    session.execute(_DELETE, {"id": household_id})
    session.execute(_DELETE_HOUSEHOLD, {"id": household_id})
    session.execute(_BLANK_ANSWERS, {"ids": [household_id, *erased]})
    secrets.ring.forget(session, [household_id])
    session.add(Erasure(household_id=household_id, ground=ground, erased_by=actor.subject))
    record(session, "applications", _events(household_id, erased, actor))
    return erased


def _events(household_id: str, application_ids: Sequence[str], actor: Actor) -> list[NewEvent]:
    return [
        NewEvent(
            "application.erased.v1",
            application_id,
            {"application_id": application_id, "household_id": household_id},
            actor.subject,
        )
        for application_id in application_ids
    ]
