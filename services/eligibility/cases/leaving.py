"""Cases that end, and what their vouchers say: withdrawn, erased, redeemed, ended without a phone.

The places that a case holds are free again when nobody can get a phone for it any more: at once, unless it
was approved; then when disbursement says that the voucher ended unused.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.eligibility import claims, entries, namesakes, quotas, tally
from services.eligibility.cases.assessing import ACTOR
from services.eligibility.cases.files import against, place_of

ENDED_BY_REVOKING = "REVOKED"
"""The reason code with which disbursement cancels the voucher of a revoked case. A new approval may
follow."""

ENDED = "ended"
"""What is known of a voucher that ended without a phone."""

_WITHDRAW = text(
    """
    UPDATE case_file SET withdrawn = true WHERE application_id = ANY(CAST(:ids AS uuid[]))
    RETURNING application_id::text, programme_id, status, voucher, counted_in
    """
)
_UNCOUNT = text(
    """
    UPDATE case_file SET counted_in = NULL
    WHERE application_id = ANY(CAST(:ids AS uuid[])) AND counted_in IS NOT NULL
    """
)
_VOUCHER = text(
    """
    UPDATE case_file SET voucher = :word WHERE application_id = ANY(CAST(:ids AS uuid[]))
    """
)
_ENDED = text(
    """
    UPDATE case_file SET voucher = 'ended'
    FROM unnest(CAST(:ids AS uuid[]), CAST(:revoked AS boolean[])) AS told (id, revoked)
    WHERE application_id = told.id AND status IN ('approved', 'revoked')
      AND (status = 'revoked' OR NOT told.revoked) AND voucher IS DISTINCT FROM 'redeemed'
    RETURNING application_id::text, programme_id, status, withdrawn, counted_in
    """
)
_HOUSEHOLDS = text(
    """
    SELECT application_id::text AS application_id, household_id::text AS household_id, programme_id,
           commune, province, outcome, sealed, counted_in, voucher
    FROM case_file WHERE household_id = ANY(CAST(:ids AS uuid[])) ORDER BY application_id FOR UPDATE
    """
)
_FORGET_KEYS = text("DELETE FROM household_key WHERE household_id = ANY(CAST(:ids AS uuid[]))")
_DELETE = text("DELETE FROM case_file WHERE application_id = ANY(CAST(:ids AS uuid[]))")

Keys = Callable[[Iterable[str]], Mapping[str, bytes]]


def withdraw(session: Session, application_ids: Sequence[str]) -> None:
    """Nobody decides a withdrawn case any more."""
    rows = session.execute(_WITHDRAW, {"ids": list(application_ids)}).all()
    entries.leave(session, [row.application_id for row in rows], "left", ACTOR)
    granted = ("approved", "revoked")
    let_go(session, [row for row in rows if row.status not in granted or row.voucher == ENDED])


def redeemed(session: Session, application_ids: Sequence[str]) -> None:
    """A phone was handed out: the places stay taken for good."""
    session.execute(_VOUCHER, {"ids": list(application_ids), "word": "redeemed"})


def alive_again(session: Session, application_ids: Sequence[str]) -> None:
    """The phone came back, or the voucher was replaced: a phone may be handed out again."""
    session.execute(_VOUCHER, {"ids": list(application_ids), "word": None})


def ended(session: Session, application_ids: Sequence[str], reasons: Sequence[str | None]) -> None:
    """The vouchers ended unused. The places of cases that are withdrawn or revoked are free again; the others
    keep theirs, their voucher may be replaced. What ended by an approval's being taken back says nothing of a
    newer approval."""
    by_revoking = [reason == ENDED_BY_REVOKING for reason in reasons]
    rows = session.execute(_ENDED, {"ids": list(application_ids), "revoked": by_revoking}).all()
    let_go(session, [row for row in rows if row.withdrawn or row.status == "revoked"])


def erase(session: Session, household_ids: Sequence[str], keys: Keys) -> None:
    """Delete all that is kept of these households and their keys; what the log keeps opens for nobody."""
    rows = session.execute(_HOUSEHOLDS, {"ids": list(household_ids)}).all()
    known = keys({row.household_id for row in rows}) if rows else {}
    tally.change(
        session,
        ((place_of(row), against(row, known[row.household_id])) for row in rows if row.household_id in known),
    )
    ids = [row.application_id for row in rows]
    claims.release(session, ids)
    namesakes.forget(session, ids)
    entries.forget(session, ids, ACTOR)
    quotas.give_back(session, [row for row in rows if row.voucher != "redeemed"])
    session.execute(_FORGET_KEYS, {"ids": list(household_ids)})
    session.execute(_DELETE, {"ids": ids})


def let_go(session: Session, rows: Sequence[Any]) -> None:
    """Give back the places and the share of the quota that these cases hold."""
    ids = [str(row.application_id) for row in rows]
    claims.release(session, ids)
    quotas.give_back(session, rows)
    if any(row.counted_in is not None for row in rows):
        session.execute(_UNCOUNT, {"ids": ids})
