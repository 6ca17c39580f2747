"""Patterns that somebody should look at."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.disbursement.models.base import Base, Moment, UuidText


class Alert(Base):
    """A pattern in one shop's redemptions, until somebody closes it with a reason. It blocks nothing.

    `kind`: burst (many in a few minutes), out_of_hours, imei_range (handsets of one hundred serial numbers),
    far_away (households of another province). `slot` tells one occurrence from the next.
    """

    __tablename__ = "alert"
    __table_args__ = (
        UniqueConstraint("kind", "shop_id", "slot", name="alert_once"),
        CheckConstraint(
            "kind IN ('burst', 'out_of_hours', 'imei_range', 'far_away')", name="alert_kind_known"
        ),
        CheckConstraint("redemptions > 0 AND first_at <= last_at", name="alert_counts"),
        CheckConstraint("status IN ('open', 'closed')", name="alert_status_known"),
        CheckConstraint(
            "(status = 'closed') = (closed_by IS NOT NULL) AND (closed_by IS NULL) = (closed_reason IS NULL)",
            name="alert_closed",
        ),
        Index("alert_by_status", "status", "alert_id"),
    )

    alert_id: Mapped[str] = mapped_column(UuidText, primary_key=True)
    kind: Mapped[str]
    shop_id: Mapped[str] = mapped_column(ForeignKey("shop.shop_id", name="alert_shop_fkey"))
    slot: Mapped[str]
    redemptions: Mapped[int]
    first_at: Mapped[datetime] = mapped_column(Moment)
    last_at: Mapped[datetime] = mapped_column(Moment)
    status: Mapped[str]
    closed_by: Mapped[str | None]
    closed_reason: Mapped[str | None]
    raised_at: Mapped[datetime] = mapped_column(Moment)
