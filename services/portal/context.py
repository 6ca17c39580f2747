"""What a view needs from its application and its request: the parts, the person, the person's token."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from threading import Lock
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from flask import abort, current_app, g, redirect, request, session, url_for
from werkzeug.wrappers import Response

from services.portal.accounts import active_account, actor_of, password_stamp
from services.portal.apis import Api, Apis
from services.portal.i18n import language
from services.portal.models import Account
from shared.auth import Actor, Issuer, Role
from shared.db import Database
from shared.settings import Settings
from shared.web import requires

if TYPE_CHECKING:
    from services.portal.lookups import ProgrammesKept

P = ParamSpec("P")
Result = TypeVar("Result")

ACCOUNT = "account"
STAMP = "stamp"
TOKEN_LIFETIME_S = 900
PEOPLE = tuple(role for role in Role if role is not Role.SERVICE)


@dataclass(frozen=True)
class Portal:
    """The parts that live as long as the process."""

    settings: Settings
    database: Database
    issuer: Issuer
    apis: Apis
    tokens: "Tokens"
    programmes: "ProgrammesKept"


class Tokens:
    """Access tokens by person, each used for half its life, so that the APIs check few signatures twice."""

    def __init__(self, issuer: Issuer, lifetime_s: int = TOKEN_LIFETIME_S) -> None:
        self._issuer, self._lifetime_s = issuer, lifetime_s
        self._tokens: dict[Actor, tuple[str, float]] = {}
        self._lock = Lock()

    def of(self, actor: Actor) -> str:
        """A token good for at least half its lifetime."""
        now = time.monotonic()
        with self._lock:
            token, fresh_until = self._tokens.get(actor, ("", 0.0))
            if now < fresh_until:
                return token
            self._tokens = {who: kept for who, kept in self._tokens.items() if now < kept[1]}
            token = self._issuer.mint(actor, self._lifetime_s)
            self._tokens[actor] = (token, now + self._lifetime_s / 2)
            return token


def portal() -> Portal:
    """The parts of the running application."""
    parts: Portal = current_app.extensions["portal"]
    return parts


def remember(account: Account) -> None:
    """Start a fresh session for `account`: nothing of an earlier visitor's survives."""
    session.clear()
    session.permanent = True
    session[ACCOUNT] = str(account.id)
    session[STAMP] = password_stamp(account)


def current_actor() -> Actor | None:
    """Who is signed in, looked up once per request, so that a disabled account is out at once."""
    if "actor" not in g:
        g.actor = _signed_in()
    actor: Actor | None = g.actor
    return actor


def _signed_in() -> Actor | None:
    if ACCOUNT not in session:
        return None
    with portal().database.transaction() as database:
        account = active_account(database, session[ACCOUNT], session.get(STAMP, ""))
    if account is None:
        session.clear()
        return None
    return actor_of(account)


def signed_in(*roles: Role) -> Callable[[Callable[P, Result]], Callable[P, Result | Response]]:
    """Only for people who are signed in and hold one of `roles` (everybody signed in when none is named).

    The APIs decide for themselves what the person may do; this only keeps people off pages that cannot work.
    """

    def decorate(view: Callable[P, Result]) -> Callable[P, Result | Response]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> Result | Response:
            actor = current_actor()
            if actor is None:
                return to_login()
            if roles and not actor.has(*roles):
                abort(403)
            return view(*args, **kwargs)

        return requires(*(roles or PEOPLE))(guarded)

    return decorate


def to_login() -> Response:
    """Ask the person to sign in, then bring them back to the page they wanted."""
    wanted = request.full_path.rstrip("?") if request.method == "GET" else None
    if "HX-Request" in request.headers:
        return Response(status=401, headers={"HX-Redirect": url_for("login.form", next=wanted)})
    return redirect(url_for("login.form", next=wanted))


def api(service: str) -> Api:
    """The API `service` in the name of the person who is signed in."""
    actor = current_actor()
    if actor is None:
        abort(401)
    headers = {
        "Authorization": f"Bearer {portal().tokens.of(actor)}",
        "Accept-Language": language(),
        "X-Request-Id": g.get("request_id", ""),
    }
    return portal().apis.of(service, headers)


def utc_now() -> datetime:
    """The present instant; views read the clock here and pass it on."""
    return datetime.now(UTC)
