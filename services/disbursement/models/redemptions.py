"""Vouchers that became phones, and phones that came back. Amounts are whole đồng."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.disbursement.models.base import Base, Moment, UuidText


class Redemption(Base):
    """One voucher against one phone. A voucher has at most one that stands (`reversed_at` is null).

    `channel`: counter (a clerk), till (an enterprise's system) or offline (sent later by a device, which says
    `sold_at`). `imei_block`: keyed hash of the handset's type and the hundred its serial number lies in.

    No foreign key to `shop`: the claim looks for the active shop, shops are never deleted, and a key's lock
    on the shop's row would make all its tills meet there.
    """

    __tablename__ = "redemption"
    __table_args__ = (
        CheckConstraint("channel IN ('counter', 'till', 'offline')", name="redemption_channel_known"),
        CheckConstraint("price = subsidy + household_pays", name="redemption_adds_up"),
        CheckConstraint(
            "subsidy > 0 AND subsidy <= amount AND household_pays >= 0", name="redemption_within_the_voucher"
        ),
        CheckConstraint(
            "length(imei_block) = 64 AND length(receipt_sha256) = 64", name="redemption_hash_forms"
        ),
        Index(
            "redemption_voucher_key",
            "voucher_id",
            unique=True,
            postgresql_where=text("reversed_at IS NULL"),
        ),
        Index("redemption_by_shop", "shop_id", "redemption_id"),
        CheckConstraint("claim_id IS NULL OR reversed_at IS NULL", name="redemption_claimed_or_reversed"),
        UniqueConstraint("redemption_id", "subsidy", name="redemption_subsidy_key"),
        Index(
            "redemption_unclaimed",
            "enterprise_id",
            "programme_id",
            "redeemed_at",
            postgresql_where=text("claim_id IS NULL"),
        ),
    )

    redemption_id: Mapped[str] = mapped_column(UuidText, primary_key=True)
    voucher_id: Mapped[str] = mapped_column(
        UuidText, ForeignKey("voucher.voucher_id", name="redemption_voucher_fkey")
    )
    shop_id: Mapped[str]
    enterprise_id: Mapped[str]
    programme_id: Mapped[str]
    channel: Mapped[str]
    model: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger)
    price: Mapped[int] = mapped_column(BigInteger)
    subsidy: Mapped[int] = mapped_column(BigInteger)
    household_pays: Mapped[int] = mapped_column(BigInteger)
    imei_block: Mapped[str]
    receipt_reference: Mapped[str | None]
    receipt_sha256: Mapped[str | None]
    sold_at: Mapped[datetime] = mapped_column(Moment)
    redeemed_at: Mapped[datetime] = mapped_column(Moment)
    reversed_at: Mapped[datetime | None] = mapped_column(Moment)
    claim_id: Mapped[str | None] = mapped_column(UuidText)


class RedemptionImei(Base):
    """A handset's number as keyed hash: one handset serves one household in the whole country."""

    __tablename__ = "redemption_imei"
    __table_args__ = (CheckConstraint("length(imei_hash) = 64", name="redemption_imei_hash_form"),)

    imei_hash: Mapped[str] = mapped_column(primary_key=True)
    redemption_id: Mapped[str] = mapped_column(
        UuidText, ForeignKey("redemption.redemption_id", name="redemption_imei_redemption_fkey")
    )


class FreedImei(Base):
    """A number whose handset came back with a reversal: free again, and not forgotten."""

    __tablename__ = "freed_imei"
    __table_args__ = (PrimaryKeyConstraint("redemption_id", "imei_hash", name="freed_imei_pkey"),)

    redemption_id: Mapped[str] = mapped_column(
        UuidText, ForeignKey("redemption.redemption_id", name="freed_imei_redemption_fkey")
    )
    imei_hash: Mapped[str]
    freed_at: Mapped[datetime] = mapped_column(Moment)


class Reversal(Base):
    """A shop's wish to take a redemption back, which another person confirms or refuses.

    `reason` is a code; `note` says it in words and stays in this table.
    """

    __tablename__ = "reversal"
    __table_args__ = (
        CheckConstraint("status IN ('asked', 'confirmed', 'refused')", name="reversal_status_known"),
        CheckConstraint(
            "(status = 'asked') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)",
            name="reversal_decided",
        ),
        CheckConstraint("decided_by <> asked_by", name="reversal_two_people"),
        Index(
            "reversal_one_at_a_time",
            "redemption_id",
            unique=True,
            postgresql_where=text("status = 'asked'"),
        ),
        Index("reversal_by_status", "status", "reversal_id"),
    )

    reversal_id: Mapped[str] = mapped_column(UuidText, primary_key=True)
    redemption_id: Mapped[str] = mapped_column(
        UuidText, ForeignKey("redemption.redemption_id", name="reversal_redemption_fkey")
    )
    shop_id: Mapped[str] = mapped_column(ForeignKey("shop.shop_id", name="reversal_shop_fkey"))
    reason: Mapped[str]
    note: Mapped[str]
    status: Mapped[str]
    asked_by: Mapped[str]
    asked_at: Mapped[datetime] = mapped_column(Moment)
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None] = mapped_column(Moment)
