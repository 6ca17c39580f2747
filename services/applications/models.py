"""The tables of applications. What names a person is sealed under the household's key or a keyed hash."""

from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import (
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
    Uuid,
    func,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.applications import domain


class Base(DeclarativeBase):
    """This service's tables."""


def _among(column: str, values: Iterable[str], name: str) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=name)


class Household(Base):
    """A household of one commune. `sealed` is the head's personal data; `head_hash` finds the head again."""

    __tablename__ = "household"
    __table_args__ = (
        UniqueConstraint("commune", "head_hash", name="household_commune_head"),
        CheckConstraint("commune ~ '^[0-9]{5}$'", name="household_commune_code"),
        CheckConstraint("province ~ '^[0-9]{2}$'", name="household_province_code"),
        CheckConstraint("length(head_hash) = 64", name="household_head_hash"),
    )

    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    commune: Mapped[str] = mapped_column(Text)
    province: Mapped[str] = mapped_column(Text)
    village: Mapped[str] = mapped_column(Text)
    head_hash: Mapped[str] = mapped_column(Text)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class ListImport(Base):
    """One file for one commune and programme; sent again it is the same import."""

    __tablename__ = "list_import"
    __table_args__ = (
        UniqueConstraint("digest", "commune", "programme_id", name="list_import_once"),
        CheckConstraint(
            "rows >= 0 AND accepted >= 0 AND repeated >= 0 AND refused >= 0", name="list_import_counts"
        ),
    )

    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    digest: Mapped[str] = mapped_column(Text)
    commune: Mapped[str] = mapped_column(Text)
    province: Mapped[str] = mapped_column(Text)
    programme_id: Mapped[str] = mapped_column(Text)
    rows: Mapped[int] = mapped_column(Integer, server_default="0")
    accepted: Mapped[int] = mapped_column(Integer, server_default="0")
    repeated: Mapped[int] = mapped_column(Integer, server_default="0")
    refused: Mapped[int] = mapped_column(Integer, server_default="0")
    imported_by: Mapped[str] = mapped_column(Text)
    started_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Application(Base):
    """One household in one programme. `status` is `casestate.overall` of the three services' states."""

    __tablename__ = "application"
    __table_args__ = (
        _among("application_state", domain.APPLICATION_STATES, "application_state_known"),
        _among("eligibility_state", domain.ELIGIBILITY_STATES, "application_eligibility_known"),
        _among("disbursement_state", domain.DISBURSEMENT_STATES, "application_disbursement_known"),
        _among("status", domain.STATUSES, "application_status_known"),
        _among("channel", domain.CHANNELS, "application_channel_known"),
        _among("legal_basis", domain.LEGAL_BASES, "application_legal_basis_known"),
        CheckConstraint("commune ~ '^[0-9]{5}$'", name="application_commune_code"),
        CheckConstraint("province ~ '^[0-9]{2}$'", name="application_province_code"),
        CheckConstraint("revision >= 1", name="application_revision"),
        CheckConstraint(
            "(application_state = 'draft') = (submitted_at IS NULL)", name="application_submitted_at"
        ),
        Index("application_by_commune", "commune", "created_at", "id"),
        Index("application_by_province", "province", "created_at", "id"),
        Index("application_by_programme", "programme_id", "created_at", "id"),
        Index("application_by_household", "household_id"),
    )

    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    household_id: Mapped[str] = mapped_column(ForeignKey("household.id"))
    programme_id: Mapped[str] = mapped_column(Text)
    commune: Mapped[str] = mapped_column(Text)
    province: Mapped[str] = mapped_column(Text)
    village: Mapped[str] = mapped_column(Text)
    application_state: Mapped[str] = mapped_column(Text)
    eligibility_state: Mapped[str | None] = mapped_column(Text)
    disbursement_state: Mapped[str | None] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    revision: Mapped[int] = mapped_column(Integer, server_default="1")
    entered_by: Mapped[str] = mapped_column(Text)
    channel: Mapped[str] = mapped_column(Text)
    legal_basis: Mapped[str] = mapped_column(Text)
    import_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))
    certificate_hash: Mapped[str | None] = mapped_column(Text)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    submitted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ApplicationPerson(Base):
    """Who is in a programme, as keyed hashes. The key is the guard: nobody is in a programme twice."""

    __tablename__ = "application_person"
    __table_args__ = (
        CheckConstraint("length(person_hash) = 64", name="application_person_hash"),
        Index("application_person_by_application", "application_id"),
    )

    programme_id: Mapped[str] = mapped_column(Text, primary_key=True)
    person_hash: Mapped[str] = mapped_column(Text, primary_key=True)
    application_id: Mapped[str] = mapped_column(
        ForeignKey("application.id", ondelete="CASCADE", deferrable=True, initially="DEFERRED")
    )


class Erasure(Base):
    """That a household was erased, by whom and on which ground (a code): nothing about the household."""

    __tablename__ = "erasure"

    household_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    ground: Mapped[str] = mapped_column(Text)
    erased_by: Mapped[str] = mapped_column(Text)
    erased_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Programme(Base):
    """What this service knows of a programme, from the events of eligibility."""

    __tablename__ = "programme"
    __table_args__ = (_among("status", ("published", "suspended", "closed"), "programme_status_known"),)

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int] = mapped_column(Integer)
    name_vi: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str] = mapped_column(Text)
    period_from: Mapped[date | None] = mapped_column(Date)
    period_to: Mapped[date | None] = mapped_column(Date)
    status: Mapped[str] = mapped_column(Text)
