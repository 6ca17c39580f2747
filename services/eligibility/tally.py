"""Counts of what spoke against cases, per programme and commune, kept beside the assessments, in their
transaction.

The reasons themselves are sealed with each household's key, so counting them on demand would mean to open
every case of a programme: 1.2 million at about 10 µs, for one funnel. The counts name nobody; they are taken
back when a case is assessed anew or erased, so they always equal what the sealed reasons say.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.eligibility.models import ReasonTally, table_of
from shared.db import insert_rows

Place = tuple[str, str, str]
"""Programme id, 5-digit commune, 2-digit province."""

_HOLD = text(
    """
    SELECT 1 FROM reason_tally
    JOIN unnest(CAST(:programmes AS text[]), CAST(:communes AS text[]), CAST(:reasons AS text[]))
         AS wanted (programme_id, commune, reason) USING (programme_id, commune, reason)
    ORDER BY programme_id, commune, reason FOR UPDATE OF reason_tally
    """
)
_LESS = text(
    """
    UPDATE reason_tally SET count = reason_tally.count - less.count
    FROM unnest(CAST(:programmes AS text[]), CAST(:communes AS text[]), CAST(:reasons AS text[]),
                CAST(:counts AS integer[])) AS less (programme_id, commune, reason, count)
    WHERE (reason_tally.programme_id, reason_tally.commune, reason_tally.reason)
        = (less.programme_id, less.commune, less.reason)
    """
)
_MORE = (
    "ON CONFLICT (programme_id, commune, reason) DO UPDATE SET count = reason_tally.count + excluded.count"
)


def add(session: Session, reasons: Iterable[tuple[Place, tuple[str, ...]]]) -> None:
    """Count the reasons of newly assessed cases; rows in the order of the key, so that nobody deadlocks."""
    insert_rows(session, table_of(ReasonTally), _rows(reasons), suffix=_MORE)


def change(
    session: Session,
    less: Iterable[tuple[Place, tuple[str, ...]]],
    more: Iterable[tuple[Place, tuple[str, ...]]] = (),
) -> None:
    """Uncount the reasons of cases that are assessed anew or erased, and count what speaks against them now.
    All rows are held first, in the order of the key."""
    rows, added = _rows(less), _rows(more)
    keys = sorted({(row["programme_id"], row["commune"], row["reason"]) for row in (*rows, *added)})
    if not keys:
        return
    programmes, communes, codes = (list(column) for column in zip(*keys, strict=True))
    session.execute(_HOLD, {"programmes": programmes, "communes": communes, "reasons": codes})
    insert_rows(session, table_of(ReasonTally), added, suffix=_MORE)
    if rows:
        session.execute(
            _LESS,
            {
                "programmes": [row["programme_id"] for row in rows],
                "communes": [row["commune"] for row in rows],
                "reasons": [row["reason"] for row in rows],
                "counts": [row["count"] for row in rows],
            },
        )


def _rows(reasons: Iterable[tuple[Place, tuple[str, ...]]]) -> list[dict[str, Any]]:
    counted = Counter(
        (programme, commune, reason, province)
        for (programme, commune, province), codes in reasons
        for reason in codes
    )
    return [
        {
            "programme_id": programme,
            "commune": commune,
            "reason": reason,
            "province": province,
            "count": count,
        }
        for (programme, commune, reason, province), count in sorted(counted.items())
    ]
