"""A month of settlement, from the first sale to the last transfer, tied out three ways: the tables against
themselves, the tables against the log, and the log against what the shops remember. Every đồng has one place.
"""

import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

import pytest

from shared.auth import Actor, Role
from tests.support.disbursement import (
    AMOUNT,
    PROGRAMME,
    approvals,
    broken,
    cashier,
    give_money,
    imei,
    open_shop,
    papers,
)
from tests.support.service import MANAGER, Bench, actor, bench

REDEMPTIONS = 10_000
REVERSED, DISPUTED = 0.02, 0.01
ENTERPRISES = ("telecom-1", "telecom-2", "telecom-3")
SHOPS = {f"shop-{number}": ENTERPRISES[number % 3] for number in range(9)}
PAYER = actor(Role.PAYER, subject="quy", commune=None)
PERIOD = {"period_from": "2020-01-01", "period_to": "2099-12-31"}


def accountant(enterprise: str) -> Actor:
    return actor(Role.ENTERPRISE, subject=f"ke-toan-{enterprise}", commune=None, enterprise_id=enterprise)


@dataclass
class Memory:
    """What everybody outside the system wrote down: enterprise → đồng."""

    sold: Counter[str] = field(default_factory=Counter)
    given_back: Counter[str] = field(default_factory=Counter)
    claimed: Counter[str] = field(default_factory=Counter)
    disputed: Counter[str] = field(default_factory=Counter)
    transferred: Counter[str] = field(default_factory=Counter)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_month_of_settlement_ties_out_to_the_dong() -> None:
    made, memory, dice = bench("disbursement"), Memory(), random.Random(20261125)
    sell(made, memory, dice)
    first = {enterprise: claim(made, memory, enterprise) for enterprise in ENTERPRISES}
    for enterprise, claim_id in first.items():
        settle(made, memory, dice, enterprise, claim_id)
    for enterprise in ENTERPRISES:
        ask_again(made, first[enterprise], accountant(enterprise))
        settle(made, memory, dice, enterprise, claim(made, memory, enterprise))
    assert broken(made) == {}
    assert from_tables(made) == from_memory(memory)
    assert from_log(made) == from_memory(memory)


def post(made: Bench, path: str, who: Actor, body: Any = None, status: int = 201) -> Any:
    answer = made.call("POST", path, who, json=body, key=True)
    assert answer.status_code == status, f"{path}: {answer.get_data(as_text=True)}"
    return answer.json


def sell(made: Bench, memory: Memory, dice: random.Random) -> None:
    """Every voucher becomes a phone at some shop; one in fifty comes back and is sold again elsewhere."""
    give_money(made, REDEMPTIONS * AMOUNT)
    for shop, enterprise in SHOPS.items():
        open_shop(made, shop, enterprise_id=enterprise)
    for start in range(0, REDEMPTIONS, 500):
        count = min(500, REDEMPTIONS - start)
        made.take_in(approvals(count, position=start + 1, minimum_price=AMOUNT // 2))
    sheets = papers(made)
    dice.shuffle(sheets)
    back = set(dice.sample(range(REDEMPTIONS), int(REDEMPTIONS * REVERSED)))
    for serial, sheet in enumerate(sheets, start=1):
        shop = dice.choice(list(SHOPS))
        sold = redeem(made, memory, sheet, serial, shop, dice)
        if serial - 1 in back:
            reverse(made, memory, sold, shop)
            redeem(made, memory, sheet, serial, dice.choice(list(SHOPS)), dice)


def redeem(
    made: Bench, memory: Memory, sheet: dict[str, Any], serial: int, shop: str, dice: random.Random
) -> dict[str, Any]:
    body = {
        "code": sheet["code"],
        "pin": sheet["pin"],
        "imeis": [imei(serial)],
        "model": "Vivas Lotus S1",
        "price": dice.randrange(AMOUNT // 2, 2 * AMOUNT, 1000),
        "id_checked": True,
    }
    sold: dict[str, Any] = post(made, "/redemptions", cashier(shop), body)
    memory.sold[SHOPS[shop]] += sold["subsidy"]
    return sold


def reverse(made: Bench, memory: Memory, sold: dict[str, Any], shop: str) -> None:
    path = f"/redemptions/{sold['redemption_id']}:reverse"
    asked = post(made, path, cashier(shop), {"reason": "HANDSET_FAULTY", "note": "Màn hình không lên"})
    post(made, f"/reversals/{asked['reversal_id']}:confirm", MANAGER, status=200)
    memory.given_back[SHOPS[shop]] += sold["subsidy"]


def claim(made: Bench, memory: Memory, enterprise: str) -> str:
    body = {"enterprise_id": enterprise, "programme_id": PROGRAMME, **PERIOD}
    claim = post(made, "/claims", accountant(enterprise), body)
    memory.claimed[enterprise] += claim["claimed"]
    return str(claim["claim_id"])


def settle(made: Bench, memory: Memory, dice: random.Random, enterprise: str, claim_id: str) -> None:
    """One line in a hundred is disputed; the rest is paid in three parts, one of which the bank returns."""
    lines = [line for line in all_lines(made, claim_id) if line["amount"] > 0]
    doubted = dice.sample(lines, max(1, int(len(lines) * DISPUTED))) if len(lines) > 3 else []
    if doubted:
        wanted = [{"line_id": line["line_id"], "reason": "NO_RECEIPT"} for line in doubted]
        post(made, f"/claims/{claim_id}:dispute", PAYER, {"lines": wanted}, status=200)
    memory.disputed[enterprise] += sum(line["amount"] for line in doubted)
    minutes = {"minutes": f"07/{enterprise}", "minutes_date": "2026-11-30"}
    accepted = post(made, f"/claims/{claim_id}:accept", PAYER, minutes, status=200)["accepted"]
    account = {"account_name": enterprise.upper(), "bank": "NGAN HANG A", "account_number": "00110022003"}
    made.call("PUT", f"/payees/{enterprise}", MANAGER, json=account, key=True)
    pay(made, claim_id, accepted // 3, failure="Bank closed")
    for part in (accepted // 3, accepted // 2, None):
        memory.transferred[enterprise] += pay(made, claim_id, part)


def pay(made: Bench, claim_id: str, amount: int | None, failure: str | None = None) -> int:
    order = post(made, f"/claims/{claim_id}/payments", PAYER, {"amount": amount})
    said = {"amount": order["amount"], "day": "2026-12-02", "failure": failure}
    post(made, f"/payments/{order['reference']}:confirm", PAYER, said, status=200)
    return 0 if failure else int(order["amount"])


def ask_again(made: Bench, claim_id: str, who: Actor) -> None:
    """What was disputed is claimed again, the receipt in hand; of one line the payer takes something back."""
    lines = all_lines(made, claim_id)
    for line in lines:
        if line["status"] == "disputed":
            correction = {"amount": line["amount"], "reason": "RECEIPT_FOUND"}
            post(made, f"/claim-lines/{line['line_id']}:correct", who, correction)
    first = next(line for line in lines if line["status"] == "accepted")
    back = {"amount": -1000, "reason": "PRICE_MISREAD"}
    post(made, f"/claim-lines/{first['line_id']}:correct", PAYER, back)


def all_lines(made: Bench, claim_id: str) -> list[dict[str, Any]]:
    found, cursor = [], ""
    while cursor is not None:
        query = f"?limit=200{cursor and '&cursor=' + cursor}"
        page = made.call("GET", f"/claims/{claim_id}/lines{query}", PAYER).json
        found += page["items"]
        cursor = page["next_cursor"]
    return found


Sums = dict[str, tuple[int, int, int, int]]
"""enterprise → redeemed and not given back, claimed, disputed, paid, in đồng."""


def from_memory(memory: Memory) -> Sums:
    return {
        one: (
            memory.sold[one] - memory.given_back[one],
            memory.claimed[one],
            memory.disputed[one],
            memory.transferred[one],
        )
        for one in ENTERPRISES
    }


def from_tables(made: Bench) -> Sums:
    rows = made.sql(
        """
        SELECT enterprise_id, CAST(redeemed AS bigint), CAST(claimed AS bigint), CAST(disputed AS bigint),
               CAST(paid AS bigint)
        FROM (SELECT enterprise_id, sum(subsidy) AS redeemed FROM redemption WHERE reversed_at IS NULL
              GROUP BY enterprise_id) AS sold
        JOIN (SELECT enterprise_id, sum(claimed) AS claimed, sum(disputed) AS disputed FROM claim
              GROUP BY enterprise_id) AS asked USING (enterprise_id)
        JOIN (SELECT enterprise_id, sum(amount) AS paid FROM payment JOIN claim USING (claim_id)
              WHERE payment.status = 'paid' GROUP BY enterprise_id) AS done USING (enterprise_id)
        """
    )
    return {row[0]: (row[1], row[2], row[3], row[4]) for row in rows}


def from_log(made: Bench) -> Sums:
    """From the events alone; what a claim asks for is looked up in the sales and corrections it names."""
    subsidy: dict[str, int] = {}
    seller: dict[str, str] = {}
    change: dict[str, int] = {}
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for event in made.events():
        data = event.data
        match event.type:
            case "voucher.redeemed.v1":
                subsidy[data["redemption_id"]] = data["subsidy"]
                seller[data["redemption_id"]] = data["enterprise_id"]
                sums[data["enterprise_id"]][0] += data["subsidy"]
            case "voucher.reversed.v1":
                sums[seller[data["redemption_id"]]][0] -= data["subsidy"]
            case "line.corrected.v1":
                change[data["line_id"]] = data["change"]
            case "claim.submitted.v1":
                total = sum(subsidy[one] for one in data["redemptions"])
                total += sum(change[one] for one in data["corrections"])
                assert total == data["amount"], "a claim's amount follows from the log"
                sums[data["enterprise_id"]][1] += total
            case "claim.disputed.v1":
                sums[data["enterprise_id"]][2] += data["amount"]
            case "claim.paid.v1":
                sums[data["enterprise_id"]][3] += data["amount"]
    return {enterprise: (one[0], one[1], one[2], one[3]) for enterprise, one in sums.items()}
