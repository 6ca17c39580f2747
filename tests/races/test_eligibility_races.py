"""Decisions under fire: each case is approved once, each person has one winner. Where a guard decides, a
control runs the same race with the guard taken out, and the promise must break."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
import requests
from sqlalchemy import Select, text
from sqlalchemy.orm import Session

from services.eligibility import approving, claims, quotas
from services.eligibility.approving import Approved, Decision, Scope
from services.eligibility.commands import lists
from services.eligibility.domain import Claim, Subject, settle
from services.eligibility.rules import Programme
from shared.auth import Actor, Role
from shared.inbox import Consume
from tests.races.conftest import Served, all_at_once
from tests.support.eligibility import (
    PROGRAMME,
    Keys,
    application,
    document,
    heard,
    person,
    publish,
    submitted,
)
from tests.support.service import COMMUNE, Bench, actor, delivered, token

Serve = Callable[[str], Served]

DECISION = {"decision_number": "12/QĐ-UBND", "decision_date": "2026-11-20"}
LIST = {**DECISION, "programme_id": PROGRAMME, "commune": COMMUNE, "application_ids": None}
CLIENTS, CASES, ROUNDS = 16, 200, 8
CHAIRS = [actor(Role.APPROVER, subject=f"chair-{number}") for number in range(CLIENTS)]


def ready(serve: Serve, cases: int) -> tuple[Served, list[str]]:
    """A service with eligible cases."""
    served = serve("eligibility")
    publish(served.bench, document())
    return served, [one["application_id"] for one in submitted(served.bench, cases)]


def approvals(bench: Bench) -> Counter[str]:
    """How often each case was approved, by the events."""
    return Counter(event.key for event in bench.events() if event.type == "eligibility.approved.v1")


def assert_each_approved_once(bench: Bench, cases: Sequence[str]) -> None:
    assert approvals(bench) == Counter(dict.fromkeys(cases, 1))
    positions = [row.position for row in bench.sql("SELECT position FROM case_file ORDER BY position")]
    assert positions == list(range(1, len(cases) + 1))


class Client:
    """One approver with one connection that stays open; a broken one raises."""

    def __init__(self, url: str, who: Actor) -> None:
        self._url = url
        self._http = requests.Session()
        self._http.headers["Authorization"] = f"Bearer {token(who)}"

    def approve(self, application_ids: Sequence[str]) -> list[tuple[str, int]]:
        return [(one, self._approve(one)) for one in application_ids]

    def _approve(self, application_id: str) -> int:
        answer = self._http.post(
            f"{self._url}/cases/{application_id}:approve",
            json=DECISION,
            headers={"Idempotency-Key": str(uuid4())},
            timeout=60,
        )
        return answer.status_code


@pytest.mark.slow
def test_sixteen_clients_approve_two_hundred_cases_one_by_one_in_eight_rounds(serve: Serve) -> None:
    """Each case is tried by two clients: one approves it, the other hears that it is decided."""
    served, cases = ready(serve, 0)
    for _ in range(ROUNDS):
        fresh = [one["application_id"] for one in submitted(served.bench, CASES)]
        cases += fresh
        clients = [Client(served.url, who) for who in CHAIRS]
        shares = [fresh[place % 8 :: 8] for place in range(CLIENTS)]
        calls = [partial(one.approve, share) for one, share in zip(clients, shares, strict=True)]
        answers = [answer for told in all_at_once(calls) for answer in told]
        assert Counter(status for _, status in answers) == {200: CASES, 409: CASES}
        assert Counter(one for one, status in answers if status == 200) == Counter(dict.fromkeys(fresh, 1))
    assert_each_approved_once(served.bench, cases)


def two_lists(served: Served, count: int = 8) -> list[requests.Response]:
    """Several chairs press at once, for the same commune."""
    calls = [partial(served.post, "/approval-lists", who, LIST, str(uuid4())) for who in CHAIRS[:count]]
    return all_at_once(calls)


def test_lists_pressed_at_once_approve_each_case_once(serve: Serve) -> None:
    served, cases = ready(serve, 120)
    answers = two_lists(served)
    assert {answer.status_code for answer in answers} == {201}
    assert sum(answer.json()["approved"] for answer in answers) == len(cases)
    assert_each_approved_once(served.bench, cases)


def test_a_list_and_single_approvals_at_once_approve_each_case_once(serve: Serve) -> None:
    served, cases = ready(serve, 80)
    singles = [partial(Client(served.url, who).approve, cases) for who in CHAIRS[:4]]
    lists = [partial(served.post, "/approval-lists", who, LIST, str(uuid4())) for who in CHAIRS[4:6]]
    outcome = all_at_once([*singles, *lists])  # type: ignore[list-item]
    told = [status for client in outcome[:4] for _, status in client]  # type: ignore[attr-defined]
    assert set(told) <= {200, 409}
    made = sum(answer.json()["approved"] for answer in outcome[4:])  # type: ignore[attr-defined]
    assert made + told.count(200) == len(cases)
    assert_each_approved_once(served.bench, cases)


def test_control_without_its_guards_a_case_is_approved_twice(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    served, cases = ready(serve, 20)
    served.bench.sql("ALTER TABLE case_file DISABLE TRIGGER case_file_keeps_its_makers")
    looked = threading.Barrier(4)

    def look_then_update(
        session: Session,
        scope: Scope,
        _programme: Programme,
        approver: str,
        decision: Decision,
        statuses: Sequence[str],
    ) -> list[Approved]:
        """Everybody has seen the cases open; now everybody approves what was seen."""
        terms = approving._terms_by_version(session, scope.programme_id)
        query: Select[Any] = Select(approving.CaseFile).where(*scope.open(statuses))
        seen = session.scalars(query.order_by(approving.CaseFile.application_id)).all()
        looked.wait(timeout=30)
        for place, one in enumerate(seen, 1):
            one.status, one.approved_by, one.position = "approved", approver, place
            one.decision_number, one.decision_date, one.amount = decision.number, decision.date, 500_000
        session.flush()
        return [
            Approved(
                one.application_id,
                one.household_id,
                one.commune,
                one.province,
                one.programme_version,
                one.priority,
                one.submitted_at,
                int(one.position or 0),
                terms[one.programme_version],
            )
            for one in seen
        ]

    monkeypatch.setattr(approving, "approve", look_then_update)
    two_lists(served, 4)
    with pytest.raises(AssertionError):
        assert_each_approved_once(served.bench, cases)
    assert max(approvals(served.bench).values()) > 1


def eight_batches(bench: Bench) -> dict[str, int]:
    """Eight consumers at once take in applications that all name the same twenty persons, in other orders."""
    from services.eligibility.handlers import HANDLERS

    persons = [person(f"person-{number}") for number in range(20)]
    keys = Keys(bench.settings.wrapping_key)

    def consume(number: int) -> None:
        turned = persons[number:] + persons[:number]
        events = heard("application.submitted.v1", *(application(persons=[one]) for one in turned))
        consumer = Consume("eligibility", bench.database, None, HANDLERS, key_source=keys, patience=30)  # type: ignore[arg-type]
        consumer.take_in([delivered(event, place) for place, event in enumerate(events)])

    all_at_once([partial(consume, number) for number in range(8)])
    rows = bench.sql("SELECT persons, count(*) FILTER (WHERE status = 'eligible') FROM case_file GROUP BY 1")
    return {row[0]: row[1] for row in rows}


def assert_one_winner_each(winners: dict[str, int]) -> None:
    assert len(winners) == 20
    assert set(winners.values()) == {1}


def test_the_same_person_has_one_winner_among_eight_consumers(serve: Serve) -> None:
    served, _ = ready(serve, 0)
    assert_one_winner_each(eight_batches(served.bench))
    held = dict(
        tuple(row) for row in served.bench.sql("SELECT kind, count(*) FROM place_claim GROUP BY kind")
    )
    assert held == {"person": 20, "household": 20}
    tallied = dict(tuple(row) for row in served.bench.sql("SELECT reason, count FROM reason_tally"))
    assert tallied == {"DUPLICATE_PERSON": 140}


def test_control_without_the_key_a_person_wins_several_times(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    served, _ = ready(serve, 0)
    looked = threading.Barrier(8)

    def look_then_claim(session: Session, subjects: Sequence[Subject]) -> dict[str, tuple[str, ...]]:
        scopes = {PROGRAMME: (PROGRAMME,)}
        places: list[Claim] = [place for one in subjects for place in one.claims(scopes)]
        held = claims._holders(session, places)
        looked.wait(timeout=30)
        return settle(subjects, held, scopes)[1]

    monkeypatch.setattr(claims, "claim", look_then_claim)
    winners = eight_batches(served.bench)
    with pytest.raises(AssertionError):
        assert_one_winner_each(winners)
    assert max(winners.values()) > 1


QUOTA = 50


def lists_on_a_quota(serve: Serve) -> tuple[int, Served]:
    """Eight chairs press at once for 120 cases on a quota of fifty; returns how many stand approved."""
    served = serve("eligibility")
    publish(served.bench, document(quota={"households": QUOTA}))
    submitted(served.bench, 120)
    answers = two_lists(served)
    assert {answer.status_code for answer in answers} <= {201, 500}
    statement = "SELECT count(*) FROM case_file WHERE status = 'approved'"
    return int(served.bench.sql(statement)[0][0]), served


def test_lists_pressed_at_once_never_exceed_the_quota(serve: Serve) -> None:
    standing, served = lists_on_a_quota(serve)
    assert standing == QUOTA
    assert served.bench.sql("SELECT sum(used) FROM approval_count")[0][0] == QUOTA


def test_control_without_its_lock_the_quota_is_exceeded(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody sees the same room, and nobody looks again."""
    together = threading.Barrier(8)
    take = quotas.take

    def look(_session: Session, programme: Programme) -> quotas.Room:
        together.wait(timeout=30)
        return quotas.Room(programme.quota, {})

    def count(session: Session, programme: Programme, provinces: Any) -> None:
        take(session, replace(programme, quota=None), provinces)

    monkeypatch.setattr(quotas, "room", look)
    monkeypatch.setattr(quotas, "take", count)
    standing, _ = lists_on_a_quota(serve)
    assert standing > QUOTA


def drafts_at_once(served: Served) -> list[int]:
    """Four chairs draft a list of the same commune; the sizes of the lists that came out."""
    body = {"programme_id": PROGRAMME, "commune": COMMUNE}
    calls = [partial(served.post, "/lists", who, body, str(uuid4())) for who in CHAIRS[:4]]
    answers = all_at_once(calls)
    assert {answer.status_code for answer in answers} <= {201, 409}
    return [answer.json()["size"] for answer in answers if answer.status_code == 201]


def test_a_case_stands_on_one_of_the_lists_drafted_at_once(serve: Serve) -> None:
    served, cases = ready(serve, 60)
    assert drafts_at_once(served) == [len(cases)]
    ranks = [row.rank for row in served.bench.sql("SELECT rank FROM list_entry ORDER BY rank")]
    assert ranks == list(range(1, len(cases) + 1))


def test_control_without_lock_and_unique_it_stands_on_several(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    served, cases = ready(serve, 60)
    served.bench.sql("DROP INDEX list_entry_one_open_list")
    together = threading.Barrier(4)
    told = lists.record

    def wait_for_the_others(*arguments: Any, **options: Any) -> Any:
        """All have gathered, and nobody has committed yet."""
        together.wait(timeout=30)
        return told(*arguments, **options)

    monkeypatch.setattr(lists, "_ONE_AT_A_TIME", text("SELECT CAST(:place AS text)"))
    monkeypatch.setattr(lists, "_GATHER", text(str(lists._GATHER).replace("FOR UPDATE", "")))
    monkeypatch.setattr(lists, "record", wait_for_the_others)
    assert drafts_at_once(served) == [len(cases)] * 4


def test_a_referral_is_taken_by_one_of_eight(serve: Serve) -> None:
    served = serve("eligibility")
    publish(served.bench, document())
    (one,) = submitted(served.bench, 1, conflict_of_interest=True)
    province = [actor(Role.APPROVER, subject=f"duyet-{n}", commune=None, province="08") for n in range(8)]
    path = f"/referrals/{one['application_id']}:take"
    answers = all_at_once([partial(served.post, path, who, None, str(uuid4())) for who in province])
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 7}
    (row,) = served.bench.sql("SELECT taken_by, reviewers FROM case_file")
    assert row.reviewers == [row.taken_by]


def test_one_version_of_a_programme_is_published_once_by_many(serve: Serve) -> None:
    served = serve("eligibility")
    manager = actor(Role.MANAGER, commune=None, province="08")
    bodies = [{"document": document(budget=1 + number % 2)} for number in range(8)]
    calls = [partial(served.post, "/programmes", manager, body, str(uuid4())) for body in bodies]
    answers = Counter(answer.status_code for answer in all_at_once(calls))
    assert answers == {201: 1, 200: 3, 409: 4}
    assert [event.type for event in served.bench.events()] == ["programme.published.v1"]
