"""Claims: an enterprise gathers its redemptions, the payer disputes or accepts them under minutes.

Each function runs in its caller's transaction. The claim's row is locked first, so that two people who
decide about one claim come one after the other; what protects the money are the CHECKs on its sums.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from services.disbursement.domain import VIETNAM
from services.disbursement.models import Claim, ClaimLine, table
from services.disbursement.vouchers import SERVICE
from shared.auth import Actor
from shared.db import insert_rows
from shared.events import NewEvent
from shared.events.envelope import new_id
from shared.outbox.record import record
from shared.refusal import Refusal

LINES_AT_ONCE = 10_000
"""Redemptions of one claim: their ids travel in one event, which must fit into a record of the log."""

_GATHER = text(
    """
    SELECT CAST(redemption_id AS text) AS redemption_id, subsidy FROM redemption
    WHERE enterprise_id = :enterprise_id AND programme_id = :programme_id AND claim_id IS NULL
      AND reversed_at IS NULL AND redeemed_at >= :since AND redeemed_at < :until
    ORDER BY redemption_id LIMIT :limit FOR UPDATE
    """
)
_PENDING = text(
    """
    SELECT CAST(line_id AS text) AS line_id, amount FROM claim_line
    WHERE enterprise_id = :enterprise_id AND programme_id = :programme_id AND status = 'pending'
    ORDER BY line_id FOR UPDATE
    """
)
_BIND = text(
    "UPDATE redemption SET claim_id = :claim_id WHERE redemption_id = ANY(CAST(:redemption_ids AS uuid[]))"
)
_SWEEP = text(
    """
    UPDATE claim_line SET status = 'claimed', claim_id = :claim_id
    WHERE line_id = ANY(CAST(:line_ids AS uuid[])) AND status = 'pending'
    """
)
_RELEASE = text("UPDATE redemption SET claim_id = NULL WHERE claim_id = :claim_id")
_WITHDRAW_LINES = text(
    """
    UPDATE claim_line SET
        status = CASE kind WHEN 'redemption' THEN 'withdrawn' ELSE 'pending' END,
        claim_id = CASE kind WHEN 'redemption' THEN claim_id END,
        decided_by = NULL, reason = CASE kind WHEN 'correction' THEN reason END
    WHERE claim_id = :claim_id
    """
)
_WITHDRAW = text("UPDATE claim SET status = 'withdrawn', disputed = 0 WHERE claim_id = :claim_id")
_DISPUTE = text(
    """
    UPDATE claim_line SET status = 'disputed', reason = wanted.reason, decided_by = :by
    FROM unnest(CAST(:line_ids AS uuid[]), CAST(:reasons AS text[])) AS wanted (line_id, reason)
    WHERE claim_line.line_id = wanted.line_id AND claim_id = :claim_id AND status = 'claimed' AND amount > 0
    RETURNING CAST(claim_line.line_id AS text) AS line_id, CAST(redemption_id AS text) AS redemption_id,
              amount, claim_line.reason
    """
)
_REINSTATE = text(
    """
    UPDATE claim_line SET status = 'claimed', reason = NULL, decided_by = NULL
    WHERE line_id = ANY(CAST(:line_ids AS uuid[])) AND claim_id = :claim_id AND status = 'disputed'
    RETURNING CAST(line_id AS text) AS line_id, CAST(redemption_id AS text) AS redemption_id, amount
    """
)
_MOVE_DISPUTED = text("UPDATE claim SET disputed = disputed + :change WHERE claim_id = :claim_id")
_ACCEPT_LINES = text(
    "UPDATE claim_line SET status = 'accepted', decided_by = :by"
    " WHERE claim_id = :claim_id AND status = 'claimed'"
)
_ACCEPT = text(
    """
    UPDATE claim SET accepted = claimed - disputed, minutes = :minutes, minutes_date = :minutes_date,
        accepted_by = :by, accepted_at = :now,
        status = CASE WHEN claimed = disputed THEN 'settled' ELSE 'accepted' END
    WHERE claim_id = :claim_id AND status = 'submitted'
    """
)
_CORRECT = text(
    """
    INSERT INTO claim_line (line_id, enterprise_id, programme_id, redemption_id, subsidy, kind, corrects,
                            amount, status, reason, made_by)
    SELECT :new_id, enterprise_id, programme_id, redemption_id, subsidy, 'correction', line_id, :amount,
           'pending', :reason, :by
    FROM claim_line WHERE line_id = :line_id AND status = :status AND (kind = 'redemption' OR :amount > 0)
    ON CONFLICT DO NOTHING
    """
)


@dataclass(frozen=True, slots=True)
class Period:
    """Days in Viet Nam, both included."""

    first: date
    last: date

    @property
    def since(self) -> datetime:
        return datetime.combine(self.first, time.min, VIETNAM)

    @property
    def until(self) -> datetime:
        return datetime.combine(self.last + timedelta(days=1), time.min, VIETNAM)


def submit(
    session: Session, enterprise_id: str, programme_id: str, period: Period, actor: Actor, now: datetime
) -> Claim | Refusal:
    """Gather what the enterprise redeemed in the period and never claimed, and the corrections that wait.

    The redemptions' rows are locked until the end, so that a reversal comes before or is refused. Refusals:
    CLAIM_EMPTY, CLAIM_TOO_LARGE, CLAIM_NOT_POSITIVE (corrections take back more than is claimed).
    """
    scope = {"enterprise_id": enterprise_id, "programme_id": programme_id}
    window = {"since": period.since, "until": period.until, "limit": LINES_AT_ONCE + 1}
    redeemed = session.execute(_GATHER, {**scope, **window}).all()
    pending = session.execute(_PENDING, scope).all()
    amount = sum(row.subsidy for row in redeemed) + sum(row.amount for row in pending)
    refusal = _why_no_claim(len(redeemed), len(pending), amount)
    if refusal is not None:
        return refusal
    claim = Claim(
        claim_id=new_id(),
        **scope,
        period_from=period.first,
        period_to=period.last,
        status="submitted",
        lines=len(redeemed) + len(pending),
        claimed=amount,
        submitted_by=actor.subject,
        submitted_at=now,
    )
    session.add(claim)
    session.flush()
    _write_lines(session, claim, redeemed, pending, actor)
    _record_submission(session, claim, redeemed, pending, actor)
    session.refresh(claim)
    return claim


def _why_no_claim(redeemed: int, pending: int, amount: int) -> Refusal | None:
    if redeemed > LINES_AT_ONCE:
        return Refusal("CLAIM_TOO_LARGE", limit=LINES_AT_ONCE)
    if not redeemed + pending:
        return Refusal("CLAIM_EMPTY")
    return Refusal("CLAIM_NOT_POSITIVE") if amount <= 0 else None


def _write_lines(
    session: Session, claim: Claim, redeemed: Sequence[Any], pending: Sequence[Any], actor: Actor
) -> None:
    lines = [
        {
            "line_id": new_id(),
            "claim_id": claim.claim_id,
            "enterprise_id": claim.enterprise_id,
            "programme_id": claim.programme_id,
            "redemption_id": row.redemption_id,
            "subsidy": row.subsidy,
            "kind": "redemption",
            "amount": row.subsidy,
            "status": "claimed",
            "made_by": actor.subject,
        }
        for row in redeemed
    ]
    ids = [row.redemption_id for row in redeemed]
    session.execute(_BIND, {"claim_id": claim.claim_id, "redemption_ids": ids})
    insert_rows(session, table(ClaimLine), lines)
    session.execute(_SWEEP, {"claim_id": claim.claim_id, "line_ids": [row.line_id for row in pending]})


def _record_submission(
    session: Session, claim: Claim, redeemed: Sequence[Any], pending: Sequence[Any], actor: Actor
) -> None:
    data = {
        "period_from": claim.period_from.isoformat(),
        "period_to": claim.period_to.isoformat(),
        "amount": claim.claimed,
        "redemptions": [row.redemption_id for row in redeemed],
        "corrections": [row.line_id for row in pending],
    }
    record(session, SERVICE, [event(claim, "claim.submitted.v1", data, actor)])


def withdraw(session: Session, claim: Claim, actor: Actor) -> Refusal | None:
    """The enterprise takes its claim back while nobody accepted it: its redemptions are free again."""
    if claim.status != "submitted":
        return Refusal("CLAIM_DECIDED", status=claim.status)
    for statement in (_RELEASE, _WITHDRAW_LINES, _WITHDRAW):
        session.execute(statement, {"claim_id": claim.claim_id})
    record(session, SERVICE, [event(claim, "claim.withdrawn.v1", {"amount": claim.claimed}, actor)])
    return None


def dispute(session: Session, claim: Claim, lines: Sequence[tuple[str, str]], actor: Actor) -> int | Refusal:
    """Take lines (id, reason code) out of what will be accepted; returns how many were not out before."""
    if claim.status != "submitted":
        return Refusal("CLAIM_DECIDED", status=claim.status)
    values = {
        "claim_id": claim.claim_id,
        "line_ids": [line_id for line_id, _ in lines],
        "reasons": [reason for _, reason in lines],
        "by": actor.subject,
    }
    rows = session.execute(_DISPUTE, values).all()
    _move_disputed(session, claim, sum(row.amount for row in rows))
    events = [
        event(
            claim,
            "claim.disputed.v1",
            {"redemption_id": row.redemption_id, "amount": row.amount, "reason": row.reason},
            actor,
        )
        for row in rows
    ]
    record(session, SERVICE, events)
    return len(rows)


def reinstate(session: Session, claim: Claim, line_ids: Sequence[str], actor: Actor) -> int | Refusal:
    """Take disputes back, as long as nothing was accepted; returns how many lines are claimed again."""
    if claim.status != "submitted":
        return Refusal("CLAIM_DECIDED", status=claim.status)
    rows = session.execute(_REINSTATE, {"claim_id": claim.claim_id, "line_ids": list(line_ids)}).all()
    _move_disputed(session, claim, -sum(row.amount for row in rows))
    events = [
        event(
            claim,
            "claim.reinstated.v1",
            {"redemption_id": row.redemption_id, "amount": row.amount},
            actor,
        )
        for row in rows
    ]
    record(session, SERVICE, events)
    return len(rows)


def _move_disputed(session: Session, claim: Claim, change: int) -> None:
    session.execute(_MOVE_DISPUTED, {"claim_id": claim.claim_id, "change": change})


def accept(
    session: Session, claim: Claim, minutes: str, minutes_date: date, actor: Actor, now: datetime
) -> Refusal | None:
    """Accept what is not disputed, under acceptance minutes. Refusals: CLAIM_DECIDED, MAKER_IS_CHECKER,
    CLAIM_NOT_POSITIVE (corrections take back more than is left)."""
    if claim.status != "submitted":
        return Refusal("CLAIM_DECIDED", status=claim.status)
    if claim.submitted_by == actor.subject:
        return Refusal("MAKER_IS_CHECKER")
    if claim.disputed > claim.claimed:
        return Refusal("CLAIM_NOT_POSITIVE")
    values = {"claim_id": claim.claim_id, "minutes": minutes, "minutes_date": minutes_date}
    session.execute(_ACCEPT_LINES, {"claim_id": claim.claim_id, "by": actor.subject})
    session.execute(_ACCEPT, {**values, "by": actor.subject, "now": now})
    accepted = {"amount": claim.claimed - claim.disputed, "minutes": minutes}
    record(session, SERVICE, [event(claim, "claim.accepted.v1", accepted, actor)])
    return None


def correct(session: Session, line: ClaimLine, amount: int, reason: str, actor: Actor) -> str | Refusal:
    """A new line that waits for the enterprise's next claim; returns its id.

    amount > 0 asks for a disputed line again, amount < 0 takes back of an accepted one; never more than the
    line held. Refusals: LINE_NOT_CORRECTABLE, CORRECTION_TOO_LARGE.
    """
    wanted = "disputed" if amount > 0 else "accepted"
    if line.status != wanted or line.amount < 0:
        return Refusal("LINE_NOT_CORRECTABLE", status=line.status)
    if abs(amount) > line.amount:
        return Refusal("CORRECTION_TOO_LARGE", most=line.amount)
    values = {
        "new_id": new_id(),
        "line_id": line.line_id,
        "amount": amount,
        "reason": reason,
        "by": actor.subject,
        "status": wanted,
    }
    made: Any = session.execute(_CORRECT, values)
    if not made.rowcount:
        return Refusal("LINE_CORRECTED_ALREADY")
    line_id = str(values["new_id"])
    data = {
        "line_id": line_id,
        "corrects": line.line_id,
        "redemption_id": line.redemption_id,
        "enterprise_id": line.enterprise_id,
        "programme_id": line.programme_id,
        "change": amount,
        "reason": reason,
    }
    record(session, SERVICE, [NewEvent("line.corrected.v1", line_id, data, actor.subject)])
    return line_id


def find(session: Session, claim_id: str, actor: Actor, *, lock: bool = False) -> Claim | None:
    """A claim that the actor may see: an enterprise its own, everybody else all of them."""
    query = select(Claim).where(Claim.claim_id == claim_id)
    if actor.enterprise_id is not None:
        query = query.where(Claim.enterprise_id == actor.enterprise_id)
    return session.scalars(query.with_for_update() if lock else query).first()


def find_line(session: Session, line_id: str, actor: Actor) -> ClaimLine | None:
    query = select(ClaimLine).where(ClaimLine.line_id == line_id)
    if actor.enterprise_id is not None:
        query = query.where(ClaimLine.enterprise_id == actor.enterprise_id)
    return session.scalars(query).first()


def event(claim: Claim, type_: str, data: dict[str, Any], actor: Actor) -> NewEvent:
    """A fact about a claim, on the claim's own stream."""
    names = {
        "claim_id": claim.claim_id,
        "enterprise_id": claim.enterprise_id,
        "programme_id": claim.programme_id,
    }
    return NewEvent(type_, claim.claim_id, {**names, **data}, actor.subject)
