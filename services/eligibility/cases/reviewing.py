"""Corrections of cases that are decided: assessed anew, while the decision stands or is taken back.

An approved case is held against the version it was approved under, and the evidence of the year it was
approved in or of this one: neither new rules nor a new year take back what was granted. One that turns
ineligible is revoked, and disbursement stops or cancels the voucher; a phone that was handed out stays, and
the case is marked. Whoever approved a case and corrects it afterwards has made it, and whoever turns out to
belong to its household should never have approved it: it is revoked, too, and somebody else must approve it
again.

A revoked case opens anew when its voucher has ended without a phone. What is corrected before that is kept
(`corrected_meanwhile`: by whom) and assessed when it has.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.eligibility import claims, tally
from services.eligibility.cases.assessing import (
    ACTOR,
    SERVICE,
    columns,
    rename,
    settle,
    settle_without_places,
)
from services.eligibility.cases.files import Assessed, against, assessment_data, case_data, place_of
from services.eligibility.cases.leaving import ENDED, let_go
from services.eligibility.domain import (
    APPROVER_BELONGS_TO_HOUSEHOLD,
    APPROVER_CORRECTED,
    DOUBTFUL_AFTER_APPROVAL,
    NO_LONGER_ELIGIBLE,
    OPEN,
    REDEEMED_THOUGH_INELIGIBLE,
)
from shared.events import NewEvent
from shared.outbox import record

REDEEMED = "redeemed"

_REVIEW = text(
    """
    UPDATE case_file SET
        commune = new.commune, province = new.province, village = new.village, outcome = new.outcome,
        priority = new.priority, ranked_by = programme_version,
        persons = new.persons, certificate = new.certificate, sealed = new.sealed,
        correctors = CASE
            WHEN new.maker = ANY (correctors) OR new.maker IN (approved_by, rejected_by, revoked_by)
            THEN correctors ELSE correctors || new.maker END,
        reviewers = CASE
            WHEN new.maker = ANY (reviewers) OR new.maker = approved_by
                OR new.maker NOT IN (rejected_by, revoked_by)
            THEN reviewers ELSE reviewers || new.maker END,
        corrected_meanwhile = CASE
            WHEN status <> 'revoked' OR new.maker = ANY (corrected_meanwhile) THEN corrected_meanwhile
            ELSE corrected_meanwhile || new.maker END,
        kin = ARRAY(
            SELECT DISTINCT one FROM unnest(case_file.kin || CAST(new.kin AS text[])) AS all_of (one)
            WHERE (one IN (approved_by, rejected_by, revoked_by)) IS NOT TRUE
        ),
        assessed_at = new.assessed_at, assessed_year = new.year, flag = new.flag
    FROM unnest(
        CAST(:ids AS uuid[]), CAST(:communes AS text[]), CAST(:provinces AS text[]),
        CAST(:villages AS text[]), CAST(:outcomes AS text[]), CAST(:priorities AS integer[]),
        CAST(:persons AS text[]), CAST(:certificates AS text[]), CAST(:sealed AS text[]),
        CAST(:makers AS text[]), CAST(:kin AS text[]), CAST(:assessed_at AS timestamptz[]),
        CAST(:years AS smallint[]), CAST(:flags AS text[])
    ) AS new (
        id, commune, province, village, outcome, priority, persons, certificate, sealed, maker, kin,
        assessed_at, year, flag
    )
    WHERE case_file.application_id = new.id
    """
)
_REVOKE = text(
    """
    UPDATE case_file SET status = 'revoked', revoked_by = :actor, revoked_reason = :reason,
        corrected_meanwhile = CASE WHEN :opens_anew THEN ARRAY[approved_by] ELSE corrected_meanwhile END
    WHERE application_id = ANY(CAST(:ids AS uuid[])) AND status = 'approved'
    """
)


def review_cases(session: Session, assessed: Sequence[Assessed], before: Mapping[str, Any]) -> None:
    """Assess decided cases anew that `lock` holds; `before`: their rows by id."""
    if not assessed:
        return
    kept = settle(session, [one for one in assessed if before[one.id].status == "approved"])
    undecided = [one for one in assessed if before[one.id].status != "approved"]
    _store(session, kept + settle_without_places(session, undecided), before)
    own = [one for one in kept if _made_by_its_approver(one, before[one.id])]
    kin = [one for one in kept if one not in own and _approved_by_kin(one, before[one.id])]
    others = [one for one in kept if one not in own and one not in kin]
    lost = [one for one in others if _loses_its_approval(one, before[one.id])]
    claims.keep_only(session, [one.subject for one in others if one.finding.outcome == "eligible"])
    _revoke(session, own, before, APPROVER_CORRECTED)
    _revoke(session, kin, before, APPROVER_BELONGS_TO_HOUSEHOLD)
    _revoke(session, lost, before, NO_LONGER_ELIGIBLE)


def decision_stands(row: Any) -> bool:
    """Whether a correction leaves the decision about a case standing for now: a revoked one opens anew, once
    its voucher has ended without a phone."""
    if row.status == "revoked":
        return bool(row.voucher != ENDED)
    return row.status not in OPEN


def opens_anew(row: Any) -> bool:
    """Whether a case was corrected while it was revoked, and its voucher has ended since."""
    return bool(row.status == "revoked" and row.voucher == ENDED and row.corrected_meanwhile)


def _revoke(session: Session, lost: Sequence[Assessed], before: Mapping[str, Any], reason: str) -> None:
    """Take back these approvals. Their places stay taken until disbursement has said that no phone was handed
    out for them."""
    if lost:
        values = {"ids": [one.id for one in lost], "actor": ACTOR, "reason": reason}
        session.execute(_REVOKE, {**values, "opens_anew": reason != NO_LONGER_ELIGIBLE})
        _tell_revoked(session, lost, reason)
        let_go(session, [before[one.id] for one in lost if before[one.id].voucher == ENDED])


def _made_by_its_approver(one: Assessed, row: Any) -> bool:
    return bool(row.status == "approved" and row.voucher != REDEEMED and one.maker == row.approved_by)


def _approved_by_kin(one: Assessed, row: Any) -> bool:
    return bool(row.status == "approved" and row.voucher != REDEEMED and row.approved_by in one.kin)


def _loses_its_approval(one: Assessed, row: Any) -> bool:
    lost = one.finding.outcome == "ineligible"
    return bool(lost and row.status == "approved" and row.voucher != REDEEMED)


def _flag(one: Assessed, row: Any) -> str | None:
    """Why somebody should look at an approved case. A phone that was handed out is not taken back."""
    taken_back = (_loses_its_approval, _made_by_its_approver, _approved_by_kin)
    if row.status != "approved" or any(is_so(one, row) for is_so in taken_back):
        return None
    if one.finding.outcome == "ineligible":
        return REDEEMED_THOUGH_INELIGIBLE
    doubtful = one.finding.outcome == "referred" or one.maker == row.approved_by
    return DOUBTFUL_AFTER_APPROVAL if doubtful else None


def _store(session: Session, settled: Sequence[Assessed], before: Mapping[str, Any]) -> None:
    sealed = [one.sealed() for one in settled]
    flags = [_flag(one, before[one.id]) for one in settled]
    wanted = columns(settled, sealed)
    session.execute(
        _REVIEW,
        {name: wanted[name] for name in wanted if name not in ("versions", "digests")} | {"flags": flags},
    )
    rename(session, settled)
    tally.change(
        session,
        ((place_of(row := before[one.id]), against(row, one.key)) for one in settled),
        ((one.place, one.finding.against) for one in settled),
    )
    events = [
        NewEvent("eligibility.reviewed.v1", one.id, assessment_data(one, text_), ACTOR, one.cause)
        for one, text_ in zip(settled, sealed, strict=True)
    ]
    record(session, SERVICE, events)


def _tell_revoked(session: Session, lost: Sequence[Assessed], reason: str) -> None:
    events = [
        NewEvent(
            "eligibility.revoked.v1",
            one.id,
            {**case_data(one.subject), "reason": reason, "revoked_by": ACTOR},
            ACTOR,
            one.cause,
        )
        for one in lost
    ]
    record(session, SERVICE, events)
