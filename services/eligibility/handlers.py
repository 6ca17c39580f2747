"""What eligibility does with the events of applications: assess, assess anew, let go, forget.

A household whose key is gone was erased: nothing is assessed for it and nothing is said about it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from services.eligibility import cases, rulebook
from services.eligibility.cases import Assessed, subject_of
from services.eligibility.domain import APPEALABLE, Finding, Subject, appealed, day_of, find
from services.eligibility.rules import RuleSet
from shared.events import Envelope
from shared.inbox import HandlerMap, Transient, Unit
from shared.privacy import unseal


def on_submitted(unit: Unit, events: Sequence[Envelope]) -> None:
    """Assess new applications. Raises Transient while a programme is unknown here."""
    cases.open_cases(unit, _assess_all(unit, events))


def on_corrected(unit: Unit, events: Sequence[Envelope]) -> None:
    """Assess corrected applications anew, as long as nobody has decided; a correction that comes after the
    decision changes nothing here. Raises Transient while a programme is unknown here."""
    before = cases.lock(unit.session, [event.data["application_id"] for event in events])
    undecided = [event for event in events if event.data["application_id"] in before]
    if undecided:
        assessed = _assess_all(unit, undecided)
        cases.reopen_cases(unit, assessed, _rows_of(assessed, before), corrected=True)


def on_appealed(unit: Unit, events: Sequence[Envelope]) -> None:
    """Refer refused cases to a person."""
    before = cases.lock(unit.session, [event.data["application_id"] for event in events], APPEALABLE)
    keys = unit.keys({row.household_id for row in before.values()}) if before else {}
    found = ((event, before.get(event.data["application_id"])) for event in events)
    assessed = [
        _reopen(event, row, keys[row.household_id])
        for event, row in found
        if row is not None and row.household_id in keys
    ]
    cases.reopen_cases(unit, assessed, _rows_of(assessed, before), corrected=False)


def on_withdrawn(unit: Unit, events: Sequence[Envelope]) -> None:
    cases.withdraw(unit.session, [event.data["application_id"] for event in events])


def on_erased(unit: Unit, events: Sequence[Envelope]) -> None:
    """Delete the households' cases and keys, whichever of their applications the events name."""
    cases.erase(unit, sorted({event.data["household_id"] for event in events}))


def _assess_all(unit: Unit, events: Sequence[Envelope]) -> list[Assessed]:
    """Every event whose household still has a key, assessed under the newest rules of its programme."""
    programmes = {event.data["programme_id"] for event in events}
    rules = rulebook.current(unit.session, programmes)
    unknown = programmes - rules.keys()
    if unknown:
        raise Transient(f"programmes that are not published yet: {', '.join(sorted(unknown))}")
    keys = unit.keys({event.data["household_id"] for event in events})
    return [
        _assess(event, rules[event.data["programme_id"]], keys[event.data["household_id"]])
        for event in events
        if event.data["household_id"] in keys
    ]


def _rows_of(assessed: Sequence[Assessed], before: Mapping[str, Any]) -> dict[str, Any]:
    return {one.subject.application_id: before[one.subject.application_id] for one in assessed}


def _assess(event: Envelope, rules: RuleSet, key: bytes) -> Assessed:
    subject = subject_of(event)
    facts = unseal(key, event.data["sealed"], f"facts/{subject.application_id}")
    programme = rules.programme
    return Assessed(event, subject, key, programme.version, programme.digest, find(rules, subject, facts))


def _reopen(event: Envelope, row: Any, key: bytes) -> Assessed:
    """The finding that stands, with the appeal: refers the case, unless its person's place is taken."""
    sealed = cases.opened(row, key)
    finding = Finding(
        row.outcome, tuple(sealed["reasons"]), tuple(sealed["rows"]), sealed["looked_at"], row.priority
    )
    subject = Subject(
        row.application_id,
        row.household_id,
        row.programme_id,
        row.commune,
        row.province,
        tuple(row.persons.split()),
        day_of(event.time),
    )
    return Assessed(event, subject, key, row.programme_version, row.digest, appealed(finding))


HANDLERS: HandlerMap = {
    "application.submitted.v1": on_submitted,
    "application.corrected.v1": on_corrected,
    "application.withdrawn.v1": on_withdrawn,
    "application.appealed.v1": on_appealed,
    "application.erased.v1": on_erased,
}
