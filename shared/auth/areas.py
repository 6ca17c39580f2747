"""Area limits, enforced in the query: what lies outside an actor's area does not exist for it."""

from typing import Any, cast

from sqlalchemy import ColumnElement, false, true

from shared.auth.actor import Actor, Role

EVERYWHERE = (Role.AUDITOR, Role.SERVICE, Role.PAYER)


def within(actor: Actor, commune: Any, province: Any) -> ColumnElement[bool]:
    """A WHERE clause on the columns `commune` and `province`, for rows
    in the actor's area: its commune, else its province, else everything
    for the roles that see the whole country, else nothing."""
    if actor.commune is not None:
        return cast("ColumnElement[bool]", commune == actor.commune)
    if actor.province is not None:
        return cast("ColumnElement[bool]", province == actor.province)
    return true() if actor.has(*EVERYWHERE) else false()


def may_act_in(actor: Actor, commune: str, province: str) -> bool:
    """The same limit for a place that is not in a table yet."""
    if actor.commune is not None:
        return actor.commune == commune
    if actor.province is not None:
        return actor.province == province
    return actor.has(*EVERYWHERE)
