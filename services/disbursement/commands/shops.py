"""The registry of enterprises, shops and clerks: who may redeem. Each change is one guarded statement."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.disbursement.vouchers import SERVICE
from shared.auth import Actor
from shared.events import NewEvent
from shared.events.envelope import new_id
from shared.outbox.record import record
from shared.refusal import Refusal

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)

_REGISTER_ENTERPRISE = text(
    """
    INSERT INTO enterprise (enterprise_id, name, contact, province, status, registered_at)
    VALUES (:enterprise_id, :name, :contact, :province, 'active', :moment)
    ON CONFLICT DO NOTHING RETURNING enterprise_id
    """
)
_REGISTER_SHOP = text(
    """
    WITH made AS (
        INSERT INTO shop (shop_id, enterprise_id, name, commune, province, hours, status, registered_at)
        SELECT :shop_id, enterprise_id, :name, :commune, :province, CAST(:hours AS text[]), 'active', :moment
        FROM enterprise WHERE enterprise_id = :enterprise_id
        ON CONFLICT DO NOTHING RETURNING shop_id
    )
    INSERT INTO shop_quota (shop_id, daily_limit, minute_limit, day, day_count, minute, minute_count,
                            hour, wrong_tries)
    SELECT shop_id, :daily_limit, :minute_limit, CAST(:long_ago AS date), 0, :long_ago, 0, :long_ago, 0
    FROM made RETURNING shop_id
    """
)
_CHANGE_SHOP = text(
    """
    WITH changed AS (
        UPDATE shop SET hours = CAST(:hours AS text[]) WHERE shop_id = :shop_id RETURNING shop_id
    )
    UPDATE shop_quota SET
        daily_limit = :daily_limit, day_count = least(day_count, :daily_limit),
        minute_limit = :minute_limit, minute_count = least(minute_count, :minute_limit)
    FROM changed WHERE shop_quota.shop_id = changed.shop_id
    """
)
_REGISTER_CLERK = text(
    """
    INSERT INTO clerk (clerk_id, subject, shop_id, status, registered_at)
    VALUES (CAST(:clerk_id AS uuid), :subject, :shop_id, 'active', :moment)
    ON CONFLICT (subject) DO NOTHING RETURNING clerk_id
    """
)
_SUSPEND, _REINSTATE = (
    """
    UPDATE {table} SET status = 'suspended', suspended_reason = :reason
    WHERE {key} = CAST(:id AS {kind}) AND status = 'active' RETURNING {key}
    """,
    """
    UPDATE {table} SET status = 'active', suspended_reason = NULL
    WHERE {key} = CAST(:id AS {kind}) AND status = 'suspended' RETURNING {key}
    """,
)
_TABLES = {
    "enterprise": {"table": "enterprise", "key": "enterprise_id", "kind": "text"},
    "shop": {"table": "shop", "key": "shop_id", "kind": "text"},
    "clerk": {"table": "clerk", "key": "clerk_id", "kind": "uuid"},
}
_DECISIONS = {
    (name, decision): text(statement.format(**places))
    for name, places in _TABLES.items()
    for decision, statement in (("suspended", _SUSPEND), ("reinstated", _REINSTATE))
}


def register_enterprise(session: Session, enterprise: dict[str, Any], actor: Actor, now: datetime) -> bool:
    """False when an enterprise with this id is there already. `enterprise`: id, name, contact, province."""
    if session.execute(_REGISTER_ENTERPRISE, {**enterprise, "moment": now}).first() is None:
        return False
    data = {name: enterprise[name] for name in ("enterprise_id", "name", "province")}
    _record(session, "enterprise.registered.v1", enterprise["enterprise_id"], data, actor)
    return True


def register(
    session: Session, shop: dict[str, Any], province: str, actor: Actor, now: datetime
) -> Refusal | None:
    """Enter a shop. Refusals: SHOP_EXISTS, ENTERPRISE_UNKNOWN."""
    values = {**shop, "province": province, "moment": now, "long_ago": LONG_AGO}
    if session.execute(_REGISTER_SHOP, values).first() is None:
        known = session.scalar(text("SELECT 1 FROM shop WHERE shop_id = :shop_id"), shop)
        return Refusal("SHOP_EXISTS" if known else "ENTERPRISE_UNKNOWN")
    _record(session, "shop.registered.v1", shop["shop_id"], shop, actor)
    return None


def change(session: Session, shop_id: str, terms: dict[str, Any], actor: Actor) -> None:
    """Other hours and limits for a shop that is there; they hold at once."""
    session.execute(_CHANGE_SHOP, {"shop_id": shop_id, **terms})
    _record(session, "shop.changed.v1", shop_id, {"shop_id": shop_id, **terms}, actor)


def register_clerk(session: Session, shop_id: str, subject: str, actor: Actor, now: datetime) -> str | None:
    """Enter an account as a clerk of a shop that is there; its clerk id, None when it is entered already."""
    data = {"clerk_id": new_id(), "shop_id": shop_id, "subject": subject}
    if session.execute(_REGISTER_CLERK, {**data, "moment": now}).first() is None:
        return None
    _record(session, "clerk.registered.v1", shop_id, data, actor)
    return data["clerk_id"]


def decide(
    session: Session, what: str, named: dict[str, str], decision: str, reason: str, actor: Actor
) -> bool:
    """Suspend or reinstate an enterprise, a shop or a clerk (`what`); False when it is so already.

    `named`: its id and what else the event says of it, first the id.
    """
    values = {"id": next(iter(named.values())), "reason": reason}
    if session.execute(_DECISIONS[what, decision], values).first() is None:
        return False
    key = named["enterprise_id"] if what == "enterprise" else named["shop_id"]
    data = named if what == "clerk" else {**named, "reason": reason}
    _record(session, f"{what}.{decision}.v1", key, data, actor)
    return True


def _record(session: Session, type_: str, key: str, data: dict[str, Any], actor: Actor) -> None:
    record(session, SERVICE, [NewEvent(type_, key, data, actor.subject)])
