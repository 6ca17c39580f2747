"""The statements of a search. Which of them serves it is decided here and not left to the planner, so that
none is slow whatever was typed (`docs/performance.md`):

- a number or an id is looked up;
- rare words in a province or the whole country go through the index of words, all matches at once;
- everything else walks the newest applications of its scope, and no further than DEPTH: there the page ends
  early, perhaps empty, with a position from which the next one goes on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    func,
    literal,
    literal_column,
    select,
    text,
    true,
    tuple_,
    union,
)
from sqlalchemy.orm import Session

from services.applications.models import Application, ApplicationPerson, Household
from shared.auth import Actor, within

DEPTH = 15_000
"""Applications that one request walks at most: some 12 ms."""

RARE = 5_000
"""Matches that the index of words may bring: each is on a page of its own, all together some 15 ms."""

LISTED = 50_000
"""Applications that the rarest of the words may have: the index goes through that many entries at least."""

_ALONE = text("SET LOCAL max_parallel_workers_per_gather = 0")
"""A search is short: to call helpers costs more than they find, and their share blurs the estimates."""

_IN_ORDER = text("SET LOCAL enable_bitmapscan = off")
"""A walk follows its index, newest first, and ends with the page. The planner makes one plan for all values
and would rather collect the whole scope and sort it."""

Position = tuple[datetime, str]
"""The time and id of the last application that was looked at."""

_SHOWN = (
    "id", "household_id", "programme_id", "village", "commune", "status", "entered_by", "submitted_at",
    "created_at",
)  # fmt: skip
_LOOKED_AT = (*_SHOWN, "province", "channel", "import_id", "words")


@dataclass(frozen=True, slots=True)
class Filter:
    """What a listing is narrowed to; None is no limit. `q`: words of a name, a person's number, or an id."""

    programme_id: str | None = None
    commune: str | None = None
    village: str | None = None
    status: str | None = None
    channel: str | None = None
    import_id: UUID | None = None
    q: str | None = None


@dataclass(frozen=True, slots=True)
class Sought:
    """What was typed, understood: hashes of words, or a person's hash, or an application's id, or nothing."""

    words: tuple[int, ...] = ()
    person: str | None = None
    application_id: str | None = None


@dataclass(frozen=True, slots=True)
class Search:
    """One search in one area."""

    session: Session
    actor: Actor
    wanted: Filter
    sought: Sought
    limit: int

    def page(self, after: Position | None) -> tuple[list[Any], Position | None]:
        """The rows behind `after`, newest first, and where the next page begins."""
        if self.sought.person or self.sought.application_id:
            return self._cut(self._rows(self._looked_up(after)))
        if self._commune is None and self._rare():
            found = self._rows(self._by_words(after))
            if found[0].number <= RARE:
                return self._cut([row for row in found if row.id is not None])
        self.session.execute(_IN_ORDER)
        rows = self._rows(self._walk(after))
        return self._cut(rows) if len(rows) > self.limit else (rows, self._edge(after))

    def more_than(self, most: int) -> bool:
        """Whether more than `most` applications fit."""
        fitting = select(_number(1)).where(self._scope(), self._fits(Application)).limit(_number(most + 1))
        return bool(self.session.scalar(select(func.count() > most).select_from(fitting.subquery())))

    def _rows(self, statement: Select[Any]) -> list[Any]:
        return list(self.session.execute(statement).all())

    def _cut(self, rows: list[Any]) -> tuple[list[Any], Position | None]:
        page = rows[: self.limit]
        return page, ((page[-1].created_at, page[-1].id) if len(rows) > self.limit else None)

    @property
    def _commune(self) -> str | None:
        return self.actor.commune or self.wanted.commune

    def _scope(self) -> ColumnElement[bool]:
        """The one condition that an index serves in the order of time; the others are held against rows."""
        if self._commune is not None:
            return Application.commune == self._commune
        if self.wanted.import_id is not None:
            return Application.import_id == str(self.wanted.import_id)
        if self.actor.province is not None:
            return Application.province == self.actor.province
        if self.wanted.programme_id is not None:
            return Application.programme_id == self.wanted.programme_id
        return true()

    def _fits(self, row: Any) -> ColumnElement[bool]:
        """Every condition, the area's among them."""
        wanted = self.wanted
        exact = (
            (row.programme_id, wanted.programme_id),
            (row.commune, wanted.commune),
            (row.village, wanted.village),
            (row.status, wanted.status),
            (row.channel, wanted.channel),
            (row.import_id, str(wanted.import_id) if wanted.import_id else None),
        )
        conditions = [column == value for column, value in exact if value is not None]
        if self.sought.words:
            conditions.append(row.words.contains(list(self.sought.words)))
        return and_(within(self.actor, row.commune, row.province), *conditions)

    def _page_of(self, row: Any, after: Position | None) -> Select[Any]:
        return (
            select(*_columns(row, _SHOWN))
            .where(self._fits(row), _behind(row, after))
            .order_by(*_newest(row))
            .limit(self.limit + 1)
        )

    def _looked_up(self, after: Position | None) -> Select[Any]:
        """A withdrawn application holds no person's place any more: inside a commune its head finds it."""
        if self.sought.application_id is not None:
            return self._page_of(Application, after).where(Application.id == self.sought.application_id)
        person = ApplicationPerson.person_hash == self.sought.person
        head = and_(Household.commune == self._commune, Household.head_hash == self.sought.person)
        ids = union(
            select(ApplicationPerson.application_id).where(person),
            select(Application.id).join(Household, Household.id == Application.household_id).where(head),
        )
        return self._page_of(Application, after).where(Application.id.in_(ids))

    def _walk(self, after: Position | None) -> Select[Any]:
        seen = (
            select(*_columns(Application, _LOOKED_AT))
            .where(self._scope(), _behind(Application, after))
            .order_by(*_newest(Application))
            .limit(_number(DEPTH))
            .subquery("seen")
        )
        return self._page_of(seen.c, None)

    def _edge(self, after: Position | None) -> Position | None:
        """Where the walk ended; None when it saw its whole scope."""
        last = (
            select(Application.created_at, Application.id)
            .where(self._scope(), _behind(Application, after))
            .order_by(*_newest(Application))
            .offset(_number(DEPTH - 1))
            .limit(_number(1))
        )
        row = self.session.execute(last).first()
        return (row.created_at, row.id) if row is not None else None

    def _by_words(self, after: Position | None) -> Select[Any]:
        """`number` of matches in the scope, and a page of them; one row without an id where none is left."""
        found = (
            select(*_columns(Application, _LOOKED_AT))
            .where(Application.words.contains(list(self.sought.words)), self._scope())
            .limit(_number(RARE + 1))
            .cte("found")
            .prefix_with("MATERIALIZED")
        )
        counted = select(func.count().label("number")).select_from(found).subquery("counted")
        page = self._page_of(found.c, after).subquery("page").lateral()
        return select(counted.c.number, page).select_from(counted.outerjoin(page, true()))

    def _rare(self) -> bool:
        """Whether the index of words serves this search, as far as the planner's statistics know them."""
        words, province = self.sought.words, self.actor.province
        self.session.execute(_ALONE)
        if not words:
            return False
        together, *each = _expected(self.session, [(words, province), *(((word,), None) for word in words)])
        return together <= RARE and min(each) <= LISTED


def _expected(session: Session, questions: Sequence[tuple[Sequence[int], str | None]]) -> list[int]:
    """How many applications the planner expects to have all of some words, in a province or everywhere."""
    parts, values = [], dict[str, Any]()
    for place, (words, province) in enumerate(questions):
        area = "" if province is None else f" AND province = :province_{place}"
        parts.append(f"SELECT FROM application WHERE words @> CAST(:words_{place} AS bigint[]){area}")
        values |= {f"words_{place}": list(words), **({f"province_{place}": province} if province else {})}
    plan = session.scalar(text(f"EXPLAIN (FORMAT JSON) {' UNION ALL '.join(parts)}"), values)
    return [int(part["Plan Rows"]) for part in plan[0]["Plan"]["Plans"]]


def _columns(row: Any, names: tuple[str, ...]) -> list[Any]:
    return [getattr(row, name) for name in names]


def _newest(row: Any) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    return row.created_at.desc(), row.id.desc()


def _behind(row: Any, after: Position | None) -> ColumnElement[bool]:
    if after is None:
        return true()
    return tuple_(row.created_at, row.id) < tuple_(literal(after[0]), literal(after[1], Application.id.type))


def _number(value: int) -> ColumnElement[int]:
    """Written into the statement: a plan that is made once for all values must know how far it goes."""
    return literal_column(str(value))
