"""Redemptions under fire. Each race that a guard decides has a control: the same race with the guard taken
out (check, then update) must break the promise, or the race would prove nothing."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest
import requests

from services.disbursement import redemptions
from services.disbursement.redemptions import Claim
from services.disbursement.sale import WRONG_TRIES_AN_HOUR
from shared.db.lean import Lean
from shared.events import Envelope
from shared.idempotency import Kept
from shared.outbox.record import record
from tests.races.conftest import CLIENTS, Served, all_at_once
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

Serve = Callable[[str], Served]
Papers = list[dict[str, Any]]


def issued(serve: Serve, count: int, shops: int = CLIENTS, **shop: Any) -> tuple[Served, Papers]:
    """A service with money to spare, `shops` shops and `count` vouchers on paper."""
    served = serve("disbursement")
    give_money(served.bench, 2 * CLIENTS * AMOUNT)
    for number in range(shops):
        open_shop(served.bench, f"shop-{number}", **shop)
    served.bench.take_in(approvals(count))
    return served, papers(served.bench)


def codes_of(answers: Sequence[requests.Response]) -> Counter[str]:
    """How often each answer came: `201`, or the refusal's code."""
    return Counter(
        "201" if answer.status_code == 201 else str(answer.json().get("code")) for answer in answers
    )


def redeem(served: Served, shop: int, body: dict[str, Any], key: str) -> Callable[[], requests.Response]:
    """A call that shop number `shop` will make."""
    return partial(served.post, "/redemptions", cashier(f"shop-{shop}"), body, key)


def fifty_shops(served: Served, paper: dict[str, Any]) -> Counter[str]:
    """Every shop sells its own handset for the one voucher, all at the same moment."""
    calls = [redeem(served, number, sale(paper, number + 1), f"till-{number}") for number in range(CLIENTS)]
    return codes_of(all_at_once(calls))


def assert_redeemed_once(served: Served, outcome: Counter[str]) -> None:
    assert outcome == {"201": 1, "VOUCHER_USED": CLIENTS - 1}
    assert served.bench.sql("SELECT count(*) FROM redemption")[0][0] == 1
    assert budget(served.bench)[3] == AMOUNT
    assert broken(served.bench) == {}


def test_one_voucher_is_redeemed_once_by_fifty_shops(serve: Serve) -> None:
    served, (paper, *_) = issued(serve, CLIENTS)
    assert_redeemed_once(served, fifty_shops(served, paper))


def test_control_without_its_guards_one_voucher_is_redeemed_by_many(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    served, (paper, *_) = issued(serve, CLIENTS)
    served.bench.sql("DROP INDEX redemption_voucher_key")
    checked = threading.Barrier(CLIENTS)

    def check_then_update(session: Any, wanted: Claim, _kept: Kept | None = None) -> Envelope:
        """The look has said that the voucher is good; everybody has looked; now write what it said.

        The stream's head is a guard too, so the event goes behind whatever is there by now.
        """
        checked.wait(timeout=30)
        values = {
            **wanted.new.data,
            "code": wanted.sale.code,
            "pays": wanted.shares.household_pays,
            "moment": wanted.moment,
        }
        Lean("UPDATE voucher SET status = 'redeemed' WHERE code = :code").first(session, values)
        Lean(
            "INSERT INTO redemption (redemption_id, voucher_id, shop_id, enterprise_id, programme_id,"
            " channel, model, amount, price, subsidy, household_pays, imei_block, sold_at, redeemed_at)"
            " SELECT CAST(:redemption_id AS uuid), voucher_id, :shop_id, :enterprise_id, programme_id,"
            " 'counter', :model, amount, :price, :subsidy, :pays, repeat('0', 64), :moment, :moment"
            " FROM voucher WHERE code = :code"
        ).first(session, values)
        return record(session, "disbursement", [wanted.new])[0]

    monkeypatch.setattr(redemptions, "claim", check_then_update)
    outcome = fifty_shops(served, paper)
    assert outcome["201"] > 1
    with pytest.raises(AssertionError):
        assert_redeemed_once(served, outcome)


def test_one_idempotency_key_sent_fifty_times_redeems_once_and_answers_alike(serve: Serve) -> None:
    served, (paper, *_) = issued(serve, 2, shops=2)
    answers = all_at_once([redeem(served, 1, sale(paper), "till-7")] * CLIENTS)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotent-Replay" in answer.headers for answer in answers) == CLIENTS - 1
    assert served.bench.sql("SELECT count(*) FROM redemption")[0][0] == 1
    assert budget(served.bench)[3] == AMOUNT


def test_control_without_the_keys_guard_two_bodies_are_both_done(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    served, printed = issued(serve, 2, shops=2)
    monkeypatch.setattr(redemptions, "_CLAIM_AND_ANSWER", redemptions._CLAIM)
    outcome = two_bodies(served, printed)
    assert outcome["IDEMPOTENCY_KEY_REUSED"] < 10
    assert served.bench.sql("SELECT count(*) FROM redemption")[0][0] == 2


def two_bodies(served: Served, printed: Papers) -> Counter[str]:
    """One key, ten times with one sale and ten times with another."""
    calls = [redeem(served, 1, sale(paper, serial), "till-7") for serial, paper in enumerate(printed)]
    return codes_of(all_at_once(calls * 10))


def test_one_idempotency_key_with_two_bodies_does_one_and_refuses_the_other(serve: Serve) -> None:
    served, printed = issued(serve, 2, shops=2)
    assert two_bodies(served, printed) == {"201": 10, "IDEMPOTENCY_KEY_REUSED": 10}
    assert served.bench.sql("SELECT count(*) FROM redemption")[0][0] == 1


def fifty_households(served: Served, printed: Papers) -> Counter[str]:
    """Fifty shops sell one and the same handset, each for another voucher."""
    calls = [redeem(served, number, sale(paper, 1), f"till-{number}") for number, paper in enumerate(printed)]
    return codes_of(all_at_once(calls))


def test_one_handset_serves_one_of_fifty_households(serve: Serve) -> None:
    served, printed = issued(serve, CLIENTS)
    assert fifty_households(served, printed) == {"201": 1, "IMEI_USED": CLIENTS - 1}
    assert served.bench.sql("SELECT count(*) FROM voucher WHERE status = 'redeemed'")[0][0] == 1
    assert served.bench.sql("SELECT count(*) FROM redemption_imei")[0][0] == 1
    assert budget(served.bench)[3] == AMOUNT


def test_control_without_its_key_one_handset_serves_many_households(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody looks whether the handset is free, and nothing but the look says so."""
    served, printed = issued(serve, CLIENTS)
    served.bench.sql("ALTER TABLE redemption_imei DROP CONSTRAINT redemption_imei_pkey")
    looked, look = threading.Barrier(CLIENTS), redemptions.look

    def look_together(*arguments: Any) -> redemptions.Seen:
        seen = look(*arguments)
        looked.wait(timeout=30)
        return seen

    monkeypatch.setattr(redemptions, "look", look_together)
    assert fifty_households(served, printed)["201"] > 1


def fifty_vouchers_at_one_shop(served: Served, printed: Papers) -> Counter[str]:
    calls = [redeem(served, 0, sale(paper, serial), f"k-{serial}") for serial, paper in enumerate(printed)]
    return codes_of(all_at_once(calls))


def test_fifty_sales_at_once_never_pass_a_shops_daily_limit(serve: Serve) -> None:
    served, printed = issued(serve, CLIENTS, shops=1, daily_limit=7)
    outcome = fifty_vouchers_at_one_shop(served, printed)
    assert outcome["201"] == 7
    assert outcome["SHOP_DAY_FULL"] + outcome["SHOP_MINUTE_FULL"] == CLIENTS - 7
    assert served.bench.sql("SELECT day_count FROM shop_quota") == [(7,)]
    assert broken(served.bench) == {}


def test_control_without_the_counters_guard_the_daily_limit_is_passed(serve: Serve) -> None:
    """The look alone, which is what a person reads, is no guard."""
    served, printed = issued(serve, CLIENTS, shops=1, daily_limit=7)
    served.bench.sql("ALTER TABLE shop_quota DROP CONSTRAINT shop_within_its_limits")
    assert fifty_vouchers_at_one_shop(served, printed)["201"] > 7


def test_fifty_guesses_at_once_are_counted_as_five_and_lock_the_voucher(serve: Serve) -> None:
    served, (paper,) = issued(serve, 1)
    wrong = sale(paper, pin=other_pin(paper["pin"]))
    calls = [redeem(served, number, wrong, f"till-{number}") for number in range(CLIENTS)]
    assert codes_of(all_at_once(calls)) == {"PIN_WRONG": 4, "VOUCHER_LOCKED": CLIENTS - 4}
    assert served.bench.sql("SELECT pin_attempts, locked FROM voucher") == [(5, True)]
    assert codes_of([redeem(served, 1, sale(paper), "right")()]) == {"VOUCHER_LOCKED": 1}


def test_fifty_guesses_of_one_shop_are_told_no_more_than_its_tries_of_the_hour(serve: Serve) -> None:
    served, printed = issued(serve, CLIENTS, shops=2)
    calls = [
        redeem(served, 0, sale(paper, serial, pin=other_pin(paper["pin"])), f"k-{serial}")
        for serial, paper in enumerate(printed)
    ]
    outcome = codes_of(all_at_once(calls))
    assert outcome == {
        "PIN_WRONG": WRONG_TRIES_AN_HOUR,
        "TOO_MANY_WRONG_TRIES": CLIENTS - WRONG_TRIES_AN_HOUR,
    }
    tried = served.bench.sql("SELECT sum(pin_attempts) FROM voucher")[0][0]
    assert tried == WRONG_TRIES_AN_HOUR
    right = sale(printed[0], 99)
    assert codes_of([redeem(served, 0, right, "right")()]) == {"TOO_MANY_WRONG_TRIES": 1}
    assert codes_of([redeem(served, 1, right, "elsewhere")()]) == {"201": 1}
