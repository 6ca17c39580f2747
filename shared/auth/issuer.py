"""The embedded token issuer: what the portal uses when no OpenID Connect provider is configured."""

import contextlib
import os
import time
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from shared.auth.actor import Actor, to_claims

ALGORITHM = "ES256"
ACCESS_TOKEN_SECONDS = 3600


def load_signing_key(path: Path) -> ECKey:
    """The signing key at `path` (PEM, mode 600); made there on first start.

    Workers that start together all use the one key that got there first.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _put_first(path, ECKey.generate_key("P-256").as_pem(private=True))
    return _identified(ECKey.import_key(path.read_bytes()))


def _put_first(path: Path, content: bytes) -> None:
    """Write `content` to `path` whole, unless somebody was faster."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    with contextlib.suppress(FileExistsError):
        os.link(fresh, path)
    fresh.unlink()


def _identified(key: ECKey) -> ECKey:
    """The key with its RFC 7638 thumbprint as `kid`."""
    return ECKey.import_key(
        {**key.as_dict(private=True), "kid": key.thumbprint(), "use": "sig", "alg": ALGORITHM}
    )


class Issuer:
    def __init__(self, signing_key: ECKey, issuer: str, audience: str) -> None:
        self._key = signing_key
        self._issuer = issuer
        self._audience = audience

    def mint(self, actor: Actor, lifetime_s: int = ACCESS_TOKEN_SECONDS) -> str:
        """An access token for `actor`, valid for `lifetime_s` seconds from now."""
        now = int(time.time())
        claims = {
            **to_claims(actor),
            "iss": self._issuer,
            "aud": self._audience,
            "iat": now,
            "exp": now + lifetime_s,
        }
        return jwt.encode(
            {"alg": ALGORITHM, "kid": str(self._key.kid)}, claims, self._key, algorithms=[ALGORITHM]
        )

    def jwks(self) -> dict[str, Any]:
        """The public half, as `/.well-known/jwks.json` serves it."""
        return dict(KeySet([self._key]).as_dict(private=False))
