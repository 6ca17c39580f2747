"""What happens to redemptions later, under fire: sales sent after the line came back, and reversals."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from services.disbursement import offline, reversal
from shared.auth import Role
from tests.races.conftest import Served, all_at_once
from tests.support.disbursement import (
    AMOUNT,
    approvals,
    broken,
    budget,
    cashier,
    give_money,
    imei,
    open_shop,
    papers,
    published,
    sale,
    signed,
)
from tests.support.service import PROVINCE, actor

Serve = Callable[[str], Served]
SHOPS = 20
LIMITS = {"per_voucher": AMOUNT, "per_shop_per_day": 50, "days_to_send": 5}
DECIDERS = [
    actor(Role.MANAGER, subject=f"quan-ly-{number}", commune=None, province=PROVINCE) for number in range(8)
]


def offered(serve: Serve) -> tuple[Served, dict[str, Any]]:
    """Twenty shops, a programme that lets them redeem without a line, one voucher."""
    served = serve("disbursement")
    served.bench.take_in([published(offline=LIMITS)])
    give_money(served.bench, 10 * AMOUNT)
    for number in range(SHOPS):
        open_shop(served.bench, f"shop-{number}")
    served.bench.take_in(approvals(1))
    return served, papers(served.bench)[0]


def sold(paper: dict[str, Any], serial: int) -> dict[str, Any]:
    return {
        "sale_id": str(uuid4()),
        "token": signed(paper),
        "pin": paper["pin"],
        "imeis": [imei(serial)],
        "model": "Vivas Lotus S1",
        "price": 790_000,
        "id_checked": True,
        "sold_at": datetime.now(UTC).isoformat(),
        "receipt": {"reference": f"BN-{serial}", "sha256": f"{serial:064x}"},
    }


def sending(served: Served, shop: int, one: dict[str, Any], key: str) -> Callable[[], str]:
    """A call that sends one sale and tells what became of it."""

    def send() -> str:
        body = {"sales": [one]}
        answer = served.post("/redemptions:offline", cashier(f"shop-{shop}"), body, key)
        assert answer.status_code == 200, answer.text
        (result,) = answer.json()["results"]
        return str(result["code"] or result["outcome"])

    return send


def test_of_twenty_shops_that_sold_one_voucher_without_a_line_one_is_paid(serve: Serve) -> None:
    served, paper = offered(serve)
    calls = [sending(served, number, sold(paper, number), f"k-{number}") for number in range(SHOPS)]
    assert Counter(all_at_once(calls)) == {"redeemed": 1, "VOUCHER_USED": SHOPS - 1}
    assert budget(served.bench)[3] == AMOUNT
    assert broken(served.bench) == {}
    first = served.bench.sql("SELECT DISTINCT first_redemption_id FROM dispute")
    assert first == served.bench.sql("SELECT redemption_id FROM redemption")


def test_a_sale_at_the_counter_and_one_without_a_line_that_meet_pay_once(serve: Serve) -> None:
    served, paper = offered(serve)

    def at_the_counter(number: int) -> str:
        answer = served.post(
            "/redemptions", cashier(f"shop-{number}"), sale(paper, 100 + number), f"c-{number}"
        )
        return "redeemed" if answer.status_code == 201 else str(answer.json()["code"])

    calls = [sending(served, number, sold(paper, number), f"k-{number}") for number in range(SHOPS // 2)]
    calls += [partial(at_the_counter, number) for number in range(SHOPS // 2, SHOPS)]
    assert Counter(all_at_once(calls)) == {"redeemed": 1, "VOUCHER_USED": SHOPS - 1}
    assert served.bench.sql("SELECT count(*) FROM redemption") == [(1,)]
    assert budget(served.bench)[3] == AMOUNT


def same_sale_by_many_devices(served: Served, paper: dict[str, Any]) -> Counter[str]:
    """One sale, sent twenty times at once, each time under a key of its own."""
    one = sold(paper, 1)
    return Counter(all_at_once([sending(served, 0, one, f"k-{number}") for number in range(SHOPS)]))


def test_one_sale_sent_twenty_times_at_once_is_answered_alike_and_never_disputes_itself(serve: Serve) -> None:
    served, paper = offered(serve)
    assert same_sale_by_many_devices(served, paper) == {"redeemed": SHOPS}
    assert served.bench.sql("SELECT count(*) FROM redemption") == [(1,)]
    assert served.bench.sql("SELECT count(*) FROM dispute") == [(0,)]


def test_control_without_its_key_a_sale_disputes_itself(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    served, paper = offered(serve)
    served.bench.sql("ALTER TABLE offline_sale DROP CONSTRAINT offline_sale_pkey")
    monkeypatch.setattr(offline, "answered", lambda *_arguments: None)
    assert same_sale_by_many_devices(served, paper)["VOUCHER_USED"] > 0


def asked_for(serve: Serve) -> tuple[Served, str]:
    """One redemption whose shop wants it back."""
    served, paper = offered(serve)
    bench = served.bench
    done = bench.call("POST", "/redemptions", cashier("shop-1"), json=sale(paper), key=True).json
    path = f"/redemptions/{done['redemption_id']}:reverse"
    why = {"reason": "HANDSET_FAULTY", "note": "Không lên nguồn"}
    asked = bench.call("POST", path, cashier("shop-1"), json=why, key=True)
    return served, str(asked.json["reversal_id"])


def eight_deciders(served: Served, reversal_id: str) -> Counter[str]:
    def decide(number: int) -> str:
        path = f"/reversals/{reversal_id}:confirm"
        answer = served.post(path, DECIDERS[number], None, f"d-{number}")
        return str(answer.json().get("code") or answer.json()["status"])

    return Counter(all_at_once([partial(decide, number) for number in range(len(DECIDERS))]))


def test_a_redemption_is_taken_back_once_by_eight_deciders(serve: Serve) -> None:
    served, reversal_id = asked_for(serve)
    assert eight_deciders(served, reversal_id) == {"confirmed": 1, "REVERSAL_DECIDED": 7}
    assert budget(served.bench) == (10 * AMOUNT, 9 * AMOUNT, AMOUNT, 0)
    assert broken(served.bench) == {}


def test_control_without_its_guards_a_redemption_is_taken_back_many_times(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody looks whether it is still to be decided; then each writes what the look said."""
    served, reversal_id = asked_for(serve)
    for name in ("_DECIDE", "_REVERSE"):
        statement = str(getattr(reversal, name))
        unguarded = statement.replace("AND status = 'asked'", "").replace("AND reversed_at IS NULL", "")
        monkeypatch.setattr(reversal, name, text(unguarded))
    monkeypatch.setattr(reversal, "_too_late", lambda *_arguments: None)
    looked, decided = threading.Barrier(len(DECIDERS)), reversal._decided

    def decide_together(*arguments: Any) -> Any:
        looked.wait(timeout=30)
        return decided(*arguments)

    monkeypatch.setattr(reversal, "_decided", decide_together)
    served.bench.sql("ALTER TABLE budget DROP CONSTRAINT budget_never_negative")
    outcome = eight_deciders(served, reversal_id)
    assert outcome["confirmed"] > 1
    assert budget(served.bench)[3] < 0
