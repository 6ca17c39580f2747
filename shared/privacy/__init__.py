"""Personal data: keyed identity hashes, a key per household, sealing, release and erasure of keys."""

from shared.privacy.client import KeyClient
from shared.privacy.identity import IdentityHasher
from shared.privacy.keyring import KeyRing
from shared.privacy.sealing import Unreadable, new_key, seal, unseal

__all__ = ["IdentityHasher", "KeyClient", "KeyRing", "Unreadable", "new_key", "seal", "unseal"]
