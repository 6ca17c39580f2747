"""The published rules, compiled once per process: a version never changes, so what is known stays right.

Which version assesses: the newest of those in effect on the day of the assessment; before the first one is
in effect, the oldest (its period refuses what comes too early). The version and its digest are recorded with
each assessment.

A stored document is believed only when its bytes have the digest of its row, and the event that published the
version names the same one.
"""

import hashlib
import threading
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.eligibility.domain import today
from services.eligibility.rules import Programme, RuleSet, read_programme
from shared.observability import logger, metrics

_CURRENT = text(
    """
    SELECT DISTINCT ON (id) id, version, digest FROM programme
    WHERE id = ANY(CAST(:ids AS text[]))
    ORDER BY id, effective_from <= :day DESC, CASE WHEN effective_from <= :day THEN -version ELSE version END
    """
)
_STORED = text("SELECT digest, document FROM programme WHERE id = :id AND version = :version")
_VERSIONS = text("SELECT id, version, digest FROM programme ORDER BY id, version")
_OF_PROGRAMME = text("SELECT version, digest FROM programme WHERE id = :id")
_PUBLISHED = text(
    "SELECT bytes FROM event_log WHERE stream = 'programme/' || :id AND type = 'programme.published.v1'"
)

_compiled: dict[tuple[str, int, str], RuleSet] = {}
_lock = threading.Lock()


class RulesTampered(RuntimeError):
    """A stored programme version is not what was published. Nothing is decided under it."""

    def __init__(self, programme_id: str, version: int) -> None:
        super().__init__(programme_id, version)
        self.programme_id = programme_id
        self.version = version

    def __str__(self) -> str:
        return f"version {self.version} of {self.programme_id} is not what was published"


def current(session: Session, programme_ids: Iterable[str], day: date | None = None) -> dict[str, RuleSet]:
    """The rules that assess on `day` (default: today in Viet Nam) by programme id; an unknown programme is
    absent. Raises RulesTampered."""
    values = {"ids": sorted(set(programme_ids)), "day": day or today()}
    rows = session.execute(_CURRENT, values).all()
    return {row.id: of_version(session, row.id, row.version, row.digest) for row in rows}


def of_version(session: Session, programme_id: str, version: int, digest: str) -> RuleSet:
    """The rules of one published version; `digest`: the one that the caller's row names, which also keeps the
    databases of one process apart. Raises RulesTampered."""
    key = (programme_id, version, digest)
    found = _compiled.get(key)
    if found is None:
        document = stored_document(session, programme_id, version, digest)
        with _lock:
            found = _compiled.setdefault(key, RuleSet(read_programme(document)))
    return found


def all_versions(session: Session, programme_id: str) -> dict[int, Programme]:
    """Every published version of a programme, by number. Raises RulesTampered."""
    rows = session.execute(_OF_PROGRAMME, {"id": programme_id}).all()
    return {row.version: of_version(session, programme_id, row.version, row.digest).programme for row in rows}


def stored_document(session: Session, programme_id: str, version: int, digest: str) -> dict[str, Any]:
    """The document of a published version, byte for byte what was published. Raises RulesTampered."""
    row = session.execute(_STORED, {"id": programme_id, "version": version}).one()
    published = _published_digests(session, programme_id).get(version)
    if not digest == row.digest == published == hashlib.sha256(row.document.encode()).hexdigest():
        logger("rulebook").error("rules tampered", programme=programme_id, version=version)
        metrics.RULES_TAMPERED.labels(programme_id).inc()
        raise RulesTampered(programme_id, version)
    document: dict[str, Any] = orjson.loads(row.document)
    return document


def tampered(session: Session) -> Iterator[RulesTampered]:
    """Every stored version that is not what was published."""
    for row in session.execute(_VERSIONS).all():
        try:
            stored_document(session, row.id, row.version, row.digest)
        except RulesTampered as found:
            yield found


def _published_digests(session: Session, programme_id: str) -> dict[int, str]:
    """Version → digest, as the events say."""
    events = (orjson.loads(bytes(raw)) for raw in session.scalars(_PUBLISHED, {"id": programme_id}))
    return {event["data"]["version"]: event["data"]["digest"] for event in events}
