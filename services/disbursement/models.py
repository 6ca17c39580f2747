"""The tables of this service. Their DDL is `migrations/versions/*.sql`; a test holds both against each other.

Amounts are whole đồng. `commune` has five digits, `province` two; both limit what an actor sees.
"""

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

UuidText = Uuid(as_uuid=False)
Moment = DateTime(timezone=True)


class Base(DeclarativeBase):
    type_annotation_map = {str: Text}  # noqa: RUF012 - SQLAlchemy's own way


class Programme(Base):
    """What paper and shops say of a programme: its newest published version's names."""

    __tablename__ = "programme"
    __table_args__ = (CheckConstraint("version > 0", name="programme_version_counts"),)

    programme_id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int]
    name_vi: Mapped[str]
    name_en: Mapped[str]


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


def table(model: type[Base]) -> Table:
    """The Core table of a model, for multi-row statements."""
    found = model.__table__
    assert isinstance(found, Table)  # noqa: S101 - each model here is a plain table
    return found
