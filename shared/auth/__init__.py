"""Who may do what: actors, roles, areas, and the tokens that carry them."""

from shared.auth.actor import Actor, Role
from shared.auth.areas import may_act_in, within
from shared.auth.issuer import Issuer, load_signing_key
from shared.auth.verifier import InvalidToken, IssuerUnavailable, Verifier

__all__ = [
    "Actor",
    "InvalidToken",
    "Issuer",
    "IssuerUnavailable",
    "Role",
    "Verifier",
    "load_signing_key",
    "may_act_in",
    "within",
]
