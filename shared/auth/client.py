"""How one of our services signs in at the issuer: OAuth 2 client credentials."""

import threading
import time

import requests

RENEW_BEFORE_SECONDS = 60


class ServiceTokens:
    """Keeps one access token of role `service` and renews it in time. Raises requests.RequestException."""

    def __init__(self, token_url: str, client_id: str, client_secret: str) -> None:
        self._url = token_url
        self._credentials = (client_id, client_secret)
        self._lock = threading.Lock()
        self._token = ""
        self._expires = 0.0

    def get(self) -> str:
        with self._lock:
            if time.monotonic() > self._expires - RENEW_BEFORE_SECONDS:
                self._renew()
            return self._token

    def forget(self) -> None:
        """The token was refused: sign in again before the next call."""
        with self._lock:
            self._expires = 0.0

    def _renew(self) -> None:
        answer = requests.post(
            self._url, data={"grant_type": "client_credentials"}, auth=self._credentials, timeout=5
        )
        answer.raise_for_status()
        document = answer.json()
        self._token = document["access_token"]
        self._expires = time.monotonic() + float(document["expires_in"])
