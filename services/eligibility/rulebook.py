"""The published rules, compiled once per process: a version never changes, so what is known stays right."""

import threading
from collections.abc import Iterable

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.eligibility.rules import RuleSet, parse_programme

_CURRENT = text(
    """
    SELECT DISTINCT ON (id) id, version, digest FROM programme
    WHERE id = ANY(CAST(:ids AS text[])) ORDER BY id, version DESC
    """
)
_DOCUMENT = text("SELECT document FROM programme WHERE id = :id AND version = :version")

_compiled: dict[tuple[str, int, str], RuleSet] = {}
_lock = threading.Lock()


def current(session: Session, programme_ids: Iterable[str]) -> dict[str, RuleSet]:
    """The newest rules of each programme by its id; an unknown programme is absent."""
    rows = session.execute(_CURRENT, {"ids": sorted(set(programme_ids))}).all()
    return {row.id: of_version(session, row.id, row.version, row.digest) for row in rows}


def of_version(session: Session, programme_id: str, version: int, digest: str) -> RuleSet:
    """The rules of one published version. The digest keeps the databases of one process apart."""
    key = (programme_id, version, digest)
    found = _compiled.get(key)
    if found is None:
        document = session.scalar(_DOCUMENT, {"id": programme_id, "version": version})
        with _lock:
            found = _compiled.setdefault(key, RuleSet(parse_programme(orjson.loads(str(document)))))
    return found
