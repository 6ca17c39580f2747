"""What an import tells its officer: the columns found, why the file is refused, what is wrong row by row.

Kept sealed beside the file: the sentences repeat what stood in the cells. A list of 50,000 rows may have as
many problems, nearly all of a few kinds, so each sentence is kept once.
"""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from services.applications.lists import ListProblem, Problem
from services.applications.lists.problems import Severity
from shared.privacy.sealing import seal_bytes, unseal_bytes

REPEATED = "ALREADY_APPLIED"

_Said = tuple[str, str, Severity, str, str]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the list: its letter, its title as it stands there, the field it is read as or None."""

    letter: str
    title: str
    field: str | None


def columns_of(titles: Iterable[Any]) -> list[Column]:
    return [Column(one.letter, one.title, one.field) for one in titles]


@dataclass(slots=True)
class Report:
    """`refusal`: why no row was taken, None if some could be. Problems are in the order of the rows."""

    columns: Sequence[Column] = ()
    refusal: ListProblem | None = None
    _sentences: dict[_Said, int] = field(default_factory=dict)
    _places: list[tuple[int, int]] = field(default_factory=list)

    def add(self, problems: Iterable[Problem]) -> None:
        for one in problems:
            said = (one.field, one.code, one.severity, one.message_vi, one.message_en)
            self._places.append((one.row, self._sentences.setdefault(said, len(self._sentences))))

    def in_order(self) -> None:
        """Bring the problems into the order of the rows; those of one row keep theirs."""
        self._places.sort(key=lambda place: place[0])

    def __len__(self) -> int:
        return len(self._places)

    def problems(self, start: int = 0, limit: int | None = None) -> Iterator[Problem]:
        """The problems from the one at `start` on, at most `limit`."""
        sentences = list(self._sentences)
        for row, number in self._places[start : None if limit is None else start + limit]:
            name, code, severity, vi, en = sentences[number]
            yield Problem(row, name, code, severity, vi, en)

    def seal(self, key: bytes, import_id: str) -> bytes:
        """The report under the service's wrapping key."""
        refusal = self.refusal
        plain = orjson.dumps(
            {
                "columns": [[one.letter, one.title, one.field] for one in self.columns],
                "refusal": [refusal.code, refusal.message_vi, refusal.message_en] if refusal else None,
                "sentences": list(self._sentences),
                "places": self._places,
            }
        )
        return seal_bytes(key, zlib.compress(plain), _place(import_id))

    @classmethod
    def unseal(cls, key: bytes, sealed: bytes, import_id: str) -> "Report":
        """Raises Unreadable."""
        found: dict[str, Any] = orjson.loads(zlib.decompress(unseal_bytes(key, sealed, _place(import_id))))
        refusal = found["refusal"]
        return cls(
            [Column(*one) for one in found["columns"]],
            ListProblem(*refusal) if refusal else None,
            {tuple(said): number for number, said in enumerate(found["sentences"])},
            [(row, number) for row, number in found["places"]],
        )


def _place(import_id: str) -> str:
    return f"import/{import_id}/report"
