"""What the accounts should say: programmes' money as plain sums, and each case's paper. Knows no SQL."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from services.disbursement.domain import Place, budget_ids

PIN_TRIES, UNLOCKS = 5, 3


@dataclass
class Paper:
    """One case: `turn` is its place in the line, `budget` what pays for it, `voucher` how its newest voucher
    stands, if it ever had one."""

    place: Place
    amount: int
    turn: tuple[Any, ...]
    budget: str
    status: str = "waitlisted"
    voucher: str = ""
    subsidy: int = 0
    tries: int = 0
    unlocks: int = 0
    closed: bool = False

    @property
    def locked(self) -> bool:
        return self.tries == PIN_TRIES


@dataclass
class Model:
    money: dict[str, Counter[str]] = field(default_factory=dict)
    papers: dict[str, Paper] = field(default_factory=dict)

    def pays(self, place: Place) -> str:
        """The most specific budget there is; who finds none opens the programme's."""
        found = next((one for one in budget_ids(place) if one in self.money), place.programme_id)
        self.money.setdefault(found, Counter())
        return found

    def give(self, place: Place, change: int) -> bool:
        """Allocate from, or take back to, the budget above; False, with nothing done, if it is too much."""
        own, *above = budget_ids(place)
        source = self.money.get(own if change < 0 else (above or [own])[0], Counter())
        if (change < 0 or above) and source["available"] < abs(change):
            return False
        self.money.setdefault(own, Counter()).update(allocated=change, available=change)
        if above:
            self.money[above[0]].update(available=-change, distributed=change)
        for paper in self.papers.values():
            if paper.status == "waitlisted":
                paper.budget = self.pays(paper.place)
        return True

    def shift(self, paper: Paper, source: str, target: str, amount: int) -> None:
        self.money[paper.budget].update({source: -amount, target: amount})

    def end(self, paper: Paper, status: str) -> None:
        """Voucher or place in the line given up; money that was reserved is free."""
        if paper.status == "issued":
            self.shift(paper, "reserved", "available", paper.amount)
            paper.voucher = status
        paper.status = status

    def redeem(self, paper: Paper, price: int) -> None:
        paper.status = paper.voucher = "redeemed"
        paper.subsidy = min(price, paper.amount)
        self.shift(paper, "reserved", "spent", paper.subsidy)
        self.shift(paper, "reserved", "available", paper.amount - paper.subsidy)

    def reverse(self, paper: Paper) -> bool:
        missing = paper.amount - paper.subsidy
        if self.money[paper.budget]["available"] < missing:
            return False
        self.shift(paper, "spent", "reserved", paper.subsidy)
        self.shift(paper, "available", "reserved", missing)
        paper.status = paper.voucher = "issued"
        paper.subsidy = 0
        return True

    def serve(self) -> None:
        """Each line from its first on, for as long as its budget lasts; nobody is overtaken."""
        stopped = set()
        for paper in sorted(self.papers.values(), key=lambda paper: paper.turn):
            if paper.status != "waitlisted" or paper.budget in stopped:
                continue
            if self.money[paper.budget]["available"] < paper.amount:
                stopped.add(paper.budget)
                continue
            self.shift(paper, "available", "reserved", paper.amount)
            paper.status = paper.voucher = "issued"
            paper.tries = paper.unlocks = 0
