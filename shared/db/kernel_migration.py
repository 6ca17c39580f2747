"""The kernel's share of each service's first migration. `kernel.sql` never changes once released."""

from pathlib import Path

from alembic import op


def create_kernel_tables() -> None:
    op.execute(Path(__file__).with_name("kernel.sql").read_text(encoding="utf-8"))
