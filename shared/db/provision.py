"""One database and one role per service, made by whoever holds the server's superuser URL."""

import psycopg
import sqlalchemy
from psycopg import sql


def provision(admin_url: str, database: str, password: str) -> str:
    """Create role and database `database` (or set the role's password anew); returns the role's URL.

    The role owns its own database and may connect to no other.
    """
    admin = sqlalchemy.make_url(admin_url)
    name = sql.Identifier(database)
    with psycopg.connect(admin.render_as_string(hide_password=False), autocommit=True) as connection:
        role_exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [database]).fetchone()
        verb = sql.SQL("ALTER" if role_exists else "CREATE")
        connection.execute(sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(verb, name, sql.Literal(password)))
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone():
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, name))
        connection.execute(sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(name))
    return admin.set(username=database, password=password, database=database).render_as_string(
        hide_password=False
    )
