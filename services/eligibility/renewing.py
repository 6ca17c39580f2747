"""Evidence expires: a certificate proves its own year. When a year has turned, cases that wait for a decision
are assessed anew for the new one, under the newest rules."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.eligibility import cases, rulebook
from services.eligibility.cases import Assessed, finding_in, subject_in
from services.eligibility.domain import WAITING, Register, find, referred_again
from services.eligibility.rules import RuleSet
from shared.privacy import KeyRing

_EXPIRED = text(
    """
    SELECT * FROM case_file
    WHERE status = ANY(CAST(:statuses AS text[])) AND assessed_year < :year AND NOT withdrawn
      AND EXISTS (SELECT 1 FROM household_key WHERE household_key.household_id = case_file.household_id)
    ORDER BY application_id LIMIT :limit FOR UPDATE
    """
)


def renew(session: Session, ring: KeyRing, today: date, limit: int) -> int:
    """Assess up to `limit` waiting cases anew whose evidence is of a year before that of `today`; returns how
    many."""
    wanted = {"statuses": list(WAITING), "year": today.year, "limit": limit}
    before = {str(row.application_id): row for row in session.execute(_EXPIRED, wanted)}
    if not before:
        return 0
    keys = ring.load(session, {str(row.household_id) for row in before.values()})
    cases.reopen_cases(session, anew(session, before.values(), keys, today), before)
    return len(before)


def anew(session: Session, rows: Iterable[Any], keys: Mapping[str, bytes], today: date) -> list[Assessed]:
    """What the newest rules find of the facts that stand in these case files, with evidence of the year of
    `today`; households without a key are left out. Who was referred stays referred, unless the rules refuse
    the household now."""
    wanted = [row for row in rows if str(row.household_id) in keys]
    rules = rulebook.current(session, {row.programme_id for row in wanted})
    return [_assess(row, rules[row.programme_id], keys[str(row.household_id)], today) for row in wanted]


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
