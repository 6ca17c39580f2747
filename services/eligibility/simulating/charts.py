"""A simulation's report as bar charts, in plain SVG: one picture, or a page with its tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from services.eligibility.simulating.report import OUTCOMES, SMALL_GROUPS, Line, Report
from services.eligibility.simulating.tables import headline, note_on_groups, tables, word

MOST_BARS = 20
"""Communes in a chart: those that change most."""
WIDTH, LABELS, NUMBERS = 960, 300, 120
BAR, GAP, TITLE = 14, 6, 40
BEFORE, AFTER = "#b1b4b6", "#1d70b8"
STYLE = (
    "body{font-family:'Be Vietnam Pro',Arial,sans-serif;margin:2em}td,th{padding:.2em .8em;text-align:left}"
)
_FONT = "font-family='Be Vietnam Pro, Arial, sans-serif'"


@dataclass(frozen=True, slots=True)
class Bars:
    """One chart: each row has a label and two numbers, before and after."""

    title: str
    rows: tuple[tuple[str, int, int], ...]

    @property
    def height(self) -> int:
        return TITLE + len(self.rows) * (2 * BAR + GAP) + GAP


def bars(report: Report, language: str) -> list[Bars]:
    """The charts of a report: outcomes, money, communes, ethnic groups, reasons."""
    money = report.money
    return [
        Bars(word("titles", "flows", language), tuple(_outcomes(report, language))),
        Bars(
            word("titles", "money", language),
            (
                (word("columns", "money_after", language), money.needed_before, money.needed_after),
                (word("money", "budget", language), money.budget, money.budget),
            ),
        ),
        Bars(word("titles", "communes", language), _lines(report.communes, language)),
        Bars(word("titles", "groups", language), _lines(report.groups, language)),
        Bars(
            word("titles", "reasons", language),
            tuple((_words(one.vi, one.en, language), one.before, one.after) for one in report.reasons),
        ),
    ]


def _outcomes(report: Report, language: str) -> list[tuple[str, int, int]]:
    return [
        (
            word("outcomes", outcome, language),
            sum(number for (before, _), number in report.flows.items() if before == outcome),
            sum(number for (_, after), number in report.flows.items() if after == outcome),
        )
        for outcome in OUTCOMES
    ]


def _lines(lines: Sequence[Line], language: str) -> tuple[tuple[str, int, int], ...]:
    """Households that are eligible before and after, where most changes first."""
    most = sorted(lines, key=lambda line: (-line.changed, -line.cases, line.code))[:MOST_BARS]
    other = word("summary", "other", language)
    return tuple(
        (other if line.code == SMALL_GROUPS else line.name, line.eligible_before, line.eligible_after)
        for line in most
    )


def _words(vi: str, en: str, language: str) -> str:
    return vi if language == "vi" else en


def svg(report: Report, language: str) -> str:
    """All charts below each other in one picture."""
    drawn, top = [_legend(language)], 2 * TITLE - GAP
    for chart in bars(report, language):
        drawn.append(_chart(chart, top, language))
        top += chart.height
    title = escape(" · ".join(headline(report, language)))  # quotes too: it is an attribute as well
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {top}' width='{WIDTH}' height='{top}'"
        f" role='img' aria-label='{title}' {_FONT}>"
        f"<rect width='{WIDTH}' height='{top}' fill='#ffffff'/>"
        f"<text x='{GAP}' y='{TITLE // 2 + GAP}' font-size='15'>{title}</text>{''.join(drawn)}</svg>"
    )


def _legend(language: str) -> str:
    """What the two colours mean."""
    parts = []
    for place, (name, colour) in enumerate((("before", BEFORE), ("after", AFTER))):
        left = GAP + place * LABELS // 2
        parts.append(
            f"<rect x='{left}' y='{TITLE}' width='{BAR}' height='{BAR}' fill='{colour}'/>"
            f"<text x='{left + BAR + GAP}' y='{TITLE + BAR - 2}' font-size='13'>"
            f"{escape(word('columns', name, language))}</text>"
        )
    return "".join(parts)


def _chart(chart: Bars, top: int, language: str) -> str:
    largest = max((number for _, *both in chart.rows for number in both), default=0)
    room = WIDTH - LABELS - NUMBERS
    heading = f"<text x='{GAP}' y='{top + TITLE - 14}' font-size='17' font-weight='bold'>"
    parts = [f"{heading}{escape(chart.title)}</text>"]
    for place, (label, *both) in enumerate(chart.rows):
        y = top + TITLE + place * (2 * BAR + GAP)
        parts.append(f"<text x='{GAP}' y='{y + BAR + 4}' font-size='13'>{escape(_short(label))}</text>")
        for line, (number, colour) in enumerate(zip(both, (BEFORE, AFTER), strict=True)):
            length = room * max(number, 0) // largest if largest else 0
            above = y + line * BAR
            parts.append(
                f"<rect x='{LABELS}' y='{above}' width='{length}' height='{BAR - 1}' fill='{colour}'/>"
                f"<text x='{LABELS + length + GAP}' y='{above + BAR - 3}' font-size='12'>"
                f"{_number(number, language)}</text>"
            )
    return "".join(parts)


def _short(label: str, longest: int = 40) -> str:
    return label if len(label) <= longest else label[: longest - 1] + "…"


def _number(number: int, language: str) -> str:
    return f"{number:,}".replace(",", "." if language == "vi" else ",")


def page(report: Report, language: str) -> str:
    """The charts and the tables as a page of its own that needs nothing else."""
    title, *sentences = headline(report, language)
    parts = [
        f"<h1>{escape(title)}</h1>",
        *(f"<p>{escape(one)}</p>" for one in sentences),
        svg(report, language),
    ]
    for table in tables(report, language):
        parts.append(f"<h2>{escape(table.title)}</h2>")
        if table.name == "groups":
            parts.append(f"<p>{escape(note_on_groups(language))}</p>")
        heads = "".join(f"<th>{escape(head)}</th>" for head in table.heads)
        rows = "".join(
            "<tr>" + "".join(f"<td>{_shown(value, language)}</td>" for value in row) + "</tr>"
            for row in table.rows
        )
        parts.append(f"<table><tr>{heads}</tr>{rows}</table>")
    return (
        f"<!doctype html><html lang='{language}'><head><meta charset='utf-8'><title>{escape(title)}</title>"
        f"<style>{STYLE}</style></head><body>{''.join(parts)}</body></html>"
    )


def _shown(value: str | int, language: str) -> str:
    return _number(value, language) if isinstance(value, int) else escape(value)
