"""How often a voucher was printed, and by whom last."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE voucher_print (
            voucher_id uuid        PRIMARY KEY REFERENCES voucher (voucher_id),
            copies     integer     NOT NULL,
            printed_by text        NOT NULL,
            printed_at timestamptz NOT NULL,
            CONSTRAINT voucher_print_copies CHECK (copies > 0)
        )
        """
    )
