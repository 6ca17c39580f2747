"""Applications as they stand, opened: what a correction or an offline change is held against."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.applications import domain
from services.applications.attempts import begin_anew
from services.applications.entering import Home, Secrets, unseal_part
from services.applications.household import HouseholdDraft
from services.applications.models import Application, Household
from shared.auth import Actor, within
from shared.refusal import Refusal

_COLUMNS = (
    Application.id,
    Application.household_id,
    Application.programme_id,
    Application.commune,
    Application.province,
    Application.village,
    Application.application_state,
    Application.disbursement_state,
    Application.status,
    Application.revision,
    Application.entered_by,
    Application.channel,
    Application.import_id,
    Application.sealed,
    Household.sealed.label("sealed_head"),
)


@dataclass(frozen=True, slots=True)
class Stored:
    """An application of the actor's area with its current content. `status` is what people see."""

    application_id: str
    programme_id: str
    place: domain.Place
    state: str
    disbursement: str | None
    status: str
    revision: int
    entered_by: str
    channel: str
    import_id: str | None
    home: Home
    draft: HouseholdDraft

    @property
    def correctable(self) -> bool:
        """Whether it is under way: neither a draft, nor withdrawn, nor redeemed."""
        return self.state in domain.UNDER_WAY and self.disbursement != "redeemed"


@dataclass(frozen=True, slots=True)
class Said:
    """Where a form says that it belongs, as far as it says so."""

    programme_id: str | None = None
    place: domain.Place | None = None


NOWHERE = Said()


def moved(stored: Stored, said: Said) -> Refusal | None:
    """Why a form is not one of this application: it never changes its programme nor its commune."""
    if said.programme_id not in (None, stored.programme_id):
        return Refusal("PROGRAMME_FIXED")
    if said.place not in (None, stored.place):
        return Refusal("COMMUNE_FIXED")
    return None


def read_stored(
    session: Session, secrets: Secrets, application_ids: Iterable[str], actor: Actor
) -> dict[str, Stored]:
    """Those of these applications that lie in the actor's area, by id, as they are now.

    Clashes when a household was erased, or left by its last draft, between our look at it and at its key.
    """
    query = (
        select(*_COLUMNS)
        .join(Household, Household.id == Application.household_id)
        .where(
            Application.id.in_(list(application_ids)),
            within(actor, Application.commune, Application.province),
        )
    )
    rows = session.execute(query).all()
    keys = secrets.ring.load(session, {row.household_id for row in rows})
    if len(keys) < len({row.household_id for row in rows}):
        begin_anew(session)
    return {row.id: _opened(row, keys[row.household_id]) for row in rows}


def content_of(draft: HouseholdDraft) -> dict[str, Any]:
    """A household in the shape of the form, as answers show it."""
    return {"village": draft.village, "head": domain.head_of(draft), **domain.details_of(draft)}


def _opened(row: Any, key: bytes) -> Stored:
    head = unseal_part(key, row.sealed_head, f"household/{row.household_id}")
    details = unseal_part(key, row.sealed, f"application/{row.id}")
    return Stored(
        application_id=row.id,
        programme_id=row.programme_id,
        place=domain.Place(row.commune, row.province),
        state=row.application_state,
        disbursement=row.disbursement_state,
        status=row.status,
        revision=row.revision,
        entered_by=row.entered_by,
        channel=row.channel,
        import_id=row.import_id,
        home=Home(row.household_id, key),
        draft=domain.draft_of(row.village, head, details),
    )
