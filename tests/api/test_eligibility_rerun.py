"""Every decision in the log, made again under the version that it names: after rule changes, corrections,
appeals, objections, the turn of a year and a rebuild. What was tampered with is noticed."""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import orjson
import pytest
import time_machine

from services.eligibility.jobs import renew_evidence
from services.eligibility.rerunning import PUBLISHED, TYPES, Report, Rerun, plain, rerun
from shared.events import Envelope, parse
from shared.jobs import JobContext
from shared.privacy import seal
from tests.support.approval_lists import MONDAY, PROVINCIAL, act, decision, posted
from tests.support.eligibility import (
    FACTS,
    PROGRAMME,
    about,
    application,
    case,
    disbursed,
    document,
    eligibility_bench,
    heard,
    key_of,
    person,
    publish,
    take_in,
)
from tests.support.service import APPROVER

NEW_YEAR = datetime(2026, 12, 31, 17, 5, tzinfo=UTC)
CONFLICT = "conflict_of_interest"
NAMESAKE = person("Lý Thị Mẩy 1980-02-03 01075")


class World:
    """A service, and everything that was said to it and by it."""

    def __init__(self, clock: Any) -> None:
        self.clock = clock
        self.bench = eligibility_bench("national")
        publish(self.bench, document(exclusive_with=["national"]))
        self.heard: list[Envelope] = []
        self.kinh = ""

    def hear(self, type_: str, *data: dict[str, Any]) -> None:
        self.take_in(heard(type_, *data))

    def take_in(self, events: list[Envelope]) -> None:
        self.heard += events
        take_in(self.bench, events)

    def submit(self, number: int = 1, **options: Any) -> list[dict[str, Any]]:
        data = [application(**options) for _ in range(number)]
        self.hear("application.submitted.v1", *data)
        return data

    def correct(self, one: dict[str, Any], revision: int = 2, **changes: Any) -> None:
        wanted = {name: one[name] for name in ("application_id", "household_id", "programme_id", "persons")}
        data = {**application(**{**wanted, **changes}), "revision": revision, "reason": "MISTYPED"}
        self.hear("application.corrected.v1", data)

    def call(self, path: str, who: Any, **body: Any) -> None:
        answer = self.bench.call("POST", path, who, json=body or None, key=True)
        assert answer.status_code == 200, answer.text

    def log(self) -> list[Envelope]:
        return [*self.heard, *self.bench.events()]

    def report(self, events: Sequence[Envelope] | None = None) -> Report:
        return rerun_log(self.log() if events is None else events)


def rerun_log(events: Sequence[Envelope], keys: Any = key_of) -> Report:
    published = [event for event in events if event.type == PUBLISHED]
    return rerun(published, cases_of(events, keys))


def cases_of(events: Sequence[Envelope], keys: Any = key_of) -> list[tuple[list[Envelope], dict[str, bytes]]]:
    """The events of each case, with the keys of its household."""
    ours = sorted((event for event in events if event.type in TYPES), key=lambda event: event.key)
    cases = []
    for _, group in groupby(
        (event for event in ours if event.type != PUBLISHED), key=lambda event: event.key
    ):
        told = sorted(group, key=lambda event: (event.stream, event.version))
        households = {event.data["household_id"] for event in told}
        cases.append((told, {one: keys(one) for one in households if keys(one)}))
    return cases


def for_all_groups(changed: dict[str, Any]) -> dict[str, Any]:
    """The document with other tables: the majority is served, too."""
    changed = copy.deepcopy(changed)
    refusals, tables = (node["content"] for node in changed["rules"]["nodes"] if "content" in node)
    refusals["rules"] = [row for row in refusals["rules"] if row["_id"] != "R4"]
    tables["rules"][1]["minority"] = ""
    return changed


def play(world: World) -> None:
    """Cases that go every way, under four versions of the rules."""
    bench = world.bench
    plain_ = world.submit(3)[0]
    (refused,) = world.submit(has_smartphone=True)
    world.submit(members_count=0)
    (first,) = world.submit(persons=[person("Mẩy")], namesakes=[NAMESAKE], certificate=person("paper"))
    (other,) = world.submit(persons=[person("Mẩy")], commune="00691")
    world.submit(certificate=person("paper"), programme_id="national")
    world.submit(namesakes=[NAMESAKE])
    publish(
        bench,
        document(version=2, exclusive_with=["national"], refer_on=[CONFLICT, "nine_digit_id"]),
    )
    (nine,) = world.submit(identity="cmnd", priority_group="merit")
    world.correct(plain_, members_count=2)
    world.correct(refused, has_smartphone=False, doubts=["CITIZEN_ID_SEX_DIFFERS"])
    world.hear("application.appealed.v1", about(other, sealed="x"))
    (bought,) = world.submit(has_smartphone=True)
    world.hear("application.appealed.v1", about(bought, sealed="x"))
    world.correct(bought, has_smartphone=True, members_count=2)
    (kinh,) = world.submit(ethnicity="01", ethnic_minority=False)
    publish(bench, for_all_groups(document(version=3)))
    world.correct(kinh, ethnicity="01", ethnic_minority=False)
    world.kinh = kinh["application_id"]
    list_id = posted(bench)
    body = {"application_id": refused["application_id"], "ground": "MOVED", "text": "Đã đi."}
    assert act(bench, list_id, "/objections", **body).status_code == 201
    world.correct(refused, revision=3, has_smartphone=False)
    world.call(f"/cases/{first['application_id']}:approve", APPROVER, **decision(23))
    world.correct(first, persons=[person("Mẩy"), person("Pà")])
    world.correct(first, revision=3, has_smartphone=True)
    world.call(f"/referrals/{nine['application_id']}:uphold", PROVINCIAL, reason="Đúng.")
    taken_back, own, kept, renewed = world.submit(4)
    for one in (taken_back, own, kept, renewed):
        world.call(f"/cases/{one['application_id']}:approve", APPROVER, **decision(23))
    world.call(f"/cases/{taken_back['application_id']}:revoke", PROVINCIAL, reason="MOVED_AWAY")
    world.correct(taken_back, members_count=2, doubts=["CITIZEN_ID_SEX_DIFFERS"])
    world.correct(own, entered_by=APPROVER.subject)
    for one in (taken_back, own):
        world.take_in(disbursed("voucher.cancelled", one, voucher_id=None, amount=0, reason="REVOKED"))
    publish(bench, document(version=4, period={"from": "2026-01-01", "to": "2027-12-31"}))
    world.clock.move_to(NEW_YEAR)
    renew_evidence(JobContext(bench.settings, bench.database))
    world.correct(plain_, revision=3, certificate_year=2027)
    world.correct(kept, members_count=3)
    world.correct(renewed, certificate_year=2027)


@pytest.fixture
def world() -> Iterator[World]:
    with time_machine.travel(MONDAY, tick=True) as clock:
        yield World(clock)


def test_every_decision_comes_out_the_same(world: World) -> None:
    play(world)
    report = world.report()
    assert report.differences == []
    assert report.versions == 5
    decisions = [event for event in world.log() if event.type.startswith("eligibility.")]
    assert report.decisions == sum(
        event.type.split(".")[1] in ("assessed", "reviewed") for event in decisions
    )
    assert {"eligible", "ineligible", "referred"} <= set(report.outcomes)
    versions = {event.data["programme_version"] for event in decisions if "programme_version" in event.data}
    assert versions == {1, 2, 3, 4}, "the log holds decisions of more than one version"
    kinh = [event.data for event in decisions if event.key == world.kinh and "outcome" in event.data]
    assert [(one["programme_version"], one["outcome"]) for one in kinh] == [
        (2, "ineligible"),
        (3, "eligible"),
        (4, "ineligible"),
    ], "the tables differ, and the log shows it"
    happened = {event.type.split(".")[1] for event in decisions}
    assert happened == {"assessed", "reviewed", "approved", "revoked", "objected", "referral_upheld"}


def test_and_again_after_a_rebuild(world: World) -> None:
    """A new service that hears the same events decides the same, and its log reruns as well."""
    made = [
        world.submit(
            poverty_status=status,
            has_smartphone=phone,
            members_count=members,
            ethnicity=group,
            conflict_of_interest=conflict,
            persons=[person(f"Mẩy {members}")],
        )[0]
        for status in ("poor", "near_poor", "none")
        for phone in (False, True)
        for members in (0, 1, 2)
        for group in ("01", "09")
        for conflict in (False, True)
    ]
    for one in made[::5]:
        world.correct(one, has_smartphone=True, persons=one["persons"])
    again = World(world.clock)
    again.take_in(world.heard)
    for one in made:
        before, after = (case(each.bench, one["application_id"]) for each in (world, again))
        assert (before.status, before.digest, before.priority, before.due_on) == (
            after.status,
            after.digest,
            after.priority,
            after.due_on,
        )
    assert again.report().differences == world.report().differences == []
    assert len(world.report().outcomes) == 3


def changed(event: Envelope, **data: Any) -> Envelope:
    return replace(event, data={**event.data, **data})


class TestWhatWasTamperedWith:
    def differences(self, world: World, tamper: Any) -> set[str]:
        report = world.report([tamper(event) for event in world.log()])
        return {one.what for one in report.differences}

    def test_a_changed_byte_of_a_published_rule(self, world: World) -> None:
        world.submit()

        def tamper(event: Envelope) -> Envelope:
            if event.type != PUBLISHED or event.data["programme_id"] != PROGRAMME:
                return event
            text = event.data["document"]
            place = text.index('"amount":500000') + len('"amount":50000')
            return changed(event, document=f"{text[:place]}1{text[place + 1 :]}")

        assert self.differences(world, tamper) == {"digest"}

    def test_an_outcome_that_the_rules_do_not_give(self, world: World) -> None:
        world.submit(has_smartphone=True)

        def tamper(event: Envelope) -> Envelope:
            return changed(event, outcome="eligible") if event.type == "eligibility.assessed.v1" else event

        assert self.differences(world, tamper) == {"outcome"}

    def test_facts_that_were_changed_afterwards(self, world: World) -> None:
        world.submit()

        def tamper(event: Envelope) -> Envelope:
            if event.type != "application.submitted.v1":
                return event
            facts = {**FACTS, "has_smartphone": True}
            sealed = seal(key_of(event.data["household_id"]), facts, f"facts/{event.key}")
            return changed(event, sealed=sealed)

        assert {"outcome", "reasons", "looked_at"} <= self.differences(world, tamper)

    @pytest.mark.parametrize(
        ("type_", "what"), [("eligibility.assessed.v1", "seal"), ("application.submitted.v1", "facts")]
    )
    def test_a_seal_that_does_not_open_is_told_and_stops_nothing(
        self, world: World, type_: str, what: str
    ) -> None:
        (one,) = world.submit()
        world.submit()

        def tamper(event: Envelope) -> Envelope:
            broken = event.type == type_ and event.key == one["application_id"]
            return changed(event, sealed="AAAA" + event.data["sealed"]) if broken else event

        report = world.report([tamper(event) for event in world.log()])
        assert [(found.key, found.what) for found in report.differences] == [(one["application_id"], what)]
        assert report.decisions == 2

    def test_facts_that_fit_no_rule(self, world: World) -> None:
        world.submit()

        def tamper(event: Envelope) -> Envelope:
            if event.type != "application.submitted.v1":
                return event
            sealed = seal(key_of(event.data["household_id"]), {"poverty_status": 5}, f"facts/{event.key}")
            return changed(event, sealed=sealed)

        assert self.differences(world, tamper) == {"facts"}

    def test_a_place_that_nobody_held(self, world: World) -> None:
        (first,) = world.submit(persons=[person("Mẩy")])
        world.submit(persons=[person("Mẩy")])
        events = [event for event in world.log() if event.key != first["application_id"]]
        assert {one.what for one in world.report(events).differences} == {"register"}

    def test_an_event_that_is_missing(self, world: World) -> None:
        (one,) = world.submit()
        events = [event for event in world.log() if event.type != "application.submitted.v1"]
        report = world.report(events)
        assert [(found.key, found.what) for found in report.differences] == [(one["application_id"], "cause")]


@pytest.mark.parametrize("of", [1, 2, 3])
def test_shared_out_it_comes_out_as_in_one(world: World, of: int) -> None:
    """Also who lost a place to a case of another share, and a rule that was tampered with."""
    (first,) = world.submit(persons=[person("Sò")])
    world.submit(persons=[person("Sò")])
    play(world)
    log = [event for event in world.log() if event.key != first["application_id"]]
    log = [
        changed(event, digest="0" * 64) if event.type == PUBLISHED and event.version == 3 else event
        for event in log
    ]
    published = [event for event in log if event.type == PUBLISHED]
    ours = [event for event in log if event.type != PUBLISHED]
    shares = [[event for event in ours if int(event.key[-2:], 16) % of == number] for number in range(of)]
    whole = Rerun(published)
    for share in shares:
        run = Rerun(published)
        for told, keys in cases_of(share):
            run.case(told, keys)
        whole.join(run.part)
    assert whole.needs_witnesses
    asked = replace(whole.part, report=Report())
    for share in shares:
        run = Rerun(published)
        run.join(asked)
        for told, _ in cases_of(share):
            run.witness(told)
        whole.prove(asked.unproved.keys() - run.part.unproved.keys())
    assert plain(whole.finish()) == plain(rerun_log(log))
    assert {"digest", "register"} <= {one.what for one in whole.report.differences}


def test_an_erased_household_is_counted_and_passed_over(world: World) -> None:
    one, _ = world.submit(2)
    gone = one["household_id"]
    report = rerun_log(world.log(), lambda household: None if household == gone else key_of(household))
    assert plain(report) == {
        "same": True,
        "decisions": 1,
        "outcomes": {"eligible": 1},
        "erased": 1,
        "versions": 2,
        "differences": [],
    }


def test_events_survive_their_way_through_bytes(world: World) -> None:
    """What the audit keeps are bytes: parsed again they rerun as well."""
    world.submit(2, identity="cmnd", doubts=["CITIZEN_ID_SEX_DIFFERS"])
    again = [parse(event.raw) for event in world.log()]
    assert rerun_log(again).same
    assert orjson.dumps(plain(rerun_log(again)))
