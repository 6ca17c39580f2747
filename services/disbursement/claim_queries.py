"""What is told of claims and payments. An enterprise sees its own; payers, managers and auditors see all."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import Session

from services.disbursement.models import Claim, ClaimLine, Payment, Redemption
from shared.auth import Actor
from shared.web import Page, Problem, decode_cursor, encode_cursor


def visible(actor: Actor) -> ColumnElement[bool]:
    return true() if actor.enterprise_id is None else Claim.enterprise_id == actor.enterprise_id


def claims(session: Session, actor: Actor, wanted: Mapping[str, Any]) -> Page:
    """Newest first."""
    query = select(Claim).where(visible(actor)).order_by(Claim.claim_id.desc())
    for name in ("enterprise_id", "programme_id", "status"):
        if wanted[name] is not None:
            query = query.where(getattr(Claim, name) == wanted[name])
    if wanted["cursor"]:
        query = query.where(Claim.claim_id < _after(wanted["cursor"]))
    rows = session.scalars(query.limit(wanted["limit"] + 1)).all()
    return _page(rows, wanted["limit"], "claim_id")


def lines(session: Session, claim_id: str, cursor: str | None, limit: int) -> Page:
    """A claim's lines with what was sold, in the order of their ids."""
    query = _lines().where(ClaimLine.claim_id == claim_id)
    if cursor:
        query = query.where(ClaimLine.line_id > _after(cursor))
    rows = session.execute(query.limit(limit + 1)).mappings().all()
    more = len(rows) > limit
    return Page(rows[:limit], encode_cursor(str(rows[limit - 1]["line_id"])) if more else None)


def all_lines(session: Session, claim_id: str) -> list[dict[str, Any]]:
    """Every line, for a statement."""
    return [dict(row) for row in session.execute(_lines().where(ClaimLine.claim_id == claim_id)).mappings()]


def by_shop(session: Session, claim_id: str) -> list[Mapping[str, Any]]:
    """A claim's lines added up per shop."""
    disputed = func.sum(ClaimLine.amount).filter(ClaimLine.status == "disputed")
    query = (
        select(
            Redemption.shop_id,
            func.count().label("count"),
            func.sum(ClaimLine.amount).label("claimed"),
            func.coalesce(disputed, 0).label("disputed"),
        )
        .join(Redemption, Redemption.redemption_id == ClaimLine.redemption_id)
        .where(ClaimLine.claim_id == claim_id)
        .group_by(Redemption.shop_id)
        .order_by(Redemption.shop_id)
    )
    return [
        {**row, "claimed": int(row["claimed"]), "disputed": int(row["disputed"])}
        for row in session.execute(query).mappings()
    ]


def _lines() -> Any:
    return (
        select(
            ClaimLine.line_id,
            ClaimLine.redemption_id,
            ClaimLine.kind,
            ClaimLine.corrects,
            ClaimLine.amount,
            ClaimLine.status,
            ClaimLine.reason,
            Redemption.shop_id,
            Redemption.model,
            Redemption.price,
            Redemption.redeemed_at,
        )
        .join(Redemption, Redemption.redemption_id == ClaimLine.redemption_id)
        .order_by(ClaimLine.line_id)
    )


def payments(session: Session, actor: Actor, wanted: Mapping[str, Any]) -> Page:
    """Newest first."""
    query = (
        select(Payment)
        .join(Claim, Claim.claim_id == Payment.claim_id)
        .where(visible(actor))
        .order_by(Payment.payment_id.desc())
    )
    if wanted["status"] is not None:
        query = query.where(Payment.status == wanted["status"])
    if wanted["cursor"]:
        query = query.where(Payment.payment_id < _after(wanted["cursor"]))
    rows = session.scalars(query.limit(wanted["limit"] + 1)).all()
    return _page(rows, wanted["limit"], "payment_id")


def open_orders(session: Session, programme_id: str | None) -> list[dict[str, Any]]:
    """The orders that the bank has not answered, as its file wants them, oldest first."""
    query = (
        select(Payment, Claim.programme_id)
        .join(Claim, Claim.claim_id == Payment.claim_id)
        .where(Payment.status == "ordered")
        .order_by(Payment.ordered_at, Payment.payment_id)
    )
    if programme_id is not None:
        query = query.where(Claim.programme_id == programme_id)
    return [
        {
            "reference": payment.reference,
            "account_name": payment.account_name,
            "bank": payment.bank,
            "account_number": payment.account_number,
            "amount": payment.amount,
            "description": f"{payment.reference} {programme}",
        }
        for payment, programme in session.execute(query)
    ]


def live_claims(session: Session, after: str, limit: int) -> list[tuple[str, dict[str, Any]]]:
    """Claims by id, in the shape of the fold."""
    query = select(Claim).order_by(Claim.claim_id).limit(limit)
    if after:
        query = query.where(Claim.claim_id > after)
    names = ("enterprise_id", "programme_id", "status", "claimed", "disputed", "accepted", "ordered", "paid")
    return [
        (
            one.claim_id,
            {"key": f"claim/{one.claim_id}", "state": {name: getattr(one, name) for name in names}},
        )
        for one in session.scalars(query)
    ]


def _after(cursor: str) -> str:
    try:
        return str(UUID(str(decode_cursor(cursor, 1)[0])))
    except ValueError as error:
        raise Problem(400, "CURSOR_INVALID") from error


def _page(rows: Any, limit: int, key: str) -> Page:
    more = len(rows) > limit
    return Page(rows[:limit], encode_cursor(getattr(rows[limit - 1], key)) if more else None)
