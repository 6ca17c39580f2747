"""What every `migrations/env.py` does: run online on the connection it is given, or print SQL offline.

A migration that cannot get its lock gives up after ten seconds instead of stopping everybody behind it.
"""

from alembic import context


def run() -> None:
    connection = context.config.attributes.get("connection")
    if connection is None:
        context.configure(dialect_name="postgresql", literal_binds=True)
    else:
        context.configure(connection=connection)
    with context.begin_transaction():
        context.execute("SET LOCAL lock_timeout = '10s'")
        context.execute("SET LOCAL statement_timeout = '30min'")
        context.run_migrations()
