"""What this service does with other services' events. A batch of 500 costs a handful of statements."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.disbursement import budgets
from services.disbursement.budgets import Standing
from services.disbursement.domain import Place, affordable
from services.disbursement.ending import cancel
from services.disbursement.models import KnownCase, table
from services.disbursement.sale import terms_of_sale
from services.disbursement.vouchers import Promise, issue
from services.disbursement.waitlist import put_on_waitlist, serve_waitlist
from shared.db import insert_rows
from shared.events import Envelope
from shared.inbox.handlers import HandlerMap, Unit, ignored
from shared.reference import areas

UNKNOWN_PROVINCE = "00"

_CLOSED = text(
    """
    SELECT application_id::text, closed_reason FROM known_case
    WHERE application_id = ANY(CAST(:application_ids AS uuid[])) AND closed_reason IS NOT NULL
    """
)
_OCCUPIED = text(
    """
    SELECT application_id FROM voucher
    WHERE application_id = ANY(CAST(:application_ids AS uuid[])) AND live
    UNION ALL
    SELECT application_id FROM waitlist
    WHERE application_id = ANY(CAST(:application_ids AS uuid[])) AND status = 'waiting'
    """
)
_SOMEBODY_WAITS = text(
    "SELECT EXISTS (SELECT 1 FROM waitlist WHERE budget_id = :budget_id AND status = 'waiting')"
)
_TERMS = text(
    """
    INSERT INTO programme (programme_id, version, name_vi, name_en, provinces, handset_kinds, maximum_price,
                           reversal_days, offline_per_voucher, offline_per_day, offline_days_to_send)
    VALUES (:programme_id, :version, :name_vi, :name_en, CAST(:provinces AS text[]),
            CAST(:handset_kinds AS text[]), :maximum_price, :reversal_days, :offline_per_voucher,
            :offline_per_day, :offline_days_to_send)
    ON CONFLICT (programme_id) DO UPDATE SET
        version = excluded.version, name_vi = excluded.name_vi, name_en = excluded.name_en,
        provinces = excluded.provinces, handset_kinds = excluded.handset_kinds,
        maximum_price = excluded.maximum_price, reversal_days = excluded.reversal_days,
        offline_per_voucher = excluded.offline_per_voucher, offline_per_day = excluded.offline_per_day,
        offline_days_to_send = excluded.offline_days_to_send
    WHERE programme.version < excluded.version
    """
)


def on_approved(unit: Unit, events: Sequence[Envelope]) -> None:
    """Each approval becomes a voucher, or a place in the waitlist when the money does not reach. One that was
    overtaken by its application's withdrawal gets nothing and is told to have ended, so that what it held
    elsewhere is free again."""
    places = [_place(event) for event in events]
    found = budgets.standings(unit.session, set(places))
    promises = [
        _promise(event, place, budgets.charged(found, place))
        for event, place in zip(events, places, strict=True)
    ]
    new, again, closed = _sorted_out(unit.session, promises)
    now = datetime.now(UTC)
    if closed:
        _held_lines(unit.session, promises)  # all of them at once: nobody waits for another in a circle
        put_on_waitlist(unit.session, [promise for promise, _ in closed])
        ended = [(reason, [promise.application_id]) for promise, reason in closed]
        cancel(unit.session, ended, now, _by_case(events))
    for line, fresh in ((new, True), (again, False)):
        if line and not _issue_all(unit.session, line, found, now, fresh=fresh):
            _issue_what_fits(unit.session, line, now, fresh=fresh)


def _place(event: Envelope) -> Place:
    commune = areas.commune(event.data["commune"])
    province = commune.province_code if commune else UNKNOWN_PROVINCE
    return Place(event.data["programme_id"], province, event.data["commune"])


def _promise(event: Envelope, place: Place, budget_id: str) -> Promise:
    data = event.data
    return Promise(
        application_id=data["application_id"],
        household_id=data["household_id"],
        programme_id=data["programme_id"],
        budget_id=budget_id,
        commune=data["commune"],
        province=place.province or UNKNOWN_PROVINCE,
        amount=data["amount"],
        minimum_price=data["minimum_price"],
        validity_days=data["validity_days"],
        position=data["position"],
        approved_at=datetime.fromisoformat(event.time),
        cause=event,
    )


def _sorted_out(
    session: Session, promises: Sequence[Promise]
) -> tuple[list[Promise], list[Promise], list[tuple[Promise, str]]]:
    """Promises for cases never heard of, for known ones that may be served (again), and for those that were
    closed, with the reason; each in order. Who has a voucher or a place already stands nowhere."""
    ordered = sorted(promises, key=lambda promise: promise.turn)
    rows = [{"application_id": case} for case in sorted(p.application_id for p in promises)]
    made = insert_rows(
        session, table(KnownCase), rows, suffix="ON CONFLICT DO NOTHING RETURNING application_id"
    )
    new = {str(row.application_id) for row in made}
    known = [case for row in rows if (case := row["application_id"]) not in new]
    if not known:
        return ordered, [], []
    reasons = {
        row.application_id: row.closed_reason for row in session.execute(_CLOSED, {"application_ids": known})
    }
    occupied = {str(case) for case in session.scalars(_OCCUPIED, {"application_ids": known})} | reasons.keys()
    again = [p for p in ordered if p.application_id not in new and p.application_id not in occupied]
    closed = [(p, reasons[p.application_id]) for p in ordered if p.application_id in reasons]
    return [p for p in ordered if p.application_id in new], again, closed


def _issue_all(
    session: Session, promises: list[Promise], found: Mapping[str, Standing], now: datetime, *, fresh: bool
) -> bool:
    """The usual way, when the money reaches for everybody and nobody waits: vouchers first and the budget
    last, so that its row is held only for the commit. False, with nothing done, when it is not so."""
    for budget_id, line in _lines(promises).items():
        standing = found.get(budget_id)
        if standing is None or standing.waited_for or standing.available < _total(line):
            return False
    try:
        with session.begin_nested():
            issue(session, promises, now, fresh=fresh)
    except budgets.BudgetTooSmall:  # another transaction took the money since
        return False
    return True


def _issue_what_fits(session: Session, promises: list[Promise], now: datetime, *, fresh: bool) -> None:
    """When the money is short: the budgets' rows first, then vouchers for as many as they pay for, in order,
    and the waitlist for the rest. Where somebody waits already, all stand in the one line."""
    lines, available = _held_lines(session, promises)
    for budget_id, line in sorted(lines.items()):
        if session.scalar(_SOMEBODY_WAITS, {"budget_id": budget_id}):
            put_on_waitlist(session, line, fresh=fresh)
            serve_waitlist(session, budget_id, available[budget_id], now)
            continue
        count = affordable([promise.amount for promise in line], available[budget_id])
        issue(session, line[:count], now, fresh=fresh)
        put_on_waitlist(session, line[count:], fresh=fresh)


def _held_lines(session: Session, promises: list[Promise]) -> tuple[dict[str, list[Promise]], dict[str, int]]:
    """The promises by the budget that pays, whose row is held, and what is available in each: nobody can open
    a budget below it meanwhile, so that nobody ever waits above the money that is meant for him."""
    while True:
        lines = _lines(promises)
        available = budgets.hold(session, lines)
        found = budgets.standings(session, {promise.place for promise in promises})
        promises = [replace(p, budget_id=budgets.charged(found, p.place)) for p in promises]
        if _lines(promises).keys() <= available.keys():
            return _lines(promises), available


def _lines(promises: Sequence[Promise]) -> dict[str, list[Promise]]:
    lines: dict[str, list[Promise]] = defaultdict(list)
    for promise in promises:
        lines[promise.budget_id].append(promise)
    return lines


def _total(promises: Sequence[Promise]) -> int:
    return sum(promise.amount for promise in promises)


def on_withdrawn(unit: Unit, events: Sequence[Envelope]) -> None:
    """The household no longer wants it: voucher or place cancelled, a later approval issues nothing."""
    _close(unit, events, "WITHDRAWN")


def on_erased(unit: Unit, events: Sequence[Envelope]) -> None:
    """The person is gone from applications. Nothing here names anybody: rows, postings and redemptions are
    accounting and stay. A voucher that nobody can be identified for any more is cancelled."""
    _close(unit, events, "ERASED")


def _close(unit: Unit, events: Sequence[Envelope], reason: str) -> None:
    cases = sorted(event.data["application_id"] for event in events)
    rows = [{"application_id": case, "closed_reason": reason} for case in cases]
    suffix = (
        "ON CONFLICT (application_id) DO UPDATE"
        " SET closed_reason = coalesce(known_case.closed_reason, excluded.closed_reason)"
    )
    insert_rows(unit.session, table(KnownCase), rows, suffix=suffix)
    cancel(unit.session, [(reason, cases)], datetime.now(UTC), _by_case(events))


def on_revoked(unit: Unit, events: Sequence[Envelope]) -> None:
    """The approval is taken back; a new one may come."""
    cases = [event.data["application_id"] for event in events]
    cancel(unit.session, [("REVOKED", cases)], datetime.now(UTC), _by_case(events))


def _by_case(events: Sequence[Envelope]) -> dict[str, Envelope]:
    return {event.data["application_id"]: event for event in events}


def on_published(unit: Unit, events: Sequence[Envelope]) -> None:
    """Keep the names that shops read, the area, what may be sold; money's terms come with each approval."""
    for event in events:
        document = orjson.loads(event.data["document"])
        provinces = (document.get("area") or {}).get("provinces")
        values = {
            "programme_id": event.data["programme_id"],
            "version": event.data["version"],
            "name_vi": str(document.get("name_vi") or event.data["programme_id"]),
            "name_en": str(document.get("name_en") or event.data["programme_id"]),
            "provinces": provinces if isinstance(provinces, list) else None,
            **terms_of_sale(document),
        }
        unit.session.execute(_TERMS, values)


HANDLERS: HandlerMap = {
    "programme.published.v1": on_published,
    "programme.suspended.v1": ignored("approvals stop at their source; paper already handed out stays good"),
    "programme.closed.v1": ignored("approvals stop at their source; vouchers end by their own date"),
    "application.submitted.v1": ignored("nothing is owed before an approval"),
    "application.corrected.v1": ignored("a correction leads to a new assessment, not to money"),
    "application.withdrawn.v1": on_withdrawn,
    "application.appealed.v1": ignored("nothing is owed before an approval"),
    "application.erased.v1": on_erased,
    "official.registered.v1": ignored("who handles applications is owed nothing by that"),
    "official.removed.v1": ignored("who handles applications is owed nothing by that"),
    "eligibility.assessed.v1": ignored("nothing is owed before an approval"),
    "eligibility.approved.v1": on_approved,
    "eligibility.rejected.v1": ignored("nothing was owed"),
    "eligibility.revoked.v1": on_revoked,
    "eligibility.reviewed.v1": ignored("the approval stands until it is revoked, which is its own event"),
    "eligibility.objected.v1": ignored("nothing is owed before an approval"),
    "eligibility.referral_taken.v1": ignored("nothing is owed before an approval"),
    "eligibility.referral_upheld.v1": ignored("nothing is owed before an approval"),
    "list.drafted.v1": ignored("each approval is told by itself"),
    "list.posted.v1": ignored("each approval is told by itself"),
    "list.closed.v1": ignored("each approval is told by itself"),
    "list.cancelled.v1": ignored("each approval is told by itself"),
}
