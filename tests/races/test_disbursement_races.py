"""Money and vouchers under fire. Each race that a guard decides has a control: the same race with the guard
taken out (check, then update) must break the promise, or the race would prove nothing."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import pytest
import requests
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.disbursement import budgets, handlers, redemptions
from services.disbursement.domain import Sale, Split
from shared.events import Envelope, Head, NewEvent
from shared.inbox import Consume
from shared.outbox.record import record
from tests.races.conftest import CLIENTS, Served, all_at_once
from tests.support.disbursement import (
    AMOUNT,
    CASHIER,
    PROGRAMME,
    approvals,
    broken,
    budget,
    cashier,
    give_money,
    open_shop,
    other_pin,
    papers,
    sale,
    withdrawn,
)
from tests.support.service import MANAGER, Bench, delivered

Serve = Callable[[str], Served]


def issued(serve: Serve, count: int) -> tuple[Served, list[dict[str, Any]]]:
    """A service with money to spare, `CLIENTS` shops and `count` vouchers on paper."""
    served = serve("disbursement")
    give_money(served.bench, 2 * CLIENTS * AMOUNT)
    for number in range(CLIENTS):
        open_shop(served.bench, f"shop-{number}")
    served.bench.take_in(approvals(count))
    return served, papers(served.bench)


def codes_of(answers: Sequence[requests.Response]) -> Counter[str]:
    """How often each answer came: `201`, or the refusal's code."""
    return Counter(
        "201" if answer.status_code == 201 else str(answer.json().get("code")) for answer in answers
    )


def check_money(bench: Bench) -> None:
    assert broken(bench) == {}


def fifty_shops(served: Served, paper: dict[str, Any]) -> Counter[str]:
    """Every shop sells its own handset for the one voucher, all at the same moment."""
    calls = [
        partial(
            served.post, "/redemptions", cashier(f"shop-{number}"), sale(paper, number + 1), f"till-{number}"
        )
        for number in range(CLIENTS)
    ]
    return codes_of(all_at_once(calls))


def assert_redeemed_once(served: Served, outcome: Counter[str]) -> None:
    assert outcome == {"201": 1, "VOUCHER_USED": CLIENTS - 1}
    assert served.bench.sql("SELECT count(*) FROM redemption")[0][0] == 1
    assert budget(served.bench)[3] == AMOUNT
    check_money(served.bench)


def test_one_voucher_is_redeemed_once_by_fifty_shops(serve: Serve) -> None:
    served, (paper, *_) = issued(serve, CLIENTS)
    assert_redeemed_once(served, fifty_shops(served, paper))


def test_control_without_its_guards_one_voucher_is_redeemed_by_many(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    served, (paper, *_) = issued(serve, CLIENTS)
    served.bench.sql("ALTER TABLE redemption DROP CONSTRAINT redemption_voucher_key")
    checked = threading.Barrier(CLIENTS)

    def check_then_update(
        session: Session, sold: Sale, shares: Split, new: NewEvent, _head: Head, moment: datetime
    ) -> Envelope:
        """The look has said that the voucher is good; everybody has looked; now write what it said.

        The stream's head is a guard too, so the event goes behind whatever is there by now.
        """
        checked.wait(timeout=30)
        values = {**new.data, "code": sold.code, "pays": shares.household_pays, "moment": moment}
        session.execute(text("UPDATE voucher SET status = 'redeemed' WHERE code = :code"), values)
        session.execute(
            text(
                "INSERT INTO redemption SELECT CAST(:redemption_id AS uuid), voucher_id, :shop_id,"
                " :enterprise_id, programme_id, :model, amount, :price, :subsidy, :pays, :moment"
                " FROM voucher WHERE code = :code"
            ),
            values,
        )
        return record(session, "disbursement", [new])[0]

    monkeypatch.setattr(redemptions, "claim", check_then_update)
    outcome = fifty_shops(served, paper)
    assert outcome["201"] > 1
    with pytest.raises(AssertionError):
        assert_redeemed_once(served, outcome)


def two_hundred_approvals(
    served: Served, monkeypatch: pytest.MonkeyPatch, consumers: int = 8
) -> tuple[int, int]:
    """Eight consumers take in 25 approvals each, and all have seen the whole budget before one reserves."""
    give_money(served.bench, 100 * AMOUNT)
    looked, first_time = threading.Barrier(consumers), threading.local()
    issue = handlers.issue

    def issue_when_all_have_looked(*arguments: Any, **options: Any) -> None:
        if not getattr(first_time, "over", False):
            first_time.over = True
            looked.wait(timeout=30)
        issue(*arguments, **options)

    monkeypatch.setattr(handlers, "issue", issue_when_all_have_looked)
    events = approvals(200)
    calls = [partial(consume, served.bench, events[start::consumers]) for start in range(consumers)]
    all_at_once(calls)
    vouchers = served.bench.sql("SELECT count(*) FROM voucher")[0][0]
    waiting = served.bench.sql("SELECT count(*) FROM waitlist WHERE status = 'waiting'")[0][0]
    return vouchers, waiting


def consume(bench: Bench, events: Sequence[Envelope]) -> None:
    """As one of several consumer processes would."""
    consumer = Consume(bench.service, bench.database, None, handlers.HANDLERS)  # type: ignore[arg-type]
    consumer.take_in([delivered(event, offset) for offset, event in enumerate(events)])
    assert bench.sql("SELECT count(*) FROM dead_letter")[0][0] == 0


def assert_exactly_one_hundred(served: Served, vouchers: int, waiting: int) -> None:
    assert (vouchers, waiting) == (100, 100)
    assert budget(served.bench) == (100 * AMOUNT, 0, 100 * AMOUNT, 0)
    check_money(served.bench)


def test_two_hundred_approvals_on_a_budget_of_one_hundred_issue_exactly_one_hundred(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = serve("disbursement")
    assert_exactly_one_hundred(served, *two_hundred_approvals(served, monkeypatch))


def test_control_without_its_guard_the_budget_is_promised_twice(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = serve("disbursement")
    served.bench.sql("ALTER TABLE budget DROP CONSTRAINT budget_never_negative")
    unguarded = text(
        "UPDATE budget SET available = available - :total, reserved = reserved + :total"
        " WHERE programme_id = :programme_id RETURNING available"
    )
    monkeypatch.setattr(budgets, "_RESERVE", unguarded)
    vouchers, waiting = two_hundred_approvals(served, monkeypatch)
    assert vouchers > 100
    with pytest.raises(AssertionError):
        assert_exactly_one_hundred(served, vouchers, waiting)


def test_one_idempotency_key_sent_fifty_times_redeems_once_and_answers_alike(serve: Serve) -> None:
    served, (paper, *_) = issued(serve, 2)
    call = partial(served.post, "/redemptions", cashier("shop-1"), sale(paper), "till-7")
    answers = all_at_once([call] * CLIENTS)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert served.bench.sql("SELECT count(*) FROM redemption")[0][0] == 1
    assert budget(served.bench)[3] == AMOUNT


def test_one_idempotency_key_with_two_bodies_does_one_and_refuses_the_other(serve: Serve) -> None:
    served, (one, other) = issued(serve, 2)
    calls = [
        partial(served.post, "/redemptions", cashier("shop-1"), sale(paper, serial), "till-7")
        for paper, serial in ((one, 1), (other, 2))
    ]
    outcome = codes_of(all_at_once(calls * 10))
    assert outcome == {"201": 10, "IDEMPOTENCY_KEY_REUSED": 10}
    assert served.bench.sql("SELECT count(*) FROM redemption")[0][0] == 1


def test_one_handset_serves_one_of_fifty_households(serve: Serve) -> None:
    served, printed = issued(serve, CLIENTS)
    calls = [
        partial(served.post, "/redemptions", cashier(f"shop-{number}"), sale(paper, 1), f"till-{number}")
        for number, paper in enumerate(printed)
    ]
    assert codes_of(all_at_once(calls)) == {"201": 1, "IMEI_USED": CLIENTS - 1}
    assert served.bench.sql("SELECT count(*) FROM voucher WHERE status = 'redeemed'")[0][0] == 1
    assert served.bench.sql("SELECT count(*) FROM redemption_imei")[0][0] == 1
    assert budget(served.bench)[3] == AMOUNT


def test_fifty_guesses_at_once_are_counted_as_five_and_lock_the_voucher(serve: Serve) -> None:
    served, (paper,) = issued(serve, 1)
    wrong = sale(paper, pin=other_pin(paper["pin"]))
    calls = [
        partial(served.post, "/redemptions", cashier(f"shop-{number}"), wrong, f"till-{number}")
        for number in range(CLIENTS)
    ]
    assert codes_of(all_at_once(calls)) == {"PIN_WRONG": 4, "VOUCHER_LOCKED": CLIENTS - 4}
    assert served.bench.sql("SELECT pin_attempts, locked FROM voucher") == [(5, True)]
    assert codes_of([served.post("/redemptions", cashier("shop-1"), sale(paper), "right")]) == {
        "VOUCHER_LOCKED": 1
    }


def test_an_approval_and_a_withdrawal_that_meet_never_leave_a_voucher(serve: Serve) -> None:
    served = serve("disbursement")
    give_money(served.bench, 100 * AMOUNT)
    for _ in range(10):
        cases = approvals(10)
        all_at_once(
            [
                partial(consume, served.bench, cases),
                partial(consume, served.bench, [withdrawn(case) for case in reversed(cases)]),
            ]
        )
    assert served.bench.sql("SELECT count(*) FROM voucher WHERE status = 'issued'")[0][0] == 0
    assert budget(served.bench) == (100 * AMOUNT, 100 * AMOUNT, 0, 0)
    check_money(served.bench)


def test_money_that_moves_every_way_at_once_adds_up_and_leaves_nobody_waiting_beside_it(serve: Serve) -> None:
    """Approvals, withdrawals, redemptions below the voucher's worth and new money, all on one budget."""
    served = serve("disbursement")
    bench = served.bench
    open_shop(bench)
    give_money(bench, 60 * AMOUNT)
    first = approvals(60, minimum_price=0)
    bench.take_in(first)
    printed = {paper["application_id"]: paper for paper in papers(bench)}
    more = approvals(90, position=61)
    calls: list[Callable[[], Any]] = [partial(consume, bench, more[start::3]) for start in range(3)]
    calls += [partial(consume, bench, [withdrawn(case) for case in first[start:40:4]]) for start in range(4)]
    money = {"amount": 7 * AMOUNT, "document": "46/QĐ-UBND"}
    calls += [
        partial(served.post, f"/budgets/{PROGRAMME}:allocate", MANAGER, money, f"money-{number}")
        for number in range(3)
    ]
    calls += [
        partial(
            served.post,
            "/redemptions",
            CASHIER,
            sale(printed[case.key], number, price=350_000),
            f"till-{number}",
        )
        for number, case in enumerate(first[30:], start=1)
    ]
    all_at_once(calls)
    check_money(bench)
    allocated, available, reserved, spent = budget(bench)
    assert allocated == 81 * AMOUNT
    assert spent == 350_000 * bench.sql("SELECT count(*) FROM redemption")[0][0]
    assert reserved == AMOUNT * bench.sql("SELECT count(*) FROM voucher WHERE status = 'issued'")[0][0]
    waiting = bench.sql("SELECT count(*) FROM waitlist WHERE status = 'waiting'")[0][0]
    assert waiting == 0 or available < AMOUNT
