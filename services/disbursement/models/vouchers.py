"""Programmes, cases, vouchers and who waits for one. Amounts are whole đồng."""

from datetime import date, datetime

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Index,
    Integer,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.disbursement.models.base import Base, Moment, UuidText


class Programme(Base):
    """What paper and shops say of a programme: its newest published version's names. `provinces` are those it
    serves, None for the whole country."""

    __tablename__ = "programme"
    __table_args__ = (
        CheckConstraint("version > 0", name="programme_version_counts"),
        CheckConstraint(
            "num_nulls(offline_per_voucher, offline_per_day, offline_days_to_send) IN (0, 3)",
            name="programme_offline_whole",
        ),
    )

    programme_id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int]
    name_vi: Mapped[str]
    name_en: Mapped[str]
    provinces: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    handset_kinds: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    maximum_price: Mapped[int | None] = mapped_column(BigInteger)
    reversal_days: Mapped[int | None]
    offline_per_voucher: Mapped[int | None] = mapped_column(BigInteger)
    offline_per_day: Mapped[int | None]
    offline_days_to_send: Mapped[int | None]


class KnownCase(Base):
    """Each case heard of, once. `closed_reason` is the tombstone of one that was withdrawn or erased, so
    that an approval which arrives later issues nothing. Its primary key also makes an approval and a
    withdrawal that arrive at the same moment wait for each other."""

    __tablename__ = "known_case"

    application_id: Mapped[str] = mapped_column(UuidText, primary_key=True)
    closed_reason: Mapped[str | None]


class Voucher(Base):
    """A paper voucher; a case has at most one live one. Its PIN stands nowhere: `codes.Pins` derives it.

    `budget_id` is the budget that it was charged to, `replaces` the lost voucher that it was made for.
    """

    __tablename__ = "voucher"
    __table_args__ = (
        UniqueConstraint("code", name="voucher_code_key"),
        CheckConstraint("code ~ '^[0-9A-HJKMNP-TV-Z]{10}$'", name="voucher_code_form"),
        CheckConstraint("amount > 0 AND minimum_price >= 0", name="voucher_amount_counts"),
        CheckConstraint(
            "status IN ('issued', 'redeemed', 'expired', 'cancelled', 'reissued')",
            name="voucher_status_known",
        ),
        CheckConstraint("live = (status IN ('issued', 'redeemed'))", name="voucher_live_or_ended"),
        CheckConstraint(
            "pin_attempts BETWEEN 0 AND 5 AND locked = (pin_attempts = 5)", name="voucher_attempts_counted"
        ),
        CheckConstraint("unlocks BETWEEN 0 AND 3", name="voucher_unlocks_counted"),
        CheckConstraint(
            "(status IN ('cancelled', 'reissued')) = (ended_reason IS NOT NULL)",
            name="voucher_ended_for_a_reason",
        ),
        Index(
            "voucher_one_live_per_case",
            "application_id",
            unique=True,
            postgresql_where=text("live"),
        ),
        Index("voucher_by_case", "application_id"),
        Index("voucher_by_place", "programme_id", "commune", "voucher_id"),
        Index("voucher_by_last_day", "expires_on", postgresql_where=text("live")),
        Index(
            "voucher_replaced_once", "replaces", unique=True, postgresql_where=text("replaces IS NOT NULL")
        ),
    )

    voucher_id: Mapped[str] = mapped_column(UuidText, primary_key=True)
    application_id: Mapped[str] = mapped_column(UuidText)
    household_id: Mapped[str] = mapped_column(UuidText)
    programme_id: Mapped[str]
    budget_id: Mapped[str]
    commune: Mapped[str]
    province: Mapped[str]
    code: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger)
    minimum_price: Mapped[int] = mapped_column(BigInteger)
    expires_on: Mapped[date]
    status: Mapped[str] = mapped_column(server_default="issued")
    live: Mapped[bool] = mapped_column(server_default=text("true"))
    pin_attempts: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    locked: Mapped[bool] = mapped_column(server_default=text("false"))
    unlocks: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    ended_reason: Mapped[str | None]
    replaces: Mapped[str | None] = mapped_column(UuidText)
    issued_at: Mapped[datetime] = mapped_column(Moment)


class Waitlisted(Base):
    """An approval that found no money in its budget. Served by position, then by the time of the approval."""

    __tablename__ = "waitlist"
    __table_args__ = (
        CheckConstraint("amount > 0 AND minimum_price >= 0", name="waitlist_amount_counts"),
        CheckConstraint("validity_days > 0 AND position > 0", name="waitlist_terms_count"),
        CheckConstraint("status IN ('waiting', 'issued', 'cancelled')", name="waitlist_status_known"),
        Index(
            "waitlist_order",
            "budget_id",
            "position",
            "approved_at",
            "application_id",
            postgresql_where=text("status = 'waiting'"),
        ),
    )

    application_id: Mapped[str] = mapped_column(UuidText, primary_key=True)
    household_id: Mapped[str] = mapped_column(UuidText)
    programme_id: Mapped[str]
    budget_id: Mapped[str]
    commune: Mapped[str]
    province: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger)
    minimum_price: Mapped[int] = mapped_column(BigInteger)
    validity_days: Mapped[int] = mapped_column(Integer)
    position: Mapped[int] = mapped_column(Integer)
    approved_at: Mapped[datetime] = mapped_column(Moment)
    status: Mapped[str]
