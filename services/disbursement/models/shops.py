"""Where vouchers are redeemed."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.disbursement.models.base import Base, Moment


class Shop(Base):
    """A shop of a telecom enterprise that may redeem vouchers while it is active."""

    __tablename__ = "shop"
    __table_args__ = (
        CheckConstraint("status IN ('active', 'suspended')", name="shop_status_known"),
        CheckConstraint(
            "(status = 'suspended') = (suspended_reason IS NOT NULL)", name="shop_suspended_for_a_reason"
        ),
    )

    shop_id: Mapped[str] = mapped_column(primary_key=True)
    enterprise_id: Mapped[str]
    name: Mapped[str]
    commune: Mapped[str]
    province: Mapped[str]
    status: Mapped[str]
    suspended_reason: Mapped[str | None]
    registered_at: Mapped[datetime] = mapped_column(Moment)
