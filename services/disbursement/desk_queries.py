"""Redemptions, and what of them waits for a person; each within the actor's own shop, enterprise or area."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from services.disbursement.models import Alert, Dispute, Programme, Redemption, Reversal, Shop
from services.disbursement.tokens import programme_mark
from shared.auth import Actor, Role, within
from shared.web import Page, Problem, decode_cursor, encode_cursor


def _own(actor: Actor) -> ColumnElement[bool]:
    """Of which shops an actor hears: a clerk of the own, an enterprise of its own, others of their area."""
    if actor.has(Role.SHOP):
        return Shop.shop_id == (actor.shop_id or "")
    if actor.has(Role.ENTERPRISE):
        return Shop.enterprise_id == (actor.enterprise_id or "")
    return within(actor, Shop.commune, Shop.province)


def redemptions(session: Session, actor: Actor, wanted: dict[str, Any]) -> Page:
    """Newest first."""
    query = _of_shops(actor, Redemption)
    if wanted["shop_id"] is not None:
        query = query.where(Redemption.shop_id == wanted["shop_id"])
    return _newest_first(session, query, Redemption.redemption_id, wanted)


def reversals(session: Session, actor: Actor, wanted: dict[str, Any]) -> Page:
    """Newest first."""
    query = _with_status(_of_shops(actor, Reversal), Reversal, wanted)
    return _newest_first(session, query, Reversal.reversal_id, wanted)


def alerts(session: Session, actor: Actor, wanted: dict[str, Any]) -> Page:
    """Newest first."""
    return _newest_first(
        session, _with_status(_of_shops(actor, Alert), Alert, wanted), Alert.alert_id, wanted
    )


def disputes(session: Session, actor: Actor, wanted: dict[str, Any]) -> Page:
    """Newest first."""
    query = _with_status(_of_shops(actor, Dispute), Dispute, wanted)
    return _newest_first(session, query, Dispute.dispute_id, wanted)


def visible(session: Session, actor: Actor, model: Any, key: str) -> Any:
    """A reversal, an alert or a dispute of the actor's area by its id; None when there is none."""
    identity = model.__mapper__.primary_key[0]
    query = _of_shops(actor, model).where(identity == key).execution_options(populate_existing=True)
    return session.scalars(query).first()


def offline_terms(session: Session) -> list[dict[str, Any]]:
    """The programmes that let a shop redeem without a line, with their limits."""
    query = select(Programme).where(Programme.offline_per_voucher.is_not(None))
    return [
        {
            "programme_id": found.programme_id,
            "mark": programme_mark(found.programme_id),
            "name_vi": found.name_vi,
            "name_en": found.name_en,
            "per_voucher": found.offline_per_voucher,
            "per_shop_per_day": found.offline_per_day,
            "days_to_send": found.offline_days_to_send,
        }
        for found in session.scalars(query.order_by(Programme.programme_id))
    ]


def _of_shops(actor: Actor, model: Any) -> Select[Any]:
    return select(model).join(Shop, Shop.shop_id == model.shop_id).where(_own(actor))


def _with_status(query: Select[Any], model: Any, wanted: dict[str, Any]) -> Select[Any]:
    return query if wanted["status"] is None else query.where(model.status == wanted["status"])


def _newest_first(session: Session, query: Select[Any], key: Any, wanted: dict[str, Any]) -> Page:
    """By a UUIDv7, whose order is that of time."""
    if wanted["cursor"]:
        query = query.where(key < uuid_cursor(wanted["cursor"]))
    limit = wanted["limit"]
    rows = session.scalars(query.order_by(key.desc()).limit(limit + 1)).all()
    return Page(rows[:limit], encode_cursor(getattr(rows[limit - 1], key.key)) if len(rows) > limit else None)


def uuid_cursor(cursor: str) -> str:
    """The id where the last page ended. Raises Problem 400 for a cursor that names none."""
    try:
        return str(UUID(str(decode_cursor(cursor, 1)[0])))
    except ValueError as error:
        raise Problem(400, "CURSOR_INVALID") from error
