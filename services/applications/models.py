"""The tables of applications. What names a person is sealed under the household's key or a keyed hash."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
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
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
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
    """One file for one commune and programme; sent again it is the same import.

    First checked, then imported by a background job: `done` of `rows` are through; `attempts` since the last
    progress. `file` and `report` hold personal data, sealed under the service's wrapping key, until the
    retention job forgets them.
    """

    __tablename__ = "list_import"
    __table_args__ = (
        UniqueConstraint("digest", "commune", "programme_id", name="list_import_once"),
        _among("state", domain.IMPORT_STATES, "list_import_state_known"),
        CheckConstraint("commune ~ '^[0-9]{5}$'", name="list_import_commune_code"),
        CheckConstraint(
            "rows >= 0 AND done BETWEEN 0 AND rows AND accepted >= 0 AND repeated >= 0 AND refused >= 0"
            " AND warnings >= 0 AND (state <> 'imported' OR rows = accepted + repeated + refused)",
            name="list_import_counts",
        ),
        CheckConstraint(
            "(state IN ('imported', 'refused')) = (finished_at IS NOT NULL)", name="list_import_finished"
        ),
        CheckConstraint(
            "forgotten_at IS NULL OR (file IS NULL AND report IS NULL)", name="list_import_forgotten"
        ),
        Index("list_import_by_commune", "commune", "created_at", "id"),
        Index(
            "list_import_waiting",
            "created_at",
            postgresql_where=text("state IN ('checking', 'importing')"),
        ),
    )

    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    digest: Mapped[str] = mapped_column(Text)
    commune: Mapped[str] = mapped_column(Text)
    province: Mapped[str] = mapped_column(Text)
    programme_id: Mapped[str] = mapped_column(Text)
    filename: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    mapping: Mapped[dict[str, str]] = mapped_column(JSONB, server_default="{}")
    rows: Mapped[int] = mapped_column(Integer, server_default="0")
    done: Mapped[int] = mapped_column(Integer, server_default="0")
    accepted: Mapped[int] = mapped_column(Integer, server_default="0")
    repeated: Mapped[int] = mapped_column(Integer, server_default="0")
    refused: Mapped[int] = mapped_column(Integer, server_default="0")
    warnings: Mapped[int] = mapped_column(Integer, server_default="0")
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    file: Mapped[bytes | None] = mapped_column(LargeBinary)
    report: Mapped[bytes | None] = mapped_column(LargeBinary)
    imported_by: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    forgotten_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ListMapping(Base):
    """What a commune's officers said a column title means. `title` is folded; `field` "" ignores it."""

    __tablename__ = "list_mapping"
    __table_args__ = (CheckConstraint("commune ~ '^[0-9]{5}$'", name="list_mapping_commune_code"),)

    commune: Mapped[str] = mapped_column(Text, primary_key=True)
    title: Mapped[str] = mapped_column(Text, primary_key=True)
    field: Mapped[str] = mapped_column(Text)
    chosen_by: Mapped[str] = mapped_column(Text)
    chosen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Application(Base):
    """One household in one programme. `status` is `casestate.overall` of the three services' states.

    `sealed` holds the details of the current revision and `grounds` those of an appeal; `words` are keyed
    hashes of the folded words of everybody's name, for search.
    """

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
        CheckConstraint(
            "(revision > 1) = (correction_reason IS NOT NULL AND corrected_by IS NOT NULL"
            " AND corrected_at IS NOT NULL)",
            name="application_corrected",
        ),
        CheckConstraint(
            "(appealed_at IS NULL) = (grounds IS NULL)"
            " AND (application_state <> 'appealed' OR appealed_at IS NOT NULL)",
            name="application_appealed",
        ),
        Index("application_by_commune", "commune", "created_at", "id"),
        Index("application_by_province", "province", "created_at", "id"),
        Index("application_by_programme", "programme_id", "created_at", "id"),
        Index("application_by_household", "household_id"),
        Index("application_by_time", "created_at", "id"),
        Index(
            "application_by_import",
            "import_id",
            "import_row",
            postgresql_where=text("import_id IS NOT NULL"),
        ),
        Index("application_by_words", "words", postgresql_using="gin"),
        Index("application_drafts", "created_at", postgresql_where=text("application_state = 'draft'")),
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
    import_row: Mapped[int | None] = mapped_column(Integer)
    certificate_hash: Mapped[str | None] = mapped_column(Text)
    words: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default="{}")
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    submitted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    corrected_by: Mapped[str | None] = mapped_column(Text)
    corrected_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    correction_reason: Mapped[str | None] = mapped_column(Text)
    appealed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    grounds: Mapped[bytes | None] = mapped_column(LargeBinary)


class ApplicationVersion(Base):
    """A revision that a correction replaced, with who made it and why (nobody asks why of the first)."""

    __tablename__ = "application_version"
    __table_args__ = (
        CheckConstraint("(revision = 1) = (reason IS NULL)", name="application_version_reason"),
    )

    application_id: Mapped[str] = mapped_column(
        ForeignKey("application.id", ondelete="CASCADE"), primary_key=True
    )
    revision: Mapped[int] = mapped_column(Integer, primary_key=True)
    village: Mapped[str] = mapped_column(Text)
    sealed_head: Mapped[bytes] = mapped_column(LargeBinary)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    entered_by: Mapped[str] = mapped_column(Text)
    entered_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    reason: Mapped[str | None] = mapped_column(Text)


class CaseEvent(Base):
    """What a service said of a case, for its timeline. `facts` name nobody; reasons stay sealed."""

    __tablename__ = "case_event"

    application_id: Mapped[str] = mapped_column(
        ForeignKey("application.id", ondelete="CASCADE"), primary_key=True
    )
    event_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    type: Mapped[str] = mapped_column(Text)
    occurred_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    actor: Mapped[str] = mapped_column(Text)
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    sealed: Mapped[str | None] = mapped_column(Text)


class ApplicationPerson(Base):
    """Who a commune has in a programme, as keyed hashes. The key is the guard: a commune enters nobody twice.

    The same person in another commune is for eligibility to find: nobody here may learn of it.
    """

    __tablename__ = "application_person"
    __table_args__ = (
        CheckConstraint("length(person_hash) = 64", name="application_person_hash"),
        Index("application_person_by_application", "application_id"),
        Index("application_person_by_person", "person_hash"),
    )

    programme_id: Mapped[str] = mapped_column(Text, primary_key=True)
    commune: Mapped[str] = mapped_column(Text, primary_key=True)
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


class DataRequest(Base):
    """What a person asked about their own data (Law 91/2025/QH15), with the days by which it is due."""

    __tablename__ = "data_request"
    __table_args__ = (
        _among("kind", domain.REQUEST_KINDS, "data_request_kind_known"),
        CheckConstraint("commune ~ '^[0-9]{5}$'", name="data_request_commune_code"),
        CheckConstraint("received_on <= answer_due AND answer_due <= done_due", name="data_request_days"),
        CheckConstraint("(answered_on IS NULL) = (answered_by IS NULL)", name="data_request_answered"),
        CheckConstraint(
            "(closed_on IS NULL) = (closed_by IS NULL) AND (closed_on IS NULL) = (outcome IS NULL)"
            " AND (outcome IS NULL OR outcome IN ('granted', 'partly_granted', 'refused', 'withdrawn'))",
            name="data_request_closed",
        ),
        CheckConstraint("extended = (extension_reason IS NOT NULL)", name="data_request_extended"),
        Index("data_request_open", "commune", "done_due", postgresql_where=text("closed_on IS NULL")),
        Index("data_request_by_household", "household_id"),
    )

    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    household_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    commune: Mapped[str] = mapped_column(Text)
    province: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    received_on: Mapped[date] = mapped_column(Date)
    answer_due: Mapped[date] = mapped_column(Date)
    done_due: Mapped[date] = mapped_column(Date)
    extended: Mapped[bool] = mapped_column(Boolean, server_default="false")
    extension_reason: Mapped[str | None] = mapped_column(Text)
    recorded_by: Mapped[str] = mapped_column(Text)
    answered_on: Mapped[date | None] = mapped_column(Date)
    answered_by: Mapped[str | None] = mapped_column(Text)
    closed_on: Mapped[date | None] = mapped_column(Date)
    closed_by: Mapped[str | None] = mapped_column(Text)
    outcome: Mapped[str | None] = mapped_column(Text)


class Programme(Base):
    """What this service knows of a programme, from the events of eligibility.

    `reasons`: code → language → sentence, of every version that was published.
    """

    __tablename__ = "programme"
    __table_args__ = (
        _among("status", ("published", "suspended", "closed"), "programme_status_known"),
        CheckConstraint("(status = 'closed') = (closed_at IS NOT NULL)", name="programme_closed"),
    )

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int] = mapped_column(Integer)
    name_vi: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str] = mapped_column(Text)
    period_from: Mapped[date | None] = mapped_column(Date)
    period_to: Mapped[date | None] = mapped_column(Date)
    reasons: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    status: Mapped[str] = mapped_column(Text)
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Official(Base):
    """Somebody who handles applications; `person` is the keyed hash of the citizen ID. `looked_back_at`: when
    the applications from before the registration were looked through (`looking_back.py`)."""

    __tablename__ = "official"
    __table_args__ = (CheckConstraint("length(person) = 64", name="official_person"),)

    subject: Mapped[str] = mapped_column(Text, primary_key=True)
    person: Mapped[str] = mapped_column(Text, unique=True)
    registered_by: Mapped[str] = mapped_column(Text)
    registered_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    looked_back_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
