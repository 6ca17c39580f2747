"""Approval lists: drafted in the programme's order, posted in public, objected to, approved, taken back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from services.eligibility import approving, entries, ranking, rulebook, tally
from services.eligibility.approving import SERVICE, Decision, Scope, tell
from services.eligibility.cases import (
    against,
    case_data,
    finding_in,
    lock,
    place_of,
    place_of_sealing,
    subject_in,
)
from services.eligibility.commands.approvals import ListApproved, count_open, scope_of
from services.eligibility.commands.found import DECIDABLE, find_list
from services.eligibility.domain import due_on, last_day_of_posting, objected, today
from services.eligibility.models import ApprovalList, CaseFile, ListEntry, Objection
from services.eligibility.running import running
from shared.auth import Actor
from shared.events import NewEvent, new_id
from shared.outbox import record
from shared.privacy import KeyRing, seal
from shared.reference import areas
from shared.refusal import Refusal

_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended(:place, 0))")
_GATHER = text(
    """
    WITH waiting AS (
        SELECT application_id, priority, submitted_at FROM case_file
        WHERE programme_id = :programme_id AND commune = :commune AND status = 'eligible' AND NOT withdrawn
          AND village = coalesce(:village, village) AND assessed_year >= :year
          AND NOT EXISTS (
            SELECT 1 FROM list_entry
            WHERE list_entry.application_id = case_file.application_id AND list_entry.state = 'listed'
          )
        ORDER BY application_id FOR UPDATE
    )
    INSERT INTO list_entry (list_id, application_id, rank, priority, submitted_at, state)
    SELECT :list_id, application_id, row_number() OVER (ORDER BY priority, submitted_at, application_id),
           priority, submitted_at, 'listed'
    FROM waiting
    RETURNING application_id::text, rank
    """
)
_TAKE_OFF_ALL = text("UPDATE list_entry SET state = 'left' WHERE list_id = :list_id AND state = 'listed'")
_REFER = text(
    """
    UPDATE case_file SET outcome = 'referred', status = 'referred', sealed = :sealed, due_on = :due_on
    WHERE application_id = :application_id AND status = 'eligible'
    """
)


@dataclass(frozen=True, slots=True)
class Objected:
    """What an officer writes down of an objection: its ground as a code, and the words."""

    ground: str
    words: str


def draft_list(
    session: Session, ring: KeyRing, programme_id: str, commune: str, village: str | None, actor: Actor
) -> ApprovalList | Refusal:
    """Gather the eligible cases of a commune, or of one of its villages, that stand on no open list, ranked
    by the programme's priority order, then submission, then id. Refusals: PROGRAMME_UNKNOWN,
    PROGRAMME_STOPPED, NOTHING_TO_LIST. OUTSIDE_AREA is decided by the caller."""
    programme = running(session, programme_id)
    if isinstance(programme, Refusal):
        return programme
    session.execute(_ONE_AT_A_TIME, {"place": f"list {programme_id} {commune}"})
    waiting = Scope(programme_id, CaseFile.commune == commune)
    ranking.align(session, ring, programme, waiting, DECIDABLE)
    place = areas.commune(commune)
    made = ApprovalList(
        id=new_id(),
        programme_id=programme_id,
        programme_version=programme.version,
        commune=commune,
        province=place.province_code if place else None,
        village=village,
        status="draft",
        drafted_by=actor.subject,
        size=0,
        approved=0,
        skipped_own=0,
    )
    session.add(made)
    session.flush()
    wanted = {
        "programme_id": programme_id,
        "commune": commune,
        "village": village,
        "year": today().year,
        "list_id": made.id,
    }
    gathered = sorted(session.execute(_GATHER, wanted).all(), key=lambda row: row.rank)
    if not gathered:
        session.delete(made)
        return Refusal("NOTHING_TO_LIST")
    made.size = len(gathered)
    data = {
        "list_id": made.id,
        "programme_id": programme_id,
        "commune": commune,
        "village": village,
        "drafted_by": actor.subject,
        "cases": [row.application_id for row in gathered],
    }
    record(session, SERVICE, [NewEvent("list.drafted.v1", made.id, data, actor.subject)], fresh=True)
    return made


def post_list(session: Session, list_id: str, actor: Actor) -> ApprovalList | Refusal:
    """Hang a drafted list out for the programme's posting days, from today. Refusals: NOT_FOUND,
    LIST_NOT_OPEN, PROGRAMME_STOPPED."""
    found = find_list(session, list_id, actor)
    if found is None:
        return Refusal("NOT_FOUND")
    programme = running(session, found.programme_id)
    if isinstance(programme, Refusal):
        return programme
    day = today()
    last = last_day_of_posting(day, programme.posting_days)
    posting = {"posted_by": actor.subject, "posted_on": day, "last_day": last}
    if not _move(session, found, ("draft",), status="posted", **posting):
        return Refusal("LIST_NOT_OPEN", status=found.status)
    data = {
        "list_id": list_id,
        "programme_id": found.programme_id,
        "posted_by": actor.subject,
        "posted_on": day.isoformat(),
        "last_day": last.isoformat(),
    }
    record(session, SERVICE, [NewEvent("list.posted.v1", list_id, data, actor.subject)])
    return found


def cancel_list(session: Session, list_id: str, actor: Actor) -> ApprovalList | Refusal:
    """Take back a list; whoever still waits on it may stand on another one. Refusals: NOT_FOUND,
    LIST_NOT_OPEN."""
    found = find_list(session, list_id, actor)
    if found is None:
        return Refusal("NOT_FOUND")
    if not _move(session, found, ("draft", "posted"), status="cancelled"):
        return Refusal("LIST_NOT_OPEN", status=found.status)
    session.execute(_TAKE_OFF_ALL, {"list_id": list_id})
    data = {"list_id": list_id, "programme_id": found.programme_id, "cancelled_by": actor.subject}
    record(session, SERVICE, [NewEvent("list.cancelled.v1", list_id, data, actor.subject)])
    return found


def approve_posted(
    session: Session,
    list_id: str,
    application_ids: Sequence[str] | None,
    decision: Decision,
    actor: Actor,
) -> ListApproved | Refusal:
    """Approve who stands on a list, all or those named, under one decision made after the posting is over.
    Whoever drafted or posted it does not approve it. What the actor made himself, and what the quota has no
    room for, stays on it. Refusals: NOT_FOUND, LIST_NOT_OPEN, NOT_POSTED, POSTING_NOT_OVER,
    LIST_MAKER_IS_CHECKER, PROGRAMME_STOPPED."""
    found = find_list(session, list_id, actor)
    if found is None:
        return Refusal("NOT_FOUND")
    programme = running(session, found.programme_id)
    if isinstance(programme, Refusal):
        return programme
    refusal = _why_not_yet(found, programme.posting_days, decision)
    if refusal is not None:
        return refusal
    if actor.subject in (found.drafted_by, found.posted_by):
        return Refusal("LIST_MAKER_IS_CHECKER")
    scope = scope_of(programme, actor, decision, list_id=list_id, application_ids=application_ids)
    approved = approving.approve(session, scope, programme, actor.subject, decision, DECIDABLE)
    own = scope.count_own(session, actor.subject, DECIDABLE)
    made = ListApproved(list_id, len(approved), own, count_open(session, scope) - own)
    if approved:
        session.execute(
            update(ApprovalList)
            .where(ApprovalList.id == list_id)
            .values(
                decision_number=decision.number,
                decision_date=decision.date,
                approved_by=actor.subject,
                approved=ApprovalList.approved + made.approved,
                skipped_own=made.skipped_own,
            )
        )
    tell(session, found.programme_id, approved, decision, actor.subject)
    return made


def object_to(
    session: Session, ring: KeyRing, list_id: str, application_id: str, objection: Objected, actor: Actor
) -> str | Refusal:
    """Write down an objection to a case on a posted list: the case leaves the list and goes to a person of
    the province. Returns the objection's id. Refusals: NOT_FOUND, NOT_POSTED, NOT_ON_LIST."""
    found = find_list(session, list_id, actor)
    row = lock(session, [application_id], DECIDABLE).get(application_id) if found else None
    if found is None:
        return Refusal("NOT_FOUND")
    if found.status != "posted":
        return Refusal("NOT_POSTED")
    keys = ring.load(session, [str(row.household_id)]) if row else {}
    if row is None or str(row.household_id) not in keys or not _stands_on(session, list_id, application_id):
        return Refusal("NOT_ON_LIST")
    key, subject = keys[str(row.household_id)], subject_in(row, row.assessed_year)
    finding = objected(finding_in(row, key))
    rules = rulebook.of_version(session, row.programme_id, row.programme_version, row.digest)
    session.execute(
        _REFER,
        {
            "application_id": application_id,
            "sealed": seal(key, finding.sealable(), place_of_sealing(application_id)),
            "due_on": due_on(today(), rules.programme.referral_days),
        },
    )
    tally.change(session, [(place_of(row), against(row, key))], [(place_of(row), finding.against)])
    entries.leave(session, [application_id], "objected", actor.subject)
    made = new_id()
    sealed = seal(key, {"ground": objection.ground, "words": objection.words}, f"objection/{made}")
    session.add(
        Objection(
            id=made, list_id=list_id, application_id=application_id, sealed=sealed, recorded_by=actor.subject
        )
    )
    data = {**case_data(subject), "list_id": list_id, "sealed": sealed}
    record(session, SERVICE, [NewEvent("eligibility.objected.v1", application_id, data, actor.subject)])
    return made


def _move(session: Session, found: ApprovalList, statuses: Sequence[str], **values: Any) -> bool:
    """Change a list that stands in one of the statuses; `found` shows it as it is afterwards."""
    moved = session.execute(
        update(ApprovalList)
        .where(ApprovalList.id == found.id, ApprovalList.status.in_(statuses))
        .values(**values)
        .returning(ApprovalList.id)
        .execution_options(synchronize_session=False)
    ).first()
    session.refresh(found)
    return moved is not None


def _why_not_yet(found: ApprovalList, posting_days: int, decision: Decision) -> Refusal | None:
    """A decision that is dated before the posting is over is refused as well."""
    if found.status not in ("draft", "posted"):
        return Refusal("LIST_NOT_OPEN", status=found.status)
    if not posting_days:
        return None
    if found.last_day is None:
        return Refusal("NOT_POSTED")
    if min(today(), decision.date) <= found.last_day:
        return Refusal("POSTING_NOT_OVER", last_day=found.last_day)
    return None


def _stands_on(session: Session, list_id: str, application_id: str) -> bool:
    query = select(func.count()).where(
        ListEntry.list_id == list_id,
        ListEntry.application_id == application_id,
        ListEntry.state == "listed",
    )
    return bool(session.scalar(query))
