"""One transaction per request, opened when first asked for, committed with the answer.

- A view that returns commits, also when it returns a refusal (`refuse`); one that raises rolls back.
- A clash with another transaction runs the view again, from the start.
- `@idempotent`: the key's row, the change, its events and the answer are one transaction, so a retry
  finds either nothing or the first answer.
- `@keeps_its_answer`: the same promise for a hot view, which keeps it in its one statement.
"""

import hmac
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

from flask import Response, current_app, g, request
from flask.typing import ResponseReturnValue
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from shared.db import FREE_ATTEMPTS, Database, Statements, is_conflict, pause_before, queue_up
from shared.db.lean import Lean
from shared.events import Envelope, NewEvent
from shared.failpoints import failpoint
from shared.idempotency import Key
from shared.outbox.record import record
from shared.web.access import current_actor
from shared.web.problems import Problem

View = TypeVar("View", bound=Callable[..., Any])
ATTEMPTS = 12
REQUEST_KEY = "request_key"
"""Where the app keeps the key of `_request_hash`."""

_TAKE_KEY = Lean(
    "INSERT INTO idempotency (actor, key, route, request_hash)"
    " VALUES (:actor, :name, :route, :request_hash) ON CONFLICT DO NOTHING RETURNING key"
)
_REMEMBERED = text(
    "SELECT request_hash, status, content_type, body FROM idempotency WHERE actor = :actor AND key = :name"
)
_REMEMBER = Lean(
    "UPDATE idempotency SET status = :status, content_type = :content_type, body = :body"
    " WHERE actor = :actor AND key = :name"
)

__all__ = [
    "current_key",
    "current_session",
    "idempotent",
    "keeps_its_answer",
    "own_transactions",
    "record_events",
    "run_view",
    "single_statements",
    "under_key",
]


def idempotent(view: View) -> View:
    """The view needs an `Idempotency-Key`: same key and body, same answer; other body, 422."""
    view.__idempotent__ = True  # type: ignore[attr-defined]
    return view


def keeps_its_answer(view: View) -> View:
    """The view is idempotent by itself: its statement keeps the answer (`shared.idempotency.KEEP_ANSWER`),
    and whatever it cannot say in one statement it says `under_key`."""
    view.__idempotent__ = True  # type: ignore[attr-defined]
    view.__keeps_its_answer__ = True  # type: ignore[attr-defined]
    return view


def own_transactions(view: View) -> View:
    """The view runs its own, shorter transactions (a long import, say) and is never run twice by itself."""
    view.__own_transactions__ = True  # type: ignore[attr-defined]
    return view


def current_session() -> Session:
    """The request's session; its transaction begins with the first statement."""
    if "session" not in g:
        g.session = g.database.session()
        queue_up(g.session, g.attempt)
    return cast("Session", g.session)


def single_statements() -> Statements | None:
    """Where each statement is a transaction of its own: no BEGIN, no COMMIT, no round trips for them. None
    after clashes, when requests must queue up in a transaction."""
    if g.attempt > FREE_ATTEMPTS:
        return None
    return cast("Database", g.database).statements()


def record_events(events: Sequence[NewEvent], *, fresh: bool = False) -> list[Envelope]:
    """Record facts in the request's transaction."""
    return record(current_session(), g.service, events, fresh=fresh)


def run_view(database: Database, service: str, view: Any, call: Callable[[], Any]) -> Any:
    """Run `call` inside the request's transaction and commit; again when it clashed with another."""
    g.database, g.service = database, service
    for attempt in range(1, ATTEMPTS + 1):
        g.attempt = attempt
        try:
            answer = _run_once(view, call)
            if "session" in g:
                failpoint("request.before_commit")
                g.session.commit()
                failpoint("request.after_commit")
            return answer
        except DBAPIError as error:
            if getattr(view, "__own_transactions__", False) or not is_conflict(error):
                raise
            if attempt == ATTEMPTS:
                raise Problem(503, "BUSY") from error
        finally:
            close_session()
        pause_before(attempt)
    raise AssertionError("unreachable")


def close_session() -> None:
    session = g.pop("session", None)
    if session is not None:
        session.close()


def _run_once(view: Any, call: Callable[[], Any]) -> Any:
    if not getattr(view, "__idempotent__", False) or getattr(view, "__keeps_its_answer__", False):
        return call()
    return under_key(call)


def under_key(work: Callable[[], ResponseReturnValue]) -> Response:
    """Do `work` and remember its answer under the request's key, or return the answer remembered there."""
    key = current_key()
    remembered = _claim_key(key)
    if remembered is not None:
        return remembered
    answer = current_app.make_response(work())
    _remember(key, answer)
    return answer


def current_key() -> Key:
    """The request's idempotency key. Raises Problem 400 when it has none."""
    name = request.headers.get("Idempotency-Key", "")
    if not 1 <= len(name) <= 200:
        raise Problem(400, "IDEMPOTENCY_KEY_MISSING")
    return Key(current_actor().subject, name, str(request.endpoint), _request_hash())


def _claim_key(key: Key) -> Response | None:
    """Take the key for this request, or return the answer that is remembered under it.

    While another request with the key is under way, the insert waits for it to end.
    """
    session, named = current_session(), {"actor": key.actor, "name": key.name}
    values = {**named, "route": key.route, "request_hash": key.request_hash}
    if _TAKE_KEY.first(session, values) is not None:
        return None
    row = session.execute(_REMEMBERED, named).one()
    if row.request_hash != key.request_hash:
        raise Problem(422, "IDEMPOTENCY_KEY_REUSED")
    response = Response(row.body, status=row.status, content_type=row.content_type)
    response.headers["Idempotent-Replay"] = "true"
    return response


def _request_hash() -> str:
    """Of method, address and body, under a key of the service: a body holds names and numbers that a plain
    hash would let anybody guess. Two spellings of one JSON body are the same request."""
    body = g.get("canonical_body") or request.get_data()
    message = b"\n".join([request.method.encode(), request.full_path.encode(), body])
    return hmac.digest(current_app.extensions[REQUEST_KEY], message, "sha256").hex()


def _remember(key: Key, answer: Response) -> None:
    values = {
        "actor": key.actor,
        "name": key.name,
        "status": answer.status_code,
        "content_type": answer.content_type,
        "body": answer.get_data(),
    }
    _REMEMBER.first(current_session(), values)
