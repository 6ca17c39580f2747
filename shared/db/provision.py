"""One database and two roles per service, made by whoever holds the server's superuser URL.

The tables belong to `<database>_owner`, with which nobody signs in: migrations become it. The service's own
role reads and writes rows, and nothing else: no statement that it may run takes a constraint or trigger away.
"""

import psycopg
import sqlalchemy
from psycopg import sql

_ROWS = sql.SQL("SELECT, INSERT, UPDATE, DELETE")


def provision(admin_url: str, database: str, password: str, *, owns: bool = False) -> str:
    """Create `database` and its roles (or set the password anew); returns the URL of the service's own role,
    which has the database's name and may connect to no other service's.

    `owns`: the role makes its own tables, for a database that has no migrations. A database of an earlier
    time, whose role owned it, is handed over.
    """
    admin = sqlalchemy.make_url(admin_url)
    role, owner = sql.Identifier(database), sql.Identifier(database if owns else owner_of(database))
    with _connect(admin) as connection:
        _make_role(connection, database, sql.SQL("LOGIN PASSWORD {}").format(sql.Literal(password)))
        if not owns:
            _make_role(connection, owner_of(database), sql.SQL("NOLOGIN"))
        there = "SELECT 1 FROM pg_database WHERE datname = %s"
        if connection.execute(there, [database]).fetchone():
            connection.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(role, owner))
        else:
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(role, owner))
        connection.execute(sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(role))
        connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(role, role))
    if not owns:
        with _connect(admin.set(database=database)) as connection:
            _hand_over(connection, role, owner)
    return admin.set(username=database, password=password, database=database).render_as_string(
        hide_password=False
    )


def owner_of(database: str) -> str:
    """The role that the tables of a service's database belong to."""
    return f"{database}_owner"


def owner_url(admin_url: str, database: str) -> str:
    """The URL with which migrations run: the superuser's, as the owner of the tables."""
    admin = sqlalchemy.make_url(admin_url).set(database=database)
    return admin.update_query_dict({"options": f"-crole={owner_of(database)}"}).render_as_string(
        hide_password=False
    )


def _connect(url: sqlalchemy.URL) -> "psycopg.Connection[tuple[object, ...]]":
    return psycopg.connect(url.render_as_string(hide_password=False), autocommit=True)


def _make_role(
    connection: "psycopg.Connection[tuple[object, ...]]", name: str, options: sql.Composable
) -> None:
    exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone()
    verb = sql.SQL("ALTER ROLE {} {}" if exists else "CREATE ROLE {} {}")
    connection.execute(verb.format(sql.Identifier(name), options))


def _hand_over(
    connection: "psycopg.Connection[tuple[object, ...]]", role: sql.Identifier, owner: sql.Identifier
) -> None:
    """Whatever the role owns becomes the owner's; rows, of later tables too, are the role's to change."""
    later = "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public GRANT "
    for statement in (
        "REASSIGN OWNED BY {role} TO {owner}",
        "GRANT {rows} ON ALL TABLES IN SCHEMA public TO {role}",
        "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
        later + "{rows} ON TABLES TO {role}",
        later + "USAGE, SELECT ON SEQUENCES TO {role}",
    ):
        connection.execute(sql.SQL(statement).format(role=role, owner=owner, rows=_ROWS))
