"""What the registry of shops tells. What has an area is asked for only within the actor's own."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, true
from sqlalchemy.orm import Session

from services.disbursement.desk_queries import uuid_cursor
from services.disbursement.models import Clerk, Enterprise, Handset, HandsetTac, Shop, ShopQuota
from shared.auth import Actor, Role, within
from shared.web import Page, decode_cursor, encode_cursor


def _own_shops(actor: Actor) -> ColumnElement[bool]:
    """An enterprise sees its own shops, everybody else those of the area."""
    if actor.has(Role.ENTERPRISE):
        return Shop.enterprise_id == (actor.enterprise_id or "")
    return within(actor, Shop.commune, Shop.province)


def _shop_rows(actor: Actor) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Shop.shop_id,
            Shop.enterprise_id,
            Shop.name,
            Shop.commune,
            Shop.status,
            Shop.hours,
            ShopQuota.daily_limit,
            ShopQuota.minute_limit,
        )
        .join(ShopQuota, ShopQuota.shop_id == Shop.shop_id)
        .where(_own_shops(actor))
    )


def visible_shop(session: Session, actor: Actor, shop_id: str) -> Any:
    """A shop in the actor's area with its limits; None when there is none."""
    return session.execute(_shop_rows(actor).where(Shop.shop_id == shop_id)).first()


def shops(session: Session, actor: Actor, cursor: str | None, limit: int) -> Page:
    """By shop id."""
    query = _shop_rows(actor).order_by(Shop.shop_id)
    if cursor:
        query = query.where(Shop.shop_id > str(decode_cursor(cursor, 1)[0]))
    return _page(session.execute(query.limit(limit + 1)).all(), limit, "shop_id")


def clerks(session: Session, shop_id: str, cursor: str | None, limit: int) -> Page:
    """A shop's clerks, in the order of their entry."""
    query = select(Clerk).where(Clerk.shop_id == shop_id).order_by(Clerk.clerk_id)
    if cursor:
        query = query.where(Clerk.clerk_id > uuid_cursor(cursor))
    return _page(session.scalars(query.limit(limit + 1)).all(), limit, "clerk_id")


def visible_clerk(session: Session, actor: Actor, clerk_id: str) -> Clerk | None:
    """A clerk of a shop in the actor's area."""
    query = select(Clerk).join(Shop, Shop.shop_id == Clerk.shop_id)
    return session.scalars(
        query.where(Clerk.clerk_id == clerk_id, _own_shops(actor)).execution_options(populate_existing=True)
    ).first()


def enterprises(session: Session, actor: Actor, cursor: str | None, limit: int) -> Page:
    """By enterprise id; an enterprise sees itself."""
    query = select(Enterprise).order_by(Enterprise.enterprise_id)
    if actor.has(Role.ENTERPRISE):
        query = query.where(Enterprise.enterprise_id == (actor.enterprise_id or ""))
    if cursor:
        query = query.where(Enterprise.enterprise_id > str(decode_cursor(cursor, 1)[0]))
    return _page(session.scalars(query.limit(limit + 1)).all(), limit, "enterprise_id")


def kept_enterprise(session: Session, actor: Actor, enterprise_id: str) -> Enterprise | None:
    """An enterprise whose entry the actor's province keeps; any, for a manager without an area."""
    own = true() if actor.province is None else Enterprise.province == actor.province
    query = select(Enterprise).where(Enterprise.enterprise_id == enterprise_id, own)
    return session.scalars(query.execution_options(populate_existing=True)).first()


def handsets(session: Session, wanted: dict[str, Any]) -> Page:
    """The catalogue, by handset id."""
    tacs = select(func.array_agg(HandsetTac.tac)).where(HandsetTac.handset_id == Handset.handset_id)
    columns = (getattr(Handset, name) for name in _HANDSET)
    query = select(*columns, tacs.scalar_subquery().label("tacs")).order_by(Handset.handset_id)
    if wanted["status"] is not None:
        query = query.where(Handset.status == wanted["status"])
    if wanted["cursor"]:
        query = query.where(Handset.handset_id > str(decode_cursor(wanted["cursor"], 1)[0]))
    limit = wanted["limit"]
    return _page(session.execute(query.limit(limit + 1)).all(), limit, "handset_id")


_HANDSET = ("handset_id", "model", "maker", "generation", "price_ceiling", "status")


def _page(rows: Sequence[Any], limit: int, key: str) -> Page:
    more = len(rows) > limit
    return Page(rows[:limit], encode_cursor(getattr(rows[limit - 1], key)) if more else None)
