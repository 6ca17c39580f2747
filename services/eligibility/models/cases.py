"""Case files, the places they hold, and whom they could be taken for. Why a household was accepted or refused
stands only in `sealed`."""

from datetime import date, datetime

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    Text,
    Uuid,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.eligibility.models.base import Base

STATUSES = ("eligible", "ineligible", "referred", "approved", "rejected", "revoked")


class CaseFile(Base):
    """One application's assessment and the decision about it.

    `sealed` (base64, AES-GCM under the household's key, place `assessment/<application>`) holds the finding:
    reasons, rows and the values looked at; `rejection` the reason of a refusal (place
    `rejection/<application>`), `review` why a referred case was upheld (place `referral/<application>`).
    `persons` are keyed hashes, parted by blanks; `certificate` is one. `priority` is the rank in the order of
    the programme's version `ranked_by`, 0 first; `assessed_year` the year whose evidence counted.
    `correctors` and `reviewers` are subjects who may not approve, and `kin` those who belong to the household
    and decide nothing about it; a trigger only lets them grow.
    `corrected_meanwhile` corrected a revoked case whose voucher has not ended: when it has, they are
    correctors and the case is assessed anew. `due_on` and `taken_by` are a referral's deadline and owner.
    `counted_in` is the province whose quota it uses up; `voucher` what is known of a phone: redeemed, or
    ended without one; `flag` why somebody should look at it again. `amount` is whole đồng.
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
            "(status = 'referred') = (due_on IS NOT NULL) AND (taken_by IS NULL OR status = 'referred')",
            name="case_file_referred",
        ),
        CheckConstraint(
            "(status IN ('approved', 'revoked')) = (approved_by IS NOT NULL)"
            " AND num_nulls(approved_by, position, amount) IN (0, 3)"
            " AND (status IN ('approved', 'revoked') OR counted_in IS NULL)",
            name="case_file_approved",
        ),
        CheckConstraint(
            "(status = 'rejected') = (rejected_by IS NOT NULL)"
            " AND num_nulls(rejected_by, rejection) IN (0, 2)",
            name="case_file_rejected",
        ),
        CheckConstraint(
            "(status = 'revoked') = (revoked_by IS NOT NULL)"
            " AND num_nulls(revoked_by, revoked_reason) IN (0, 2)",
            name="case_file_revoked",
        ),
        CheckConstraint(
            "status = 'revoked' OR corrected_meanwhile = '{}'", name="case_file_corrected_meanwhile"
        ),
        CheckConstraint(
            "(status IN ('approved', 'rejected', 'revoked')) = (decision_number IS NOT NULL)"
            " AND num_nulls(decision_number, decision_date) IN (0, 2)",
            name="case_file_decided",
        ),
        CheckConstraint("voucher IN ('redeemed', 'ended')", name="case_file_voucher_known"),
        CheckConstraint(
            "flag IN ('REDEEMED_THOUGH_INELIGIBLE', 'DOUBTFUL_AFTER_APPROVAL')", name="case_file_flag_known"
        ),
        CheckConstraint(
            "approved_by <> entered_by AND approved_by <> ALL (correctors) AND approved_by <> ALL (reviewers)"
            " AND rejected_by <> entered_by AND rejected_by <> ALL (correctors)"
            " AND revoked_by <> entered_by AND revoked_by <> ALL (correctors)",
            name="case_file_maker_is_not_checker",
        ),
        CheckConstraint(
            "approved_by <> ALL (kin) AND rejected_by <> ALL (kin) AND revoked_by <> ALL (kin)",
            name="case_file_nobody_decides_on_kin",
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
        Index(
            "case_file_waiting",
            "assessed_year",
            "programme_id",
            "application_id",
            postgresql_where=text("status IN ('eligible', 'referred') AND NOT withdrawn"),
        ),
        Index(
            "case_file_referred_until",
            "due_on",
            "application_id",
            postgresql_where=text("due_on IS NOT NULL"),
        ),
    )

    application_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    household_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    programme_id: Mapped[str] = mapped_column(Text)
    programme_version: Mapped[int] = mapped_column(Integer)
    digest: Mapped[str] = mapped_column(Text)
    commune: Mapped[str] = mapped_column(Text)
    province: Mapped[str] = mapped_column(Text)
    village: Mapped[str] = mapped_column(Text)
    outcome: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    priority: Mapped[int] = mapped_column(Integer)
    ranked_by: Mapped[int] = mapped_column(Integer)
    persons: Mapped[str] = mapped_column(Text)
    certificate: Mapped[str | None] = mapped_column(Text)
    sealed: Mapped[str] = mapped_column(Text)
    entered_by: Mapped[str] = mapped_column(Text)
    correctors: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    reviewers: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    corrected_meanwhile: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    kin: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    submitted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    assessed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    assessed_year: Mapped[int] = mapped_column(SmallInteger)
    withdrawn: Mapped[bool] = mapped_column(Boolean, server_default=false())
    due_on: Mapped[date | None] = mapped_column(Date)
    taken_by: Mapped[str | None] = mapped_column(Text)
    review: Mapped[str | None] = mapped_column(Text)
    decision_number: Mapped[str | None] = mapped_column(Text)
    decision_date: Mapped[date | None] = mapped_column(Date)
    approved_by: Mapped[str | None] = mapped_column(Text)
    position: Mapped[int | None] = mapped_column(Integer)
    amount: Mapped[int | None] = mapped_column(BigInteger)
    counted_in: Mapped[str | None] = mapped_column(Text)
    voucher: Mapped[str | None] = mapped_column(Text)
    flag: Mapped[str | None] = mapped_column(Text)
    rejected_by: Mapped[str | None] = mapped_column(Text)
    rejection: Mapped[str | None] = mapped_column(Text)
    revoked_by: Mapped[str | None] = mapped_column(Text)
    revoked_reason: Mapped[str | None] = mapped_column(Text)


class PlaceClaim(Base):
    """Who holds a place in a programme. The key is the guard: one person, one certificate, one household, one
    application. See `claims.py` for what a scope is."""

    __tablename__ = "place_claim"
    __table_args__ = (
        CheckConstraint("kind IN ('person', 'certificate', 'household')", name="place_claim_kind_known"),
        CheckConstraint("length(hash) IN (36, 64)", name="place_claim_hash"),
        Index("place_claim_by_application", "application_id"),
    )

    scope: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    hash: Mapped[str] = mapped_column(Text, primary_key=True)
    application_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))


class Namesake(Base):
    """Keyed hashes of the names with full birth dates of an application's members, each bound to its commune:
    a reason to look twice, no proof, and no guard."""

    __tablename__ = "namesake"
    __table_args__ = (
        CheckConstraint("length(hash) = 64", name="namesake_hash"),
        Index("namesake_by_application", "application_id"),
    )

    programme_id: Mapped[str] = mapped_column(Text, primary_key=True)
    hash: Mapped[str] = mapped_column(Text, primary_key=True)
    application_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
