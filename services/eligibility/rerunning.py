"""Every decision in the log made again, under the version that it names: it must come out the same.

Pure: events, rules and keys in, differences out. An assessment rests on the facts of the event that led to it
(a submission, a correction), or on those that stood (an appeal, the turn of a year), on the rules of one
published version, and on what the registers said, which is sealed with it; that a place was taken is proved
by the application that held it.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from services.eligibility.cases import place_of_sealing, subject_of
from services.eligibility.domain import (
    Claim,
    FactsUnusable,
    Finding,
    Register,
    Subject,
    appealed,
    conclude,
    corrected,
    day_of,
    find,
    find_again,
    moment_of,
    objected,
    pair_scope,
    referred_again,
)
from services.eligibility.rules import RuleSet, read_programme
from shared.events import Envelope
from shared.privacy import Unreadable, unseal

PUBLISHED = "programme.published.v1"
ENTERED = ("application.submitted.v1", "application.corrected.v1")
REVIEWED = "eligibility.reviewed.v1"
FOUND = ("eligibility.assessed.v1", REVIEWED)
TYPES = (
    PUBLISHED,
    *ENTERED,
    "application.appealed.v1",
    *FOUND,
    "eligibility.objected.v1",
    "eligibility.referral_upheld.v1",
)
"""The events that a rerun needs."""

COMPARED = ("outcome", "reasons", "rows", "looked_at", "beside")


@dataclass(frozen=True, slots=True)
class Difference:
    """`what` does not come out as it was recorded in the event `event_id` about `key` (an application, or a
    programme). `what` names a part of the finding, the digest, the cause, the register, or the seal or facts
    that do not open; it quotes nothing.
    """

    key: str
    event_id: str
    what: str


@dataclass(slots=True)
class Report:
    """`decisions` were made again; `erased` could not be, their household's key is gone."""

    decisions: int = 0
    erased: int = 0
    versions: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)

    @property
    def same(self) -> bool:
        return not self.differences


@dataclass(frozen=True, slots=True)
class Part:
    """What one of several reruns found of its share of the cases: the report of them, who lost which places,
    and whose loss is still to be proved by a case, wherever that is."""

    report: Report
    losers: dict[Claim, set[str]]
    unproved: dict[str, str]


class Rerun:
    """Feed it the programmes, then every case; then, once more, every case as a witness; then ask for the
    report. Several may share the cases: each is fed its share, gives its `part`, and after all of them were
    `joined` every share is heard as witnesses."""

    def __init__(self, published: Iterable[Envelope] = ()) -> None:
        self.report = Report()
        self._rules: dict[tuple[str, int], RuleSet] = {}
        self._pairs: set[tuple[str, str]] = set()
        self._losers: dict[Claim, set[str]] = {}
        self._unproved: dict[str, str] = {}
        for event in published:
            self._publish(event)
        self._of_programmes = len(self.report.differences)

    def case(self, events: Sequence[Envelope], keys: Mapping[str, bytes]) -> None:
        """Make the decisions of one case again; `events`: all of it that TYPES name, each stream in order."""
        case = _Case(events)
        for event in case.told:
            if event.type in FOUND:
                self._decision(case, event, keys.get(event.data["household_id"]))
            else:
                case.follow(event)

    @property
    def needs_witnesses(self) -> bool:
        """Whether somebody lost a place that no case has been found to hold."""
        return bool(self._unproved)

    def witness(self, events: Sequence[Envelope]) -> None:
        """Whether this case held a place that another one lost."""
        if not any(event.type in FOUND and event.data["outcome"] != "ineligible" for event in events):
            return
        for event in events:
            if event.type in ENTERED:
                for place in self._claims(subject_of(event)):
                    for loser in self._losers.get(place, set()) - {event.key}:
                        self._unproved.pop(loser, None)

    @property
    def part(self) -> Part:
        """What was found of the cases; what the programmes said, whoever joins it knows."""
        found = replace(self.report, versions=0, differences=self.report.differences[self._of_programmes :])
        return Part(found, self._losers, self._unproved)

    def join(self, part: Part) -> None:
        """Take over what another one found of other cases, under the same programmes."""
        mine, theirs = self.report, part.report
        mine.decisions += theirs.decisions
        mine.erased += theirs.erased
        mine.outcomes.update(theirs.outcomes)
        mine.differences += theirs.differences
        self._unproved |= part.unproved
        for place, losers in part.losers.items():
            self._losers.setdefault(place, set()).update(losers)

    def prove(self, losers: Iterable[str]) -> None:
        """Somebody else found the cases that held what these lost."""
        for loser in losers:
            self._unproved.pop(loser, None)

    def finish(self) -> Report:
        """The report; who lost a place that nobody held is a difference."""
        for key, event_id in self._unproved.items():
            self.report.differences.append(Difference(key, event_id, "register"))
        self.report.differences.sort(key=lambda one: (one.key, one.event_id, one.what))
        return self.report

    def _publish(self, event: Envelope) -> None:
        """Keep a version's rules. Nothing is decided under a document whose bytes do not give its digest."""
        data = event.data
        self.report.versions += 1
        if hashlib.sha256(data["document"].encode()).hexdigest() != data["digest"]:
            self._differ(event, "digest")
            return
        rules = RuleSet(read_programme(orjson.loads(data["document"])))
        self._rules[data["programme_id"], data["version"]] = rules
        for other in rules.programme.exclusive_with:
            self._pairs |= {(data["programme_id"], other), (other, data["programme_id"])}

    def _decision(self, case: "_Case", event: Envelope, key: bytes | None) -> None:
        if key is None:
            self.report.erased += 1
            return
        self.report.decisions += 1
        self.report.outcomes[event.data["outcome"]] += 1
        rules = self._rules.get((event.data["programme_id"], event.data["programme_version"]))
        try:
            content = unseal(key, event.data["sealed"], place_of_sealing(event.key))
        except Unreadable:
            self._differ(event, "seal")
            return
        recorded = Finding.opened(content, event.data["outcome"], 0)
        if rules is None or rules.programme.digest != event.data["digest"]:
            self._differ(event, "digest")
        else:
            self._again(case, event, rules, key, recorded)
        if Register.of(recorded).lost:
            self._lost(event, case)
        case.stand(recorded)

    def _again(self, case: "_Case", event: Envelope, rules: RuleSet, key: bytes, recorded: Finding) -> None:
        try:
            found = case.again(event, rules, key, Register.of(recorded))
        except (Unreadable, FactsUnusable):
            self._differ(event, "facts")
        else:
            self._compare(event, recorded, found)

    def _compare(self, event: Envelope, recorded: Finding, found: Finding | None) -> None:
        if found is None:
            self._differ(event, "cause")
            return
        for name in COMPARED:
            if getattr(found, name) != getattr(recorded, name):
                self._differ(event, name)

    def _lost(self, event: Envelope, case: "_Case") -> None:
        """Remember whose places have to be proved."""
        if case.entered is not None:
            self._unproved[event.key] = event.id
            for place in self._claims(subject_of(case.entered)):
                self._losers.setdefault(place, set()).add(event.key)

    def _claims(self, subject: Subject) -> Iterator[Claim]:
        own = subject.programme_id
        pairs = [pair_scope(own, other) for one, other in self._pairs if one == own]
        yield from subject.claims({own: (own, *pairs)})

    def _differ(self, event: Envelope, what: str) -> None:
        self.report.differences.append(Difference(event.key, event.id, what))


class _Case:
    """One case as its events tell it, up to the decision that is made again."""

    def __init__(self, events: Sequence[Envelope]) -> None:
        self.entered: Envelope | None = None
        self.told = [event for event in events if event.type.startswith("eligibility.")]
        self._causes = {event.id: event for event in events if event.type.startswith("application.")}
        self._submitted = next((event for event in events if event.type == ENTERED[0]), None)
        self._standing: Finding | None = None
        self._year = 0

    def again(self, event: Envelope, rules: RuleSet, key: bytes, register: Register) -> Finding | None:
        """The decision, made again; None when what it rests on is not in the log."""
        cause = self._causes.get(event.causation or "")
        if cause is not None and cause.type in ENTERED:
            self.entered = cause
            facts = unseal(key, cause.data["sealed"], f"facts/{cause.key}")
            if event.type == REVIEWED and self._standing is not None:
                _, finding = find_again(rules, self._subject(cause), facts, self._year)
            else:
                finding = find(rules, self._subject(cause), facts)
                if self._standing is not None and self._standing.outcome == "referred":
                    finding = corrected(finding, self._standing.reasons)
        elif self._standing is None or self.entered is None or (cause is None and event.causation):
            return None
        elif cause is not None:
            finding = appealed(self._from_standing(rules, self._year))
        else:
            finding = self._from_standing(rules, day_of(event.time).year)
            if self._standing.outcome == "referred":
                finding = referred_again(finding, self._standing.reasons)
        return conclude(finding, rules.programme, register)

    def stand(self, recorded: Finding) -> None:
        """What stands after a decision."""
        self._standing = recorded
        self._year = int(recorded.looked_at["assessment_year"])

    def follow(self, event: Envelope) -> None:
        """What a person said in between: an objection refers, an upheld referral is eligible."""
        if self._standing is None:
            return
        if event.type == "eligibility.objected.v1":
            self._standing = objected(self._standing)
        elif event.type == "eligibility.referral_upheld.v1":
            content = self._standing.sealable()
            self._standing = Finding.opened(content, "eligible", self._standing.priority)

    def _from_standing(self, rules: RuleSet, year: int) -> Finding:
        if self._standing is None or self.entered is None:
            raise LookupError("nothing stands before the first decision")
        return find(rules, self._subject(self.entered, year), self._standing.values())

    def _subject(self, event: Envelope, year: int | None = None) -> Subject:
        submitted = moment_of((self._submitted or event).time)
        return subject_of(event, submitted, year)


def rerun(
    published: Iterable[Envelope], cases: Iterable[tuple[Sequence[Envelope], Mapping[str, bytes]]]
) -> Report:
    """Make the decisions of these cases again; each comes with the keys of its household. For a log that fits
    into memory: a larger one is fed to `Rerun` twice."""
    run, held = Rerun(published), list(cases)
    for events, keys in held:
        run.case(events, keys)
    for events, _ in held:
        run.witness(events)
    return run.finish()


def plain(report: Report) -> dict[str, Any]:
    """The report as JSON has it."""
    return {
        "same": report.same,
        "decisions": report.decisions,
        "outcomes": dict(sorted(report.outcomes.items())),
        "erased": report.erased,
        "versions": report.versions,
        "differences": [
            {"key": one.key, "event_id": one.event_id, "what": one.what} for one in report.differences
        ],
    }
