"""Keyed identity hashes: they find duplicates and name nobody without the key.

A plain hash of a 12-digit number can be enumerated in minutes; HMAC-SHA256 under a secret key cannot.
"""

import hmac


class IdentityHasher:
    """Hashes of normalised identifiers, 64 hex digits. Equal inputs of one kind give equal hashes."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def citizen_id(self, number: str) -> str:
        """Of a 12-digit citizen ID (or a 9-digit CMND; the two never collide, their lengths differ)."""
        return self._hash("citizen_id", number)

    def person_without_id(self, folded_name: str, birth: str, village: str, commune: str) -> str:
        """Of somebody without any number: name, birth date or year, folded village and commune code."""
        return self._hash("person_without_id", "/".join((folded_name, birth, village, commune)))

    def namesake(self, folded_name: str, born: str, commune: str) -> str:
        """Of a name with its full birth date (ISO) in one commune: a reason to look twice, no proof."""
        return self._hash("namesake", "/".join((folded_name, born, commune)))

    def certificate(self, number: str, commune: str, year: int | None) -> str:
        """Of a poverty certificate: numbers are unique in the issuing commune and year only."""
        return self._hash("certificate", f"{commune}/{year or 0}/{number}")

    def imei(self, imei: str) -> str:
        return self._hash("imei", imei)

    def imei_block(self, imei: str) -> str:
        """Of the handset's type and the hundred its serial number lies in: one carton shares it."""
        return self._hash("imei_block", imei[:12])

    def word(self, folded_word: str) -> int:
        """Of one accent-folded word of a name, for search: 64 bits as PostgreSQL's bigint holds them."""
        return int.from_bytes(self._digest("word", folded_word)[:8], "big", signed=True)

    def _hash(self, kind: str, value: str) -> str:
        return self._digest(kind, value).hex()

    def _digest(self, kind: str, value: str) -> bytes:
        return hmac.digest(self._key, f"{kind}:{value}".encode(), "sha256")
