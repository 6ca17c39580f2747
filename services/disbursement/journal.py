"""The statement of a budget for any day, from its postings alone. Amounts are whole đồng."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.disbursement.domain import VIETNAM

ACCOUNTS = ("allocated", "available", "reserved", "spent", "distributed")

_TURNOVER = text(
    """
    SELECT kind, debit, credit, count(*) AS postings, CAST(sum(amount) AS bigint) AS amount
    FROM journal WHERE budget_id = :budget_id AND posted_at < :until
    GROUP BY kind, debit, credit ORDER BY kind
    """
)
_DOCUMENTS = text(
    """
    SELECT kind, amount, document, reason, posted_at FROM posting
    WHERE budget_id = :budget_id AND posted_at < :until AND document IS NOT NULL ORDER BY posting_id
    """
)


@dataclass(frozen=True, slots=True)
class Statement:
    """How a budget stood at the end of a day in Viet Nam: its accounts, the turnover that made them by kind
    of posting, and the documents that moved its money."""

    budget_id: str
    as_of: date
    accounts: dict[str, int]
    turnover: list[Any]
    documents: list[Any]


def statement(session: Session, budget_id: str, as_of: date) -> Statement:
    until = datetime.combine(as_of + timedelta(days=1), time(), VIETNAM)
    values = {"budget_id": budget_id, "until": until}
    turnover = list(session.execute(_TURNOVER, values))
    accounts = dict.fromkeys(ACCOUNTS, 0)
    for line in turnover:
        accounts[line.debit] += line.amount
        accounts[line.credit] -= line.amount
    accounts["allocated"] = -accounts["allocated"]
    return Statement(budget_id, as_of, accounts, turnover, list(session.execute(_DOCUMENTS, values)))
