"""Programmes, what they exclude, and what is counted of them."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, DateTime, Integer, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from services.eligibility.models.base import Base


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


class Exclusion(Base):
    """What the newest version of a programme excludes; a pair counts from either side. See `claims.py`."""

    __tablename__ = "exclusion"
    __table_args__ = (CheckConstraint("programme_id <> excludes", name="exclusion_of_another"),)

    programme_id: Mapped[str] = mapped_column(Text, primary_key=True)
    excludes: Mapped[str] = mapped_column(Text, primary_key=True)


class ApprovalCount(Base):
    """How many approvals of a programme stand in a province: what a quota is held against."""

    __tablename__ = "approval_count"
    __table_args__ = (CheckConstraint("used >= 0", name="approval_count_used"),)

    programme_id: Mapped[str] = mapped_column(Text, primary_key=True)
    province: Mapped[str] = mapped_column(Text, primary_key=True)
    used: Mapped[int] = mapped_column(Integer)


class ReasonTally(Base):
    """How many cases of a commune carry a reason. See `tally.py` for why these counts are kept."""

    __tablename__ = "reason_tally"
    __table_args__ = (CheckConstraint("count >= 0", name="reason_tally_count"),)

    programme_id: Mapped[str] = mapped_column(Text, primary_key=True)
    commune: Mapped[str] = mapped_column(Text, primary_key=True)
    reason: Mapped[str] = mapped_column(Text, primary_key=True)
    province: Mapped[str] = mapped_column(Text)
    count: Mapped[int] = mapped_column(Integer)
