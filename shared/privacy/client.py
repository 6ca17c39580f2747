"""How another service gets household keys: from its own table, else from `POST /keys:release`."""

import base64
from collections.abc import Iterable, Mapping

import requests
from sqlalchemy.orm import Session

from shared.auth.client import ServiceTokens
from shared.inbox.handlers import Transient
from shared.privacy.keyring import KeyRing

MAX_KEYS_PER_CALL = 1000


class KeyClient:
    """A `KeySource` for consumers. Applications being down is transient; an erased household has no key."""

    def __init__(self, applications_url: str, tokens: ServiceTokens, ring: KeyRing, purpose: str) -> None:
        self._url = f"{applications_url}/keys:release"
        self._tokens = tokens
        self._ring = ring
        self._purpose = purpose
        self._http = requests.Session()

    def __call__(self, session: Session, household_ids: Iterable[str]) -> Mapping[str, bytes]:
        wanted = set(household_ids)
        keys = self._ring.load(session, wanted)
        missing = sorted(wanted - set(keys))
        for start in range(0, len(missing), MAX_KEYS_PER_CALL):
            released = self._release(missing[start : start + MAX_KEYS_PER_CALL])
            self._ring.store(session, released)
            keys.update(released)
        return keys

    def _release(self, household_ids: list[str]) -> dict[str, bytes]:
        body = {"household_ids": household_ids, "purpose": self._purpose}
        try:
            answer = self._http.post(
                self._url, json=body, headers={"Authorization": f"Bearer {self._tokens.get()}"}, timeout=10
            )
            if answer.status_code == 401:
                self._tokens.forget()
            answer.raise_for_status()
            keys: dict[str, str] = answer.json()["keys"]
        except requests.RequestException as error:
            raise Transient(f"applications does not release keys now: {error}") from error
        return {household_id: base64.b64decode(key) for household_id, key in keys.items()}
