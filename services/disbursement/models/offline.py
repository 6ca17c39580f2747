"""Sales that a device made without a line and sent later. Amounts are whole đồng."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, PrimaryKeyConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.disbursement.models.base import Base, Moment, UuidText


class OfflineSale(Base):
    """One sale, with the answer it got: a device that sends it again gets the same.

    `outcome`: redeemed, disputed or refused; `code` and `facts` say why, as a refusal does.
    """

    __tablename__ = "offline_sale"
    __table_args__ = (
        PrimaryKeyConstraint("shop_id", "sale_id", name="offline_sale_pkey"),
        CheckConstraint("outcome IN ('redeemed', 'disputed', 'refused')", name="offline_sale_outcome_known"),
        CheckConstraint(
            "(outcome = 'redeemed') = (redemption_id IS NOT NULL)"
            " AND (outcome = 'disputed') = (dispute_id IS NOT NULL)"
            " AND (outcome = 'redeemed') = (code IS NULL)",
            name="offline_sale_outcome_whole",
        ),
    )

    shop_id: Mapped[str]
    sale_id: Mapped[str] = mapped_column(UuidText)
    request_hash: Mapped[str]
    outcome: Mapped[str]
    code: Mapped[str | None]
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    redemption_id: Mapped[str | None] = mapped_column(UuidText)
    dispute_id: Mapped[str | None] = mapped_column(UuidText)
    sold_at: Mapped[datetime] = mapped_column(Moment)
    sent_at: Mapped[datetime] = mapped_column(Moment)


class OfflineDay(Base):
    """How many sales without a line a shop made on a day (in Viet Nam) for a programme."""

    __tablename__ = "offline_day"
    __table_args__ = (
        PrimaryKeyConstraint("shop_id", "programme_id", "day", name="offline_day_pkey"),
        CheckConstraint("sales > 0", name="offline_day_counts"),
    )

    shop_id: Mapped[str]
    programme_id: Mapped[str]
    day: Mapped[date]
    sales: Mapped[int]


class Dispute(Base):
    """A sale without a line that found its voucher or handset taken. It pays nothing; a person looks at both
    receipts. `first_redemption_id` is the redemption that stands, if there is one."""

    __tablename__ = "dispute"
    __table_args__ = (
        CheckConstraint("price > 0", name="dispute_price_counts"),
        CheckConstraint("status IN ('open', 'closed')", name="dispute_status_known"),
        CheckConstraint(
            "(status = 'closed') = (closed_by IS NOT NULL) AND (closed_by IS NULL) = (closed_reason IS NULL)",
            name="dispute_closed",
        ),
        Index("dispute_by_status", "status", "dispute_id"),
    )

    dispute_id: Mapped[str] = mapped_column(UuidText, primary_key=True)
    voucher_id: Mapped[str] = mapped_column(
        UuidText, ForeignKey("voucher.voucher_id", name="dispute_voucher_fkey")
    )
    application_id: Mapped[str] = mapped_column(UuidText)
    programme_id: Mapped[str]
    shop_id: Mapped[str] = mapped_column(ForeignKey("shop.shop_id", name="dispute_shop_fkey"))
    enterprise_id: Mapped[str]
    reason: Mapped[str]
    model: Mapped[str]
    price: Mapped[int] = mapped_column(BigInteger)
    receipt_reference: Mapped[str | None]
    receipt_sha256: Mapped[str | None]
    first_redemption_id: Mapped[str | None] = mapped_column(
        UuidText, ForeignKey("redemption.redemption_id", name="dispute_first_fkey")
    )
    first_receipt_reference: Mapped[str | None]
    first_receipt_sha256: Mapped[str | None]
    status: Mapped[str]
    closed_by: Mapped[str | None]
    closed_reason: Mapped[str | None]
    sold_at: Mapped[datetime] = mapped_column(Moment)
    disputed_at: Mapped[datetime] = mapped_column(Moment)
