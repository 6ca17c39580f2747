"""Evidence expires: a certificate proves its own year. When a year has turned, cases that wait for a decision
are assessed anew for the new one, under the newest rules."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.eligibility import cases, rulebook
from services.eligibility.cases import Assessed, finding_in, subject_in
from services.eligibility.domain import WAITING, FactsUnusable, Register, find, referred_again
from services.eligibility.rulebook import RulesTampered
from services.eligibility.rules import RuleSet
from shared.observability import logger, metrics
from shared.privacy import KeyRing, Unreadable

_EXPIRED = text(
    """
    WITH chosen AS (
        SELECT application_id FROM case_file
        WHERE status IN ('eligible', 'referred') AND NOT withdrawn AND assessed_year < :year
          AND (assessed_year, programme_id, application_id) > (:after_year, :after_programme, :after_id)
          AND EXISTS (SELECT 1 FROM household_key WHERE household_key.household_id = case_file.household_id)
        ORDER BY assessed_year, programme_id, application_id LIMIT :limit
    )
    SELECT * FROM case_file
    WHERE application_id IN (SELECT application_id FROM chosen)
      AND status = ANY(CAST(:statuses AS text[])) AND NOT withdrawn AND assessed_year < :year
    ORDER BY application_id FOR UPDATE
    """
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a walk through the cases with old evidence has come to."""

    year: int = 0
    programme_id: str = ""
    application_id: str = "00000000-0000-0000-0000-000000000000"


def renew(session: Session, ring: KeyRing, today: date, limit: int, after: Place) -> Place | None:
    """Assess up to `limit` waiting cases anew, those behind `after`, whose evidence is of a year before that
    of `today`; returns where it came to, None at the end.

    A case that cannot be assessed is left as it is, logged and counted, and in nobody's way; `reconcile`
    names it.
    """
    place = {
        "after_year": after.year,
        "after_programme": after.programme_id,
        "after_id": after.application_id,
    }
    wanted = {"statuses": list(WAITING), "year": today.year, "limit": limit, **place}
    rows = session.execute(_EXPIRED, wanted).all()
    if not rows:
        return None
    keys = ring.load(session, {str(row.household_id) for row in rows})
    rules = _sound_rules(session, {row.programme_id for row in rows})
    assessed = [one for row in rows for one in _perhaps(row, rules, keys, today)]
    cases.reopen_cases(session, assessed, {str(row.application_id): row for row in rows})
    return max(
        (Place(row.assessed_year, row.programme_id, str(row.application_id)) for row in rows),
        key=lambda one: (one.year, one.programme_id, one.application_id),
    )


def anew(session: Session, rows: Iterable[Any], keys: Mapping[str, bytes], today: date) -> list[Assessed]:
    """What the newest rules find of the facts that stand in these case files, with evidence of the year of
    `today`; households without a key are left out. Who was referred stays referred, unless the rules refuse
    the household now. Raises Unreadable, FactsUnusable, RulesTampered."""
    wanted = [row for row in rows if str(row.household_id) in keys]
    rules = rulebook.current(session, {row.programme_id for row in wanted})
    return [_assess(row, rules[row.programme_id], keys[str(row.household_id)], today) for row in wanted]


def _sound_rules(session: Session, programme_ids: set[str]) -> dict[str, RuleSet | RulesTampered]:
    """The newest rules of each programme, or why nothing is decided under them."""
    found: dict[str, RuleSet | RulesTampered] = {}
    for programme_id in programme_ids:
        try:
            found |= rulebook.current(session, [programme_id])
        except RulesTampered as tampered:
            found[programme_id] = tampered
    return found


def _perhaps(
    row: Any, rules: Mapping[str, RuleSet | RulesTampered], keys: Mapping[str, bytes], today: date
) -> list[Assessed]:
    key, found = keys.get(str(row.household_id)), rules[row.programme_id]
    if key is None:
        return []
    try:
        if isinstance(found, RulesTampered):
            raise found
        return [_assess(row, found, key, today)]
    except (Unreadable, FactsUnusable, RulesTampered) as trouble:
        application, error = str(row.application_id), type(trouble).__name__
        logger("renewing").error("case cannot be assessed anew", application=application, error=error)
        metrics.JOB_FAILURES.labels("eligibility", "renew-evidence").inc()
        return []


def _assess(row: Any, rules: RuleSet, key: bytes, today: date) -> Assessed:
    before, subject = finding_in(row, key), subject_in(row, today.year)
    finding = find(rules, subject, before.values())
    if row.outcome == "referred":
        finding = referred_again(finding, before.reasons)
    return Assessed(
        subject,
        key,
        rules.programme,
        finding,
        None,
        today,
        near_duplicate=Register.of(before).near_duplicate,
    )
