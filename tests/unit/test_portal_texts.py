"""Every text exists in both languages; money and dates look as people here write them."""

import re
import string
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from services.portal import i18n
from services.portal.i18n import LANGUAGES, day, moment, money, texts
from services.portal.navigation import TASKS

PORTAL = Path(i18n.__file__).parent
SOURCES = [*PORTAL.rglob("*.html"), *PORTAL.rglob("*.py")]
WHOLE = re.compile(r"""\bt\(\s*["']([a-z][\w.]*)["']\s*[,)]""")
BEGINNING = re.compile(r"""\bt\(\s*f?["']([a-z][\w.]*\.)(?:["']\s*~|\{)""")
CHOICES = re.compile(r"""\boptions\([\w]+, ["']([a-z.]+)["']""")


def used(pattern: re.Pattern[str]) -> set[str]:
    return {key for path in SOURCES for key in pattern.findall(path.read_text(encoding="utf-8"))}


def test_both_languages_hold_the_same_keys():
    assert set(texts("vi")) == set(texts("en"))


def test_the_same_places_are_filled_in_both_languages():
    def places(text: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    for key, text in texts("vi").items():
        assert places(text) == places(texts("en")[key]), key


def test_every_key_in_templates_and_code_exists():
    keys = used(WHOLE)
    assert {"login.title", "account.wrong"} <= keys, "the search itself must find what is there"
    assert keys <= set(texts("vi"))


NAMED_ELSEWHERE = {
    "poverty.",  # wording.py picks the group by the fact's name
    "priority.",
    "identity.",
    "doubts.",
    "duplicate.",
    "field.",  # forms.py puts a field's label before what is wrong with it
}


def test_every_text_is_used():
    beginnings = tuple({*used(BEGINNING), *(f"{name}." for name in used(CHOICES)), *NAMED_ELSEWHERE})
    assert "task." in beginnings
    unused = {key for key in texts("vi") if key not in used(WHOLE) and not key.startswith(beginnings)}
    assert not unused


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_every_task_has_its_texts(task):
    for part in ("menu", "title", "hint"):
        assert f"task.{task.name}.{part}" in texts("vi")
    assert f"service.{task.service}" in texts("vi")


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_empty(language):
    assert [key for key, text in texts(language).items() if not text.strip()] == []


def test_money_is_grouped_by_points_and_never_wraps():
    assert money(500_000) == "500.000\N{NO-BREAK SPACE}đ"
    assert money(0) == "0\N{NO-BREAK SPACE}đ"
    assert money(-1_250_000_000) == "-1.250.000.000\N{NO-BREAK SPACE}đ"


def test_dates_are_those_of_viet_nam():
    late = datetime(2026, 1, 31, 18, 30, tzinfo=UTC)  # already 1 February in Hà Nội
    assert day(late) == "01/02/2026"
    assert day("2026-01-31T18:30:00+00:00") == day("2026-01-31T18:30:00Z") == "01/02/2026"
    assert day("2026-01-31") == day(date(2026, 1, 31)) == "31/01/2026"
    assert moment(late) == "01/02/2026 01:30"
