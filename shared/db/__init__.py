"""Databases: one per service, one session factory, one way to run a transaction."""

from shared.db.arrays import array_text
from shared.db.engine import (
    FREE_ATTEMPTS,
    Database,
    DatabaseUnavailable,
    Statements,
    broken_constraint,
    is_conflict,
    is_outage,
    pause_before,
    queue_up,
)
from shared.db.migrate import current_revision, head_revision, migrate, offline_sql
from shared.db.provision import owner_url, provision
from shared.db.rows import insert_rows

__all__ = [
    "FREE_ATTEMPTS",
    "Database",
    "DatabaseUnavailable",
    "Statements",
    "array_text",
    "broken_constraint",
    "current_revision",
    "head_revision",
    "insert_rows",
    "is_conflict",
    "is_outage",
    "migrate",
    "offline_sql",
    "owner_url",
    "pause_before",
    "provision",
    "queue_up",
]
