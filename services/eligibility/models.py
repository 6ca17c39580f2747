"""The tables of eligibility. Why a household was accepted or refused stands only in `sealed`."""

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    false,
    func,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

STATUSES = ("eligible", "ineligible", "referred", "approved", "rejected", "revoked")


class Base(DeclarativeBase):
    """This service's tables."""


class ProgrammeVersion(Base):
    """One published version of a programme; it assesses from `effective_from` on. A trigger keeps everything
    but `status` as it is."""

    __tablename__ = "programme"
    __table_args__ = (
        CheckConstraint("version >= 1", name="programme_version"),
        CheckConstraint("length(digest) = 64", name="programme_digest"),
        CheckConstraint("status IN ('published', 'suspended', 'closed')", name="programme_status_known"),
    )

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    effective_from: Mapped[date] = mapped_column(Date)
    digest: Mapped[str] = mapped_column(Text)
    document: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    published_by: Mapped[str] = mapped_column(Text)
    published_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class PositionCounter(Base):
    """The last place given on a programme's approved lists."""

    __tablename__ = "position_counter"
    __table_args__ = (CheckConstraint("last >= 0", name="position_counter_last"),)

    programme_id: Mapped[str] = mapped_column(Text, primary_key=True)
    last: Mapped[int] = mapped_column(Integer, server_default="0")


class CaseFile(Base):
    """One application's assessment and the decision about it.

    `sealed` (base64, AES-GCM under the household's key, place `assessment/<application>`) holds reasons, rows
    and the values looked at; `rejection` the reason of a refusal (place `rejection/<application>`). `persons`
    are keyed hashes, parted by blanks. `priority` is the rank in the programme's order, 0 first. `amount` is
    whole đồng.
    """

    __tablename__ = "case_file"
    __table_args__ = (
        ForeignKeyConstraint(["programme_id", "programme_version"], ["programme.id", "programme.version"]),
        CheckConstraint("commune ~ '^[0-9]{5}$'", name="case_file_commune_code"),
        CheckConstraint("province ~ '^[0-9]{2}$'", name="case_file_province_code"),
        CheckConstraint("outcome IN ('eligible', 'ineligible', 'referred')", name="case_file_outcome_known"),
        CheckConstraint(
            "status IN ('eligible', 'ineligible', 'referred', 'approved', 'rejected', 'revoked')",
            name="case_file_status_known",
        ),
        CheckConstraint(
            "status IN ('approved', 'rejected', 'revoked') OR (status = outcome AND decision_number IS NULL)",
            name="case_file_undecided",
        ),
        CheckConstraint(
            "(status IN ('approved', 'revoked')) = (approved_by IS NOT NULL)"
            " AND num_nulls(approved_by, position, amount) IN (0, 3)",
            name="case_file_approved",
        ),
        CheckConstraint(
            "(status = 'rejected') = (rejected_by IS NOT NULL)"
            " AND num_nulls(rejected_by, rejection) IN (0, 2)",
            name="case_file_rejected",
        ),
        CheckConstraint(
            "(status IN ('approved', 'rejected', 'revoked')) = (decision_number IS NOT NULL)"
            " AND num_nulls(decision_number, decision_date) IN (0, 2)",
            name="case_file_decided",
        ),
        CheckConstraint(
            "approved_by <> entered_by AND approved_by <> coalesce(corrected_by, '')"
            " AND rejected_by <> entered_by AND rejected_by <> coalesce(corrected_by, '')",
            name="case_file_maker_is_not_checker",
        ),
        CheckConstraint("position >= 1", name="case_file_position"),
        CheckConstraint("amount >= 1", name="case_file_amount"),
        CheckConstraint("priority >= 0", name="case_file_priority"),
        Index(
            "case_file_one_position",
            "programme_id",
            "position",
            unique=True,
            postgresql_where=text("position IS NOT NULL"),
        ),
        Index("case_file_by_commune", "commune", "submitted_at", "application_id"),
        Index("case_file_by_province", "province", "submitted_at", "application_id"),
        Index("case_file_by_household", "household_id"),
    )

    application_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    household_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    programme_id: Mapped[str] = mapped_column(Text)
    programme_version: Mapped[int] = mapped_column(Integer)
    digest: Mapped[str] = mapped_column(Text)
    commune: Mapped[str] = mapped_column(Text)
    province: Mapped[str] = mapped_column(Text)
    outcome: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    priority: Mapped[int] = mapped_column(Integer)
    persons: Mapped[str] = mapped_column(Text)
    sealed: Mapped[str] = mapped_column(Text)
    entered_by: Mapped[str] = mapped_column(Text)
    corrected_by: Mapped[str | None] = mapped_column(Text)
    submitted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    assessed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    withdrawn: Mapped[bool] = mapped_column(Boolean, server_default=false())
    decision_number: Mapped[str | None] = mapped_column(Text)
    decision_date: Mapped[date | None] = mapped_column(Date)
    approved_by: Mapped[str | None] = mapped_column(Text)
    position: Mapped[int | None] = mapped_column(Integer)
    amount: Mapped[int | None] = mapped_column(BigInteger)
    rejected_by: Mapped[str | None] = mapped_column(Text)
    rejection: Mapped[str | None] = mapped_column(Text)


class PersonClaim(Base):
    """Who holds a place in a programme. The key is the guard: one person, one application."""

    __tablename__ = "person_claim"
    __table_args__ = (
        CheckConstraint("length(person_hash) = 64", name="person_claim_hash"),
        Index("person_claim_by_application", "application_id"),
    )

    programme_id: Mapped[str] = mapped_column(Text, primary_key=True)
    person_hash: Mapped[str] = mapped_column(Text, primary_key=True)
    application_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))


class ApprovalList(Base):
    """One signed list: `commune` and `province` are the area it was asked for."""

    __tablename__ = "approval_list"
    __table_args__ = (CheckConstraint("approved >= 0 AND skipped_own >= 0", name="approval_list_counts"),)

    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    programme_id: Mapped[str] = mapped_column(Text)
    commune: Mapped[str | None] = mapped_column(Text)
    province: Mapped[str | None] = mapped_column(Text)
    decision_number: Mapped[str] = mapped_column(Text)
    decision_date: Mapped[date] = mapped_column(Date)
    approved_by: Mapped[str] = mapped_column(Text)
    approved: Mapped[int] = mapped_column(Integer)
    skipped_own: Mapped[int] = mapped_column(Integer)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class ReasonTally(Base):
    """How many cases of a commune carry a reason. See `tally.py` for why these counts are kept."""

    __tablename__ = "reason_tally"
    __table_args__ = (CheckConstraint("count >= 0", name="reason_tally_count"),)

    programme_id: Mapped[str] = mapped_column(Text, primary_key=True)
    commune: Mapped[str] = mapped_column(Text, primary_key=True)
    reason: Mapped[str] = mapped_column(Text, primary_key=True)
    province: Mapped[str] = mapped_column(Text)
    count: Mapped[int] = mapped_column(Integer)


def table_of(model: type[Base]) -> Table:
    """A model's table, for multi-row inserts."""
    table = model.__table__
    if not isinstance(table, Table):
        raise TypeError(f"{model.__name__} has no table of its own")
    return table
