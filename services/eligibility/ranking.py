"""The order in which a programme serves, when it changes while cases wait.

An assessment ranks its case by the order of the version that assessed it (`ranked_by`). Ranks of two orders
cannot be compared, so before anything is taken in order, whoever was ranked by another version is ranked anew
by the one in force, from the facts that stand.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from services.eligibility import rulebook
from services.eligibility.approving import Scope
from services.eligibility.cases import finding_in
from services.eligibility.domain import facts_from, priority_of
from services.eligibility.models import CaseFile
from services.eligibility.rules import Programme
from shared.privacy import KeyRing

_RANK = text(
    """
    UPDATE case_file SET priority = new.priority, ranked_by = :version
    FROM unnest(CAST(:ids AS uuid[]), CAST(:priorities AS integer[])) AS new (id, priority)
    WHERE application_id = new.id
    """
)


def align(
    session: Session, ring: KeyRing, programme: Programme, scope: Scope, statuses: Sequence[str]
) -> None:
    """Rank what is open in `scope` by the order of `programme`, the version in force. Households whose key is
    gone are being erased and keep their rank."""
    stale = select(CaseFile.__table__).where(*scope.open(statuses), CaseFile.ranked_by != programme.version)
    rows = session.execute(stale.order_by(CaseFile.application_id).with_for_update()).all()
    if not rows:
        return
    orders = {
        version: one.priority_order for version, one in rulebook.all_versions(session, programme.id).items()
    }
    others = [row for row in rows if orders[row.ranked_by] != programme.priority_order]
    keys = ring.load(session, {row.household_id for row in others}) if others else {}
    ranks = {row.application_id: row.priority for row in rows}
    ranks |= {row.application_id: _rank(programme, row, keys) for row in others if row.household_id in keys}
    values = {"ids": list(ranks), "priorities": list(ranks.values()), "version": programme.version}
    session.execute(_RANK, values)


def _rank(programme: Programme, row: Any, keys: Mapping[str, bytes]) -> int:
    finding = finding_in(row, keys[row.household_id])
    return priority_of(programme, facts_from(finding.values(), row.assessed_year))
