"""Approval lists: a page of them, and one with everybody on it, in order and why."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from services.eligibility import rulebook
from services.eligibility.commands import find_list
from services.eligibility.domain import case_number
from services.eligibility.models import ApprovalList, CaseFile, ListEntry
from services.eligibility.queries.cases import keyset_place
from services.eligibility.rules import Programme
from shared.auth import Actor, within
from shared.web.paging import Page, encode_cursor


@dataclass(frozen=True, slots=True)
class ListFilter:
    """What a listing of lists is narrowed to; None is no limit."""

    programme_id: str | None = None
    commune: str | None = None
    status: str | None = None


def list_lists(session: Session, actor: Actor, wanted: ListFilter, cursor: str | None, limit: int) -> Page:
    """A page of the actor's area in the order of making. Raises Problem 400 for a foreign cursor."""
    query = (
        select(ApprovalList.__table__)
        .where(within(actor, ApprovalList.commune, ApprovalList.province))
        .order_by(ApprovalList.made_at, ApprovalList.id)
        .limit(limit + 1)
    )
    for column, value in (
        (ApprovalList.programme_id, wanted.programme_id),
        (ApprovalList.commune, wanted.commune),
        (ApprovalList.status, wanted.status),
    ):
        if value is not None:
            query = query.where(column == value)
    if cursor is not None:
        query = query.where(tuple_(ApprovalList.made_at, ApprovalList.id) > tuple_(*keyset_place(cursor)))
    rows = session.execute(query).mappings().all()
    page = [{**row, "list_id": row["id"]} for row in rows[:limit]]
    last = page[-1] if len(rows) > limit else None
    return Page(page, encode_cursor(last["made_at"].isoformat(), last["id"]) if last else None)


def read_list(session: Session, list_id: str, actor: Actor) -> dict[str, Any] | None:
    """A list and who stands on it, in the order of the ranks, each with what gave it its rank: the group of
    the priority order of the programme's version that the list was made under, then the moment of submission,
    then the id. None outside the area."""
    found = find_list(session, list_id, actor)
    if found is None:
        return None
    versions = rulebook.all_versions(session, found.programme_id)
    programme = versions[found.programme_version]
    rows = session.execute(
        select(
            ListEntry.__table__,
            CaseFile.village,
            CaseFile.position,
            CaseFile.amount,
            CaseFile.programme_version,
        )
        .join(CaseFile, CaseFile.application_id == ListEntry.application_id)
        .where(ListEntry.list_id == list_id)
        .order_by(ListEntry.rank)
    ).mappings()
    return {
        **{column.name: getattr(found, column.name) for column in ApprovalList.__table__.columns},
        "list_id": found.id,
        "name_vi": programme.name_vi,
        "name_en": programme.name_en,
        "posting_days": programme.posting_days,
        "priority_order": list(programme.priority_order),
        "cases": [
            {
                **row,
                "benefit": row["amount"] or versions[row["programme_version"]].amount,
                "case_number": case_number(row["application_id"]),
                "group": group_of(programme, row["priority"]),
            }
            for row in rows
        ],
    }


def group_of(programme: Programme, rank: int) -> str | None:
    """The group of a programme's priority order that gave a case its rank; None for whoever fits nowhere."""
    order = programme.priority_order
    return order[rank] if rank < len(order) else None
