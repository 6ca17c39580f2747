"""The programmes' money and the movements behind it. Amounts are whole đồng."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    ScalarSelect,
    SmallInteger,
    Text,
    UniqueConstraint,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import DOMAIN
from sqlalchemy.orm import Mapped, column_property, mapped_column

from services.disbursement.models.base import Base, Moment, UuidText

DEBITS = {
    "allocate": "available",
    "withdraw": "allocated",
    "distribute": "distributed",
    "collect": "available",
    "reserve": "reserved",
    "void": "available",
    "post": "spent",
    "release": "available",
    "reverse": "reserved",
    "retake": "reserved",
}
"""Where a posting of each kind puts its amount."""

CREDITS = {
    "allocate": "allocated",
    "withdraw": "available",
    "distribute": "available",
    "collect": "distributed",
    "reserve": "available",
    "void": "reserved",
    "post": "reserved",
    "release": "reserved",
    "reverse": "spent",
    "retake": "available",
}
"""Where it takes it from. `post` and `release` share out a redeemed voucher's reservation (the subsidy, and
what the handset cost less); `reverse` and `retake` undo them."""

KIND = DOMAIN("posting_kind", Text(), create_type=False)
"""A domain and not a CHECK of the table: PostgreSQL reads a CHECK's text anew for every statement."""


class BudgetSpending(Base):
    """What redemptions have spent of a budget's reservations and nobody has carried over into its row yet.
    One row for each stripe of connections, so that they never wait for each other there."""

    __tablename__ = "budget_spending"
    __table_args__ = (CheckConstraint("posted > 0", name="budget_spending_counts"),)

    budget_id: Mapped[str] = mapped_column(
        ForeignKey("budget.budget_id", name="budget_spending_budget_fkey"), primary_key=True
    )
    stripe: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    posted: Mapped[int] = mapped_column(BigInteger)


def _not_carried_over(budget_id: Any) -> ScalarSelect[int]:
    total = func.coalesce(func.sum(BudgetSpending.posted), 0).cast(BigInteger)
    found = select(total).where(BudgetSpending.budget_id == budget_id.column)
    return found.correlate_except(BudgetSpending).scalar_subquery()


class Budget(Base):
    """One budget of a programme's tree: the programme's own, a province's or a commune's.

    allocated = available + reserved + spent + distributed, at every moment; `distributed` is what the budgets
    right below were allocated. The amounts change by postings only: triggers see to it. `reserved` and
    `spent` tell the truth of the row and of `BudgetSpending` together, as the view `budget_now` does.
    """

    __tablename__ = "budget"
    __table_args__ = (
        CheckConstraint(
            "budget_id = programme_id || coalesce('/' || province, '') || coalesce('/' || commune, '')"
            " AND (commune IS NULL OR province IS NOT NULL)"
            " AND parent IS NOT DISTINCT FROM CASE WHEN commune IS NOT NULL"
            " THEN programme_id || '/' || province WHEN province IS NOT NULL THEN programme_id END",
            name="budget_is_its_path",
        ),
        CheckConstraint("allocated = available + reserved + spent + distributed", name="budget_adds_up"),
        CheckConstraint(
            "available >= 0 AND reserved >= 0 AND spent >= 0 AND distributed >= 0",
            name="budget_never_negative",
        ),
        Index("budget_by_programme", "programme_id"),
    )

    budget_id: Mapped[str] = mapped_column(primary_key=True)
    programme_id: Mapped[str]
    province: Mapped[str | None]
    commune: Mapped[str | None]
    parent: Mapped[str | None] = mapped_column(ForeignKey("budget.budget_id", name="budget_parent_fkey"))
    allocated: Mapped[int] = mapped_column(BigInteger)
    available: Mapped[int] = mapped_column(BigInteger)
    row_reserved: Mapped[int] = mapped_column("reserved", BigInteger)
    row_spent: Mapped[int] = mapped_column("spent", BigInteger)
    distributed: Mapped[int] = mapped_column(BigInteger)
    reserved: Mapped[int] = column_property(row_reserved - _not_carried_over(budget_id))
    spent: Mapped[int] = column_property(row_spent + _not_carried_over(budget_id))


class Posting(Base):
    """One movement of money within one budget, never changed: out of one account, into another, as its kind
    says; the view `journal` names both.

    What concerns a voucher names it; what a decision moved names its document.
    """

    __tablename__ = "posting"
    __table_args__ = (
        CheckConstraint("amount > 0", name="posting_amount_counts"),
        CheckConstraint(
            "(kind IN ('allocate', 'withdraw', 'distribute', 'collect')) = (voucher_id IS NULL)"
            " AND (voucher_id IS NULL) = (document IS NOT NULL)",
            name="posting_names_its_cause",
        ),
        UniqueConstraint("event_id", "kind", name="posting_once_per_event"),
    )

    posting_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    budget_id: Mapped[str]
    kind: Mapped[str] = mapped_column(KIND)
    amount: Mapped[int] = mapped_column(BigInteger)
    voucher_id: Mapped[str | None] = mapped_column(UuidText)
    event_id: Mapped[str] = mapped_column(UuidText)
    document: Mapped[str | None]
    reason: Mapped[str | None]
    posted_at: Mapped[datetime] = mapped_column(Moment)
