"""The ledger: every event's bytes under a gapless index, append-only."""

from alembic import op

from shared.db.kernel_migration import create_kernel_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_kernel_tables()
    op.execute(
        """
        CREATE TABLE ledger (
            "index"  bigint      PRIMARY KEY,
            stream   text        NOT NULL,
            version  integer     NOT NULL,
            event_id uuid        NOT NULL,
            type     text        NOT NULL,
            key      text        NOT NULL,
            commune  text,
            time     timestamptz NOT NULL,
            hash     text        NOT NULL,
            bytes    bytea       NOT NULL,
            CONSTRAINT ledger_place UNIQUE (stream, version),
            CONSTRAINT ledger_index_from_zero CHECK ("index" >= 0),
            CONSTRAINT ledger_version_from_one CHECK (version > 0),
            CONSTRAINT ledger_hash_is_sha256 CHECK (hash ~ '^[0-9a-f]{64}$'),
            CONSTRAINT ledger_commune_code CHECK (commune ~ '^[0-9]{5}$')
        )
        """
    )
    op.execute('CREATE INDEX ledger_key ON ledger (key, "index")')
    op.execute(
        """
        CREATE TRIGGER ledger_is_append_only
            BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
        """
    )
    op.execute(
        """
        CREATE TABLE ledger_head (
            id   boolean PRIMARY KEY DEFAULT true,
            size bigint  NOT NULL,
            CONSTRAINT ledger_head_is_one CHECK (id),
            CONSTRAINT ledger_head_size CHECK (size >= 0)
        )
        """
    )
    op.execute("INSERT INTO ledger_head (size) VALUES (0)")
    op.execute(
        """
        CREATE TRIGGER ledger_head_stays
            BEFORE DELETE OR TRUNCATE ON ledger_head
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
        """
    )


def downgrade() -> None:
    raise NotImplementedError("a ledger is never taken down by a migration")
