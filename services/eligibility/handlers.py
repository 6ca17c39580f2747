"""What eligibility does with the events of the others: assess, assess anew, let go, forget.

A household whose key is gone was erased: nothing is assessed for it and nothing is said about it.
"""

from collections.abc import Sequence
from typing import Any

from services.eligibility import automatic, cases, renewing, rulebook
from services.eligibility.cases import Assessed, finding_in, subject_in, subject_of
from services.eligibility.domain import (
    APPEALABLE,
    Register,
    appealed,
    corrected,
    day_of,
    find,
    find_again,
    today,
)
from services.eligibility.models import STATUSES
from services.eligibility.rules import RuleSet
from shared.events import Envelope
from shared.inbox import HandlerMap, Transient, Unit, ignored
from shared.privacy import unseal


def on_submitted(unit: Unit, events: Sequence[Envelope]) -> None:
    """Assess new applications. Raises Transient while a programme is unknown here."""
    rules, keys = _rules(unit, events), _keys(unit, events)
    assessed = [
        _assess(event, rules[event.data["programme_id"]], keys[event.data["household_id"]])
        for event in events
        if event.data["household_id"] in keys
    ]
    automatic.approve(unit.session, cases.open_cases(unit.session, assessed))


def on_corrected(unit: Unit, events: Sequence[Envelope]) -> None:
    """Assess corrected applications anew: open ones under the newest rules, decided ones under those that
    they were decided under. Raises Transient while a programme is unknown here."""
    before = cases.lock(unit.session, [event.data["application_id"] for event in events], STATUSES)
    known = [event for event in events if event.data["application_id"] in before]
    if not known:
        return
    rules, keys = _rules(unit, known), _keys(unit, known)
    reopened, reviewed = [], []
    for event in known:
        row = before[event.data["application_id"]]
        if event.data["household_id"] not in keys:
            continue
        key = keys[event.data["household_id"]]
        if cases.decision_stands(row):
            reviewed.append(_assess(event, _rules_of(unit, row), key, row))
        else:
            reopened.append(_assess(event, rules[row.programme_id], key, row))
    automatic.approve(unit.session, cases.reopen_cases(unit.session, reopened, before))
    cases.review_cases(unit.session, reviewed, before)
    _open_anew(unit, [one.id for one in reviewed])


def on_appealed(unit: Unit, events: Sequence[Envelope]) -> None:
    """Refer refused cases to a person."""
    before = cases.lock(unit.session, [event.data["application_id"] for event in events], APPEALABLE)
    keys = unit.keys({str(row.household_id) for row in before.values()}) if before else {}
    assessed = [
        _appeal(unit, event, before[event.data["application_id"]], keys[event.data["household_id"]])
        for event in events
        if event.data["application_id"] in before and event.data["household_id"] in keys
    ]
    cases.reopen_cases(unit.session, assessed, before)


def on_withdrawn(unit: Unit, events: Sequence[Envelope]) -> None:
    cases.withdraw(unit.session, _ids(events))


def on_erased(unit: Unit, events: Sequence[Envelope]) -> None:
    """Delete the households' cases and keys, whichever of their applications the events name."""
    cases.erase(unit.session, sorted({event.data["household_id"] for event in events}), unit.keys)


def on_redeemed(unit: Unit, events: Sequence[Envelope]) -> None:
    cases.redeemed(unit.session, _ids(events))


def on_alive_again(unit: Unit, events: Sequence[Envelope]) -> None:
    cases.alive_again(unit.session, _ids(events))


def on_ended(unit: Unit, events: Sequence[Envelope]) -> None:
    """A voucher expired, or was cancelled for a reason. Revoked cases that were corrected meanwhile are now
    assessed anew."""
    cases.ended(unit.session, _ids(events), [event.data.get("reason") for event in events])
    _open_anew(unit, _ids(events))


def _open_anew(unit: Unit, application_ids: Sequence[str]) -> None:
    if not application_ids:
        return
    held = cases.lock(unit.session, application_ids, ("revoked",))
    before = {case: row for case, row in held.items() if cases.opens_anew(row)}
    if before:
        keys = unit.keys({str(row.household_id) for row in before.values()})
        assessed = renewing.anew(unit.session, before.values(), keys, today())
        automatic.approve(unit.session, cases.reopen_cases(unit.session, assessed, before))


def _ids(events: Sequence[Envelope]) -> list[str]:
    return [event.data["application_id"] for event in events]


def _rules(unit: Unit, events: Sequence[Envelope]) -> dict[str, RuleSet]:
    programmes = {event.data["programme_id"] for event in events}
    rules = rulebook.current(unit.session, programmes)
    unknown = programmes - rules.keys()
    if unknown:
        raise Transient(f"programmes that are not published yet: {', '.join(sorted(unknown))}")
    return rules


def _rules_of(unit: Unit, row: Any) -> RuleSet:
    return rulebook.of_version(unit.session, row.programme_id, row.programme_version, row.digest)


def _keys(unit: Unit, events: Sequence[Envelope]) -> Any:
    return unit.keys({event.data["household_id"] for event in events})


def _assess(event: Envelope, rules: RuleSet, key: bytes, before: Any = None) -> Assessed:
    """What the rules find of a submission, or of a correction of the case `before`."""
    subject = subject_of(event, before.submitted_at if before else None)
    facts = unseal(key, event.data["sealed"], f"facts/{subject.application_id}")
    if before is not None and cases.decision_stands(before):
        subject, finding = find_again(rules, subject, facts, before.assessed_year)
    else:
        finding = find(rules, subject, facts)
        if before is not None and before.outcome == "referred":
            finding = corrected(finding, finding_in(before, key).reasons)
    return Assessed(
        subject, key, rules.programme, finding, event, day_of(event.time), maker=event.data["entered_by"]
    )


def _appeal(unit: Unit, event: Envelope, row: Any, key: bytes) -> Assessed:
    """The facts that stand, under the rules that refused them, for a person; unless a place is taken."""
    before, rules = finding_in(row, key), _rules_of(unit, row)
    subject = subject_in(row, row.assessed_year)
    return Assessed(
        subject,
        key,
        rules.programme,
        appealed(find(rules, subject, before.values())),
        event,
        day_of(event.time),
        near_duplicate=Register.of(before).near_duplicate,
    )


_OFFICIALS = "an application says among its facts whether an official belongs to the household"
_MONEY = "a budget changes no case"
_SHOPS = "who sells and what is sold belongs to disbursement"
_PAYMENTS = "what the fund pays an enterprise changes no case"
_PAPER = "whether the paper works changes no case"
_DISPUTES = "a disputed handing-out is settled between shop and disbursement; the first one stands"

HANDLERS: HandlerMap = {
    "application.submitted.v1": on_submitted,
    "application.corrected.v1": on_corrected,
    "application.withdrawn.v1": on_withdrawn,
    "application.appealed.v1": on_appealed,
    "application.erased.v1": on_erased,
    "official.registered.v1": ignored(_OFFICIALS),
    "official.removed.v1": ignored(_OFFICIALS),
    "voucher.issued.v1": ignored("an approval that has its voucher stands as before"),
    "voucher.waitlisted.v1": ignored("an approval that waits for money stands as before"),
    "voucher.redeemed.v1": on_redeemed,
    "voucher.reversed.v1": on_alive_again,
    "voucher.reissued.v1": on_alive_again,
    "voucher.cancelled.v1": on_ended,
    "voucher.expired.v1": on_ended,
    "voucher.locked.v1": ignored(_PAPER),
    "voucher.unlocked.v1": ignored(_PAPER),
    "voucher.disputed.v1": ignored(_DISPUTES),
    "dispute.closed.v1": ignored(_DISPUTES),
    "reversal.asked.v1": ignored("a reversal counts when it is done"),
    "reversal.refused.v1": ignored("a reversal counts when it is done"),
    "budget.allocated.v1": ignored(_MONEY),
    "budget.adjusted.v1": ignored(_MONEY),
    "shop.registered.v1": ignored(_SHOPS),
    "shop.changed.v1": ignored(_SHOPS),
    "shop.suspended.v1": ignored(_SHOPS),
    "shop.reinstated.v1": ignored(_SHOPS),
    "clerk.registered.v1": ignored(_SHOPS),
    "clerk.suspended.v1": ignored(_SHOPS),
    "clerk.reinstated.v1": ignored(_SHOPS),
    "alert.raised.v1": ignored(_SHOPS),
    "alert.closed.v1": ignored(_SHOPS),
    "enterprise.registered.v1": ignored(_SHOPS),
    "enterprise.suspended.v1": ignored(_SHOPS),
    "enterprise.reinstated.v1": ignored(_SHOPS),
    "handset.listed.v1": ignored(_SHOPS),
    "handset.withdrawn.v1": ignored(_SHOPS),
    "claim.submitted.v1": ignored(_PAYMENTS),
    "claim.withdrawn.v1": ignored(_PAYMENTS),
    "claim.disputed.v1": ignored(_PAYMENTS),
    "claim.reinstated.v1": ignored(_PAYMENTS),
    "claim.accepted.v1": ignored(_PAYMENTS),
    "claim.paid.v1": ignored(_PAYMENTS),
    "payment.ordered.v1": ignored(_PAYMENTS),
    "payment.failed.v1": ignored(_PAYMENTS),
    "line.corrected.v1": ignored(_PAYMENTS),
    "payee.kept.v1": ignored(_PAYMENTS),
}
