"""Case files as the other modules see them: what was assessed, what stands sealed, which rows are locked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.eligibility.domain import OPEN, Finding, Subject, day_at, day_of
from services.eligibility.rules import Programme
from shared.events import Envelope
from shared.privacy import seal, unseal
from shared.reference import areas

_LOCK = text(
    """
    SELECT * FROM case_file
    WHERE application_id = ANY(CAST(:ids AS uuid[]))
      AND status = ANY(CAST(:statuses AS text[])) AND NOT withdrawn
    ORDER BY application_id FOR UPDATE
    """
)


@dataclass(frozen=True, slots=True)
class Assessed:
    """One application under one programme version.

    `key` is its household's; `cause` the event that led to it, None when a year turned; `day` the day in Viet
    Nam from which a referral's deadline counts; `maker` who entered or corrected it, None when nobody touched
    it; `near_duplicate` None when it has still to be looked up.
    """

    subject: Subject
    key: bytes
    programme: Programme
    finding: Finding
    cause: Envelope | None
    day: date
    maker: str | None = None
    near_duplicate: bool | None = None

    @property
    def id(self) -> str:
        return self.subject.application_id

    @property
    def place(self) -> tuple[str, str, str]:
        return self.subject.programme_id, self.subject.commune, self.subject.province

    @property
    def kin(self) -> list[str]:
        """Subjects who belong to the household and handle applications."""
        return list(self.finding.beside["officials"])

    def sealed(self) -> str:
        """The finding as it is stored and told."""
        return seal(self.key, self.finding.sealable(), place_of_sealing(self.id))

    def found(self, finding: Finding) -> "Assessed":
        return replace(self, finding=finding)


def place_of_sealing(application_id: str) -> str:
    """Where a case's sealed finding belongs."""
    return f"assessment/{application_id}"


def subject_of(event: Envelope, submitted_at: datetime | None = None, year: int | None = None) -> Subject:
    """The application that an event submits, or corrects (then with the moment it was submitted at). The
    evidence is that of `year`, by default the event's. Raises ValueError for a commune that is none."""
    data, day = event.data, day_of(event.time)
    commune = areas.commune(data["commune"])
    if commune is None:
        raise ValueError(f"{data['commune']} is no commune of today")
    return Subject(
        application_id=data["application_id"],
        household_id=data["household_id"],
        programme_id=data["programme_id"],
        commune=commune.code,
        province=commune.province_code,
        village=data["village"],
        persons=tuple(dict.fromkeys(data["persons"])),
        certificate=data["certificate"],
        namesakes=tuple(dict.fromkeys(data["namesakes"])),
        day=day_at(submitted_at) if submitted_at else day,
        year=year or day.year,
    )


def subject_in(row: Any, year: int) -> Subject:
    """The application of a case file, for the evidence of `year`."""
    return Subject(
        application_id=str(row.application_id),
        household_id=str(row.household_id),
        programme_id=row.programme_id,
        commune=row.commune,
        province=row.province,
        village=row.village,
        persons=tuple(row.persons.split()),
        certificate=row.certificate,
        day=day_at(row.submitted_at),
        year=year,
    )


def lock(session: Session, application_ids: Iterable[str], statuses: Sequence[str] = OPEN) -> dict[str, Any]:
    """The case files among these that stand in one of the statuses and are not withdrawn, locked, by id."""
    rows = session.execute(_LOCK, {"ids": sorted(application_ids), "statuses": list(statuses)})
    return {str(row.application_id): row for row in rows}


def place_of(row: Any) -> tuple[str, str, str]:
    return row.programme_id, row.commune, row.province


def against(row: Any, key: bytes) -> tuple[str, ...]:
    """What spoke against a case, sealed in its file; nothing for an eligible one. Raises Unreadable."""
    return () if row.outcome == "eligible" else tuple(opened(row, key)["reasons"])


def opened(row: Any, key: bytes) -> dict[str, Any]:
    """Everything sealed in a case file: reasons, rows, looked_at, beside. Raises Unreadable."""
    content: dict[str, Any] = unseal(key, row.sealed, place_of_sealing(str(row.application_id)))
    return content


def finding_in(row: Any, key: bytes) -> Finding:
    """The finding that stands in a case file. Raises Unreadable."""
    return Finding.opened(opened(row, key), row.outcome, row.priority)


def case_data(subject: Subject) -> dict[str, Any]:
    """What every event about a case begins with."""
    return {
        "application_id": subject.application_id,
        "household_id": subject.household_id,
        "programme_id": subject.programme_id,
    }


def assessment_data(one: Assessed, sealed: str) -> dict[str, Any]:
    """What eligibility.assessed.v1 and eligibility.reviewed.v1 say."""
    return {
        **case_data(one.subject),
        "commune": one.subject.commune,
        "programme_version": one.programme.version,
        "digest": one.programme.digest,
        "outcome": one.finding.outcome,
        "sealed": sealed,
    }
