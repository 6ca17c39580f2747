"""Two ways back inside a request: undo a part of it, or begin it anew."""

from collections.abc import Callable
from typing import NoReturn, TypeVar

from sqlalchemy import text
from sqlalchemy.orm import Session

from shared.refusal import Refusal

Result = TypeVar("Result")

_CLASH = text("DO $$ BEGIN RAISE EXCEPTION 'taken meanwhile' USING ERRCODE = 'serialization_failure'; END $$")


def or_nothing(session: Session, work: Callable[[], Result | Refusal]) -> Result | Refusal:
    """Keep what `work` writes, unless it refuses: then nothing of it stays, and the transaction goes on."""
    attempt = session.begin_nested()
    result = work()
    if isinstance(result, Refusal):
        attempt.rollback()
    else:
        attempt.commit()
    return result


def begin_anew(session: Session) -> NoReturn:
    """Clash as two transactions do, so that whoever runs this one runs it again and sees what the other did.

    For a row that another transaction wrote between our look and our insert. Raises DBAPIError.
    """
    session.execute(_CLASH)
    raise AssertionError("unreachable")
