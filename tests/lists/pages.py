"""A list as tests describe it, format aside: pages with rows, merged cells, perhaps hidden."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Row = list[Any]


@dataclass
class Page:
    """One sheet. merges: (first row, first column, last row, last column) from 0."""

    rows: list[Row]
    name: str = "Danh sách"
    merges: Sequence[tuple[int, int, int, int]] = field(default_factory=list)
    hidden: bool = False

    def write(self, convert: Any) -> "Page":
        """The same page with every text converted, say into an old encoding."""
        rows = [[convert(cell) if isinstance(cell, str) else cell for cell in row] for row in self.rows]
        return Page(rows, self.name, self.merges, self.hidden)
