"""What differs between two programme documents, in sentences: fields, reasons, and the rows of the tables."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml

_APART = frozenset({"id", "rules", "reasons"})
"""Fields that are compared in their own way, or not at all."""

Words = tuple[str, str]
"""The same in Vietnamese and in English."""
Content = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """kind: field, reason or row; where: the field's path, the reason's code or `table.row`."""

    kind: str
    where: str
    vi: str
    en: str


def differences(old: Content, new: Content) -> list[Difference]:
    """Everything that differs between two self-contained documents, fields first, rows last.

    Where cells stand on a screen and what columns are called is no difference.
    """
    return [
        *_fields(old, new),
        *_reasons(old["reasons"], new["reasons"]),
        *_tables(old["rules"], new["rules"]),
    ]


@cache
def _words() -> dict[str, dict[str, list[str]]]:
    file = resources.files("services.eligibility.rules") / "words.yaml"
    found: dict[str, dict[str, list[str]]] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return found


def name_of(group: str, key: str) -> Words:
    """What a field, fact, output or table is called; one without a name is called by its key."""
    vi, en = _words()[group].get(key, (key, key))
    return vi, en


def _difference(kind: str, where: str, saying: str, **parts: Words) -> Difference:
    vi, en = (
        _words()["says"][saying][place].format(**{name: words[place] for name, words in parts.items()})
        for place in (0, 1)
    )
    return Difference(kind, where, vi, en)


def _same(text: str) -> Words:
    return text, text


def _fields(old: Content, new: Content) -> Iterator[Difference]:
    before, after = dict(_flat(old)), dict(_flat(new))
    known = _words()["fields"]
    for path in [*known, *sorted((before.keys() | after.keys()) - known.keys())]:
        if before.get(path) != after.get(path):
            yield _difference(
                "field",
                path,
                "field",
                name=name_of("fields", path),
                old=_value(before.get(path)),
                new=_value(after.get(path)),
            )


def _flat(document: Content, above: str = "") -> Iterator[tuple[str, Any]]:
    """Fields by path, one level deep: `benefit.amount`."""
    for name, value in document.items():
        if not above and name in _APART:
            continue
        if isinstance(value, Mapping) and not above:
            yield from _flat(value, f"{name}.")
        elif value is not None:
            yield above + name, value


def _value(value: Any) -> Words:
    if value is None or value in ([], {}):
        return name_of("says", "nothing")
    if isinstance(value, int):
        return f"{value:,}".replace(",", "."), f"{value:,}"
    if isinstance(value, Mapping):
        return _same(", ".join(f"{key}: {one}" for key, one in sorted(value.items())))
    return _same(", ".join(map(str, value)) if isinstance(value, list) else str(value))


def _reasons(old: Content, new: Content) -> Iterator[Difference]:
    for code in [*old, *(code for code in new if code not in old)]:
        before, after = (_sentences(reasons.get(code)) for reasons in (old, new))
        saying = (
            "reason_added" if code not in old else "reason_removed" if code not in new else "reason_changed"
        )
        if before != after:
            yield _difference("reason", code, saying, code=_same(code), old=before, new=after)


def _sentences(reason: Content | None) -> Words:
    return (reason["vi"], reason["en"]) if reason else ("", "")


def _tables(old: Content, new: Content) -> Iterator[Difference]:
    for name in _words()["tables"]:
        yield from _rows(name, _table(old, name), _table(new, name))


def _table(rules: Content, name: str) -> Content:
    content: Content = next(node["content"] for node in rules["nodes"] if node["name"] == name)
    return content


def _rows(name: str, old: Content, new: Content) -> Iterator[Difference]:
    before, after = ({row["_id"]: _cells(table, row) for row in table["rules"]} for table in (old, new))
    table = name_of("tables", name)
    for row in [*before, *(row for row in after if row not in before)]:
        about = {"table": table, "row": _same(row)}
        where = f"{name}.{row}"
        if row not in before:
            yield _difference("row", where, "row_added", new=_in_words(after[row]), **about)
        elif row not in after:
            yield _difference("row", where, "row_removed", old=_in_words(before[row]), **about)
        else:
            yield from _changed(where, about, before[row], after[row])
    kept = [row for row in before if row in after], [row for row in after if row in before]
    if kept[0] != kept[1]:
        orders = (_same(", ".join(rows)) for rows in kept)
        yield _difference("row", name, "order", table=table, old=next(orders), new=next(orders))


def _changed(where: str, about: Mapping[str, Words], old: Content, new: Content) -> Iterator[Difference]:
    for field in [*old, *(field for field in new if field not in old)]:
        before, after = old.get(field, ""), new.get(field, "")
        if before != after:
            yield _difference(
                "row",
                where,
                "row_changed",
                name=_column(field),
                old=_cell(before),
                new=_cell(after),
                **about,
            )


def _cells(table: Content, row: Content) -> dict[str, str]:
    """Field → cell, without the output that only repeats the row's id."""
    columns = (*table["inputs"], *table["outputs"])
    cells = {column["field"]: str(row.get(column["id"], "")).strip() for column in columns}
    return {field: cell for field, cell in cells.items() if field != "row"}


def _in_words(cells: Content) -> Words:
    """A whole row: what it asks for and what it answers, without what may be anything."""
    said = [(_column(field), _cell(cell)) for field, cell in cells.items() if cell]
    vi, en = ("; ".join(f"{name[place]} {cell[place]}" for name, cell in said) for place in (0, 1))
    return vi, en


def _column(field: str) -> Words:
    return name_of("outputs" if field in _words()["outputs"] else "facts", field)


def _cell(cell: str) -> Words:
    return _same(cell) if cell else name_of("says", "any")
