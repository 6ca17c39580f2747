"""A list's file and report hold everybody on it, so they go early: with a person's erasure, and with time."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from shared.jobs import JobContext

_FORGET_OF = text(
    """
    UPDATE list_import SET file = NULL, report = NULL, forgotten_at = now()
    WHERE commune IN (SELECT commune FROM application WHERE id = ANY(CAST(:ids AS uuid[])))
      AND state NOT IN ('checking', 'importing') AND forgotten_at IS NULL
    """
)
_FORGET_OLD = text(
    """
    UPDATE list_import SET file = NULL, report = NULL, forgotten_at = now()
    WHERE state NOT IN ('checking', 'importing') AND forgotten_at IS NULL
      AND coalesce(finished_at, created_at) < now() - make_interval(days => :days)
    """
)


def forget_import_of(session: Session, application_ids: Sequence[str]) -> None:
    """Forget the files of a household that is being erased: call it before its applications are deleted.

    All that its communes keep go, not only the file it came with: which others name it cannot be seen without
    reading them. One that is being imported just now goes at its end.
    """
    session.execute(_FORGET_OF, {"ids": list(application_ids)})


def forget_old_files(context: JobContext) -> bool:
    """Forget what is older than the setting allows; the counts stay. There is never more at once."""
    days = context.settings.imports.file_days
    context.database.run(lambda session: session.execute(_FORGET_OLD, {"days": days}) and None)
    return False
