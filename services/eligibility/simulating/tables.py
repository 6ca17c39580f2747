"""A simulation's report as tables with headings in either language, for a screen or a workbook."""

import io
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import openpyxl
import yaml
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from services.eligibility.simulating.report import FEWEST, OUTCOMES, SMALL_GROUPS, Line, Report

LANGUAGES = ("vi", "en")
_LINE = (
    "code", "name", "cases", "eligible_before", "eligible_after", "gained", "lost", "changed", "money_after",
)  # fmt: skip
_MONEY = ("amount", "needed_before", "needed_after", "with_referred", "budget", "left", "quota")

Row = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """name: what it is in code; title and heads in the language asked for."""

    name: str
    title: str
    heads: tuple[str, ...]
    rows: tuple[Row, ...]


@cache
def _words() -> dict[str, dict[str, list[str]]]:
    file = resources.files("services.eligibility.simulating") / "words.yaml"
    found: dict[str, dict[str, list[str]]] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return found


def word(group: str, key: str, language: str, **parts: Any) -> str:
    """One text in "vi" or "en", with `parts` filled in."""
    return _words()[group][key][LANGUAGES.index(language)].format(**parts)


def headline(report: Report, language: str) -> list[str]:
    """The report in a few sentences, the title first."""
    draft = f"{report.draft_id} v{report.draft_version}"
    told = [
        word("summary", "title", language, draft=draft, programme=report.programme_id),
        word("summary", "changed", language, changed=report.changed, cases=report.cases),
    ]
    for name, number in (("other_reasons", report.other_reasons), ("unread", report.unread)):
        if number:
            told.append(word("summary", name, language, number=number))
    return told


def note_on_groups(language: str) -> str:
    """Why some groups are not told apart."""
    return word("summary", "hidden", language, fewest=FEWEST)


def tables(report: Report, language: str) -> list[Table]:
    """Everything the report counts, in the order in which people ask."""
    made: dict[str, tuple[tuple[str, ...], list[Row]]] = {
        "flows": (("before", "after", "cases"), _flows(report, language)),
        "money": (("what", "value"), _money(report, language)),
        "communes": (_LINE, [_line(line, language) for line in report.communes]),
        "groups": (_LINE, [_line(line, language) for line in report.groups]),
        "reasons": (
            ("code", "before", "after", "vi", "en"),
            [(one.code, one.before, one.after, one.vi, one.en) for one in report.reasons],
        ),
    }
    return [
        Table(
            name,
            word("titles", name, language),
            tuple(word("columns", head, language) for head in heads),
            tuple(rows),
        )
        for name, (heads, rows) in made.items()
    ]


def _flows(report: Report, language: str) -> list[Row]:
    pairs = [(before, after) for before in OUTCOMES for after in OUTCOMES if (before, after) in report.flows]
    return [
        (word("outcomes", before, language), word("outcomes", after, language), report.flows[before, after])
        for before, after in pairs
    ]


def _money(report: Report, language: str) -> list[Row]:
    values = {name: getattr(report.money, name) for name in _MONEY}
    return [(word("money", name, language), value) for name, value in values.items() if value is not None]


def _line(line: Line, language: str) -> Row:
    values = {name: getattr(line, name) for name in _LINE}
    if line.code == SMALL_GROUPS:
        values["name"] = word("summary", "other", language)
    return tuple(values.values())


def workbook(report: Report) -> bytes:
    """All tables in both languages as an .xlsx, one sheet each."""
    book = openpyxl.Workbook(write_only=True)
    for vietnamese, english in zip(tables(report, "vi"), tables(report, "en"), strict=True):
        sheet = book.create_sheet(f"{vietnamese.title} - {english.title}"[:31])
        if vietnamese.name == "flows":
            for language in LANGUAGES:
                for sentence in headline(report, language):
                    sheet.append([_cell(sheet, sentence)])
        if vietnamese.name == "groups":
            for language in LANGUAGES:
                sheet.append([_cell(sheet, note_on_groups(language))])
        pairs = zip(vietnamese.heads, english.heads, strict=True)
        sheet.append([_cell(sheet, f"{vi} / {en}", bold=True) for vi, en in pairs])
        for mine, theirs in zip(vietnamese.rows, english.rows, strict=True):
            sheet.append([_cell(sheet, _both(one, other)) for one, other in zip(mine, theirs, strict=True)])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _both(vietnamese: str | int, english: str | int) -> str | int:
    return vietnamese if vietnamese == english else f"{vietnamese} / {english}"


def _cell(sheet: Any, value: str | int, *, bold: bool = False) -> Any:
    """A text stays a text, whatever it begins with."""
    cell = WriteOnlyCell(sheet, value)
    if isinstance(value, str):
        cell.data_type = "s"
    if bold:
        cell.font = Font(bold=True)
    return cell
