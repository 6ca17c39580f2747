"""Checks access tokens against the issuer's JWKS. A token that passed is remembered until it expires."""

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import requests
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from shared.auth.actor import Actor, from_claims
from shared.observability import logger

REMEMBERED_TOKENS = 10_000
JWKS_SECONDS = 600
JWKS_PAUSE_SECONDS = 5
"""Unknown key ids make us ask the issuer again, but never more often than this."""

FIRST_PAUSE_SECONDS = 0.5
"""While no key is known yet nobody can be served: ask more often."""

LEEWAY_SECONDS = 5


class InvalidToken(Exception):
    """The token does not prove who its bearer is. `code` is TOKEN_EXPIRED or TOKEN_INVALID."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class IssuerUnavailable(Exception):
    """The issuer's keys cannot be fetched and none are known yet."""


class Verifier:
    """Thread-safe. `fetch` is for tests that hold the issuer in their hands."""

    def __init__(
        self,
        jwks_url: str,
        issuer: str,
        audience: str,
        algorithms: Sequence[str],
        fetch: Callable[[], dict[str, Any]] | None = None,
    ) -> None:
        self._jwks_url = jwks_url
        self._algorithms = list(algorithms)
        self._claims = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            sub={"essential": True},
            exp={"essential": True},
        )
        self._fetch = fetch or self._download
        self._keys: KeySet | None = None
        self._fetched_at = self._asked_at = float("-inf")
        self._keys_lock = threading.Lock()
        self._lock = threading.Lock()
        self._remembered: OrderedDict[bytes, tuple[float, Actor]] = OrderedDict()

    def actor(self, token: str) -> Actor:
        """Who bears `token`. Raises InvalidToken or IssuerUnavailable."""
        fingerprint = hashlib.sha256(token.encode("utf-8", "replace")).digest()
        with self._lock:
            known = self._remembered.get(fingerprint)
        if known and known[0] > time.time():
            return known[1]
        claims = self._check(token)
        try:
            actor = from_claims(claims)
        except (KeyError, ValueError, TypeError) as error:
            raise InvalidToken("TOKEN_INVALID", "the token names nobody") from error
        self._remember(fingerprint, float(claims["exp"]), actor)
        return actor

    def _check(self, token: str) -> dict[str, Any]:
        for attempt in ("known keys", "fresh keys"):
            try:
                decoded = jwt.decode(
                    token, self._key_set(fresh=attempt == "fresh keys"), algorithms=self._algorithms
                )
                break
            except (JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
                if attempt == "fresh keys" or not self._may_ask_again():
                    raise InvalidToken("TOKEN_INVALID", "the token's signature does not hold") from error
        try:
            self._claims.validate(decoded.claims)
        except JoseError as error:
            code = "TOKEN_EXPIRED" if type(error).__name__ == "ExpiredTokenError" else "TOKEN_INVALID"
            raise InvalidToken(code, str(error)) from error
        return dict(decoded.claims)

    def _may_ask_again(self) -> bool:
        pause = FIRST_PAUSE_SECONDS if self._keys is None else JWKS_PAUSE_SECONDS
        return time.monotonic() - self._asked_at > pause

    def _key_set(self, *, fresh: bool) -> KeySet:
        """The issuer's keys. One thread at a time asks for new ones; who can go on with the old ones does."""
        must_wait = fresh or self._keys is None
        if self._is_due(fresh) and self._keys_lock.acquire(blocking=must_wait):
            try:
                if self._is_due(fresh):
                    self._refresh()
            finally:
                self._keys_lock.release()
        if self._keys is None:
            raise IssuerUnavailable("the issuer's keys cannot be fetched")
        return self._keys

    def _is_due(self, fresh: bool) -> bool:
        old = time.monotonic() - self._fetched_at > JWKS_SECONDS
        return (fresh or old) and self._may_ask_again()

    def _refresh(self) -> None:
        """An issuer that does not answer is left alone for a while; the keys that we have stay good."""
        try:
            self._keys = KeySet.import_key_set(self._fetch())  # type: ignore[arg-type]
            self._fetched_at = time.monotonic()
        except (requests.RequestException, ValueError, KeyError, TypeError, JoseError):
            logger("auth").warning("the issuer's keys cannot be fetched")
        finally:
            self._asked_at = time.monotonic()

    def _download(self) -> dict[str, Any]:
        answer = requests.get(self._jwks_url, timeout=5)
        answer.raise_for_status()
        document: dict[str, Any] = answer.json()
        return document

    def _remember(self, fingerprint: bytes, expires: float, actor: Actor) -> None:
        with self._lock:
            self._remembered[fingerprint] = (expires, actor)
            while len(self._remembered) > REMEMBERED_TOKENS:
                self._remembered.popitem(last=False)
