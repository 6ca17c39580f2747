"""What an import tells its officer: the columns found, why the file is refused, what is wrong row by row.

Kept sealed beside the file: the sentences repeat what stood in the cells. A list of 50,000 rows may have as
many problems, nearly all of a few kinds, so each sentence is kept once.
"""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from services.applications.lists import ColumnTitle, ListProblem, Problem
from services.applications.lists.columns import title_key
from services.applications.lists.problems import Severity
from shared.privacy.sealing import seal_bytes, unseal_bytes

REPEATED = "ALREADY_APPLIED"

_Said = tuple[str, str, Severity, str, str]


def columns_of(sheets: Iterable[Iterable[ColumnTitle]]) -> list[ColumnTitle]:
    """The columns of a list's sheets, those of one title once; one without a title goes by its letter."""
    found: dict[str, ColumnTitle] = {}
    for one in (title for sheet in sheets for title in sheet):
        found.setdefault(title_key(one.title) or one.letter, one)
    return list(found.values())


@dataclass(slots=True)
class Report:
    """`refusal`: why no row was taken, None if some could be. Problems are in the order of the rows."""

    columns: Sequence[ColumnTitle] = ()
    refusal: ListProblem | None = None
    _sentences: dict[_Said, int] = field(default_factory=dict)
    _places: list[tuple[str, int, int]] = field(default_factory=list)

    def add(self, problems: Iterable[Problem]) -> None:
        for one in problems:
            said = (one.field, one.code, one.severity, one.message_vi, one.message_en)
            number = self._sentences.setdefault(said, len(self._sentences))
            self._places.append((one.sheet, one.row, number))

    def __len__(self) -> int:
        return len(self._places)

    def problems(self, start: int = 0, limit: int | None = None) -> Iterator[Problem]:
        """The problems from the one at `start` on, at most `limit`."""
        sentences = list(self._sentences)
        for sheet, row, number in self._places[start : None if limit is None else start + limit]:
            name, code, severity, vi, en = sentences[number]
            yield Problem(row, name, code, severity, vi, en, sheet)

    def seal(self, key: bytes, import_id: str) -> bytes:
        """The report under the service's wrapping key."""
        refusal = self.refusal
        plain = orjson.dumps(
            {
                "columns": [list(one) for one in self.columns],
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
            [ColumnTitle(*one) for one in found["columns"]],
            ListProblem(*refusal) if refusal else None,
            {tuple(said): number for number, said in enumerate(found["sentences"])},
            [(sheet, row, number) for sheet, row, number in found["places"]],
        )


def _place(import_id: str) -> str:
    return f"import/{import_id}/report"
