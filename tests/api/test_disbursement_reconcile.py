"""`reconcile` says nothing of sound accounts, and names each quantity that somebody has corrupted."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from services.disbursement.domain import local_date
from services.disbursement.ending import expire_due
from services.disbursement.reconcile import CHECKS, MONEY, VOUCHERS, WAITLIST, reconcile
from tests.support import reconciling
from tests.support.disbursement import (
    AMOUNT,
    CASHIER,
    PROGRAMME,
    approvals,
    broken,
    give_money,
    open_shop,
    papers,
    sale,
    withdrawn,
)
from tests.support.service import (
    AUDITOR,
    MANAGER,
    OFFICER,
    OTHER_COMMUNE,
    PROVINCE,
    SERVICE,
    Bench,
    bench,
    problem,
)

PROVINCIAL = f"{PROGRAMME}/{PROVINCE}"


@pytest.fixture(scope="module")
def sound() -> Bench:
    """Accounts with one of everything: a share for a province, vouchers out, redeemed (for less than they are
    worth), cancelled, expired and reissued, and somebody who waits."""
    made = bench("disbursement")
    give_money(made, 20 * AMOUNT)
    give_money(made, 6 * AMOUNT, province=PROVINCE)
    open_shop(made)
    cases = approvals(6, minimum_price=0)
    made.take_in(cases)
    printed = {paper["application_id"]: paper for paper in papers(made)}
    cheap, cancelled, lost, late, left, _ = (printed[case.key] for case in cases)
    sold = made.call("POST", "/redemptions", CASHIER, json=sale(cheap, price=AMOUNT - 1), key=True)
    assert sold.status_code == 201
    assert act(made, cancelled["voucher_id"], "cancel").status_code == 200
    assert act(made, lost["voucher_id"], "reissue").status_code == 201
    expire(made, late["voucher_id"])
    made.take_in([withdrawn(next(case for case in cases if case.key == left["application_id"]))])
    made.take_in(approvals(5, position=7))
    made.take_in(approvals(2, commune=OTHER_COMMUNE))
    return made


def act(desk: Bench, voucher_id: str, word: str) -> Any:
    body = {"reason": "ASKED"}
    return desk.call("POST", f"/vouchers/{voucher_id}:{word}", MANAGER, json=body, key=True)


def expire(desk: Bench, voucher_id: str) -> None:
    now = datetime.now(UTC)
    desk.sql("UPDATE voucher SET expires_on = '2026-01-01' WHERE voucher_id = CAST(:v AS uuid)", v=voucher_id)
    with desk.database.transaction() as session:
        assert expire_due(session, local_date(now), now) == 1


corrupted = partial(reconciling.corrupted, reconcile)


def test_sound_accounts_tie(sound: Bench) -> None:
    assert broken(sound) == {}
    statuses = dict(map(tuple, sound.sql("SELECT status, count(*) FROM voucher GROUP BY status")))
    assert statuses == {"issued": 7, "redeemed": 1, "cancelled": 2, "expired": 1, "reissued": 1}
    assert sound.sql("SELECT count(*) FROM waitlist WHERE status = 'waiting'")[0][0] == 2


ISSUED, REDEEMED, CANCELLED, EXPIRED = (
    f"(SELECT min(voucher_id::text)::uuid FROM voucher WHERE status = '{status}')"
    for status in ("issued", "redeemed", "cancelled", "expired")
)
OF_PROVINCE = f"WHERE budget_id = '{PROVINCIAL}'"
POST_AGAIN = """
    INSERT INTO posting (budget_id, kind, amount, voucher_id, event_id, posted_at)
    SELECT budget_id, '{kind}', amount, voucher_id, gen_random_uuid(), now()
    FROM voucher WHERE voucher_id = {voucher}
"""
POST_NOBODY = f"""
    INSERT INTO posting (budget_id, kind, amount, voucher_id, event_id, posted_at)
    VALUES ('{PROVINCIAL}', 'reserve', 1, gen_random_uuid(), gen_random_uuid(), now())
"""
LET_WAIT = f"""
    INSERT INTO waitlist SELECT application_id, household_id, programme_id, budget_id, commune, province,
        10 * amount, 0, 1, 1000, now(), 'waiting'
    FROM voucher WHERE voucher_id = {REDEEMED}
"""
WITHDRAW = """
    UPDATE known_case SET closed_reason = 'WITHDRAWN' FROM waitlist
    WHERE known_case.application_id = waitlist.application_id AND waitlist.status = 'waiting'
"""
FORGET_EXPIRY = """
    DELETE FROM posting WHERE event_id IN (
        SELECT event_id FROM event_log WHERE type = 'voucher.expired.v1')
"""
CORRUPTIONS = {
    "budgets-equal-postings": [
        (PROVINCIAL, f"UPDATE budget SET available = available + 1, allocated = allocated + 1 {OF_PROVINCE}"),
        (PROVINCIAL, f"UPDATE budget SET spent = spent + 1, reserved = reserved - 1 {OF_PROVINCE}"),
        (PROVINCIAL, f"UPDATE budget_spending SET posted = posted + 1 {OF_PROVINCE}"),
        (PROVINCIAL, "UPDATE posting SET amount = amount + 1 WHERE kind = 'post'"),
        (PROVINCIAL, "DELETE FROM posting WHERE kind = 'release'"),
        ("nowhere", "UPDATE posting SET budget_id = 'nowhere' WHERE kind = 'post'"),
    ],
    "budgets-pass-down": [
        (
            PROGRAMME,
            f"""UPDATE budget SET distributed = distributed + 1, available = available - 1
            WHERE budget_id = '{PROGRAMME}'""",
        ),
    ],
    "budgets-hold-their-vouchers": [
        (PROVINCIAL, f"UPDATE voucher SET amount = amount + 1 WHERE voucher_id = {ISSUED}"),
        (PROVINCIAL, f"UPDATE budget SET reserved = reserved - 1, available = available + 1 {OF_PROVINCE}"),
    ],
    "postings-follow-events": [
        ("post", "UPDATE posting SET event_id = gen_random_uuid() WHERE kind = 'post'"),
        ("void", "UPDATE event_log SET type = 'voucher.issued.v1' WHERE type = 'voucher.expired.v1'"),
    ],
    "events-have-postings": [("voucher.expired.v1", FORGET_EXPIRY)],
    "vouchers-tie": [(PROGRAMME, f"DELETE FROM voucher WHERE voucher_id = {ISSUED}")],
    "vouchers-have-one-reservation": [
        ("issued", f"UPDATE voucher SET status = 'issued' WHERE voucher_id = {REDEEMED}"),
        ("expired", f"UPDATE voucher SET status = 'expired', live = false WHERE voucher_id = {ISSUED}"),
        ("issued", POST_AGAIN.format(kind="reserve", voucher=ISSUED)),
        ("cancelled", POST_AGAIN.format(kind="post", voucher=CANCELLED)),
        ("cancelled", POST_AGAIN.format(kind="void", voucher=CANCELLED)),
        ("redeemed", POST_AGAIN.format(kind="post", voucher=REDEEMED)),
        ("None", POST_NOBODY),
    ],
    "vouchers-end-by-their-event": [
        (
            "voucher.expired.v1",
            f"UPDATE voucher SET status = 'cancelled', ended_reason = 'X' WHERE voucher_id = {EXPIRED}",
        ),
    ],
    "vouchers-replace-once": [
        ("reissued", "UPDATE voucher SET replaces = NULL WHERE replaces IS NOT NULL"),
        ("reissued", "UPDATE voucher SET expires_on = expires_on + 1 WHERE replaces IS NOT NULL"),
        ("cancelled", f"UPDATE voucher SET replaces = {CANCELLED} WHERE voucher_id = {ISSUED}"),
    ],
    "vouchers-end-in-time": [
        ("2026-01-01", f"UPDATE voucher SET expires_on = '2026-01-01' WHERE voucher_id = {ISSUED}"),
    ],
    "nobody-waits-beside-money": [
        (PROVINCIAL, "UPDATE waitlist SET amount = 1 WHERE status = 'waiting'"),
        ("nowhere", "UPDATE waitlist SET budget_id = 'nowhere' WHERE status = 'waiting'"),
    ],
    "who-waits-has-nothing-yet": [
        (PROGRAMME, f"UPDATE waitlist SET budget_id = '{PROGRAMME}' WHERE status = 'waiting'"),
        ("WITHDRAWN", WITHDRAW),
        (PROVINCIAL, LET_WAIT),
    ],
}
"""What is done to the tables, by the check that must find it, with a word that the named row must hold."""


@pytest.mark.parametrize(
    ("check", "named", "statement"),
    [(check, *corruption) for check, corruptions in CORRUPTIONS.items() for corruption in corruptions],
    ids=[f"{check}-{number}" for check, found in CORRUPTIONS.items() for number, _ in enumerate(found)],
)
def test_each_corrupted_quantity_is_named(sound: Bench, check: str, named: str, statement: str) -> None:
    found = corrupted(sound, statement)
    assert check in found
    assert any(named in map(str, row.values()) for row in found[check]), found[check]
    assert broken(sound) == {}


def test_every_check_has_seen_its_corruption() -> None:
    assert set(CORRUPTIONS) == {check.name for check in (*MONEY, *VOUCHERS, *WAITLIST)}


def test_two_errors_that_cancel_out_are_still_named(sound: Bench) -> None:
    """The total of a budget can be right while two of its vouchers are not."""
    found = corrupted(
        sound,
        f"UPDATE voucher SET amount = amount + 5 WHERE voucher_id = {ISSUED}",
        "UPDATE voucher SET amount = amount - 5 WHERE voucher_id ="
        " (SELECT max(voucher_id::text)::uuid FROM voucher WHERE status = 'issued'"
        f" AND budget_id = '{PROVINCIAL}')",
    )
    assert "budgets-hold-their-vouchers" not in found
    assert len(found["vouchers-have-one-reservation"]) == 2


def test_the_auditor_reads_what_ties_and_nobody_else(sound: Bench) -> None:
    answer = sound.call("GET", "/reconcile", AUDITOR)
    assert answer.json["ties"] is True
    assert {check["name"] for check in answer.json["checks"]} == {check.name for check in CHECKS}
    for who in (OFFICER, MANAGER, SERVICE):
        assert problem(sound.call("GET", "/reconcile", who))["code"] == "ROLE_MISSING"


def test_the_auditor_reads_which_rows_do_not_tie() -> None:
    desk = bench("disbursement")
    give_money(desk, AMOUNT)
    desk.take_in(approvals(1))
    desk.sql("UPDATE voucher SET amount = amount - 1")
    answer = desk.call("GET", "/reconcile", AUDITOR).json
    assert answer["ties"] is False
    (one,) = [check for check in answer["checks"] if check["name"] == "budgets-hold-their-vouchers"]
    assert (one["holds"], one["count"]) == (False, 1)
    assert one["rows"] == [{"budget_id": PROGRAMME, "reserved": AMOUNT, "outstanding": AMOUNT - 1}]
