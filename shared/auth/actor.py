"""The person or service that acts, as an access token names it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Role(StrEnum):
    """`officer`, `approver` (commune or province), `manager` (province), `shop`, `enterprise`, `payer`,
    `auditor` (reads everything, writes nothing), `service` (one of our own)."""

    OFFICER = "officer"
    APPROVER = "approver"
    MANAGER = "manager"
    SHOP = "shop"
    ENTERPRISE = "enterprise"
    PAYER = "payer"
    AUDITOR = "auditor"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Actor:
    """`commune` is a 5-digit code, `province` a 2-digit one; each limits what its holder may see."""

    subject: str
    name: str = ""
    roles: frozenset[Role] = frozenset()
    commune: str | None = None
    province: str | None = None
    shop_id: str | None = None
    enterprise_id: str | None = None

    def has(self, *roles: Role) -> bool:
        return not self.roles.isdisjoint(roles)


def to_claims(actor: Actor) -> dict[str, Any]:
    """The actor's own claims; the issuer adds `iss`, `aud`, `iat` and `exp`."""
    claims = {
        "sub": actor.subject,
        "name": actor.name,
        "roles": sorted(actor.roles),
        "commune": actor.commune,
        "province": actor.province,
        "shop_id": actor.shop_id,
        "enterprise_id": actor.enterprise_id,
    }
    return {name: value for name, value in claims.items() if value is not None}


def from_claims(claims: Mapping[str, Any]) -> Actor:
    """Raises KeyError or ValueError for claims that name nobody; roles that are not ours are dropped."""
    known = {role.value for role in Role}
    return Actor(
        subject=str(claims["sub"]),
        name=str(claims.get("name", "")),
        roles=frozenset(Role(role) for role in claims.get("roles", []) if role in known),
        commune=claims.get("commune"),
        province=claims.get("province"),
        shop_id=claims.get("shop_id"),
        enterprise_id=claims.get("enterprise_id"),
    )
