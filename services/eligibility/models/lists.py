"""Approval lists: who stands on them, in which order, and what was objected."""

from datetime import date, datetime

from sqlalchemy import (
    CheckConstraint,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.eligibility.models.base import Base


class ApprovalList(Base):
    """One list: drafted, posted, closed; or approved at once, then nobody drafted it.

    `commune`, `province` and `village` are the area it covers, `last_day` the last of its posting. The
    decision is the last one made on it; `approved` counts those of all of them.
    """

    __tablename__ = "approval_list"
    __table_args__ = (
        ForeignKeyConstraint(["programme_id", "programme_version"], ["programme.id", "programme.version"]),
        CheckConstraint(
            "status IN ('draft', 'posted', 'closed', 'cancelled')", name="approval_list_status_known"
        ),
        CheckConstraint(
            "num_nulls(posted_by, posted_on, last_day) IN (0, 3)"
            " AND (status <> 'posted' OR posted_on IS NOT NULL) AND last_day >= posted_on",
            name="approval_list_posted",
        ),
        CheckConstraint(
            "num_nulls(decision_number, decision_date, approved_by) IN (0, 3)"
            " AND (approved = 0 OR approved_by IS NOT NULL)",
            name="approval_list_decided",
        ),
        CheckConstraint(
            "approved_by <> drafted_by AND approved_by <> posted_by",
            name="approval_list_maker_is_not_checker",
        ),
        CheckConstraint("size >= 0 AND approved >= 0 AND skipped_own >= 0", name="approval_list_counts"),
        Index("approval_list_by_commune", "commune", "made_at", "id"),
    )

    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    programme_id: Mapped[str] = mapped_column(Text)
    programme_version: Mapped[int] = mapped_column(Integer)
    commune: Mapped[str | None] = mapped_column(Text)
    province: Mapped[str | None] = mapped_column(Text)
    village: Mapped[str | None] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    drafted_by: Mapped[str | None] = mapped_column(Text)
    posted_by: Mapped[str | None] = mapped_column(Text)
    posted_on: Mapped[date | None] = mapped_column(Date)
    last_day: Mapped[date | None] = mapped_column(Date)
    decision_number: Mapped[str | None] = mapped_column(Text)
    decision_date: Mapped[date | None] = mapped_column(Date)
    approved_by: Mapped[str | None] = mapped_column(Text)
    size: Mapped[int] = mapped_column(Integer)
    approved: Mapped[int] = mapped_column(Integer)
    skipped_own: Mapped[int] = mapped_column(Integer)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class ListEntry(Base):
    """One case on a list, with its rank and what gave it that rank. Its place on one open list at a time is
    guarded by a UNIQUE."""

    __tablename__ = "list_entry"
    __table_args__ = (
        ForeignKeyConstraint(["list_id"], ["approval_list.id"]),
        CheckConstraint(
            "state IN ('listed', 'approved', 'rejected', 'objected', 'left')", name="list_entry_state_known"
        ),
        CheckConstraint("rank >= 1", name="list_entry_rank"),
        Index(
            "list_entry_one_open_list",
            "application_id",
            unique=True,
            postgresql_where=text("state = 'listed'"),
        ),
        Index("list_entry_by_application", "application_id"),
    )

    list_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    application_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    rank: Mapped[int] = mapped_column(Integer)
    priority: Mapped[int] = mapped_column(Integer)
    submitted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    state: Mapped[str] = mapped_column(Text)


class Objection(Base):
    """An objection to a posted list; `sealed` (place `objection/<id>`) holds its ground and its words."""

    __tablename__ = "objection"
    __table_args__ = (
        ForeignKeyConstraint(["list_id"], ["approval_list.id"]),
        Index("objection_by_application", "application_id"),
    )

    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    list_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    application_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    sealed: Mapped[str] = mapped_column(Text)
    recorded_by: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
