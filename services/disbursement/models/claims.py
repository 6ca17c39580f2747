"""What enterprises are owed. Amounts are whole đồng.

*paid <= accepted <= claimed <= redeemed* holds by construction: a redemption is claimed by one line, for its
subsidy (a foreign key on both); what changes later is a line of its own; a claim's sums are held by CHECKs.
"""

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.disbursement.models.base import Base, Moment, UuidText


class Claim(Base):
    """What an enterprise asks for a period, both days included.

    submitted, then accepted under minutes (lines may be disputed before), then settled once all that was
    accepted is paid; or withdrawn by the enterprise while it is submitted. `ordered`: sent to the bank.
    """

    __tablename__ = "claim"
    __table_args__ = (
        CheckConstraint(
            "status IN ('submitted', 'accepted', 'settled', 'withdrawn')", name="claim_status_known"
        ),
        CheckConstraint("period_from <= period_to", name="claim_period"),
        CheckConstraint("lines > 0", name="claim_lines_count"),
        CheckConstraint(
            "claimed > 0 AND disputed >= 0 AND accepted >= 0 AND accepted + disputed <= claimed",
            name="claim_within_what_was_claimed",
        ),
        CheckConstraint(
            "0 <= paid AND paid <= ordered AND ordered <= accepted", name="claim_paid_within_accepted"
        ),
        CheckConstraint(
            "(status IN ('accepted', 'settled')) = (minutes IS NOT NULL)"
            " AND num_nulls(minutes, minutes_date, accepted_by, accepted_at) IN (0, 4)"
            " AND (minutes IS NULL OR accepted + disputed = claimed)"
            " AND (minutes IS NOT NULL OR accepted = 0)",
            name="claim_accepted_whole",
        ),
        CheckConstraint(
            "(status = 'settled') = (minutes IS NOT NULL AND paid = accepted)", name="claim_settled"
        ),
        CheckConstraint("accepted_by <> submitted_by", name="claim_two_people"),
        Index("claim_by_enterprise", "enterprise_id", "claim_id"),
    )

    claim_id: Mapped[str] = mapped_column(UuidText, primary_key=True)
    enterprise_id: Mapped[str]
    programme_id: Mapped[str]
    period_from: Mapped[date]
    period_to: Mapped[date]
    status: Mapped[str]
    lines: Mapped[int] = mapped_column(Integer)
    claimed: Mapped[int] = mapped_column(BigInteger)
    disputed: Mapped[int] = mapped_column(BigInteger, server_default="0")
    accepted: Mapped[int] = mapped_column(BigInteger, server_default="0")
    ordered: Mapped[int] = mapped_column(BigInteger, server_default="0")
    paid: Mapped[int] = mapped_column(BigInteger, server_default="0")
    minutes: Mapped[str | None]
    minutes_date: Mapped[date | None]
    submitted_by: Mapped[str]
    submitted_at: Mapped[datetime] = mapped_column(Moment)
    accepted_by: Mapped[str | None]
    accepted_at: Mapped[datetime | None] = mapped_column(Moment)


class ClaimLine(Base):
    """A redemption as it is claimed, or a correction of an earlier line, which waits for the next claim.

    A correction of a disputed line asks for it again (amount > 0), one of an accepted line takes some of it
    back (amount < 0).
    """

    __tablename__ = "claim_line"
    __table_args__ = (
        ForeignKeyConstraint(
            ["redemption_id", "subsidy"],
            ["redemption.redemption_id", "redemption.subsidy"],
            name="claim_line_of_a_redemption",
        ),
        CheckConstraint("kind IN ('redemption', 'correction')", name="claim_line_kind_known"),
        CheckConstraint(
            "status IN ('pending', 'claimed', 'disputed', 'accepted', 'withdrawn')",
            name="claim_line_status_known",
        ),
        CheckConstraint(
            "CASE kind WHEN 'redemption' THEN amount = subsidy"
            " ELSE amount <> 0 AND abs(amount) <= subsidy END",
            name="claim_line_amount",
        ),
        CheckConstraint("(kind = 'correction') = (corrects IS NOT NULL)", name="claim_line_corrects"),
        CheckConstraint("(claim_id IS NULL) = (status = 'pending')", name="claim_line_waits"),
        CheckConstraint(
            "(status <> 'disputed') OR (reason IS NOT NULL AND amount > 0)", name="claim_line_disputed"
        ),
        CheckConstraint(
            "(status IN ('disputed', 'accepted')) = (decided_by IS NOT NULL)", name="claim_line_decided"
        ),
        Index(
            "claim_line_once",
            "redemption_id",
            unique=True,
            postgresql_where=text("kind = 'redemption' AND status <> 'withdrawn'"),
        ),
        Index(
            "claim_line_corrected_once",
            "corrects",
            unique=True,
            postgresql_where=text("status <> 'withdrawn'"),
        ),
        Index("claim_line_by_claim", "claim_id", "line_id"),
        Index(
            "claim_line_pending",
            "enterprise_id",
            "programme_id",
            postgresql_where=text("status = 'pending'"),
        ),
    )

    line_id: Mapped[str] = mapped_column(UuidText, primary_key=True)
    claim_id: Mapped[str | None] = mapped_column(UuidText, ForeignKey("claim.claim_id"))
    enterprise_id: Mapped[str]
    programme_id: Mapped[str]
    redemption_id: Mapped[str] = mapped_column(UuidText)
    subsidy: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str]
    corrects: Mapped[str | None] = mapped_column(UuidText, ForeignKey("claim_line.line_id"))
    amount: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str]
    reason: Mapped[str | None]
    made_by: Mapped[str]
    decided_by: Mapped[str | None]


class Payee(Base):
    """Where an enterprise's money goes. Kept by the province, never by the one who pays."""

    __tablename__ = "payee"

    enterprise_id: Mapped[str] = mapped_column(primary_key=True)
    account_name: Mapped[str]
    bank: Mapped[str]
    account_number: Mapped[str]
    kept_by: Mapped[str]
    kept_at: Mapped[datetime] = mapped_column(Moment)


class Payment(Base):
    """An order to the bank for an accepted claim, with the account as it was; paid or failed as it says.

    `reference` is ours and stands on the transfer; `bank_reference` is the bank's.
    """

    __tablename__ = "payment"
    __table_args__ = (
        UniqueConstraint("reference", name="payment_reference_key"),
        CheckConstraint("amount > 0", name="payment_amount"),
        CheckConstraint("status IN ('ordered', 'paid', 'failed')", name="payment_status_known"),
        CheckConstraint("(status = 'paid') = (paid_on IS NOT NULL)", name="payment_paid"),
        CheckConstraint("(status = 'failed') = (failure IS NOT NULL)", name="payment_failed"),
        CheckConstraint("(status = 'ordered') = (closed_by IS NULL)", name="payment_closed"),
        Index("payment_by_claim", "claim_id"),
        Index("payment_waiting", "ordered_at", postgresql_where=text("status = 'ordered'")),
    )

    payment_id: Mapped[str] = mapped_column(UuidText, primary_key=True)
    claim_id: Mapped[str] = mapped_column(UuidText, ForeignKey("claim.claim_id"))
    reference: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str]
    account_name: Mapped[str]
    bank: Mapped[str]
    account_number: Mapped[str]
    ordered_by: Mapped[str]
    ordered_at: Mapped[datetime] = mapped_column(Moment)
    paid_on: Mapped[date | None]
    bank_reference: Mapped[str | None]
    failure: Mapped[str | None]
    closed_by: Mapped[str | None]
