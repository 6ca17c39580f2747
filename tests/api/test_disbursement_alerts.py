"""Alerts: what a job notices in shops' redemptions, once each, and who looks at them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.disbursement.alerts import Thresholds
from services.disbursement.jobs import JOBS, look_for_patterns
from shared.auth import Role
from shared.jobs import JobContext
from tests.support.disbursement import (
    AMOUNT,
    CASHIER,
    approvals,
    cashier,
    give_money,
    open_shop,
    papers,
    sale,
)
from tests.support.service import AUDITOR, MANAGER, OFFICER, Bench, actor, bench, problem

LIMITS = Thresholds()


def made(count: int, spread: int = 1000, **shop: Any) -> Bench:
    """`count` redemptions at noon in Viet Nam, ten seconds apart; serial numbers `spread` apart."""
    desk = bench("disbursement")
    give_money(desk, (count + 5) * AMOUNT)
    open_shop(desk, **shop)
    desk.take_in(approvals(count))
    for serial, paper in enumerate(papers(desk)):
        redeem(desk, paper, serial * spread)
    at(desk, 5)
    return desk


def redeem(desk: Bench, paper: dict[str, Any], serial: int, who: Any = CASHIER) -> None:
    answer = desk.call("POST", "/redemptions", who, json=sale(paper, serial), key=True)
    assert answer.status_code == 201, answer.get_data(as_text=True)


def at(desk: Bench, hour_utc: int, seconds: int = 10) -> None:
    """All sales as if made at that hour of today, `seconds` apart."""
    begun = datetime.now(UTC).replace(hour=hour_utc, minute=0, second=0, microsecond=0)
    desk.sql(
        "UPDATE redemption SET sold_at = CAST(:begun AS timestamptz) + place * CAST(:apart AS interval) FROM"
        " (SELECT redemption_id, row_number() OVER (ORDER BY redemption_id) AS place FROM redemption) AS o"
        " WHERE o.redemption_id = redemption.redemption_id",
        begun=begun,
        apart=timedelta(seconds=seconds),
    )


def look(desk: Bench) -> list[tuple[str, int]]:
    """Run the job; all alerts then, by kind, with how many redemptions show it."""
    assert look_for_patterns(JobContext(desk.settings, desk.database)) is False
    return [tuple(row) for row in desk.sql("SELECT kind, redemptions FROM alert ORDER BY kind")]


def test_the_job_is_among_the_services_jobs() -> None:
    assert "alerts" in {job.name for job in JOBS}


def test_usual_sales_raise_nothing() -> None:
    assert look(made(4)) == []


def test_a_burst_is_noticed_once_and_counted_on_while_it_grows() -> None:
    desk = made(LIMITS.burst)
    assert look(desk) == [("burst", LIMITS.burst)]
    assert look(desk) == [("burst", LIMITS.burst)]
    desk.take_in(approvals(2, position=100))
    for serial, paper in enumerate(papers(desk)):
        redeem(desk, paper, 500_000 + serial * 1000)
    at(desk, 5)
    assert look(desk) == [("burst", LIMITS.burst + 2)]
    told = [event for event in desk.events() if event.type == "alert.raised.v1"]
    assert [(event.stream, event.data["redemptions"]) for event in told] == [("shop/shop-1", LIMITS.burst)]


def test_as_many_sales_over_an_afternoon_are_no_burst() -> None:
    desk = made(LIMITS.burst)
    at(desk, 2, seconds=60 * LIMITS.burst_minutes // 2)
    assert look(desk) == []


def test_sales_at_night_are_noticed_where_no_hours_are_registered() -> None:
    desk = made(2)
    at(desk, 16)
    assert look(desk) == [("out_of_hours", 2)]


def test_sales_outside_registered_hours_are_noticed_and_those_within_are_not() -> None:
    always = [f"{day} 00:00-24:00" for day in range(1, 8)]
    desk = made(2, hours=always)
    at(desk, 16)
    assert look(desk) == []
    desk.sql("UPDATE shop SET hours = ARRAY['1 07:30-08:00']")
    assert look(desk) == [("out_of_hours", 2)]


def test_handsets_of_one_hundred_serial_numbers_are_noticed() -> None:
    assert look(made(LIMITS.same_hundred, spread=1)) == [("imei_range", LIMITS.same_hundred)]
    assert look(made(LIMITS.same_hundred - 1, spread=1)) == []


def test_households_of_another_province_are_noticed() -> None:
    desk = made(1)
    desk.sql("UPDATE voucher SET province = '14'")
    assert look(desk) == [("far_away", 1)]


def test_what_was_taken_back_raises_nothing() -> None:
    desk = made(LIMITS.burst)
    desk.sql("UPDATE redemption SET reversed_at = now()")
    assert look(desk) == []


def test_what_is_older_than_the_look_back_raises_nothing_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.disbursement.alerts.LOOK_BACK", timedelta(seconds=-60))
    assert look(made(LIMITS.burst)) == []


def test_an_alert_is_seen_and_closed_once_within_the_area() -> None:
    desk = made(LIMITS.burst)
    look(desk)
    (alert,) = desk.call("GET", "/alerts?status=open", MANAGER).json["items"]
    assert (alert["kind"], alert["shop_id"], alert["status"]) == ("burst", "shop-1", "open")
    path, why = f"/alerts/{alert['alert_id']}:close", {"reason": "Ngày hội phát máy, có biên bản"}
    far = actor(Role.MANAGER, subject="xa", commune=None, province="14")
    assert desk.call("GET", "/alerts", far).json["items"] == []
    assert problem(desk.call("POST", path, far, json=why, key=True))["code"] == "NOT_FOUND"
    for who in (OFFICER, CASHIER, cashier("shop-2")):
        assert problem(desk.call("GET", "/alerts", who))["code"] == "ROLE_MISSING"
    assert desk.call("POST", path, MANAGER, json=why, key=True).json["status"] == "closed"
    assert problem(desk.call("POST", path, MANAGER, json=why, key=True))["code"] == "CLOSED_ALREADY"
    assert desk.events()[-1].type == "alert.closed.v1"
    assert look(desk) == [("burst", LIMITS.burst)]
    assert desk.call("GET", "/alerts?status=open", AUDITOR).json["items"] == []
