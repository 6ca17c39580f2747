"""The migrations runner: alembic, one folder per service, no alembic.ini.

alembic is imported where it is used: only a few of our processes migrate, and all of them start often.
"""

import importlib
import io
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATION_LOCK = 7_355_608
"""Advisory lock: processes that start together migrate one after the other."""

_REVISION = sqlalchemy.text("SELECT version_num FROM alembic_version")
_HAS_REVISION = sqlalchemy.text("SELECT to_regclass('alembic_version') IS NOT NULL")


def _config(service: str, output: io.StringIO | None = None) -> "Config":
    from alembic.config import Config

    package = importlib.import_module(f"services.{service}.migrations")
    config = Config(output_buffer=output) if output else Config()
    config.set_main_option("script_location", str(Path(str(package.__file__)).parent))
    config.set_main_option("path_separator", "os")
    return config


def migrate(service: str, engine: sqlalchemy.Engine) -> None:
    """Bring `service`'s database to its newest revision; does nothing when it is there."""
    from alembic import command

    config = _config(service)
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text("SELECT pg_advisory_lock(:lock)"), {"lock": MIGRATION_LOCK})
        connection.commit()
        try:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
        finally:
            connection.rollback()
            connection.execute(sqlalchemy.text("SELECT pg_advisory_unlock(:lock)"), {"lock": MIGRATION_LOCK})
            connection.commit()


def current_revision(engine: sqlalchemy.Engine) -> str | None:
    """The revision a database is at; None when it was never migrated."""
    with engine.connect() as connection:
        if not connection.scalar(_HAS_REVISION):
            return None
        revision: str | None = connection.scalar(_REVISION)
        return revision


@cache
def head_revision(service: str) -> str | None:
    """The newest revision that this version of the code has."""
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(_config(service)).get_current_head()


def offline_sql(service: str) -> str:
    """All migrations of `service` as one SQL text, for the migration linter."""
    from alembic import command

    output = io.StringIO()
    config = _config(service, output)
    command.upgrade(config, "head", sql=True)
    return output.getvalue()
