"""Entering applications, many at a time: a handful of multi-row statements for a batch of any size.

The guard against the same person twice in a programme is in `places`: claiming comes first, and only what was
claimed is written.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import orjson
from sqlalchemy import Table, text
from sqlalchemy.orm import Session

from services.applications import domain, officials, places
from services.applications.attempts import begin_anew
from services.applications.household import HouseholdDraft
from services.applications.models import Application, Household
from services.applications.officials import Known
from shared import casestate
from shared.db import insert_rows
from shared.events import NewEvent, new_id
from shared.outbox import record
from shared.privacy import IdentityHasher, KeyRing, new_key, seal
from shared.privacy.sealing import seal_bytes, unseal_bytes
from shared.settings import Settings

HOUSEHOLD = cast("Table", Household.__table__)
APPLICATION = cast("Table", Application.__table__)

_HOLD_HOUSEHOLDS = text(
    """
    SELECT head_hash, id::text FROM household
    WHERE commune = :commune AND head_hash = ANY(CAST(:hashes AS text[])) ORDER BY id FOR UPDATE
    """
)
_RENEW_HOUSEHOLDS = text(
    """
    UPDATE household SET village = new.village, sealed = new.sealed
    FROM unnest(CAST(:ids AS uuid[]), CAST(:villages AS text[]), CAST(:sealed AS bytea[]))
         AS new (id, village, sealed)
    WHERE household.id = new.id
    """
)


@dataclass(frozen=True, slots=True)
class Secrets:
    """What keeps persons unnamed: the identity hasher and the ring of household keys."""

    hasher: IdentityHasher
    ring: KeyRing

    @classmethod
    def of(cls, settings: Settings) -> "Secrets":
        return cls(IdentityHasher(settings.identity_key), KeyRing(settings.wrapping_key))


@dataclass(frozen=True, slots=True)
class Entry:
    """Under what a batch of applications is entered. `actor` is the subject of who enters it."""

    programme_id: str
    place: domain.Place
    actor: str
    channel: str
    import_id: str | None = None
    submit: bool = True

    @property
    def state(self) -> str:
        return "submitted" if self.submit else "draft"


@dataclass(frozen=True, slots=True)
class Applicant:
    """A household on its way in: the id of its application to be, keyed hashes, and its two sealed parts.

    `persons` are keyed hashes, the head's strongest first; `certificate` is the poverty certificate's;
    `words` are those of everybody's name; `row` is the number in the list it came from.
    """

    application_id: str
    village: str
    persons: tuple[str, ...]
    certificate: str | None
    head: dict[str, Any]
    details: dict[str, Any]
    namesakes: tuple[str, ...] = ()
    words: Sequence[int] = ()
    row: int | None = None


@dataclass(frozen=True, slots=True)
class Home:
    """A household's id and key."""

    id: str
    key: bytes


def applicant(
    draft: HouseholdDraft,
    place: domain.Place,
    hasher: IdentityHasher,
    application_id: str | None = None,
    row: int | None = None,
) -> Applicant:
    return Applicant(
        application_id=application_id or new_id(),
        village=draft.village,
        persons=domain.persons_of(draft, place.commune, hasher),
        certificate=domain.certificate_of(draft, place.commune, hasher),
        head=domain.head_of(draft),
        details=domain.details_of(draft),
        namesakes=domain.namesakes_of(draft, place.commune, hasher),
        words=domain.words_of(draft, hasher),
        row=row,
    )


def enter(session: Session, ring: KeyRing, applicants: Sequence[Applicant], entry: Entry) -> dict[str, str]:
    """Write what is new and record its events; returns application id → household id.

    Who is in the programme already is left out and nothing is written of it. The ids are free as far as the
    caller could see; should another transaction have taken one since, this one clashes and begins anew.
    """
    wanted = {one.application_id: one.persons for one in applicants}
    got = places.claim(session, wanted, entry.programme_id, entry.place.commune)
    claimed = [one for one in applicants if one.application_id in got]
    if not claimed:
        return {}
    homes = _house(session, ring, claimed, entry.place)
    rows = application_rows(claimed, homes, entry)
    if len(insert_rows(session, APPLICATION, rows, suffix="ON CONFLICT DO NOTHING RETURNING 1")) < len(rows):
        begin_anew(session)
    if entry.submit:
        known = officials.known(session)
        events = [
            submitted_event(entry, one, homes[one.application_id], by=entry.actor, officials=known)
            for one in claimed
        ]
        record(session, "applications", events, fresh=True)
    return {application_id: home.id for application_id, home in homes.items()}


def submitted_event(entry: Entry, one: Applicant, home: Home, *, by: str, officials: Known) -> NewEvent:
    """A household applied. `by` is who submits; `entry.actor`, who entered it, may never approve it.
    `officials`: as `officials.known` gives them."""
    return NewEvent("application.submitted.v1", one.application_id, _said(entry, one, home, officials), by)


def corrected_event(
    entry: Entry, one: Applicant, home: Home, *, revision: int, reason: str, officials: Known
) -> NewEvent:
    """The whole content anew, as `revision`; `entry.actor` is who corrected it, `reason` a code."""
    data = {**_said(entry, one, home, officials), "revision": revision, "reason": reason}
    return NewEvent("application.corrected.v1", one.application_id, data, entry.actor)


def _said(entry: Entry, one: Applicant, home: Home, known: Known) -> dict[str, Any]:
    """What names nobody: hashes, a place, and the facts sealed under the household's key."""
    facts = domain.facts_of(one.head, one.details)
    facts["officials"] = sorted({known[person] for person in one.persons if person in known})
    facts["conflict_of_interest"] |= bool(facts["officials"])
    return {
        "application_id": one.application_id,
        "household_id": home.id,
        "programme_id": entry.programme_id,
        "commune": entry.place.commune,
        "village": one.village,
        "channel": entry.channel,
        "entered_by": entry.actor,
        "persons": list(one.persons),
        "namesakes": list(one.namesakes),
        "certificate": one.certificate,
        "sealed": seal(home.key, facts, f"facts/{one.application_id}"),
    }


def present(session: Session, applicants: Sequence[Applicant], programme_id: str, commune: str) -> set[str]:
    """The application ids among `applicants` of whom the commune has somebody already. Writes nothing."""
    statement = text(
        "SELECT person_hash FROM application_person"
        " WHERE programme_id = :programme AND commune = :commune"
        " AND person_hash = ANY(CAST(:hashes AS text[]))"
    )
    hashes = [person for one in applicants for person in one.persons]
    known = set(session.scalars(statement, {"programme": programme_id, "commune": commune, "hashes": hashes}))
    return {one.application_id for one in applicants if not known.isdisjoint(one.persons)}


def seal_part(key: bytes, value: dict[str, Any], place: str) -> bytes:
    """A sealed part of a row; `place` is `household/<id>` or `application/<id>`."""
    return seal_bytes(key, orjson.dumps(value), place)


def unseal_part(key: bytes, sealed: bytes, place: str) -> dict[str, Any]:
    """Raises Unreadable."""
    value: dict[str, Any] = orjson.loads(unseal_bytes(key, sealed, place))
    return value


def _house(
    session: Session, ring: KeyRing, applicants: Sequence[Applicant], place: domain.Place
) -> dict[str, Home]:
    """Application id → household: a new one, or the one this head has in the commune from another programme.

    A known household keeps its key and gets the newer personal data.
    """
    homes: dict[str, Home] = {}
    missing = list(applicants)
    while missing:
        homes |= _new_homes(session, ring, missing, place)
        missing = [one for one in missing if one.application_id not in homes]
        homes |= _known_homes(session, ring, missing, place)
        missing = [one for one in missing if one.application_id not in homes]
    return homes


def _new_homes(
    session: Session, ring: KeyRing, applicants: Sequence[Applicant], place: domain.Place
) -> dict[str, Home]:
    by_head = {one.persons[0]: (one, Home(new_id(), new_key())) for one in applicants}
    rows = [household_row(one, home, place) for _, (one, home) in sorted(by_head.items())]
    inserted = insert_rows(session, HOUSEHOLD, rows, suffix="ON CONFLICT DO NOTHING RETURNING head_hash")
    made = [by_head[head] for (head,) in inserted]
    ring.store(session, {home.id: home.key for _, home in made})
    return {one.application_id: home for one, home in made}


def household_row(one: Applicant, home: Home, place: domain.Place) -> dict[str, Any]:
    """A household's row; who it is stands sealed in it."""
    return {
        "id": home.id,
        "commune": place.commune,
        "province": place.province,
        "village": one.village,
        "head_hash": one.persons[0],
        "sealed": seal_part(home.key, one.head, f"household/{home.id}"),
    }


def _known_homes(
    session: Session, ring: KeyRing, applicants: Sequence[Applicant], place: domain.Place
) -> dict[str, Home]:
    if not applicants:
        return {}
    heads = {one.persons[0]: one for one in applicants}
    held = session.execute(_HOLD_HOUSEHOLDS, {"commune": place.commune, "hashes": list(heads)}).all()
    keys = ring.load(session, [household_id for _, household_id in held])
    known = [(heads[head], Home(household_id, keys[household_id])) for head, household_id in held]
    renewed = {
        "ids": [home.id for _, home in known],
        "villages": [one.village for one, _ in known],
        "sealed": [seal_part(home.key, one.head, f"household/{home.id}") for one, home in known],
    }
    session.execute(_RENEW_HOUSEHOLDS, renewed)
    return {one.application_id: home for one, home in known}


def application_rows(
    applicants: Sequence[Applicant], homes: dict[str, Home], entry: Entry
) -> list[dict[str, Any]]:
    """The applications' rows; what a rule may look at stands sealed in them."""
    common = {
        "programme_id": entry.programme_id,
        "commune": entry.place.commune,
        "province": entry.place.province,
        "application_state": entry.state,
        "status": casestate.overall(entry.state, None, None),
        "entered_by": entry.actor,
        "channel": entry.channel,
        "import_id": entry.import_id,
        "submitted_at": datetime.now(UTC) if entry.submit else None,
    }
    return [
        {
            "id": one.application_id,
            "household_id": homes[one.application_id].id,
            "village": one.village,
            "certificate_hash": one.certificate,
            "legal_basis": one.details["legal_basis"],
            "words": list(one.words),
            "import_row": one.row,
            "sealed": _sealed_details(one, homes[one.application_id].key),
            **common,
        }
        for one in applicants
    ]


def _sealed_details(one: Applicant, key: bytes) -> bytes:
    return seal_part(key, one.details, f"application/{one.application_id}")
