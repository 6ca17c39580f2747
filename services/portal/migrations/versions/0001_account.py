"""Accounts: who may sign in to the portal."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE account (
            id uuid PRIMARY KEY,
            username text NOT NULL UNIQUE,
            display_name text NOT NULL,
            password_hash text NOT NULL,
            roles text[] NOT NULL,
            commune text,
            province text,
            shop_id text,
            enterprise_id text,
            disabled_at timestamptz,
            failed_attempts integer NOT NULL DEFAULT 0,
            locked_until timestamptz,
            created_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT account_username_lower CHECK (username = lower(username) AND username <> ''),
            CONSTRAINT account_roles_known CHECK (
                cardinality(roles) > 0 AND roles <@
                ARRAY['officer','approver','manager','shop','enterprise','payer','auditor']::text[]
            ),
            CONSTRAINT account_commune_code CHECK (commune ~ '^[0-9]{5}$'),
            CONSTRAINT account_province_code CHECK (province ~ '^[0-9]{2}$'),
            CONSTRAINT account_officer_has_commune CHECK (
                NOT 'officer' = ANY (roles) OR commune IS NOT NULL
            ),
            CONSTRAINT account_approver_has_area CHECK (
                NOT 'approver' = ANY (roles) OR commune IS NOT NULL OR province IS NOT NULL
            ),
            CONSTRAINT account_manager_has_province CHECK (
                NOT 'manager' = ANY (roles) OR province IS NOT NULL
            ),
            CONSTRAINT account_shop_has_shop CHECK (
                NOT 'shop' = ANY (roles) OR shop_id IS NOT NULL
            ),
            CONSTRAINT account_enterprise_has_enterprise CHECK (
                NOT 'enterprise' = ANY (roles) OR enterprise_id IS NOT NULL
            )
        )
        """
    )


def downgrade() -> None:
    op.execute("DROP TABLE account")
