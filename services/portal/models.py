"""The portal's one table: who may sign in. It holds staff and partners, never households."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, DateTime, Text, Uuid, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """This service's tables."""


class Account(Base):
    """One person. `commune` is a 5-digit code, `province` a 2-digit one; which is set limits the area."""

    __tablename__ = "account"
    __table_args__ = (
        CheckConstraint("username = lower(username) AND username <> ''", name="account_username_lower"),
        CheckConstraint(
            "cardinality(roles) > 0 AND roles <@ "
            "ARRAY['officer','approver','manager','shop','enterprise','payer','auditor']::text[]",
            name="account_roles_known",
        ),
        CheckConstraint("commune ~ '^[0-9]{5}$'", name="account_commune_code"),
        CheckConstraint("province ~ '^[0-9]{2}$'", name="account_province_code"),
        CheckConstraint(
            "NOT 'officer' = ANY (roles) OR commune IS NOT NULL", name="account_officer_has_commune"
        ),
        CheckConstraint(
            "NOT 'approver' = ANY (roles) OR commune IS NOT NULL OR province IS NOT NULL",
            name="account_approver_has_area",
        ),
        CheckConstraint(
            "NOT 'manager' = ANY (roles) OR province IS NOT NULL", name="account_manager_has_province"
        ),
        CheckConstraint("NOT 'shop' = ANY (roles) OR shop_id IS NOT NULL", name="account_shop_has_shop"),
        CheckConstraint(
            "NOT 'enterprise' = ANY (roles) OR enterprise_id IS NOT NULL",
            name="account_enterprise_has_enterprise",
        ),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    username: Mapped[str] = mapped_column(Text, unique=True)
    display_name: Mapped[str] = mapped_column(Text)
    password_hash: Mapped[str] = mapped_column(Text)
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    commune: Mapped[str | None] = mapped_column(Text)
    province: Mapped[str | None] = mapped_column(Text)
    shop_id: Mapped[str | None] = mapped_column(Text)
    enterprise_id: Mapped[str | None] = mapped_column(Text)
    disabled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    failed_attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    locked_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
