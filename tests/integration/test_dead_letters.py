"""Dead letters: replayed in order, or given up for a reason; never handled twice, never out of place."""

from typing import Any

import pytest
from click.testing import CliRunner

from shared.db import Database
from shared.events import Head
from shared.inbox import discard, find, replay
from shared.inbox.dead_letters import NothingToSettle
from songban.cli import cli
from tests.integration.test_inbox import Service, fail_at, stream
from tests.support.kernel import Chain, received, shop, sql, stop_shop


@pytest.fixture
def service(database: Database) -> Service:
    return Service(database)


def again(service: Service, **options: Any) -> tuple[int, list[str]]:
    done, failures = replay(service.database, "disbursement", service.handlers, "ops", **options)
    return done, [f"{letter.stream} v{letter.version}: {error}" for letter, error in failures]


def open_letters(service: Service) -> list[tuple[str | None, int | None]]:
    with service.database.transaction() as session:
        return [(letter.stream, letter.version) for letter in find(session)]


def give_up(service: Service, position: int = 0, reason: str = "entered by mistake") -> None:
    with service.database.transaction() as session:
        discard(session, find(session)[position].id, "ops", reason)


def test_a_replay_takes_a_stream_in_again_in_order(service: Service) -> None:
    chain = Chain()
    service.trouble = fail_at("a", "b")
    for event in [*stream(chain, "a", 3), *stream(chain, "b", 2)]:
        service.take_in(event)
    assert len(open_letters(service)) == 5
    service.trouble = fail_at()
    assert again(service) == (5, [])
    assert service.seen() == {"shop/a": [1, 2, 3], "shop/b": [1, 2]}
    assert open_letters(service) == []
    service.take_in(chain.event(stop_shop("a")))
    assert service.seen()["shop/a"] == [1, 2, 3, 4]
    rows = sql(service.database, "SELECT DISTINCT status, settled_by FROM dead_letter")
    assert [tuple(row) for row in rows] == [("replayed", "ops")]


def test_a_stream_stops_at_its_first_letter_that_fails_again_the_others_go_on(service: Service) -> None:
    chain = Chain()
    service.trouble = fail_at("a", "b")
    service.take_in(*stream(chain, "a", 3), *stream(chain, "b", 2))
    service.trouble = fail_at("a", version=2)
    assert again(service) == (3, ["shop/a v2: ValueError: no room for this"])
    assert service.seen() == {"shop/a": [1], "shop/b": [1, 2]}
    assert open_letters(service) == [("shop/a", 2), ("shop/a", 3)]


def test_one_stream_alone_can_be_replayed(service: Service) -> None:
    service.trouble = fail_at("a", "b")
    service.take_in(*stream(Chain(), "a", 1), *stream(Chain(), "b", 1))
    service.trouble = fail_at()
    assert again(service, stream="shop/b") == (1, [])
    assert open_letters(service) == [("shop/a", 1)]


def test_late_predecessors_are_replayed_before_what_waited_for_them(service: Service) -> None:
    one, two, three = stream(Chain(), "a", 3)
    service.take_in(one, three)
    assert again(service) == (0, ["shop/a v3: ValueError: shop/a: version 2 has not come yet"])
    service.take_in(two)
    assert again(service) == (2, [])
    assert service.seen() == {"shop/a": [1, 2, 3]}


def test_a_contradiction_cannot_be_replayed_only_given_up(service: Service) -> None:
    chain = Chain()
    one = chain.event(shop("a"))
    service.take_in(one, chain.event(shop("a"), head=Head()))
    done, (failure,) = again(service)
    assert done == 0
    assert "discard" in failure
    give_up(service)
    assert service.seen() == {"shop/a": [1]}
    service.take_in(chain.event(stop_shop("a"), head=Head(1, one.hash)))
    assert service.seen() == {"shop/a": [1, 2]}


def test_malformed_letters_do_not_wait_for_each_other(service: Service) -> None:
    service.take_in(b"one", b"two")
    done, failures = again(service)
    assert (done, len(failures)) == (0, 2)


def test_a_malformed_letter_that_can_be_read_now_is_taken_in_once(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = Chain().event(shop("a"))
    record = received(event)
    with monkeypatch.context() as patched:
        patched.setattr("shared.inbox.batch.parse", _unreadable)
        service.take_in(record)
    assert open_letters(service) == [(None, None)]
    assert again(service) == (1, [])
    service.take_in(record)
    assert service.seen() == {"shop/a": [1]}


def _unreadable(_raw: bytes) -> None:
    from shared.events import MalformedEvent

    raise MalformedEvent("an old reader")


def test_what_is_given_up_keeps_its_reason_and_frees_its_stream(service: Service) -> None:
    one, two, three = stream(Chain(), "a", 3)
    service.trouble = fail_at("a", version=2)
    service.take_in(one, two)
    give_up(service)
    service.take_in(three)
    assert service.seen() == {"shop/a": [1, 3]}
    (row,) = sql(service.database, "SELECT status, settled_by, settled_reason, bytes FROM dead_letter")
    assert (row.status, row.settled_by, row.settled_reason) == ("discarded", "ops", "entered by mistake")
    assert bytes(row.bytes) == two.raw


def test_what_was_parked_behind_it_goes_through_by_replay(service: Service) -> None:
    service.trouble = fail_at("a", version=1)
    service.take_in(*stream(Chain(), "a", 3))
    give_up(service)
    assert again(service) == (2, [])
    assert service.seen() == {"shop/a": [2, 3]}


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_nothing_is_given_up_without_a_reason(service: Service, reason: str) -> None:
    service.take_in(b"junk")
    with pytest.raises(ValueError, match="reason"):
        give_up(service, reason=reason)
    assert len(open_letters(service)) == 1


def test_a_letter_is_settled_once(service: Service) -> None:
    service.take_in(b"junk")
    with service.database.transaction() as session:
        letter = find(session)[0].id
    give_up(service)
    with service.database.transaction() as session, pytest.raises(NothingToSettle):
        discard(session, letter, "ops", "again")
    assert again(service) == (0, [])
    with service.database.transaction() as session:
        assert [found.status for found in find(session, open_only=False)] == ["discarded"]


def test_a_failed_replay_leaves_the_letter_open_and_nothing_written(service: Service) -> None:
    service.trouble = fail_at("a")
    service.take_in(*stream(Chain(), "a", 1))
    assert again(service)[0] == 0
    assert open_letters(service) == [("shop/a", 1)]
    assert service.seen() == {}


def test_a_type_nobody_decided_about_waits_for_the_decision(service: Service) -> None:
    handler = service.handlers.pop("shop.suspended.v1")
    service.take_in(*stream(Chain(), "a", 2))
    assert "no decision about shop.suspended.v1" in again(service)[1][0]
    service.handlers["shop.suspended.v1"] = handler
    assert again(service) == (1, [])
    assert service.seen() == {"shop/a": [1, 2]}


def test_the_command_says_when_there_are_more_than_it_lists(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.trouble = fail_at("a")
    service.take_in(*stream(Chain(), "a", 3))
    monkeypatch.setattr("songban.cli.letters.service_database", lambda *_: service.database)
    listed = ["dead-letters", "list", "disbursement"]
    some = CliRunner().invoke(cli, [*listed, "--limit", "2"])
    assert [line.split()[3:5] for line in some.stdout.splitlines()] == [["shop/a", "v1"], ["shop/a", "v2"]]
    assert some.stderr == "2 dead letters, and more: see --limit\n"
    every = CliRunner().invoke(cli, listed)
    assert (len(every.stdout.splitlines()), every.stderr) == (3, "3 dead letters\n")
