"""Idempotency keys for a hot path: one statement changes the state and keeps the answer, or does neither.

Everybody else writes `@idempotent` over a view (`shared.web.unit`), which takes the key in a statement of its
own before the work and keeps the answer in another one after it.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from shared.jobs import Job, JobContext

KEY_TAKEN = "idempotency_pkey"
"""The constraint that says that another request with the key was faster."""

KEEP_ANSWER = """
    kept AS (
        INSERT INTO idempotency (actor, key, route, request_hash, status, content_type, body)
        SELECT :key_actor, :key_name, :key_route, :key_hash, CAST(:key_status AS smallint),
               :key_content_type, CAST(:key_body AS bytea)
        FROM {guard}
    )
"""
"""A WITH clause that keeps the answer of `Kept.values` once for each row of `{guard}`. Raises IntegrityError
on KEY_TAKEN: look under the key then, as `shared.web.under_key` does."""


@dataclass(frozen=True, slots=True)
class Key:
    """An idempotency key as one actor sent it, and the hash of the request it came with."""

    actor: str
    name: str
    route: str
    request_hash: str


@dataclass(frozen=True, slots=True)
class Kept:
    """The answer that a key's first request gets, and every other one after it."""

    key: Key
    status: int
    content_type: str
    body: bytes

    @property
    def values(self) -> dict[str, Any]:
        """The parameters of KEEP_ANSWER."""
        return {
            "key_actor": self.key.actor,
            "key_name": self.key.name,
            "key_route": self.key.route,
            "key_hash": self.key.request_hash,
            "key_status": self.status,
            "key_content_type": self.content_type,
            "key_body": self.body,
        }


FORGOTTEN_AT_ONCE = 5_000
_FORGET = text(
    """
    DELETE FROM idempotency WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM idempotency WHERE created_at < now() - make_interval(days => :days)
        ORDER BY created_at LIMIT :limit
    ))
    RETURNING 1
    """
)


def forget_old_answers(context: JobContext) -> bool:
    """Forget answers that no client asks for any more, a few thousand at a time; True when more may be
    due."""
    values = {"days": context.settings.keeping.answer_days, "limit": FORGOTTEN_AT_ONCE}
    with context.database.transaction() as session:
        return len(session.execute(_FORGET, values).all()) == FORGOTTEN_AT_ONCE


FORGET_OLD_ANSWERS = Job("old-answers", forget_old_answers, every=3600.0)
"""Every service that takes idempotency keys has this job."""
