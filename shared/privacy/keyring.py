"""A service's own table of household keys, each wrapped under the service's wrapping key."""

from collections.abc import Iterable, Mapping
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import text
from sqlalchemy.orm import Session

from shared.db.rows import insert_rows
from shared.db.tables import household_key
from shared.privacy.sealing import new_key, seal_bytes, unseal_with

_LOAD = text(
    "SELECT household_id::text, wrapped FROM household_key WHERE household_id = ANY(CAST(:ids AS uuid[]))"
)
_FORGET = text("DELETE FROM household_key WHERE household_id = ANY(CAST(:ids AS uuid[]))")


class KeyRing:
    """Wrapped keys in, keys out. Forgetting one makes everything sealed with it unreadable here."""

    def __init__(self, wrapping_key: bytes) -> None:
        self._wrapping_key = wrapping_key
        self._cipher = AESGCM(wrapping_key)

    def create(self, session: Session, household_ids: Iterable[str]) -> dict[str, bytes]:
        """New keys for new households; only the applications service makes keys."""
        keys = {household_id: new_key() for household_id in household_ids}
        self.store(session, keys)
        return keys

    def wrap(self, household_id: str, key: bytes) -> bytes:
        """A key as the table keeps it."""
        return seal_bytes(self._wrapping_key, key, household_id)

    def unwrap(self, household_id: str, wrapped: bytes) -> bytes:
        """The key that the table keeps for a household. Raises Unreadable."""
        return unseal_with(self._cipher, wrapped, household_id)

    def store(self, session: Session, keys: Mapping[str, bytes]) -> None:
        """Keep keys; one that is here already stays as it is."""
        rows: list[dict[str, Any]] = [
            {"household_id": household_id, "wrapped": self.wrap(household_id, key)}
            for household_id, key in keys.items()
        ]
        insert_rows(session, household_key, rows, suffix="ON CONFLICT DO NOTHING")

    def load(self, session: Session, household_ids: Iterable[str]) -> dict[str, bytes]:
        """The keys that are here; an erased or unknown household has none."""
        return {
            household_id: self.unwrap(household_id, wrapped)
            for household_id, wrapped in session.execute(_LOAD, {"ids": list(household_ids)})
        }

    def forget(self, session: Session, household_ids: Iterable[str]) -> None:
        session.execute(_FORGET, {"ids": list(household_ids)})
