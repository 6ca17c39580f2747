"""What becomes of cases on approval lists: one open list at a time, and a list closes with its last case."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from shared.events import NewEvent
from shared.outbox import record

SERVICE = "eligibility"

_LISTS_OF = text(
    """
    SELECT DISTINCT list_id::text FROM list_entry
    WHERE application_id = ANY(CAST(:ids AS uuid[])) AND state = 'listed'
    """
)
_HOLD = text("SELECT 1 FROM approval_list WHERE id = ANY(CAST(:lists AS uuid[])) ORDER BY id FOR UPDATE")
_LEAVE = text(
    """
    UPDATE list_entry SET state = :state
    WHERE application_id = ANY(CAST(:ids AS uuid[])) AND state = 'listed'
    """
)
_CLOSE = text(
    """
    UPDATE approval_list SET status = 'closed'
    WHERE id = ANY(CAST(:lists AS uuid[])) AND status IN ('draft', 'posted')
      AND NOT EXISTS (SELECT 1 FROM list_entry WHERE list_id = approval_list.id AND state = 'listed')
    RETURNING id::text AS id, programme_id
    """
)
_FORGET = text("DELETE FROM list_entry WHERE application_id = ANY(CAST(:ids AS uuid[]))")
_FORGET_OBJECTIONS = text("DELETE FROM objection WHERE application_id = ANY(CAST(:ids AS uuid[]))")


def leave(session: Session, application_ids: Sequence[str], state: str, actor: str) -> None:
    """Take these cases off the open lists they stand on, as approved, rejected, objected or left. A list on
    which nobody waits any more is closed."""
    ids = sorted(application_ids)
    lists = sorted(session.scalars(_LISTS_OF, {"ids": ids}))
    if not lists:
        return
    session.execute(_HOLD, {"lists": lists})
    session.execute(_LEAVE, {"ids": ids, "state": state})
    _close(session, lists, actor)


def forget(session: Session, application_ids: Sequence[str], actor: str) -> None:
    """Leave no trace of erased applications on any list."""
    leave(session, application_ids, "left", actor)
    for statement in (_FORGET_OBJECTIONS, _FORGET):
        session.execute(statement, {"ids": list(application_ids)})


def _close(session: Session, lists: Sequence[str], actor: str) -> None:
    closed = session.execute(_CLOSE, {"lists": list(lists)}).all()
    record(session, SERVICE, [NewEvent("list.closed.v1", row.id, _named(row), actor) for row in closed])


def _named(row: Any) -> dict[str, Any]:
    return {"list_id": row.id, "programme_id": row.programme_id}
