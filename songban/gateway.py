"""A client of the services for the command line: signs its own tokens, retries with the same key."""

import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import requests

from shared.auth import Actor, Issuer, load_signing_key
from shared.settings import Settings

RETRIED = {502, 503, 504}


class Refused(RuntimeError):
    """A service said no; the message is its sentence."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(f"{body.get('code', status)}: {body.get('detail_en') or body}")
        self.status = status
        self.body = body


class Gateway:
    """Calls the services as any actor. Needs the embedded issuer's signing key, so it is the operator's."""

    def __init__(self, settings: Settings, patience: float = 60.0) -> None:
        if settings.signing_key_file is None:
            raise SystemExit("songban: tokens come from your OpenID Connect provider; none can be made here")
        key = load_signing_key(Path(settings.signing_key_file))
        self._issuer = Issuer(key, settings.issuer, settings.audience)
        self._urls = settings.urls
        self._patience = patience
        self._http = requests.Session()

    def token(self, actor: Actor, lifetime_s: int = 3600) -> str:
        return self._issuer.mint(actor, lifetime_s)

    def get(self, service: str, path: str, actor: Actor, **query: Any) -> Any:
        return self.call("GET", service, path, actor, params=query)

    def post(self, service: str, path: str, actor: Actor, json: Any = None, **options: Any) -> Any:
        """A named operation: the Idempotency-Key stays the same over all retries."""
        headers = {"Idempotency-Key": str(uuid4()), **options.pop("headers", {})}
        return self.call("POST", service, path, actor, json=json, headers=headers, **options)

    def call(self, method: str, service: str, path: str, actor: Actor, **options: Any) -> Any:
        """The answer's JSON. A service that is down is asked again until patience ends.

        Raises Refused for a no, requests.RequestException when nobody answered in time.
        """
        return _read(self._answer(method, service, path, actor, **options))

    def download(self, service: str, path: str, actor: Actor, **query: Any) -> bytes:
        """The answer's bytes, for what is not JSON; otherwise as `call`."""
        answer = self._answer("GET", service, path, actor, params=query)
        if answer.status_code >= 400:
            _read(answer)
        return answer.content

    def _answer(
        self, method: str, service: str, path: str, actor: Actor, **options: Any
    ) -> requests.Response:
        headers = {**options.pop("headers", {}), "Authorization": f"Bearer {self.token(actor)}"}
        url = self._urls[service] + path
        deadline = time.monotonic() + self._patience
        while True:
            try:
                answer = self._http.request(method, url, headers=headers, timeout=120, **options)
                if answer.status_code not in RETRIED or time.monotonic() > deadline:
                    return answer
            except (requests.ConnectionError, requests.Timeout):
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.25)


def _read(answer: requests.Response) -> Any:
    body = (
        answer.json()
        if "json" in answer.headers.get("Content-Type", "")
        else {"detail_en": answer.text[:500]}
    )
    if answer.status_code >= 400:
        raise Refused(answer.status_code, body)
    return body
