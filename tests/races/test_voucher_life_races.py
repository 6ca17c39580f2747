"""One voucher, many who would end it: sold, cancelled, expired, made anew. Exactly one of them does. The
control is the same race with the guard taken out (check, then update)."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import requests
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from services.disbursement import ending
from services.disbursement.domain import local_date
from services.disbursement.models import Voucher
from shared.auth import Actor
from tests.races.conftest import Served, all_at_once
from tests.support.disbursement import (
    AMOUNT,
    approvals,
    broken,
    budget,
    cashier,
    give_money,
    open_shop,
    other_pin,
    papers,
    sale,
)
from tests.support.service import APPROVER, MANAGER

Serve = Callable[[str], Served]
Paper = dict[str, Any]
SHOPS, ROUNDS = 3, 15


def open_shops(served: Served) -> None:
    for number in range(SHOPS):
        open_shop(served.bench, f"shop-{number}")


def new_voucher(served: Served, validity_days: int) -> Paper:
    (case,) = approvals(1, validity_days=validity_days)
    served.bench.take_in([case])
    return papers(served.bench, [case.key])[0]


def post(served: Served, paper: Paper, word: str, who: Actor, number: int) -> str:
    """`word` when it was done, else the refusal's code."""
    path, body = f"/vouchers/{paper['voucher_id']}:{word}", {"reason": "ASKED"}
    return said(served.post(path, who, body, f"{word}-{paper['code']}-{number}"), word)


def sell(served: Served, paper: Paper, number: int, serial: int) -> str:
    body = sale(paper, serial)
    answer = served.post("/redemptions", cashier(f"shop-{number}"), body, f"sale-{paper['code']}-{number}")
    return said(answer, "redeem")


def said(answer: requests.Response, word: str) -> str:
    return word if answer.status_code in {200, 201} else str(answer.json()["code"])


def expire(served: Served, days: int) -> str:
    """The job, on the first day on which a voucher of so many days is no longer good."""
    now = datetime.now(UTC)
    today = local_date(now) + timedelta(days=days + 1)
    done = served.bench.database.run(lambda session: ending.expire_due(session, today, now))
    return "expire" if done else "nothing due"


def end_at_once(served: Served, paper: Paper, days: int, serial: int) -> Counter[str]:
    """Three shops, two managers, two who say that it is lost, and the job, at the same moment."""
    calls: list[Callable[[], str]] = [
        *(partial(sell, served, paper, shop, serial + shop) for shop in range(SHOPS)),
        *(partial(post, served, paper, "cancel", MANAGER, number) for number in range(2)),
        *(partial(post, served, paper, "reissue", APPROVER, number) for number in range(2)),
        *(partial(expire, served, days) for _ in range(2)),
    ]
    chance = random.Random(serial)  # the job has the shortest way: without a head start nobody else ever wins
    return Counter(all_at_once([partial(after, chance.uniform(0, 0.08), call) for call in calls]))


def after(seconds: float, call: Callable[[], str]) -> str:
    time.sleep(seconds)
    return call()


DOERS = {"redeem": "redeemed", "cancel": "cancelled", "expire": "expired", "reissue": "reissued"}


def status_of(served: Served, **named: str) -> str:
    """The status of the one voucher with this `voucher_id`, or that `replaces` this one."""
    ((name, value),) = named.items()
    ((status,),) = served.bench.sql(f"SELECT status FROM voucher WHERE {name} = CAST(:v AS uuid)", v=value)
    return str(status)


def assert_one_ended_it(served: Served, paper: Paper, outcome: Counter[str]) -> None:
    """One did it, the voucher is what that one made of it, and everybody else was told so."""
    done = {word: number for word, number in outcome.items() if word in DOERS}
    if "reissue" in done and status_of(served, replaces=paper["voucher_id"]) == "expired":
        del done["expire"]  # the job came after and ended the successor, whose last day is the same
    assert sum(done.values()) == 1, outcome
    (word,) = done
    assert status_of(served, voucher_id=paper["voucher_id"]) == DOERS[word]
    refused = set(outcome) - set(DOERS) - {"nothing due"}
    assert refused <= {"VOUCHER_USED", "VOUCHER_CANCELLED", "VOUCHER_EXPIRED", "VOUCHER_REISSUED"}
    assert broken(served.bench) == {}


def test_of_all_who_would_end_a_voucher_exactly_one_does(serve: Serve) -> None:
    served = serve("disbursement")
    give_money(served.bench, 2 * ROUNDS * AMOUNT)
    open_shops(served)
    winners: Counter[str] = Counter()
    for number in range(ROUNDS):
        days = (
            90 - number
        )  # each voucher's last day is before all earlier ones', so that the job ends it alone
        paper = new_voucher(served, days)
        outcome = end_at_once(served, paper, days, 1 + number * SHOPS)
        assert_one_ended_it(served, paper, outcome)
        winners.update(word for word in outcome if word in DOERS)
    assert len(winners) > 1, f"the same one won every time, so nothing was raced: {winners}"
    sold = served.bench.sql("SELECT count(*) FROM redemption")[0][0]
    assert (winners["redeem"], budget(served.bench)[3]) == (sold, sold * AMOUNT)


def check_then_update(everybody: threading.Barrier) -> Callable[..., Any]:
    """`ending._end` without its guard: everybody looks, then everybody writes what the look allowed."""
    fields = [getattr(Voucher, name) for name in ("voucher_id", *ending._KEPT)]

    def end(session: Session, _actor: Actor, voucher_id: str, *_further: Any, **values: Any) -> Any:
        found = session.execute(
            select(*fields).where(Voucher.voucher_id == voucher_id, Voucher.status == "issued")
        ).first()
        everybody.wait(timeout=30)
        if found is not None:
            session.execute(
                update(Voucher)
                .where(Voucher.voucher_id == voucher_id)
                .values(live=False, **values)
                .execution_options(synchronize_session=False)
            )
        return found

    return end


def cancel_and_reissue(served: Served, paper: Paper) -> Counter[str]:
    return Counter(
        all_at_once(
            [
                partial(post, served, paper, "cancel", MANAGER, 1),
                partial(post, served, paper, "reissue", APPROVER, 1),
            ]
        )
    )


def test_a_voucher_is_cancelled_or_made_anew_and_never_both(serve: Serve) -> None:
    served = serve("disbursement")
    give_money(served.bench, 20 * AMOUNT)
    for _ in range(10):
        paper = new_voucher(served, 90)
        assert_one_ended_it(served, paper, cancel_and_reissue(served, paper))


def test_control_without_its_guard_a_voucher_is_cancelled_and_made_anew(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = serve("disbursement")
    give_money(served.bench, 20 * AMOUNT)
    paper = new_voucher(served, 90)
    monkeypatch.setattr(ending, "_end", check_then_update(threading.Barrier(2)))
    outcome = cancel_and_reissue(served, paper)
    assert outcome == {"cancel": 1, "reissue": 1}
    with pytest.raises(AssertionError):
        assert_one_ended_it(served, paper, outcome)


def test_a_lost_voucher_gets_one_successor_from_twenty_who_ask(serve: Serve) -> None:
    served = serve("disbursement")
    give_money(served.bench, AMOUNT)
    paper = new_voucher(served, 90)
    calls = [partial(post, served, paper, "reissue", APPROVER, number) for number in range(20)]
    assert Counter(all_at_once(calls)) == {"reissue": 1, "VOUCHER_REISSUED": 19}
    assert served.bench.sql("SELECT count(*) FROM voucher WHERE status = 'issued'")[0][0] == 1
    assert budget(served.bench) == (AMOUNT, 0, AMOUNT, 0)
    assert broken(served.bench) == {}


def test_two_jobs_at_once_expire_each_voucher_once(serve: Serve) -> None:
    served = serve("disbursement")
    give_money(served.bench, 300 * AMOUNT)
    served.bench.take_in(approvals(300, validity_days=5))
    assert set(all_at_once([partial(expire, served, 5)] * 6)) <= {"expire", "nothing due"}
    assert served.bench.sql("SELECT status, count(*) FROM voucher GROUP BY status") == [("expired", 300)]
    assert budget(served.bench) == (300 * AMOUNT, 300 * AMOUNT, 0, 0)
    assert broken(served.bench) == {}


def test_guesses_and_openings_at_once_never_give_more_tries_than_the_bound(serve: Serve) -> None:
    """Wrong PINs from three shops while the office opens the lock again and again: 5 · (1 + 3) tries in
    all."""
    served = serve("disbursement")
    give_money(served.bench, AMOUNT)
    open_shops(served)
    paper = new_voucher(served, 90)
    wrong = sale(paper, pin=other_pin(paper["pin"]))

    def guess(shop: int, number: int) -> str:
        key = f"guess-{shop}-{number}"
        answer = served.post("/redemptions", cashier(f"shop-{shop}"), wrong, key)
        return said(answer, "redeem")

    answers: Counter[str] = Counter()
    for number in range(15):
        calls: list[Callable[[], str]] = [partial(guess, shop, number) for shop in range(SHOPS)]
        calls += [partial(post, served, paper, "unlock", APPROVER, number * 2 + one) for one in range(2)]
        answers.update(all_at_once(calls))
    types = Counter(event.type for event in served.bench.events())
    assert types["voucher.unlocked.v1"] == answers["unlock"] <= 3
    assert types["voucher.locked.v1"] <= 4
    assert answers["PIN_WRONG"] + types["voucher.locked.v1"] <= 20
    assert broken(served.bench) == {}
