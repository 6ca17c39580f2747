"""Budgets, vouchers, the waitlist, shops, redemptions."""

from pathlib import Path

from alembic import op

from shared.db.kernel_migration import create_kernel_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_kernel_tables()
    for part in ("0001_disbursement.sql", "0001_shops.sql"):
        op.execute(Path(__file__).with_name(part).read_text(encoding="utf-8"))
