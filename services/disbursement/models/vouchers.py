"""Programmes, cases, vouchers and who waits for one. Amounts are whole đồng."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.disbursement.models.base import Base, Moment, UuidText


class Programme(Base):
    """What paper and shops say of a programme: its newest published version's names."""

    __tablename__ = "programme"
    __table_args__ = (CheckConstraint("version > 0", name="programme_version_counts"),)

    programme_id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int]
    name_vi: Mapped[str]
    name_en: Mapped[str]


class KnownCase(Base):
    """Each case heard of, once. `closed_reason` is the tombstone of one that was withdrawn or erased, so
    that an approval which arrives later issues nothing. Its primary key also makes an approval and a
    withdrawal that arrive at the same moment wait for each other."""

    __tablename__ = "known_case"

    application_id: Mapped[str] = mapped_column(UuidText, primary_key=True)
    closed_reason: Mapped[str | None]


class Voucher(Base):
    """A paper voucher; a case has at most one live one. Its PIN stands nowhere: `codes.Pins` derives it."""

    __tablename__ = "voucher"
    __table_args__ = (
        UniqueConstraint("code", name="voucher_code_key"),
        CheckConstraint("code ~ '^[0-9A-HJKMNP-TV-Z]{10}$'", name="voucher_code_form"),
        CheckConstraint("amount > 0 AND minimum_price >= 0", name="voucher_amount_counts"),
        CheckConstraint(
            "status IN ('issued', 'redeemed', 'expired', 'cancelled')", name="voucher_status_known"
        ),
        CheckConstraint("live = (status IN ('issued', 'redeemed'))", name="voucher_live_or_ended"),
        CheckConstraint(
            "pin_attempts BETWEEN 0 AND 5 AND locked = (pin_attempts = 5)", name="voucher_attempts_counted"
        ),
        CheckConstraint(
            "(status = 'cancelled') = (cancelled_reason IS NOT NULL)", name="voucher_cancelled_for_a_reason"
        ),
        Index(
            "voucher_one_live_per_case",
            "application_id",
            unique=True,
            postgresql_where=text("live"),
        ),
        Index("voucher_by_case", "application_id"),
        Index("voucher_by_place", "programme_id", "commune", "voucher_id"),
    )

    voucher_id: Mapped[str] = mapped_column(UuidText, primary_key=True)
    application_id: Mapped[str] = mapped_column(UuidText)
    household_id: Mapped[str] = mapped_column(UuidText)
    programme_id: Mapped[str]
    commune: Mapped[str]
    province: Mapped[str]
    code: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger)
    minimum_price: Mapped[int] = mapped_column(BigInteger)
    expires_on: Mapped[date]
    status: Mapped[str]
    live: Mapped[bool]
    pin_attempts: Mapped[int] = mapped_column(SmallInteger)
    locked: Mapped[bool]
    cancelled_reason: Mapped[str | None]
    issued_at: Mapped[datetime] = mapped_column(Moment)


class Waitlisted(Base):
    """An approval that found no money. Served by position, then by the time of the approval."""

    __tablename__ = "waitlist"
    __table_args__ = (
        CheckConstraint("amount > 0 AND minimum_price >= 0", name="waitlist_amount_counts"),
        CheckConstraint("validity_days > 0 AND position > 0", name="waitlist_terms_count"),
        CheckConstraint("status IN ('waiting', 'issued', 'cancelled')", name="waitlist_status_known"),
        Index(
            "waitlist_order",
            "programme_id",
            "position",
            "approved_at",
            "application_id",
            postgresql_where=text("status = 'waiting'"),
        ),
    )

    application_id: Mapped[str] = mapped_column(UuidText, primary_key=True)
    household_id: Mapped[str] = mapped_column(UuidText)
    programme_id: Mapped[str]
    commune: Mapped[str]
    province: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger)
    minimum_price: Mapped[int] = mapped_column(BigInteger)
    validity_days: Mapped[int] = mapped_column(Integer)
    position: Mapped[int] = mapped_column(Integer)
    approved_at: Mapped[datetime] = mapped_column(Moment)
    status: Mapped[str]
