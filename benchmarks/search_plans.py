"""The query plans of searches: each statement that a search sends, as PostgreSQL runs it.

    python -m benchmarks.search_plans postgresql://… --identity-key BASE64

on an applications database that `benchmarks.population` filled. The service plans each statement once for all
values, so they are prepared here as well: an EXPLAIN with the values in it could show another plan.
"""

import argparse
import base64
import re
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy
from psycopg import sql
from sqlalchemy.orm import Session

from benchmarks.harness import console
from services.applications.queries.finding import understand
from services.applications.queries.search import Filter, Search
from shared.auth import Actor, Role
from shared.db import Database
from shared.privacy import IdentityHasher

OFFICER = Actor("officer", roles=frozenset({Role.OFFICER}), commune="01075", province="08")
MANAGER = Actor("manager", roles=frozenset({Role.MANAGER}), province="08")
AUDITOR = Actor("auditor", roles=frozenset({Role.AUDITOR}))
SEARCHES = (
    ("an officer, a common word", OFFICER, Filter(q="thị")),
    ("a manager, a common word", MANAGER, Filter(q="thị")),
    ("a manager, words of two peoples", MANAGER, Filter(q="giàng phàn")),
    ("an auditor, a common word", AUDITOR, Filter(q="thị")),
    ("an auditor, a rare word", AUDITOR, Filter(q="chuyển")),
    ("an auditor, a common word, few of that status", AUDITOR, Filter(q="thị", status="referred")),
    ("an auditor, a person's number", AUDITOR, Filter(q="002085001234")),
)
LEFT_OUT = ("EXPLAIN", "SET ")
PARAMETER = re.compile(r"%\((\w+)\)s")

Sent = list[tuple[str, Mapping[str, Any]]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--identity-key", required=True)
    options = parser.parse_args()
    for part in plans(options.url, options.identity_key):
        console.print(part, highlight=False, markup=False, soft_wrap=True)


def plans(url: str, identity_key: str) -> Iterator[str]:
    """A heading for each search, and the plan of each statement that it sends."""
    database = Database(url, "plans")
    hasher = IdentityHasher(base64.b64decode(identity_key))
    for title, actor, wanted in SEARCHES:
        yield f"\n== {title}"
        with database.transaction() as session:
            for statement, values in statements_of(session, actor, wanted, hasher):
                yield plan_of(session, statement, values)
    database.close()


def statements_of(session: Session, actor: Actor, wanted: Filter, hasher: IdentityHasher) -> Sent:
    """What a search sends, in order, with the values."""
    sent: Sent = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Mapping[str, Any], *_: Any) -> None:
        sent.append((statement, values))

    sought = understand(wanted.q, hasher)
    assert sought is not None
    connection = session.connection()
    sqlalchemy.event.listen(connection, "before_cursor_execute", note)
    Search(session, actor, wanted, sought, 50).page(None)
    sqlalchemy.event.remove(connection, "before_cursor_execute", note)
    return [(statement, values) for statement, values in sent if not statement.startswith(LEFT_OUT)]


def plan_of(session: Session, statement: str, values: Mapping[str, Any]) -> str:
    """Run a few times: then nothing has to be read from disk any more."""
    names = list(dict.fromkeys(PARAMETER.findall(statement)))
    numbered = PARAMETER.sub(lambda found: f"${names.index(found.group(1)) + 1}", statement)
    driver: Any = session.connection().connection.driver_connection
    given = sql.SQL(", ").join(sql.Literal(values[name]) for name in names)
    call = sql.SQL("EXECUTE told({})").format(given) if names else sql.SQL("EXECUTE told")
    driver.execute(f"PREPARE told AS {numbered}")
    for _ in range(3):
        lines = driver.execute(sql.SQL("EXPLAIN (ANALYZE, COSTS OFF, BUFFERS OFF) ") + call).fetchall()
    driver.execute("DEALLOCATE told")
    return "\n".join(line for (line,) in lines)


if __name__ == "__main__":
    main()
