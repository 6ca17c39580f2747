"""The registry of shops."""

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.disbursement.vouchers import SERVICE
from shared.auth import Actor
from shared.events import NewEvent
from shared.outbox.record import record

_REGISTER_SHOP = text(
    """
    INSERT INTO shop (shop_id, enterprise_id, name, commune, province, status, registered_at)
    VALUES (:shop_id, :enterprise_id, :name, :commune, :province, 'active', :moment)
    ON CONFLICT DO NOTHING RETURNING shop_id
    """
)
_SUSPEND_SHOP = text(
    """
    UPDATE shop SET status = 'suspended', suspended_reason = :reason
    WHERE shop_id = :shop_id AND status = 'active' RETURNING shop_id
    """
)


def register(session: Session, shop: dict[str, Any], province: str, actor: Actor, now: datetime) -> bool:
    """False when a shop with this id is there already."""
    values = {**shop, "province": province, "moment": now}
    if session.execute(_REGISTER_SHOP, values).first() is None:
        return False
    record(session, SERVICE, [NewEvent("shop.registered.v1", shop["shop_id"], shop, actor.subject)])
    return True


def suspend(session: Session, shop_id: str, reason: str, actor: Actor) -> bool:
    """From now on the shop redeems nothing. False when it is suspended already."""
    if session.execute(_SUSPEND_SHOP, {"shop_id": shop_id, "reason": reason}).first() is None:
        return False
    data = {"shop_id": shop_id, "reason": reason}
    record(session, SERVICE, [NewEvent("shop.suspended.v1", shop_id, data, actor.subject)])
    return True
