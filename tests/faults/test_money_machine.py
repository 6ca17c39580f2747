"""A state machine drives the real service (PostgreSQL, HTTP, handlers) against a model of plain sums, for
thousands of steps. After each one every budget and every case is what the model says, and everything ties.

`SONGBAN_FAULT_SEEDS` sets how many walks there are (`make faults`: 20); the seeds are always the same.
"""

import os
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from services.disbursement import domain
from services.disbursement.codes import Pins
from services.disbursement.domain import Place, local_date
from services.disbursement.ending import expire_due
from shared.auth import Role
from shared.events import Envelope, NewEvent
from shared.folds import Replay
from tests.support.disbursement import (
    FUND,
    PROGRAMME,
    about,
    approval,
    broken,
    cashier,
    open_shop,
    other_pin,
    published,
    sale,
    withdrawn,
)
from tests.support.money_model import UNLOCKS, Model, Paper
from tests.support.service import MANAGER, SERVICE, actor, bench, foreign_events

WALKS, LENGTH = int(os.environ.get("SONGBAN_FAULT_SEEDS", "5")), 300
HOMES = [
    Place(PROGRAMME, *home) for home in (("08", "01075"), ("08", "00715"), ("08", "00691"), ("14", "04186"))
]
WHOLE, *PROVINCES = (Place(PROGRAMME, province, None) for province in (None, "08", "14"))
BUDGETS = [WHOLE, *PROVINCES, *HOMES[:2], HOMES[3]]
MANAGERS = {"08": MANAGER, "14": actor(Role.MANAGER, subject="quan-ly-14", commune=None, province="14")}
GONE = {"redeemed": "VOUCHER_USED", "expired": "VOUCHER_EXPIRED", "cancelled": "VOUCHER_CANCELLED"}
WHY = {"document": "46/QĐ-UBND", "reason": "Điều chỉnh dự toán"}

SUMS, WORTH = [1, 300_000, 500_000, 1_700_000, 4_000_000], [300_000, 500_000, 2_000_000]
EVERY_STATUS = ("waitlisted", "issued", "issued", *GONE)
STEPS = (
    *("allocate", "adjust", "move", "approve", "approve", "approve_again", "withdraw", "revoke"),
    *("deliver_again", "redeem", "redeem", "guess", "reverse", "cancel", "reissue", "unlock", "expire"),
)
done: Counter[str] = Counter()
"""How often each rule ran, and how often each answer came."""


class Money(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.desk, self.model = bench("disbursement"), Model()
        self.desk.take_in([published()])
        self.pins = Pins(self.desk.settings.wrapping_key)
        self.delivered: list[Sequence[Envelope]] = []
        self.reversals: dict[str, str] = {}
        self.approved: dict[str, Envelope] = {}
        self.serial = self.guesses = 0
        open_shop(self.desk)

    @initialize(seed=st.integers(0, 2**32 - 1))
    def set_out(self, seed: int) -> None:
        """A walk's chances all come from its seed: drawn one by one, the steps would be too much alike."""
        self.rng = Random(seed)

    @rule()
    def step(self) -> None:
        name = self.rng.choice(STEPS)
        note(name)
        getattr(self, name)()

    # Decisions about money

    def allocate(self) -> None:
        place, amount = self.rng.choice(BUDGETS), self.rng.choice([*SUMS[2:], 9_000_000])
        body = {"amount": amount, "document": "45/QĐ-UBND", **at(place)}
        self.decide("allocate", body, self.model.give(place, amount))

    def adjust(self) -> None:
        place, change = self.rng.choice(BUDGETS), self.rng.choice([1, -1, -1]) * self.rng.choice(SUMS)
        body = {"change": change, **WHY, **at(place)}
        self.decide("adjust", body, self.model.give(place, change))

    def move(self) -> None:
        giver, taker = self.rng.sample(BUDGETS, 2)
        amount = self.rng.choice(SUMS)
        body = {"amount": amount, "source": at(giver), "target": at(taker), **WHY}
        self.decide("move", body, self.moved(giver, taker, amount))

    def moved(self, giver: Place, taker: Place, amount: int) -> bool:
        """Up to the budget above both, then down; in the model only the first step can fail."""
        up = [(place, -amount) for place in way(giver) if place not in way(taker)]
        down = [(place, amount) for place in reversed(way(taker)) if place not in way(giver)]
        return all(self.model.give(place, change) for place, change in up + down)

    def decide(self, word: str, body: dict[str, Any], reaches: bool) -> None:
        self.model.serve()
        answer = self.desk.call("POST", f"/budgets/{PROGRAMME}:{word}", FUND, json=body, key=True)
        self.expect(word, answer, "200" if reaches else "BUDGET_TOO_SMALL")

    # What other services say

    def approve(self) -> None:
        places = [self.rng.choice(HOMES) for _ in range(self.rng.randint(1, 4))]
        self.promised("approve", places, [self.promise(place) for place in places])

    def approve_again(self) -> None:
        if case := self.any_of("cancelled", "expired"):
            place = self.model.papers[case].place
            household = self.approved[case].data["household_id"]
            fresh = self.promise(place, application_id=case, household_id=household)
            self.promised("approve_again", [place], [fresh])

    def promise(self, place: Place, **case: str) -> NewEvent:
        """Good for one to five days, at no minimum price."""
        terms = {"amount": self.rng.choice(WORTH), "validity_days": self.rng.randint(1, 5)}
        return approval(self.rng.randint(1, 9), commune=place.commune, minimum_price=0, **terms, **case)

    def promised(self, name: str, places: list[Place], new: list[NewEvent]) -> None:
        events = foreign_events("eligibility", new)
        for event, place in zip(events, places, strict=True):
            known = self.model.papers.get(event.key)
            turn = (event.data["position"], event.time, event.key)
            paper = Paper(place, event.data["amount"], turn, self.model.pays(place))
            if known is not None:
                paper.voucher, paper.closed = known.voucher, known.closed
            if paper.closed:  # it ends at once, and is told to have ended
                paper.status = "cancelled"
            self.model.papers[event.key] = paper
            self.approved[event.key] = event
        self.take_in(name, events)

    def withdraw(self) -> None:
        case = self.any_of(*EVERY_STATUS)
        if case and not self.model.papers[case].closed:
            self.model.papers[case].closed = True
            self.give_up(case)
            self.take_in("withdraw", [withdrawn(self.approved[case])])

    def revoke(self) -> None:
        if case := self.any_of(*EVERY_STATUS):
            self.give_up(case)
            facts = {"reason": "DECISION_ANNULLED", "revoked_by": "quan-ly"}
            self.take_in("revoke", [about(self.approved[case], "eligibility.revoked.v1", **facts)])

    def give_up(self, case: str) -> None:
        if self.model.papers[case].status in {"issued", "waitlisted"}:
            self.model.end(self.model.papers[case], "cancelled")

    def deliver_again(self) -> None:
        if self.delivered:
            self.take_in("deliver_again", self.rng.choice(self.delivered))

    def take_in(self, name: str, events: Sequence[Envelope]) -> None:
        self.model.serve()
        self.desk.take_in(events)
        self.delivered.append(events)
        done[name] += 1

    # The counter

    def redeem(self) -> None:
        """For twice the voucher's worth, or for a part of it."""
        case = self.any_of("issued", "issued", *GONE)
        if case is None or not self.model.papers[case].voucher:
            return
        paper, self.serial = self.model.papers[case], self.serial + 1
        price = self.rng.choice([2 * paper.amount, paper.amount, paper.amount // 3, paper.amount // 10])
        answer = self.sell(case, price=price)
        if paper.voucher != "issued":
            self.expect("redeem", answer, GONE[paper.voucher])
        elif paper.locked:
            self.expect("redeem", answer, "VOUCHER_LOCKED")
        else:
            self.model.redeem(paper, price)
            self.model.serve()
            self.expect("redeem", answer, "201")

    def guess(self) -> None:
        """Three wrong PINs for one voucher."""
        case = self.any_of("issued")
        for _ in range(3 if case else 0):
            paper = self.model.papers[str(case)]
            answer = self.sell(str(case), pin=other_pin(self.paper(str(case))["pin"]))
            if not paper.locked:
                paper.tries += 1
                self.guesses += 1
            self.expect("guess", answer, "VOUCHER_LOCKED" if paper.locked else "PIN_WRONG")

    def sell(self, case: str, **changes: Any) -> Any:
        """At a shop that has tried fewer wrong PINs than a shop may in an hour."""
        shop = f"shop-{1 + self.guesses // 15}"
        if not self.desk.sql("SELECT 1 FROM shop WHERE shop_id = :s", s=shop):
            open_shop(self.desk, shop)
        body = sale(self.paper(case), self.serial, **changes)
        return self.desk.call("POST", "/redemptions", cashier(shop), json=body, key=True)

    def reverse(self) -> None:
        case = self.any_of("redeemed")
        if case is None:
            return
        paper = self.model.papers[case]
        if case not in self.reversals:
            self.reversals[case] = self.ask_back(case)
        answer = self.desk.call("POST", f"/reversals/{self.reversals[case]}:confirm", MANAGER, key=True)
        if not self.model.reverse(paper):
            self.expect("reverse", answer, "BUDGET_TOO_SMALL")
            return
        if paper.closed:
            self.model.end(paper, "cancelled")
        self.model.serve()
        del self.reversals[case]
        self.expect("reverse", answer, "200")

    def ask_back(self, case: str) -> str:
        ((redemption_id, shop),) = self.desk.sql(
            "SELECT redemption_id, shop_id FROM redemption JOIN voucher USING (voucher_id)"
            " WHERE application_id = CAST(:c AS uuid) AND reversed_at IS NULL",
            c=case,
        )
        body = {"reason": "HANDSET_FAULTY", "note": "Máy hỏng"}
        path = f"/redemptions/{redemption_id}:reverse"
        answer = self.desk.call("POST", path, cashier(shop), json=body, key=True)
        assert answer.status_code in {200, 201}, answer.get_data(as_text=True)
        return str(answer.json["reversal_id"])

    # The office

    def cancel(self) -> None:
        if case := self.office("cancel"):
            self.model.end(self.model.papers[case], "cancelled")
            self.model.serve()

    def reissue(self) -> None:
        if case := self.office("reissue", "201"):
            self.model.papers[case].tries = self.model.papers[case].unlocks = 0

    def office(self, word: str, wanted: str = "200") -> str | None:
        """Whose voucher it was done to, if it was."""
        case = self.any_of("issued", "issued", *GONE)
        if case is None or not self.model.papers[case].voucher:
            return None
        voucher = self.model.papers[case].voucher
        self.expect(word, self.ask_office(case, word), GONE.get(voucher, wanted))
        return case if voucher == "issued" else None

    def unlock(self) -> None:
        """A locked one, where there is one."""
        locked = [case for case in self.cases("issued") if self.model.papers[case].locked]
        case = self.rng.choice(locked) if locked else self.any_of("issued")
        if case is None:
            return
        paper, answer = self.model.papers[case], self.ask_office(case, "unlock")
        if not paper.locked:
            self.expect("unlock", answer, "VOUCHER_NOT_LOCKED")
        elif paper.unlocks == UNLOCKS:
            self.expect("unlock", answer, "VOUCHER_UNLOCKED_TOO_OFTEN")
        else:
            paper.tries, paper.unlocks = 0, paper.unlocks + 1
            self.expect("unlock", answer, "200")

    def ask_office(self, case: str, word: str) -> Any:
        who = MANAGERS[str(self.model.papers[case].place.province)]
        path = f"/vouchers/{self.paper(case)['voucher_id']}:{word}"
        return self.desk.call("POST", path, who, json={"reason": "ASKED"}, key=True)

    def expire(self) -> None:
        """The job, as if one to three days had gone by."""
        now = datetime.now(UTC)
        day = local_date(now) + timedelta(days=self.rng.randint(1, 3))
        live = self.live_state()
        for case in self.cases("issued"):
            if live[case]["expires_on"] < day.isoformat():
                self.model.end(self.model.papers[case], "expired")
        self.model.serve()
        self.desk.database.run(lambda session: expire_due(session, day, now))
        done["expire"] += 1

    # After each step

    def check_invariants(self, *arguments: Any, **options: Any) -> None:
        super().check_invariants(*arguments, **options)
        live = self.live_state()
        assert {key: row for key, row in live.items() if key.startswith("budget/")} == {
            f"budget/{budget_id}": {name: accounts[name] for name in ACCOUNTS}
            for budget_id, accounts in self.model.money.items()
        }
        for case, paper in self.model.papers.items():
            assert live.get(case, {}).get("status") == paper.status, case
            if paper.status == "issued":
                assert (live[case]["budget_id"], live[case]["locked"]) == (paper.budget, paper.locked)
        assert broken(self.desk) == {}
        done["steps"] += 1

    def teardown(self) -> None:
        """The log alone tells the same state."""
        replay = Replay()
        for event in self.desk.events():
            replay.feed({"type": event.type, "data": event.data})
        assert self.live_state() == dict(replay.live_state("disbursement"))
        self.desk.database.close()

    def live_state(self) -> dict[str, Any]:
        page = self.desk.call("GET", "/live-state?limit=500", SERVICE).json
        assert page["next_cursor"] is None
        return {item["key"]: item["state"] for item in page["items"]}

    def expect(self, name: str, answer: Any, wanted: str) -> None:
        said = str(answer.status_code) if answer.status_code < 400 else str(answer.json["code"])
        assert said == wanted, answer.get_data(as_text=True)
        done[name] += 1
        done[wanted] += 1

    def cases(self, *statuses: str) -> list[str]:
        return [case for case, paper in self.model.papers.items() if paper.status in statuses]

    def any_of(self, *statuses: str) -> str | None:
        """A case in one of these states; a state that is named twice comes up twice as often."""
        found = self.cases(self.rng.choice(statuses))
        return self.rng.choice(found) if found else None

    def paper(self, case: str) -> dict[str, Any]:
        """What stands on the case's newest voucher."""
        row = self.desk.sql(
            "SELECT voucher_id, code FROM voucher WHERE application_id = CAST(:c AS uuid)"
            " ORDER BY issued_at DESC, voucher_id DESC LIMIT 1",
            c=case,
        )[0]
        return {"pin": self.pins.pin(str(row.voucher_id)), **row._mapping}


ACCOUNTS = ("allocated", "available", "reserved", "spent", "distributed")


def at(place: Place) -> dict[str, str]:
    named = {"province": place.province, "commune": place.commune}
    return {name: code for name, code in named.items() if code is not None}


def way(place: Place) -> list[Place]:
    """The place and those above it."""
    return list(dict.fromkeys([place, Place(PROGRAMME, place.province, None), WHOLE]))


def walk(walks: int) -> None:
    """Raises AssertionError where the service and the model part."""
    done.clear()
    run_state_machine_as_test(
        Money,
        settings=settings(
            max_examples=walks,
            stateful_step_count=LENGTH,
            derandomize=True,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.slow
@pytest.mark.timeout(300 + 60 * WALKS)
def test_the_service_does_what_plain_sums_say_for_thousands_of_steps() -> None:
    walk(WALKS)
    assert done["steps"] >= WALKS * LENGTH // 2, done
    seldom = {name for name in (*STEPS, "201", "BUDGET_TOO_SMALL", *GONE.values()) if done[name] < WALKS}
    assert not seldom, f"hardly ever walked: {seldom} in {done}"


@pytest.mark.parametrize(
    ("place", "broken_part"),
    [
        ("services.disbursement.ending.serve_waitlist", lambda *_arguments: 0),
        ("services.disbursement.commands.budgets.move_down", lambda *_arguments: None),
        ("services.disbursement.domain.affordable", lambda amounts, _available: len(list(amounts)) // 2),
    ],
    ids=["money-that-returns", "a-budget-that-opens", "the-line"],
)
def test_control_a_service_that_does_otherwise_is_found_out(
    monkeypatch: pytest.MonkeyPatch, place: str, broken_part: Any
) -> None:
    monkeypatch.setattr(place, broken_part)
    monkeypatch.setattr("services.disbursement.waitlist.affordable", domain.affordable)
    with pytest.raises(AssertionError):
        walk(1)
