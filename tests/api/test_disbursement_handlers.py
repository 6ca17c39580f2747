"""Other services' events: money promised in order, waitlist served, and a redelivery that changes nothing."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy.exc import IntegrityError

from services.disbursement.domain import local_date
from services.disbursement.ending import expire_due
from shared.db import Database
from shared.folds import Replay
from tests.support.disbursement import (
    AMOUNT,
    about,
    approval,
    approvals,
    broken,
    budget,
    give_money,
    open_shop,
    papers,
    sale,
    withdrawn,
)
from tests.support.service import SERVICE, SHOP, Bench, bench, foreign_events

DUMP = (
    "SELECT 'v', CAST(voucher AS text) FROM voucher"
    " UNION ALL SELECT 'w', CAST(waitlist AS text) FROM waitlist"
    " UNION ALL SELECT 'b', CAST(budget AS text) FROM budget UNION ALL SELECT 'p', CAST(posting AS text)"
    " FROM posting UNION ALL SELECT 'e', stream || version FROM event_log ORDER BY 1, 2"
)


@pytest.fixture
def desk() -> Bench:
    return bench("disbursement")


def states(desk: Bench) -> dict[str, str]:
    """Each case's state by application id, as the auditor reads it."""
    items = desk.call("GET", "/live-state", SERVICE).json["items"]
    return {item["key"]: item["state"].get("status") for item in items if "/" not in item["key"]}


def check_everything(desk: Bench) -> None:
    """The budget equals its postings, and the live tables equal the fold of the service's own events."""
    assert broken(desk) == {}
    replay = Replay()
    for event in desk.events():
        replay.feed({"type": event.type, "data": event.data})
    items: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = desk.call("GET", f"/live-state?limit=500{cursor and '&cursor=' + cursor}", SERVICE).json
        items += page["items"]
        cursor = page["next_cursor"]
    assert {item["key"]: item["state"] for item in items} == dict(replay.live_state("disbursement"))


def counted(database: Database) -> list[str]:
    """The statements that the database is sent from now on."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    sqlalchemy.event.listen(database.engine, "before_cursor_execute", note)
    return sent


def test_five_hundred_approvals_cost_a_handful_of_statements(desk: Bench) -> None:
    give_money(desk, 1000 * AMOUNT)
    events = approvals(500)
    sent = counted(desk.database)
    desk.take_in(events)
    assert desk.sql("SELECT count(*), count(DISTINCT code) FROM voucher")[0] == (500, 500)
    assert len(sent) <= 14, "\n".join(sent)
    check_everything(desk)


def test_money_goes_to_the_first_on_the_list_and_the_rest_waits(desk: Bench) -> None:
    give_money(desk, 3 * AMOUNT + 1)
    events = approvals(5)
    desk.take_in(list(reversed(events)))
    assert [states(desk)[event.key] for event in events] == ["issued"] * 3 + ["waitlisted"] * 2
    assert budget(desk) == (3 * AMOUNT + 1, 1, 3 * AMOUNT, 0)
    assert {event.type for event in desk.events()} == {
        "budget.allocated.v1",
        "voucher.issued.v1",
        "voucher.waitlisted.v1",
    }
    check_everything(desk)


def test_without_any_budget_everybody_waits_and_the_first_money_serves_in_order(desk: Bench) -> None:
    late, early = approvals(2, position=5), approvals(2, position=1)
    desk.take_in(late)
    desk.take_in(early)
    assert set(states(desk).values()) == {"waitlisted"}
    check_everything(desk)
    give_money(desk, 3 * AMOUNT)
    assert [states(desk)[event.key] for event in (*early, *late)] == ["issued"] * 3 + ["waitlisted"]
    assert desk.events()[-1].version == 2
    check_everything(desk)


def test_who_comes_later_does_not_overtake_who_waits(desk: Bench) -> None:
    give_money(desk, AMOUNT)
    first, big = approvals(1), approvals(1, position=2, amount=2 * AMOUNT)
    desk.take_in(first + big)
    desk.take_in([withdrawn(first[0])])
    assert budget(desk)[1] == AMOUNT
    small = approvals(1, position=3)
    desk.take_in(small)
    assert states(desk)[small[0].key] == "waitlisted"
    better = approvals(1, position=1)
    desk.take_in(better)
    assert states(desk)[better[0].key] == "issued"
    check_everything(desk)


def test_a_withdrawal_returns_the_money_to_who_waits(desk: Bench) -> None:
    give_money(desk, AMOUNT)
    first, second, third = events = approvals(3)
    desk.take_in(events)
    desk.take_in([withdrawn(first)])
    assert [states(desk)[event.key] for event in events] == ["cancelled", "issued", "waitlisted"]
    issued = desk.events()[-1]
    assert issued.key == second.key
    assert issued.causation is not None
    desk.take_in([withdrawn(third)])
    assert states(desk)[third.key] == "cancelled"
    assert desk.events()[-1].data["voucher_id"] is None
    assert budget(desk) == (AMOUNT, 0, AMOUNT, 0)
    check_everything(desk)


def test_a_long_waitlist_is_served_whole_when_the_money_comes(desk: Bench) -> None:
    for start in range(0, 1200, 400):
        desk.take_in(approvals(400, position=start + 1))
    give_money(desk, 1100 * AMOUNT)
    assert desk.sql("SELECT count(*) FROM voucher")[0][0] == 1100
    assert budget(desk) == (1100 * AMOUNT, 0, 1100 * AMOUNT, 0)
    check_everything(desk)


@pytest.mark.parametrize("money", [0, AMOUNT])
def test_an_approval_that_arrives_after_the_withdrawal_ends_at_once(desk: Bench, money: int) -> None:
    """It gets no money, and eligibility hears that it may let go of the household's places."""
    if money:
        give_money(desk, money)
    overtaken, other = events = approvals(2)
    desk.take_in([withdrawn(overtaken)])
    assert states(desk) == {}
    desk.take_in(events)
    assert states(desk) == {overtaken.key: "cancelled", other.key: "issued" if money else "waitlisted"}
    told = [event for event in desk.events() if event.key == overtaken.key]
    assert [event.type for event in told] == ["voucher.waitlisted.v1", "voucher.cancelled.v1"]
    assert told[-1].data | {"reason": "WITHDRAWN", "voucher_id": None, "amount": 0} == told[-1].data
    assert told[-1].causation == overtaken.id
    check_everything(desk)


def test_a_revoked_case_loses_its_voucher_and_may_be_approved_again(desk: Bench) -> None:
    give_money(desk, AMOUNT)
    first = approval()
    (approved,) = events = foreign_events("eligibility", [first])
    desk.take_in(events)
    desk.take_in([about(approved, "eligibility.revoked.v1", reason="NOT_POOR", revoked_by="chu-tich")])
    assert states(desk)[approved.key] == "cancelled"
    assert desk.events()[-1].data["reason"] == "REVOKED"
    desk.take_in(foreign_events("eligibility", [first]))
    assert states(desk)[approved.key] == "issued"
    assert [event.version for event in desk.events() if event.key == approved.key] == [1, 2, 3]
    check_everything(desk)


def test_erasing_a_person_cancels_the_voucher_and_leaves_the_accounts(desk: Bench) -> None:
    give_money(desk, 2 * AMOUNT)
    open_shop(desk)
    kept, dropped = events = approvals(2)
    desk.take_in(events)
    (paper,) = papers(desk, [kept.key])
    assert desk.call("POST", "/redemptions", SHOP, json=sale(paper), key=True).status_code == 201
    desk.take_in([about(event, "application.erased.v1") for event in events])
    assert states(desk) == {kept.key: "redeemed", dropped.key: "cancelled"}
    assert budget(desk) == (2 * AMOUNT, AMOUNT, 0, AMOUNT)
    assert desk.events()[-1].data["reason"] == "ERASED"
    check_everything(desk)


def test_the_same_events_again_change_nothing(desk: Bench) -> None:
    give_money(desk, 2 * AMOUNT)
    events = approvals(4)
    events.append(withdrawn(events[0]))
    desk.take_in(events)
    before = desk.sql(DUMP)
    for _ in range(3):
        desk.take_in(events)
        desk.take_in(events[2:])
    assert desk.sql(DUMP) == before
    check_everything(desk)


def test_several_programmes_in_one_batch_keep_their_own_money(desk: Bench) -> None:
    give_money(desk, 5 * AMOUNT)
    give_money(desk, AMOUNT, "national")
    desk.take_in(approvals(2) + approvals(2, programme_id="national"))
    assert budget(desk) == (5 * AMOUNT, 3 * AMOUNT, 2 * AMOUNT, 0)
    assert budget(desk, "national") == (AMOUNT, 0, AMOUNT, 0)
    check_everything(desk)


def test_expired_vouchers_return_their_money_to_who_waits(desk: Bench) -> None:
    give_money(desk, AMOUNT)
    events = approvals(2, validity_days=30)
    desk.take_in(events)
    now = datetime.now(UTC)
    last_day = local_date(now) + timedelta(days=30)
    with desk.database.transaction() as session:
        assert expire_due(session, last_day, now) == 0
        assert expire_due(session, last_day + timedelta(days=1), now) == 1
    assert [states(desk)[event.key] for event in events] == ["expired", "issued"]
    check_everything(desk)


def test_a_commune_that_the_reference_does_not_know_is_still_served(desk: Bench) -> None:
    give_money(desk, AMOUNT)
    desk.take_in(approvals(1, commune="99999"))
    assert desk.sql("SELECT province FROM voucher")[0][0] == "00"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE budget SET available = available - 1",
        "UPDATE budget SET available = available - 600000, spent = spent + 600000",
        "UPDATE voucher SET pin_attempts = 6, locked = true",
        "UPDATE voucher SET status = 'lost'",
    ],
)
def test_the_database_refuses_money_that_does_not_add_up(desk: Bench, statement: str) -> None:
    give_money(desk, AMOUNT)
    desk.take_in(approvals(1))
    with pytest.raises(IntegrityError):
        desk.sql(statement)


def test_postings_are_never_changed(desk: Bench) -> None:
    give_money(desk, AMOUNT)
    with pytest.raises(IntegrityError, match="append-only"):
        desk.sql("UPDATE posting SET amount = 1")
