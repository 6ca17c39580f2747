"""Money and vouchers under fire. Each race that a guard decides has a control: the same race with the guard
taken out (check, then update) must break the promise, or the race would prove nothing."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest
import requests
from sqlalchemy import text

from services.disbursement import budgets, handlers
from shared.events import Envelope
from shared.inbox import Consume
from tests.races.conftest import CLIENTS, Served, all_at_once
from tests.support.disbursement import (
    AMOUNT,
    CASHIER,
    PROGRAMME,
    approvals,
    broken,
    budget,
    give_money,
    open_shop,
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
