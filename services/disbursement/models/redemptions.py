"""Vouchers that became phones. Amounts are whole đồng."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.disbursement.models.base import Base, Moment, UuidText


class Redemption(Base):
    """One voucher against one phone. UNIQUE (voucher_id): at most once, whatever the code does.

    No foreign key to `shop`: the claim looks for the active shop, shops are never deleted, and a key's lock
    on the shop's row would make all its tills meet there.
    """

    __tablename__ = "redemption"
    __table_args__ = (
        UniqueConstraint("voucher_id", name="redemption_voucher_key"),
        CheckConstraint("price = subsidy + household_pays", name="redemption_adds_up"),
        CheckConstraint(
            "subsidy > 0 AND subsidy <= amount AND household_pays >= 0", name="redemption_within_the_voucher"
        ),
    )

    redemption_id: Mapped[str] = mapped_column(UuidText, primary_key=True)
    voucher_id: Mapped[str] = mapped_column(
        UuidText, ForeignKey("voucher.voucher_id", name="redemption_voucher_fkey")
    )
    shop_id: Mapped[str]
    enterprise_id: Mapped[str]
    programme_id: Mapped[str]
    model: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger)
    price: Mapped[int] = mapped_column(BigInteger)
    subsidy: Mapped[int] = mapped_column(BigInteger)
    household_pays: Mapped[int] = mapped_column(BigInteger)
    redeemed_at: Mapped[datetime] = mapped_column(Moment)


class RedemptionImei(Base):
    """A handset's number as keyed hash: one handset serves one household in the whole country."""

    __tablename__ = "redemption_imei"
    __table_args__ = (CheckConstraint("length(imei_hash) = 64", name="redemption_imei_hash_form"),)

    imei_hash: Mapped[str] = mapped_column(primary_key=True)
    redemption_id: Mapped[str] = mapped_column(
        UuidText, ForeignKey("redemption.redemption_id", name="redemption_imei_redemption_fkey")
    )
