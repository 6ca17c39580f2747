"""Texts in Vietnamese and English, and how money and dates look.

A text is found by its key (`login.title`); both languages hold the same keys, which a test proves. The
language is the reader's own choice (a cookie), else what the browser asks for, else Vietnamese.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml
from flask import Flask, g, has_request_context, request

LANGUAGES = ("vi", "en")
DEFAULT = "vi"
COOKIE = "language"
TIMEZONE = ZoneInfo("Asia/Ho_Chi_Minh")
FOLDER = Path(__file__).parent / "texts"


@cache
def texts(language: str) -> Mapping[str, str]:
    """All texts of one language by dotted key, from the files of its folder. ValueError for a key twice."""
    found: dict[str, str] = {}
    for file in sorted((FOLDER / language).glob("*.yaml")):
        for key, text in _leaves(yaml.safe_load(file.read_text(encoding="utf-8")), ""):
            if key in found:
                raise ValueError(f"the text {key} stands twice, again in {file.name}")
            found[key] = text
    return found


def _leaves(tree: Mapping[str, object], prefix: str) -> Iterator[tuple[str, str]]:
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", str(value)


def language() -> str:
    """The language of this request; the default outside of one."""
    if not has_request_context():
        return DEFAULT
    if "language" not in g:
        chosen = request.cookies.get(COOKIE)
        if chosen not in LANGUAGES:
            chosen = request.accept_languages.best_match(LANGUAGES, DEFAULT)
        g.language = chosen
    return str(g.language)


def t(key: str, **facts: object) -> str:
    """The text `key` in the reader's language, its `{name}` places filled. KeyError if there is none."""
    text = texts(language())[key]
    return text.format(**facts) if facts else text


def has_text(key: str) -> bool:
    """Whether `key` exists; for codes that come from elsewhere, such as a problem's `code`."""
    return key in texts(DEFAULT)


def money(dong: int) -> str:
    """Whole đồng as people write them here: 500.000 đ (no-break space, so that it never wraps)."""
    return f"{dong:,}".replace(",", ".") + "\N{NO-BREAK SPACE}đ"


def count(number: int) -> str:
    """A number as people write it here: 1.250."""
    return f"{number:,}".replace(",", ".")


def day(value: date | datetime | str) -> str:
    """dd/mm/yyyy; an instant is first brought to Viet Nam's time. Strings are ISO 8601."""
    return _local(value).strftime("%d/%m/%Y")


def moment(value: datetime | str) -> str:
    """dd/mm/yyyy hh:mm in Viet Nam's time."""
    return _local(value).strftime("%d/%m/%Y %H:%M")


def _local(value: date | datetime | str) -> date | datetime:
    if isinstance(value, str):
        value = datetime.fromisoformat(value) if len(value) > len("2026-01-31") else date.fromisoformat(value)
    if isinstance(value, datetime):
        return value.astimezone(TIMEZONE)
    return value


def init_app(app: Flask) -> None:
    """Give templates `t`, `language` and the filters `money`, `count`, `day`, `moment`."""
    app.jinja_env.globals.update(t=t, has_text=has_text, language=language)
    app.jinja_env.filters.update(money=money, count=count, day=day, moment=moment)
