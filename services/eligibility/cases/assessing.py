"""Assessments in batches: stored for the first time, or stored anew for cases that nobody has decided."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.eligibility import claims, entries, namesakes, quotas, tally
from services.eligibility.cases.files import Assessed, against, assessment_data, place_of
from services.eligibility.domain import Register, Subject, conclude, due_on, moment_of
from services.eligibility.models import CaseFile, table_of
from shared.db import array_text, insert_rows
from shared.events import NewEvent
from shared.outbox import record

SERVICE, ACTOR = "eligibility", "service:eligibility"

_REASSESS = text(
    """
    UPDATE case_file SET
        commune = new.commune, province = new.province, village = new.village,
        programme_version = new.version, digest = new.digest, outcome = new.outcome, status = new.outcome,
        priority = new.priority, ranked_by = new.version,
        persons = new.persons, certificate = new.certificate, sealed = new.sealed,
        correctors = ARRAY(
            SELECT DISTINCT one FROM unnest(correctors || corrected_meanwhile || new.maker) AS all_of (one)
            WHERE one IS NOT NULL
        ),
        corrected_meanwhile = '{}',
        kin = ARRAY(
            SELECT DISTINCT one FROM unnest(case_file.kin || CAST(new.kin AS text[])) AS all_of (one)
        ),
        assessed_at = new.assessed_at, assessed_year = new.year, due_on = new.due_on, taken_by = NULL,
        review = NULL, decision_number = NULL, decision_date = NULL, approved_by = NULL, position = NULL,
        amount = NULL, counted_in = NULL, voucher = NULL, flag = NULL, rejected_by = NULL, rejection = NULL,
        revoked_by = NULL, revoked_reason = NULL,
        reviewers = CASE
            WHEN rejected_by IS NULL OR rejected_by = ANY (reviewers) THEN reviewers
            ELSE reviewers || rejected_by END
    FROM unnest(
        CAST(:ids AS uuid[]), CAST(:communes AS text[]), CAST(:provinces AS text[]),
        CAST(:villages AS text[]), CAST(:versions AS integer[]), CAST(:digests AS text[]),
        CAST(:outcomes AS text[]), CAST(:priorities AS integer[]), CAST(:persons AS text[]),
        CAST(:certificates AS text[]), CAST(:sealed AS text[]), CAST(:makers AS text[]),
        CAST(:kin AS text[]),
        CAST(:assessed_at AS timestamptz[]), CAST(:years AS smallint[]), CAST(:due_on AS date[])
    ) AS new (
        id, commune, province, village, version, digest, outcome, priority, persons, certificate, sealed,
        maker, kin, assessed_at, year, due_on
    )
    WHERE case_file.application_id = new.id
    """
)


def open_cases(session: Session, assessed: Sequence[Assessed]) -> list[Assessed]:
    """Store first assessments and tell everyone; returns them with what the registers said."""
    settled = settle(session, assessed)
    sealed = [one.sealed() for one in settled]
    now = datetime.now(UTC)
    rows = [_row(one, text_, now) for one, text_ in zip(settled, sealed, strict=True)]
    insert_rows(session, table_of(CaseFile), rows)
    namesakes.remember(session, [one.subject for one in settled])
    tally.add(session, ((one.place, one.finding.against) for one in settled))
    record(session, SERVICE, _events(settled, sealed), fresh=True)
    return settled


def reopen_cases(session: Session, assessed: Sequence[Assessed], before: Mapping[str, Any]) -> list[Assessed]:
    """Store new assessments of cases that `lock` holds, whatever was decided before; `before`: their rows.

    Their places are given back and claimed anew, because the persons may be others now, and they leave the
    list they stood on.
    """
    if not assessed:
        return []
    rows = [before[one.id] for one in assessed]
    claims.release(session, [one.id for one in assessed])
    quotas.give_back(session, rows)
    entries.leave(session, [one.id for one in assessed], "left", ACTOR)
    settled = settle(session, assessed)
    sealed = [one.sealed() for one in settled]
    due = [_due_on(one, row) for one, row in zip(settled, rows, strict=True)]
    session.execute(_REASSESS, {**columns(settled, sealed), "due_on": due})
    rename(session, settled)
    tally.change(
        session,
        ((place_of(row), against(row, one.key)) for row, one in zip(rows, settled, strict=True)),
        ((one.place, one.finding.against) for one in settled),
    )
    record(session, SERVICE, _events(settled, sealed))
    return settled


def settle(session: Session, assessed: Sequence[Assessed]) -> list[Assessed]:
    """Whoever is not refused anyway claims its places; who loses one is refused as a duplicate, and who could
    be taken for somebody else is referred."""
    contenders = [one for one in assessed if one.finding.outcome != "ineligible"]
    if not contenders:
        return [one.found(conclude(one.finding, one.programme, Register())) for one in assessed]
    lost = claims.claim(session, [one.subject for one in contenders])
    near = namesakes.near_duplicates(session, _to_look_up(contenders, lost))
    return [one.found(conclude(one.finding, one.programme, _register(one, lost, near))) for one in assessed]


def _to_look_up(contenders: Sequence[Assessed], lost: Mapping[str, tuple[str, ...]]) -> list[Subject]:
    return [
        one.subject
        for one in contenders
        if one.near_duplicate is None and not lost.get(one.id) and "near_duplicate" in one.programme.refer_on
    ]


def _register(one: Assessed, lost: Mapping[str, tuple[str, ...]], near: set[str]) -> Register:
    return Register(lost.get(one.id, ()), one.near_duplicate or one.id in near)


def settle_without_places(session: Session, assessed: Sequence[Assessed]) -> list[Assessed]:
    """Cases that hold no place now and ask for none; who could be taken for somebody else is referred."""
    near = namesakes.near_duplicates(session, _to_look_up(assessed, {}))
    return [one.found(conclude(one.finding, one.programme, _register(one, {}, near))) for one in assessed]


def rename(session: Session, settled: Sequence[Assessed]) -> None:
    """Keep whom corrected applications name now."""
    corrected = [one.subject for one in settled if one.near_duplicate is None]
    if corrected:
        namesakes.forget(session, [one.application_id for one in corrected])
        namesakes.remember(session, corrected)


def _row(one: Assessed, sealed: str, now: datetime) -> dict[str, Any]:
    subject, finding = one.subject, one.finding
    if one.cause is None:
        raise ValueError("a case is opened by an event")
    return {
        "application_id": subject.application_id,
        "household_id": subject.household_id,
        "programme_id": subject.programme_id,
        "programme_version": one.programme.version,
        "digest": one.programme.digest,
        "commune": subject.commune,
        "province": subject.province,
        "village": subject.village,
        "outcome": finding.outcome,
        "status": finding.outcome,
        "priority": finding.priority,
        "ranked_by": one.programme.version,
        "persons": " ".join(subject.persons),
        "certificate": subject.certificate,
        "sealed": sealed,
        "entered_by": one.maker,
        "kin": one.kin,
        "submitted_at": moment_of(one.cause.time),
        "assessed_at": now,
        "assessed_year": subject.year,
        "due_on": _due_on(one),
    }


def _due_on(one: Assessed, before: Any = None) -> date | None:
    """A referral's deadline; neither a correction nor the turn of a year moves one that runs."""
    if one.finding.outcome != "referred":
        return None
    if before is not None and before.due_on is not None:
        running: date = before.due_on
        return running
    return due_on(one.day, one.programme.referral_days)


def columns(settled: Sequence[Assessed], sealed: Sequence[str]) -> dict[str, list[Any]]:
    """The columns of new assessments, for a statement over all of them."""
    return {
        "ids": [one.id for one in settled],
        "communes": [one.subject.commune for one in settled],
        "provinces": [one.subject.province for one in settled],
        "villages": [one.subject.village for one in settled],
        "versions": [one.programme.version for one in settled],
        "digests": [one.programme.digest for one in settled],
        "outcomes": [one.finding.outcome for one in settled],
        "priorities": [one.finding.priority for one in settled],
        "persons": [" ".join(one.subject.persons) for one in settled],
        "certificates": [one.subject.certificate for one in settled],
        "sealed": list(sealed),
        "makers": [one.maker for one in settled],
        "kin": [array_text(one.kin) for one in settled],
        "assessed_at": [datetime.now(UTC)] * len(settled),
        "years": [one.subject.year for one in settled],
    }


def _events(settled: Sequence[Assessed], sealed: Sequence[str]) -> list[NewEvent]:
    return [
        NewEvent("eligibility.assessed.v1", one.id, assessment_data(one, text_), ACTOR, one.cause)
        for one, text_ in zip(settled, sealed, strict=True)
    ]
