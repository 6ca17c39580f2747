"""Publishing programmes: a version is published once and for good; stopping one is its own fact."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from services.eligibility import claims, rulebook
from services.eligibility.models import PositionCounter, ProgrammeVersion
from services.eligibility.rules import Programme, ProgrammeInvalid, parse_programme
from shared.auth import Actor
from shared.events import NewEvent
from shared.outbox import record
from shared.refusal import Refusal

SERVICE = "eligibility"

_EVENT_KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
"""What a programme's id must be for its events to carry it."""


@dataclass(frozen=True, slots=True)
class Published:
    """`new` is False when exactly this version was published before."""

    programme_id: str
    version: int
    digest: str
    new: bool


def publish(session: Session, document: Mapping[str, Any], actor: Actor) -> Published | Refusal:
    """Publish a programme version for good. Raises ProgrammeInvalid. Refusals: OUTSIDE_AREA,
    VERSION_PUBLISHED, VERSION_TOO_OLD, PROGRAMME_CLOSED.

    A suspension ends when a version that was published after it is in effect; a closing never does.
    A programme belongs to the provinces it serves: who publishes it, or a new version of it, is in one.
    """
    programme = parse_programme(document)
    if not _EVENT_KEY.fullmatch(programme.id):
        raise ProgrammeInvalid(["id: small letters, digits and hyphens only, no hyphen first"])
    newest = newest_version(session, programme.id, lock=True)
    earlier = _programme(session, newest) if newest else programme
    if not (_is_managed_by(programme, actor) and _is_managed_by(earlier, actor)):
        return Refusal("OUTSIDE_AREA")
    if newest is not None and programme.version < newest.version:
        return _as_published_before(session, programme, newest.version)
    if newest is not None and newest.status == "closed" and programme.version > newest.version:
        return Refusal("PROGRAMME_CLOSED")
    text = orjson.dumps(document, option=orjson.OPT_SORT_KEYS).decode()
    inserted = session.scalar(
        upsert(ProgrammeVersion)
        .values(
            id=programme.id,
            version=programme.version,
            effective_from=programme.effective_from,
            digest=programme.digest,
            document=text,
            status="published",
            published_by=actor.subject,
        )
        .on_conflict_do_nothing()
        .returning(ProgrammeVersion.id)
    )
    if inserted is None:
        return _as_published_before(session, programme, programme.version)
    session.execute(upsert(PositionCounter).values(programme_id=programme.id).on_conflict_do_nothing())
    claims.exclude(session, programme.id, programme.exclusive_with)
    data = {
        "programme_id": programme.id,
        "version": programme.version,
        "digest": programme.digest,
        "document": text,
    }
    record(session, SERVICE, [NewEvent("programme.published.v1", programme.id, data, actor.subject)])
    return Published(programme.id, programme.version, programme.digest, new=True)


def _is_managed_by(programme: Programme, actor: Actor) -> bool:
    return actor.province is None or programme.covers(actor.province)


def _as_published_before(session: Session, programme: Programme, newest: int) -> Published | Refusal:
    digest = session.scalar(
        select(ProgrammeVersion.digest).where(
            ProgrammeVersion.id == programme.id, ProgrammeVersion.version == programme.version
        )
    )
    if digest == programme.digest:
        return Published(programme.id, programme.version, programme.digest, new=False)
    if digest is not None:
        return Refusal("VERSION_PUBLISHED", version=programme.version)
    return Refusal("VERSION_TOO_OLD", newest=newest)


def stop(session: Session, programme_id: str, status: str, reason: str, actor: Actor) -> Refusal | None:
    """Suspend or close a programme, all versions of it: nothing is approved any more. `status`: suspended or
    closed; closed is for good, and stopping it again the same way changes nothing."""
    newest = newest_version(session, programme_id, lock=True)
    if newest is None:
        return Refusal("PROGRAMME_UNKNOWN", programme_id=programme_id)
    if not _is_managed_by(_programme(session, newest), actor):
        return Refusal("OUTSIDE_AREA")
    if newest.status == status:
        return None
    if newest.status == "closed":
        return Refusal("PROGRAMME_CLOSED")
    session.execute(update(ProgrammeVersion).where(ProgrammeVersion.id == programme_id).values(status=status))
    data = {"programme_id": programme_id, "reason": reason}
    record(session, SERVICE, [NewEvent(f"programme.{status}.v1", programme_id, data, actor.subject)])
    return None


def newest_version(session: Session, programme_id: str, *, lock: bool = False) -> ProgrammeVersion | None:
    query = (
        select(ProgrammeVersion)
        .where(ProgrammeVersion.id == programme_id)
        .order_by(ProgrammeVersion.version.desc())
        .limit(1)
    )
    return session.scalar(query.with_for_update() if lock else query)


def _programme(session: Session, row: ProgrammeVersion) -> Programme:
    return rulebook.of_version(session, row.id, row.version, row.digest).programme
