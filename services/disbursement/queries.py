"""What this service tells. Every question that has an area asks only for the actor's own."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, or_, select, text
from sqlalchemy.orm import Session

from services.disbursement.claim_queries import live_claims
from services.disbursement.domain import Place, budget_ids
from services.disbursement.models import Budget, Programme, Shop, Voucher, Waitlisted
from shared.auth import Actor, within
from shared.reference import areas
from shared.web import Page, Problem, decode_cursor, encode_cursor

_CASES = text(
    """
    SELECT DISTINCT ON (application_id) application_id, budget_id, voucher_id, status, locked, amount,
           expires_on, position, redemption_id, shop_id, price, subsidy
    FROM (
        SELECT application_id, budget_id, voucher_id, voucher.status, locked, voucher.amount, expires_on,
               CAST(NULL AS integer) AS position, redemption_id, shop_id, price, subsidy, issued_at AS since
        FROM voucher
        LEFT JOIN (SELECT * FROM redemption WHERE reversed_at IS NULL) AS standing USING (voucher_id)
        WHERE application_id > CAST(:after AS uuid)
        UNION ALL
        SELECT application_id, NULL, NULL, CASE status WHEN 'waiting' THEN 'waitlisted' ELSE status END,
               false, amount, NULL, position, NULL, NULL, NULL, NULL, approved_at
        FROM waitlist WHERE application_id > CAST(:after AS uuid) AND status <> 'issued'
    ) AS live
    ORDER BY application_id, since DESC, voucher_id DESC LIMIT :limit
    """
)
_BEFORE_ALL = "00000000-0000-0000-0000-000000000000"


def budget(session: Session, place: Place) -> Budget | None:
    """The budget of a place itself; None before money, or a wish for money, opened it."""
    return session.get(Budget, budget_ids(place)[0], populate_existing=True)


def budgets(session: Session, actor: Actor, programme_id: str, only: str | None = None) -> list[Budget]:
    """The budgets of a programme that concern the actor: those of its area and those above it, as a tree; or
    `only` that one."""
    home = areas.commune(actor.commune) if actor.commune else None
    own = home.province_code if home else actor.province
    above = and_(Budget.commune.is_(None), or_(Budget.province.is_(None), Budget.province == own))
    query = select(Budget).where(
        Budget.programme_id == programme_id, or_(above, within(actor, Budget.commune, Budget.province))
    )
    if only is not None:
        query = query.where(Budget.budget_id == only)
    return list(session.scalars(query.order_by(Budget.budget_id)))


def programme(session: Session, programme_id: str) -> Programme | None:
    return session.get(Programme, programme_id)


def voucher(session: Session, voucher_id: str) -> Voucher | None:
    return session.get(Voucher, voucher_id, populate_existing=True)


def vouchers(session: Session, actor: Actor, wanted: dict[str, Any]) -> Page:
    """By voucher id, which is the order of issue."""
    query = select(Voucher).where(within(actor, Voucher.commune, Voucher.province))
    for name in ("programme_id", "commune", "status"):
        if wanted[name] is not None:
            query = query.where(getattr(Voucher, name) == wanted[name])
    if wanted["cursor"]:
        query = query.where(Voucher.voucher_id > _uuid_cursor(wanted["cursor"]))
    limit = wanted["limit"]
    rows = session.scalars(query.order_by(Voucher.voucher_id).limit(limit + 1)).all()
    return _page(rows, limit, lambda row: encode_cursor(row.voucher_id))


def printable(
    session: Session, actor: Actor, programme_id: str, commune: str, application_ids: Sequence[str] | None
) -> list[Voucher]:
    """The vouchers of one commune that are still good for something, in the order of issue."""
    query = select(Voucher).where(
        within(actor, Voucher.commune, Voucher.province),
        Voucher.programme_id == programme_id,
        Voucher.commune == commune,
        Voucher.status == "issued",
    )
    if application_ids is not None:
        query = query.where(Voucher.application_id.in_(application_ids))
    return list(session.scalars(query.order_by(Voucher.voucher_id)))


def funnel(session: Session, actor: Actor, programme_id: str) -> dict[str, Any]:
    """issued (ever) = redeemed + expired + cancelled + reissued + outstanding; `waitlisted` waits now."""
    area = within(actor, Voucher.commune, Voucher.province)
    counts = session.execute(
        select(Voucher.status, func.count())
        .where(Voucher.programme_id == programme_id, area)
        .group_by(Voucher.status)
    )
    states: dict[str, int] = dict(counts.all())
    waiting = session.scalar(
        select(func.count())
        .select_from(Waitlisted)
        .where(
            Waitlisted.programme_id == programme_id,
            Waitlisted.status == "waiting",
            within(actor, Waitlisted.commune, Waitlisted.province),
        )
    )
    return {
        "programme_id": programme_id,
        "issued": sum(states.values()),
        "waitlisted": waiting,
        "redeemed": states.get("redeemed", 0),
        "expired": states.get("expired", 0),
        "cancelled": states.get("cancelled", 0),
        "reissued": states.get("reissued", 0),
        "outstanding": states.get("issued", 0),
    }


def live_state(session: Session, cursor: str | None, limit: int) -> Page:
    """Cases by application id, then budgets, then shops: what the fold of this service's events gives."""
    section, after = (0, "") if cursor is None else _section_cursor(cursor)
    items: list[dict[str, Any]] = []
    for number, read in enumerate((_cases, _budgets, _shops, live_claims)):
        if number < section:
            continue
        start = after if number == section else ""
        found = read(session, start, limit + 1 - len(items))
        items += [{"section": number, "after": key, **item} for key, item in found]
        if len(items) > limit:
            break
    page = _page(items, limit, lambda item: encode_cursor(item["section"], item["after"]))
    return Page([{"key": item["key"], "state": item["state"]} for item in page.items], page.next_cursor)


def _cases(session: Session, after: str, limit: int) -> list[tuple[str, dict[str, Any]]]:
    rows = session.execute(_CASES, {"after": after or _BEFORE_ALL, "limit": limit})
    return [(str(row.application_id), {"key": str(row.application_id), "state": _case(row)}) for row in rows]


def _case(row: Any) -> dict[str, Any]:
    return {
        "budget_id": row.budget_id,
        "voucher_id": _text_or_none(row.voucher_id),
        "status": row.status,
        "locked": row.locked,
        "amount": row.amount,
        "expires_on": _text_or_none(row.expires_on),
        "position": row.position,
        "redemption_id": _text_or_none(row.redemption_id),
        "shop_id": row.shop_id,
        "price": row.price,
        "subsidy": row.subsidy,
    }


def _budgets(session: Session, after: str, limit: int) -> list[tuple[str, dict[str, Any]]]:
    rows = session.scalars(
        select(Budget).where(Budget.budget_id > after).order_by(Budget.budget_id).limit(limit)
    )
    names = ("allocated", "available", "reserved", "spent", "distributed")
    return [
        (
            row.budget_id,
            {"key": f"budget/{row.budget_id}", "state": {name: getattr(row, name) for name in names}},
        )
        for row in rows
    ]


def _shops(session: Session, after: str, limit: int) -> list[tuple[str, dict[str, Any]]]:
    rows = session.scalars(select(Shop).where(Shop.shop_id > after).order_by(Shop.shop_id).limit(limit))
    names = ("enterprise_id", "name", "commune", "status")
    return [
        (row.shop_id, {"key": f"shop/{row.shop_id}", "state": {name: getattr(row, name) for name in names}})
        for row in rows
    ]


def _section_cursor(cursor: str) -> tuple[int, str]:
    section, after = decode_cursor(cursor, 2)
    if section == 0:
        return 0, _uuid_text(after)
    if section == 3:
        return 3, _uuid_text(after)
    return (section if section in (1, 2) else 2), str(after)


def _uuid_cursor(cursor: str) -> str:
    return _uuid_text(decode_cursor(cursor, 1)[0])


def _uuid_text(value: Any) -> str:
    try:
        return str(UUID(str(value)))
    except ValueError as error:
        raise Problem(400, "CURSOR_INVALID") from error


def _page(rows: Sequence[Any], limit: int, cursor_of: Any) -> Page:
    more = len(rows) > limit
    return Page(rows[:limit], cursor_of(rows[limit - 1]) if more else None)


def _text_or_none(value: date | Any | None) -> str | None:
    return None if value is None else str(value)
