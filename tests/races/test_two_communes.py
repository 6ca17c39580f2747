"""Two communes submit the same person at the same instant, two hundred times, on both brokers: one eligible
each time, and the other one is told nothing about it. The control drops the UNIQUE that decides."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from functools import partial
from itertools import count

import pytest

from services.eligibility.cases import opened
from services.eligibility.handlers import HANDLERS
from shared.eventlog import EventLog, Record, load_topics
from shared.eventlog.placing import partition_of
from shared.events import lookup, new_id
from shared.inbox import Consume
from songban.processes import TOPICS_FILE
from tests.races.conftest import all_at_once
from tests.support.eligibility import (
    Keys,
    application,
    case,
    eligibility_bench,
    heard,
    key_of,
    person,
    reasons,
)
from tests.support.eventlog import Address, send
from tests.support.kafka import kafka_broker
from tests.support.kernel import Running
from tests.support.postgres import create_database
from tests.support.service import COMMUNE, Bench
from tests.support.waiting import wait_for

__all__ = ["kafka_broker"]

BOTH = [pytest.param("embedded"), pytest.param("kafka", marks=pytest.mark.kafka)]
HERE, THERE = COMMUNE, "00691"
TIMES, CONSUMERS, BATCH = 200, 4, 10
SUBMITTED = "application.submitted.v1"
TOPIC = lookup(SUBMITTED).topic

Pair = tuple[str, str]
"""The ids of one person's two applications."""


@pytest.fixture(params=BOTH)
def log(request: pytest.FixtureRequest) -> Iterator[EventLog]:
    if request.param == "kafka":
        address = Address("kafka", bootstrap=request.getfixturevalue("kafka_broker"))
    else:
        address = Address("embedded", database_url=create_database("log"))
    with closing(address.connect()) as event_log:
        event_log.ensure_topics(load_topics(TOPICS_FILE))
        yield event_log


@pytest.fixture
def bench() -> Bench:
    return eligibility_bench()


def ids_apart() -> Pair:
    """Two ids whose events travel in partitions far apart, so that two consumers get them."""
    first = new_id()
    for _ in count():
        second = new_id()
        if abs(_partition(first) - _partition(second)) == 6:
            return first, second
    raise AssertionError("unreachable")


def _partition(key: str) -> int:
    return partition_of(key.encode(), 12)


def submit_twice(log: EventLog, pairs: list[Pair]) -> None:
    """Both communes send their lists at once, in the same order."""
    lists = [
        heard(
            SUBMITTED,
            *(
                application(application_id=pair[place], persons=[person(pair[0])], commune=commune)
                for pair in pairs
            ),
        )
        for place, commune in enumerate((HERE, THERE))
    ]
    records = [[Record(TOPIC, event.key, event.raw) for event in events] for events in lists]
    all_at_once([partial(send, log, one) for one in records])


def settled(log: EventLog, bench: Bench) -> list[Pair]:
    """The pairs, after every application was assessed by one of several consumers of the real log."""
    pairs = [ids_apart() for _ in range(TIMES)]
    keys = Keys(bench.settings.wrapping_key)
    with ExitStack() as running:
        for _ in range(CONSUMERS):
            consume = Consume("eligibility", bench.database, log, HANDLERS, key_source=keys, batch=BATCH)
            running.enter_context(Running(consume.run))
        submit_twice(log, pairs)
        ours = [one for pair in pairs for one in pair]
        wait_for(lambda: _assessed(bench, ours) == 2 * TIMES, "every application is assessed", 120)
    return pairs


def _assessed(bench: Bench, ids: list[str]) -> int:
    statement = "SELECT count(*) FROM case_file WHERE application_id = ANY(CAST(:ids AS uuid[]))"
    return int(bench.sql(statement, ids=ids)[0][0])


def winners(bench: Bench, pairs: list[Pair]) -> list[int]:
    """How many of each person's two applications are eligible."""
    return [sum(case(bench, one).status == "eligible" for one in pair) for pair in pairs]


def test_one_of_two_is_eligible_and_the_other_learns_nothing(log: EventLog, bench: Bench) -> None:
    pairs = settled(log, bench)
    assert winners(bench, pairs) == [1] * TIMES
    told = {event.key: event for event in bench.events() if event.type == "eligibility.assessed.v1"}
    for pair in pairs:
        (loser,) = (one for one in pair if case(bench, one).status == "ineligible")
        (winner,) = set(pair) - {loser}
        assert reasons(bench, loser) == ["DUPLICATE_PERSON"]
        row = case(bench, winner)
        sealed = _opened(bench, loser)
        for secret in (winner, str(row.household_id), row.commune, row.entered_by):
            assert secret not in sealed
        assert winner not in told[loser].raw.decode()
    assert len({case(bench, one).commune for pair in pairs for one in pair}) == 2


def _opened(bench: Bench, application_id: str) -> str:
    """Everything that is sealed in a case file, as text."""
    row = case(bench, application_id)
    return str(opened(row, key_of(str(row.household_id))))


def test_control_without_the_unique_both_win(log: EventLog, bench: Bench) -> None:
    bench.sql("ALTER TABLE place_claim DROP CONSTRAINT place_claim_pkey")
    pairs = settled(log, bench)
    with pytest.raises(AssertionError):
        assert winners(bench, pairs) == [1] * TIMES
