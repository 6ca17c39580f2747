"""Quotas: how many approvals a programme has room for, in all and per province, held against a counter."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.eligibility.rules import Programme

_HOLD = text("SELECT last FROM position_counter WHERE programme_id = :programme_id FOR UPDATE")
_USED = text("SELECT province, used FROM approval_count WHERE programme_id = :programme_id")
_TAKE = text(
    """
    INSERT INTO approval_count (programme_id, province, used)
    SELECT :programme_id, * FROM unnest(CAST(:provinces AS text[]), CAST(:counts AS integer[]))
    ON CONFLICT (programme_id, province) DO UPDATE SET used = approval_count.used + excluded.used
    """
)
_GIVE_BACK = text(
    """
    UPDATE approval_count SET used = approval_count.used - less.count
    FROM unnest(CAST(:programmes AS text[]), CAST(:provinces AS text[]), CAST(:counts AS integer[]))
         AS less (programme_id, province, count)
    WHERE (approval_count.programme_id, approval_count.province) = (less.programme_id, less.province)
    """
)


class QuotaBroken(RuntimeError):
    """More stand approved than the quota allows: the transaction that would make it so is undone."""


@dataclass(frozen=True, slots=True)
class Room:
    """How many more may be approved: in the whole programme (None: no limit), and by 2-digit province code; a
    province that is not named has no limit of its own."""

    whole: int | None
    by_province: Mapping[str, int]


def room(session: Session, programme: Programme) -> Room | None:
    """What the programme's quota leaves, and nobody else takes any of it until the transaction has ended.
    None for a programme without a quota."""
    if programme.quota is None and not programme.quota_by_province:
        return None
    session.execute(_HOLD, {"programme_id": programme.id})
    used = _used(session, programme.id)
    return Room(
        None if programme.quota is None else max(0, programme.quota - sum(used.values())),
        {code: max(0, limit - used.get(code, 0)) for code, limit in programme.quota_by_province.items()},
    )


def take(session: Session, programme: Programme, provinces: Iterable[str]) -> None:
    """Count new approvals, each in its province. Raises QuotaBroken for one too many."""
    counted = Counter(provinces)
    codes = sorted(counted)
    session.execute(
        _TAKE,
        {"programme_id": programme.id, "provinces": codes, "counts": [counted[code] for code in codes]},
    )
    if programme.quota is None and not programme.quota_by_province:
        return
    used = _used(session, programme.id)
    over = [code for code in codes if used[code] > programme.quota_by_province.get(code, used[code])]
    if over or (programme.quota is not None and sum(used.values()) > programme.quota):
        raise QuotaBroken(f"{programme.id} would be approved beyond its quota")


def give_back(session: Session, rows: Iterable[Any]) -> None:
    """Uncount the approvals of these case files; those that are not counted use up nothing."""
    counted = Counter((row.programme_id, row.counted_in) for row in rows if row.counted_in is not None)
    if counted:
        places = sorted(counted)
        session.execute(
            _GIVE_BACK,
            {
                "programmes": [programme_id for programme_id, _ in places],
                "provinces": [province for _, province in places],
                "counts": [counted[place] for place in places],
            },
        )


def _used(session: Session, programme_id: str) -> dict[str, int]:
    return {row.province: row.used for row in session.execute(_USED, {"programme_id": programme_id})}
