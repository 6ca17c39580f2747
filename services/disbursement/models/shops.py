"""Who redeems vouchers, and for which handsets. Amounts are whole đồng."""

from datetime import date, datetime

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.disbursement.models.base import Base, Moment, UuidText

Texts = ARRAY(Text)


class Enterprise(Base):
    """A telecom enterprise. While it is suspended none of its shops redeems. `province` keeps its entry;
    `contact` is the enterprise's own channel, never a person's."""

    __tablename__ = "enterprise"
    __table_args__ = (
        CheckConstraint("status IN ('active', 'suspended')", name="enterprise_status_known"),
        CheckConstraint(
            "(status = 'suspended') = (suspended_reason IS NOT NULL)",
            name="enterprise_suspended_for_a_reason",
        ),
    )

    enterprise_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    contact: Mapped[str]
    province: Mapped[str]
    status: Mapped[str]
    suspended_reason: Mapped[str | None]
    registered_at: Mapped[datetime] = mapped_column(Moment)


class Shop(Base):
    """A shop of a telecom enterprise that may redeem vouchers while both are active.

    `hours` as in `domain.open_at`; empty: always open.
    """

    __tablename__ = "shop"
    __table_args__ = (
        CheckConstraint("status IN ('active', 'suspended')", name="shop_status_known"),
        CheckConstraint(
            "(status = 'suspended') = (suspended_reason IS NOT NULL)", name="shop_suspended_for_a_reason"
        ),
    )

    shop_id: Mapped[str] = mapped_column(primary_key=True)
    enterprise_id: Mapped[str] = mapped_column(
        ForeignKey("enterprise.enterprise_id", name="shop_enterprise_fkey")
    )
    name: Mapped[str]
    commune: Mapped[str]
    province: Mapped[str]
    hours: Mapped[list[str]] = mapped_column(Texts)
    status: Mapped[str]
    suspended_reason: Mapped[str | None]
    registered_at: Mapped[datetime] = mapped_column(Moment)


class ShopQuota(Base):
    """What a shop may do, and how much of it the present day, minute and hour have seen.

    Counted by `redemptions.claim` and `redemptions.count_wrong_try`. `daily_limit` None: no limit.
    """

    __tablename__ = "shop_quota"
    __table_args__ = (
        CheckConstraint("daily_limit > 0 AND minute_limit > 0", name="shop_quota_limits_count"),
        CheckConstraint(
            "day_count <= daily_limit AND minute_count <= minute_limit", name="shop_within_its_limits"
        ),
        CheckConstraint(
            "day_count >= 0 AND minute_count >= 0 AND wrong_tries >= 0", name="shop_quota_counts"
        ),
    )

    shop_id: Mapped[str] = mapped_column(
        ForeignKey("shop.shop_id", name="shop_quota_shop_fkey"), primary_key=True
    )
    daily_limit: Mapped[int | None]
    minute_limit: Mapped[int]
    day: Mapped[date]
    day_count: Mapped[int]
    minute: Mapped[datetime] = mapped_column(Moment)
    minute_count: Mapped[int]
    hour: Mapped[datetime] = mapped_column(Moment)
    wrong_tries: Mapped[int]


class Clerk(Base):
    """A person's account that redeems for a shop. Names nobody: `subject` is the account's id."""

    __tablename__ = "clerk"
    __table_args__ = (
        UniqueConstraint("subject", name="clerk_subject_key"),
        CheckConstraint("status IN ('active', 'suspended')", name="clerk_status_known"),
        CheckConstraint(
            "(status = 'suspended') = (suspended_reason IS NOT NULL)", name="clerk_suspended_for_a_reason"
        ),
        Index("clerk_by_shop", "shop_id", "clerk_id"),
    )

    clerk_id: Mapped[str] = mapped_column(UuidText, primary_key=True)
    subject: Mapped[str]
    shop_id: Mapped[str] = mapped_column(ForeignKey("shop.shop_id", name="clerk_shop_fkey"))
    status: Mapped[str]
    suspended_reason: Mapped[str | None]
    registered_at: Mapped[datetime] = mapped_column(Moment)


class Handset(Base):
    """A model that shops may hand over. `model` is what a shop types or picks; `price_ceiling` None: none."""

    __tablename__ = "handset"
    __table_args__ = (
        UniqueConstraint("model", name="handset_model_key"),
        CheckConstraint("generation IN ('4g', '5g')", name="handset_generation_known"),
        CheckConstraint("price_ceiling > 0", name="handset_ceiling_counts"),
        CheckConstraint("status IN ('listed', 'withdrawn')", name="handset_status_known"),
        CheckConstraint(
            "(status = 'withdrawn') = (withdrawn_reason IS NOT NULL)", name="handset_withdrawn_for_a_reason"
        ),
    )

    handset_id: Mapped[str] = mapped_column(primary_key=True)
    model: Mapped[str]
    maker: Mapped[str]
    generation: Mapped[str]
    price_ceiling: Mapped[int | None] = mapped_column(BigInteger)
    status: Mapped[str]
    withdrawn_reason: Mapped[str | None]
    listed_at: Mapped[datetime] = mapped_column(Moment)


class HandsetTac(Base):
    """The first eight digits of a model's IMEIs; each belongs to one model."""

    __tablename__ = "handset_tac"
    __table_args__ = (
        CheckConstraint("tac ~ '^[0-9]{8}$'", name="handset_tac_form"),
        Index("handset_tac_by_handset", "handset_id", "tac"),
    )

    tac: Mapped[str] = mapped_column(primary_key=True)
    handset_id: Mapped[str] = mapped_column(ForeignKey("handset.handset_id", name="handset_tac_handset_fkey"))
