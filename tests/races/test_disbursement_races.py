"""Money under fire. Each race that a guard decides has a control: the same race with the guard taken out
(check, then update) must break the promise, or the race would prove nothing."""

import threading
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import pytest
import requests

from services.disbursement import budgets, handlers
from services.disbursement.commands import budgets as changes
from shared.events import Envelope
from shared.inbox import Consume
from tests.races.conftest import Served, all_at_once
from tests.support.disbursement import (
    AMOUNT,
    FUND,
    PROGRAMME,
    approvals,
    broken,
    budget,
    cashier,
    give_money,
    open_shop,
    papers,
    sale,
    withdrawn,
)
from tests.support.service import COMMUNE, MANAGER, PROVINCE, Bench, delivered

Serve = Callable[[str], Served]
WHY = {"document": "46/QĐ-UBND", "reason": "Điều chỉnh dự toán"}
NEIGHBOUR = "00715"
OF_PROVINCE = f"{PROGRAMME}/{PROVINCE}"


def consume(bench: Bench, events: Sequence[Envelope]) -> None:
    """As one of several consumer processes would."""
    consumer = Consume(bench.service, bench.database, None, handlers.HANDLERS)  # type: ignore[arg-type]
    consumer.take_in([delivered(event, offset) for offset, event in enumerate(events)])
    assert bench.sql("SELECT count(*) FROM dead_letter")[0][0] == 0


def unguard(bench: Bench) -> None:
    """Without the CHECK, what stays is: look whether the money reaches, then take it."""
    bench.sql("ALTER TABLE budget DROP CONSTRAINT budget_never_negative")


def wait_before(
    monkeypatch: pytest.MonkeyPatch, module: Any, name: str, everybody: threading.Barrier
) -> None:
    """Let each thread's first call of `module.name` wait until everybody has come so far."""
    function, first_time = getattr(module, name), threading.local()

    def call_when_all_have_looked(*arguments: Any, **options: Any) -> Any:
        if not getattr(first_time, "over", False):
            first_time.over = True
            everybody.wait(timeout=30)
        return function(*arguments, **options)

    monkeypatch.setattr(module, name, call_when_all_have_looked)


def counts(bench: Bench) -> tuple[int, int]:
    """(vouchers out, cases waiting)."""
    vouchers = bench.sql("SELECT count(*) FROM voucher WHERE status = 'issued'")[0][0]
    return vouchers, bench.sql("SELECT count(*) FROM waitlist WHERE status = 'waiting'")[0][0]


# Issue beyond the budget


def two_hundred_approvals(served: Served, monkeypatch: pytest.MonkeyPatch, consumers: int = 8) -> None:
    """Eight consumers take in 25 approvals each, and all have seen the whole budget before one reserves."""
    give_money(served.bench, 100 * AMOUNT)
    wait_before(monkeypatch, handlers, "issue", threading.Barrier(consumers))
    events = approvals(200)
    all_at_once([partial(consume, served.bench, events[start::consumers]) for start in range(consumers)])


def assert_exactly_one_hundred(served: Served) -> None:
    assert counts(served.bench) == (100, 100)
    assert budget(served.bench) == (100 * AMOUNT, 0, 100 * AMOUNT, 0)
    assert broken(served.bench) == {}


def test_two_hundred_approvals_on_a_budget_of_one_hundred_issue_exactly_one_hundred(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = serve("disbursement")
    two_hundred_approvals(served, monkeypatch)
    assert_exactly_one_hundred(served)


def test_control_without_its_guard_the_budget_is_promised_twice(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = serve("disbursement")
    unguard(served.bench)
    two_hundred_approvals(served, monkeypatch)
    assert counts(served.bench)[0] > 100
    with pytest.raises(AssertionError):
        assert_exactly_one_hundred(served)


# Taking money back while it is being promised


def take_back_while_issuing(served: Served, monkeypatch: pytest.MonkeyPatch) -> requests.Response:
    """Sixty are taken from a budget of one hundred while two consumers issue eighty, all having looked
    first."""
    give_money(served.bench, 100 * AMOUNT)
    everybody = threading.Barrier(3)
    wait_before(monkeypatch, handlers, "issue", everybody)
    wait_before(monkeypatch, changes.budgets, "open_budget", everybody)
    events = approvals(80)
    body = {"change": -60 * AMOUNT, **WHY}
    answer, *_ = all_at_once(
        [
            partial(served.post, f"/budgets/{PROGRAMME}:adjust", FUND, body, "take-back"),
            partial(consume, served.bench, events[:40]),
            partial(consume, served.bench, events[40:]),
        ]
    )
    assert isinstance(answer, requests.Response)
    return answer


def assert_taken_or_promised(served: Served, answer: requests.Response) -> None:
    """Either the money was taken and forty at most have vouchers, or it was promised and nothing was
    taken."""
    if answer.status_code == 200:
        assert counts(served.bench) == (40, 40)
        assert budget(served.bench) == (40 * AMOUNT, 0, 40 * AMOUNT, 0)
    else:
        assert answer.json()["code"] == "BUDGET_TOO_SMALL"
        assert counts(served.bench) == (80, 0)
        assert budget(served.bench) == (100 * AMOUNT, 20 * AMOUNT, 80 * AMOUNT, 0)
    assert broken(served.bench) == {}


def test_money_that_is_being_promised_is_not_taken_back_too(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = serve("disbursement")
    assert_taken_or_promised(served, take_back_while_issuing(served, monkeypatch))


def test_control_without_its_guard_money_is_promised_and_taken_back(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = serve("disbursement")
    unguard(served.bench)
    answer = take_back_while_issuing(served, monkeypatch)
    assert budget(served.bench)[1] < 0
    with pytest.raises(AssertionError):
        assert_taken_or_promised(served, answer)


def test_one_budget_is_emptied_once_by_twenty_managers(serve: Serve) -> None:
    served = serve("disbursement")
    give_money(served.bench, 5 * AMOUNT)
    body = {"change": -AMOUNT, **WHY}
    calls = [
        partial(served.post, f"/budgets/{PROGRAMME}:adjust", FUND, body, f"manager-{number}")
        for number in range(20)
    ]
    answers = [answer.status_code for answer in all_at_once(calls)]
    assert sorted(answers) == [200] * 5 + [409] * 15
    assert budget(served.bench) == (0, 0, 0, 0)
    assert broken(served.bench) == {}


# The line


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
    assert counts(served.bench) == (0, 0)
    assert budget(served.bench) == (100 * AMOUNT, 100 * AMOUNT, 0, 0)
    assert broken(served.bench) == {}


def open_while_waiting(served: Served) -> None:
    """A province gets its own budget in the very moment in which its cases are put on the waitlist."""
    give_money(served.bench, AMOUNT - 1)
    body = {"amount": 1, "document": "47/QĐ-UBND", "province": PROVINCE}
    events = approvals(40)
    calls: list[Callable[[], Any]] = [
        partial(served.post, f"/budgets/{PROGRAMME}:allocate", FUND, body, "open")
    ]
    calls += [partial(consume, served.bench, events[start::4]) for start in range(4)]
    all_at_once(calls)


def test_nobody_is_left_in_the_line_above_the_budget_that_was_opened_for_him(serve: Serve) -> None:
    for _ in range(5):
        served = serve("disbursement")
        open_while_waiting(served)
        lines = served.bench.sql("SELECT DISTINCT budget_id FROM waitlist WHERE status = 'waiting'")
        assert lines == [(OF_PROVINCE,)]
        assert broken(served.bench) == {}


def test_control_without_holding_the_budget_some_wait_above_the_money_that_is_meant_for_them(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looked up before, and never again under the lock: the line that was right then is wrong now."""
    served = serve("disbursement")
    looked, opened = threading.Event(), threading.Event()
    everybody_waits = handlers.put_on_waitlist

    def wait_after_the_opening(*arguments: Any, **options: Any) -> None:
        looked.set()
        assert opened.wait(timeout=30)
        everybody_waits(*arguments, **options)

    def unheld(_session: Any, budget_ids: Iterable[str]) -> dict[str, int]:
        return dict.fromkeys(budget_ids, AMOUNT - 1)

    def looked_up_before(session: Any, promises: Any) -> tuple[Any, dict[str, int]]:
        lines = handlers._lines(promises)
        return lines, unheld(session, lines)

    monkeypatch.setattr(handlers, "_held_lines", looked_up_before)
    monkeypatch.setattr(handlers, "put_on_waitlist", wait_after_the_opening)
    monkeypatch.setattr(budgets, "hold", unheld)
    give_money(served.bench, AMOUNT - 1)
    waiting = threading.Thread(target=consume, args=(served.bench, approvals(3)))
    waiting.start()
    assert looked.wait(timeout=30)
    give_money(served.bench, 1, province=PROVINCE)
    opened.set()
    waiting.join(timeout=30)
    assert "who-waits-has-nothing-yet" in broken(served.bench)


# Everything at once


def test_money_that_moves_every_way_at_once_adds_up_and_leaves_nobody_waiting_beside_it(serve: Serve) -> None:
    """Approvals, withdrawals, cancellations, redemptions below the voucher's worth, shares, moves and new
    money, all on one tree of budgets."""
    served = serve("disbursement")
    bench = served.bench
    for number in range(10):
        open_shop(bench, f"shop-{number}")
    give_money(bench, 100 * AMOUNT)
    give_money(bench, 60 * AMOUNT, province=PROVINCE)
    first = approvals(60, minimum_price=0)
    bench.take_in(first)
    printed = {paper["application_id"]: paper for paper in papers(bench)}
    calls = [
        *_approve(bench, approvals(60, position=61) + approvals(40, position=121, commune=NEIGHBOUR)),
        *(partial(consume, bench, [withdrawn(case) for case in first[start:40:4]]) for start in range(4)),
        *_decide(served),
        *_sell(served, [printed[case.key] for case in first[30:]]),
        *_take_back(served, [printed[case.key] for case in first[20:40]]),
    ]
    all_at_once(calls)
    assert broken(bench) == {}
    in_all = bench.sql("SELECT sum(available), sum(reserved), sum(spent) FROM budget_now")[0]
    assert sum(map(int, in_all)) == budget(bench)[0] == 100 * AMOUNT + 3 * 7 * AMOUNT
    assert in_all[2] == 350_000 * bench.sql("SELECT count(*) FROM redemption")[0][0]
    assert in_all[1] == AMOUNT * counts(bench)[0]


def _approve(bench: Bench, events: list[Envelope]) -> list[Callable[[], Any]]:
    return [partial(consume, bench, events[start::3]) for start in range(3)]


def _decide(served: Served) -> list[Callable[[], Any]]:
    """New money, a share for each of two communes, and some of it moved to and fro."""
    path = f"/budgets/{PROGRAMME}"
    here, there = {"commune": COMMUNE}, {"commune": NEIGHBOUR}
    more = {"amount": 7 * AMOUNT, "document": "46/QĐ-UBND"}
    bodies = [(f"{path}:allocate", more) for _ in range(3)]
    bodies += [(f"{path}:allocate", {**more, "province": PROVINCE}) for _ in range(2)]
    bodies += [(f"{path}:allocate", {**more, **place, "amount": 3 * AMOUNT}) for place in (here, there)]
    bodies += [
        (f"{path}:move", {"amount": AMOUNT, "source": source, "target": target, **WHY})
        for source, target in ((here, there), (there, here), (there, {}), ({}, here))
    ]
    return [partial(served.post, at, FUND, body, f"decision-{n}") for n, (at, body) in enumerate(bodies)]


def _sell(served: Served, sold: list[dict[str, Any]]) -> list[Callable[[], Any]]:
    return [
        partial(
            served.post, "/redemptions", cashier(f"shop-{n % 10}"), sale(paper, n, price=350_000), f"till-{n}"
        )
        for n, paper in enumerate(sold, start=1)
    ]


def _take_back(served: Served, cancelled: list[dict[str, Any]]) -> list[Callable[[], Any]]:
    return [
        partial(
            served.post,
            f"/vouchers/{paper['voucher_id']}:cancel",
            MANAGER,
            {"reason": "ERROR"},
            f"cancel-{n}",
        )
        for n, paper in enumerate(cancelled)
    ]
