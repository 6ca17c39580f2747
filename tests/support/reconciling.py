"""What a service's `reconcile` finds, as things stand and after somebody has corrupted them."""

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from shared.reconcile import Result
from tests.support.service import Bench

Reconcile = Callable[[Session], list[Result]]
Broken = dict[str, list[dict[str, Any]]]


def broken(reconcile: Reconcile, bench: Bench) -> Broken:
    """What does not tie, by the name of the check; empty when everything does."""
    with bench.database.transaction() as session:
        return _broken(reconcile(session))


def corrupted(reconcile: Reconcile, bench: Bench, *statements: str) -> Broken:
    """What `reconcile` finds after the statements, run past every trigger and then taken back."""
    session = bench.database.session()
    try:
        connection = session.connection()
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        for statement in statements:
            done = connection.exec_driver_sql(statement)
            assert done.rowcount != 0, f"{statement} changed nothing"
        return _broken(reconcile(session))
    finally:
        session.rollback()
        session.close()


def _broken(results: list[Result]) -> Broken:
    return {result.name: result.rows for result in results if not result.holds}
