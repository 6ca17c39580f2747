"""Case files in batches: opened with a first assessment, assessed anew, withdrawn, erased."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.eligibility import claims, tally
from services.eligibility.domain import OPEN, Finding, Subject, day_of, duplicate, moment_of
from services.eligibility.models import CaseFile, table_of
from shared.db import insert_rows
from shared.events import Envelope, NewEvent
from shared.inbox import Unit
from shared.privacy import seal, unseal
from shared.reference import areas

_LOCK = text(
    """
    SELECT application_id::text AS application_id, household_id::text AS household_id, programme_id,
           programme_version, digest, commune, province, outcome, status, priority, persons, sealed
    FROM case_file
    WHERE application_id = ANY(CAST(:ids AS uuid[]))
      AND status = ANY(CAST(:statuses AS text[])) AND NOT withdrawn
    ORDER BY application_id FOR UPDATE
    """
)
_HOUSEHOLDS = text(
    """
    SELECT application_id::text AS application_id, household_id::text AS household_id, programme_id,
           commune, province, outcome, sealed
    FROM case_file WHERE household_id = ANY(CAST(:ids AS uuid[])) ORDER BY application_id FOR UPDATE
    """
)
_REASSESS = text(
    """
    UPDATE case_file SET
        commune = new.commune, province = new.province, programme_version = new.version, digest = new.digest,
        outcome = new.outcome, status = new.outcome, priority = new.priority, persons = new.persons,
        sealed = new.sealed, corrected_by = coalesce(new.corrected_by, case_file.corrected_by),
        assessed_at = new.assessed_at, decision_number = NULL, decision_date = NULL,
        rejected_by = NULL, rejection = NULL
    FROM unnest(
        CAST(:ids AS uuid[]), CAST(:communes AS text[]), CAST(:provinces AS text[]),
        CAST(:versions AS integer[]),
        CAST(:digests AS text[]), CAST(:outcomes AS text[]), CAST(:priorities AS integer[]),
        CAST(:persons AS text[]), CAST(:sealed AS text[]), CAST(:corrected_by AS text[]),
        CAST(:assessed_at AS timestamptz[])
    ) AS new (
        id, commune, province, version, digest, outcome, priority, persons, sealed, corrected_by, assessed_at
    )
    WHERE case_file.application_id = new.id
    """
)
_WITHDRAW = text(
    """
    UPDATE case_file SET withdrawn = true WHERE application_id = ANY(CAST(:ids AS uuid[]))
    RETURNING application_id::text, status
    """
)
_DELETE = text("DELETE FROM case_file WHERE application_id = ANY(CAST(:ids AS uuid[]))")
_FORGET_KEYS = text("DELETE FROM household_key WHERE household_id = ANY(CAST(:ids AS uuid[]))")


@dataclass(frozen=True, slots=True)
class Assessed:
    """One application under one programme version; `key` is its household's, `event` what led to it."""

    event: Envelope
    subject: Subject
    key: bytes
    version: int
    digest: str
    finding: Finding

    @property
    def place(self) -> tuple[str, str, str]:
        return self.subject.programme_id, self.subject.commune, self.subject.province

    @property
    def against(self) -> tuple[str, ...]:
        """What spoke against it: the reasons of a case that is not eligible."""
        return () if self.finding.outcome == "eligible" else self.finding.reasons


def place_of_sealing(application_id: str) -> str:
    """Where a case's sealed reasons belong."""
    return f"assessment/{application_id}"


def subject_of(event: Envelope) -> Subject:
    """The application that an event submits or corrects. Raises ValueError for a commune that is none."""
    data = event.data
    commune = areas.commune(data["commune"])
    if commune is None:
        raise ValueError(f"{data['commune']} is no commune of today")
    return Subject(
        data["application_id"],
        data["household_id"],
        data["programme_id"],
        commune.code,
        commune.province_code,
        tuple(dict.fromkeys(data["persons"])),
        day_of(event.time),
    )


def open_cases(unit: Unit, assessed: Sequence[Assessed]) -> None:
    """Store first assessments and tell everyone."""
    settled = _with_places(unit.session, assessed)
    sealed = [_sealed(one) for one in settled]
    now = datetime.now(UTC)
    rows = [_row(one, text_, now) for one, text_ in zip(settled, sealed, strict=True)]
    insert_rows(unit.session, table_of(CaseFile), rows)
    tally.add(unit.session, ((one.place, one.against) for one in settled))
    unit.record(_events(unit, settled, sealed), fresh=True)


def reopen_cases(
    unit: Unit, assessed: Sequence[Assessed], before: Mapping[str, Any], *, corrected: bool
) -> None:
    """Store new assessments of cases that `lock` holds; `before`: the rows of just these, by application id.

    Their places are given back and claimed anew, because the persons may be others now.
    """
    claims.release(unit.session, before.keys())
    settled = _with_places(unit.session, assessed)
    sealed = [_sealed(one) for one in settled]
    unit.session.execute(_REASSESS, _columns(settled, sealed, corrected))
    tally.take_back(
        unit.session,
        ((place_of(row := before[one.subject.application_id]), against(row, one.key)) for one in settled),
    )
    tally.add(unit.session, ((one.place, one.against) for one in settled))
    unit.record(_events(unit, settled, sealed))


def lock(session: Session, application_ids: Iterable[str], statuses: Sequence[str] = OPEN) -> dict[str, Any]:
    """The case files among these that stand in one of the statuses and are not withdrawn, locked."""
    rows = session.execute(_LOCK, {"ids": sorted(application_ids), "statuses": list(statuses)})
    return {row.application_id: row for row in rows}


def withdraw(session: Session, application_ids: Sequence[str]) -> None:
    """Nobody decides a withdrawn case any more. Its person's place is free again, unless it was approved: the
    voucher may have been used."""
    rows = session.execute(_WITHDRAW, {"ids": list(application_ids)}).all()
    claims.release(session, (row.application_id for row in rows if row.status != "approved"))


def erase(unit: Unit, household_ids: Sequence[str]) -> None:
    """Delete all that is kept of these households and their keys; what the log keeps opens for nobody."""
    rows = unit.session.execute(_HOUSEHOLDS, {"ids": list(household_ids)}).all()
    keys = unit.keys({row.household_id for row in rows}) if rows else {}
    tally.take_back(
        unit.session,
        ((place_of(row), against(row, keys[row.household_id])) for row in rows if row.household_id in keys),
    )
    ids = [row.application_id for row in rows]
    claims.release(unit.session, ids)
    unit.session.execute(_DELETE, {"ids": ids})
    unit.session.execute(_FORGET_KEYS, {"ids": list(household_ids)})


def place_of(row: Any) -> tuple[str, str, str]:
    return row.programme_id, row.commune, row.province


def against(row: Any, key: bytes) -> tuple[str, ...]:
    """What spoke against a case, sealed in its file; nothing for an eligible one. Raises Unreadable."""
    return () if row.outcome == "eligible" else tuple(opened(row, key)["reasons"])


def opened(row: Any, key: bytes) -> dict[str, Any]:
    """Everything sealed in a case file: reasons, rows, looked_at. Raises Unreadable."""
    content: dict[str, Any] = unseal(key, row.sealed, place_of_sealing(row.application_id))
    return content


def _with_places(session: Session, assessed: Sequence[Assessed]) -> list[Assessed]:
    """Whoever is not refused anyway claims its persons' places; who loses one is refused as a duplicate."""
    contenders = [one.subject for one in assessed if one.finding.outcome != "ineligible"]
    winners = claims.claim(session, contenders) if contenders else set()
    return [
        one
        if one.finding.outcome == "ineligible" or one.subject.application_id in winners
        else replace(one, finding=duplicate(one.finding))
        for one in assessed
    ]


def _sealed(one: Assessed) -> str:
    return seal(one.key, one.finding.sealable(), place_of_sealing(one.subject.application_id))


def _row(one: Assessed, sealed: str, now: datetime) -> dict[str, Any]:
    subject, finding = one.subject, one.finding
    return {
        "application_id": subject.application_id,
        "household_id": subject.household_id,
        "programme_id": subject.programme_id,
        "programme_version": one.version,
        "digest": one.digest,
        "commune": subject.commune,
        "province": subject.province,
        "outcome": finding.outcome,
        "status": finding.outcome,
        "priority": finding.priority,
        "persons": " ".join(subject.persons),
        "sealed": sealed,
        "entered_by": one.event.data["entered_by"],
        "submitted_at": moment_of(one.event.time),
        "assessed_at": now,
    }


def _columns(settled: Sequence[Assessed], sealed: list[str], corrected: bool) -> dict[str, list[Any]]:
    return {
        "ids": [one.subject.application_id for one in settled],
        "communes": [one.subject.commune for one in settled],
        "provinces": [one.subject.province for one in settled],
        "versions": [one.version for one in settled],
        "digests": [one.digest for one in settled],
        "outcomes": [one.finding.outcome for one in settled],
        "priorities": [one.finding.priority for one in settled],
        "persons": [" ".join(one.subject.persons) for one in settled],
        "sealed": sealed,
        "corrected_by": [one.event.data["entered_by"] if corrected else None for one in settled],
        "assessed_at": [datetime.now(UTC)] * len(settled),
    }


def _events(unit: Unit, settled: Sequence[Assessed], sealed: Sequence[str]) -> list[NewEvent]:
    return [
        NewEvent(
            "eligibility.assessed.v1",
            one.subject.application_id,
            {
                "application_id": one.subject.application_id,
                "household_id": one.subject.household_id,
                "programme_id": one.subject.programme_id,
                "commune": one.subject.commune,
                "programme_version": one.version,
                "digest": one.digest,
                "outcome": one.finding.outcome,
                "sealed": text_,
            },
            unit.actor,
            one.event,
        )
        for one, text_ in zip(settled, sealed, strict=True)
    ]
