"""Each programme's money and the movements behind it. Amounts are whole đồng."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Identity, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.disbursement.models.base import Base, Moment, UuidText


class Budget(Base):
    """One programme's money: allocated = available + reserved + spent, at every commit."""

    __tablename__ = "budget"
    __table_args__ = (
        CheckConstraint("allocated = available + reserved + spent", name="budget_adds_up"),
        CheckConstraint("available >= 0 AND reserved >= 0 AND spent >= 0", name="budget_never_negative"),
    )

    programme_id: Mapped[str] = mapped_column(primary_key=True)
    allocated: Mapped[int] = mapped_column(BigInteger)
    available: Mapped[int] = mapped_column(BigInteger)
    reserved: Mapped[int] = mapped_column(BigInteger)
    spent: Mapped[int] = mapped_column(BigInteger)
    last_document: Mapped[str | None]


class Posting(Base):
    """One movement of money, never changed. The sums over a programme equal its budget row:

    reserved = reserve - post - void, spent = post, allocated = allocate + adjust.
    """

    __tablename__ = "posting"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('allocate', 'adjust', 'reserve', 'post', 'void')", name="posting_kind_known"
        ),
        CheckConstraint("amount > 0 OR (kind = 'adjust' AND amount <> 0)", name="posting_amount_counts"),
        CheckConstraint(
            "(kind IN ('reserve', 'post', 'void')) = (voucher_id IS NOT NULL)"
            " AND (voucher_id IS NULL) = (application_id IS NULL)",
            name="posting_names_its_voucher",
        ),
        UniqueConstraint("event_id", "kind", name="posting_once_per_event"),
    )

    posting_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    programme_id: Mapped[str]
    kind: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger)
    application_id: Mapped[str | None] = mapped_column(UuidText)
    voucher_id: Mapped[str | None] = mapped_column(UuidText)
    event_id: Mapped[str] = mapped_column(UuidText)
    posted_at: Mapped[datetime] = mapped_column(Moment)
