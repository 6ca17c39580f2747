"""What every form page needs: reading what a person typed, errors that name their field, and a key that
makes sending twice harmless."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TypedDict

from flask import Flask, request
from uuid_utils.compat import uuid7

from services.portal.apis import ApiDown, ApiProblem
from services.portal.i18n import has_text, t

KEY = "idempotency_key"
DAY_FIRST = re.compile(r"(\d{1,2})\s*[/.\-]\s*(\d{1,2})\s*[/.\-]\s*(\d{4})")


class FormError(TypedDict):
    """One line of the error summary; `href` leads to the field."""

    text: str
    href: str


def error(field: str, text: str) -> FormError:
    """`text` says what to do about the input with the id `field`."""
    return {"text": text, "href": f"#{field}"}


def errors_of(problem: ApiProblem, places: Mapping[str, str] | None = None) -> list[FormError]:
    """An API's refusal as lines of the summary: one per field it named, else the refusal itself.

    `places` maps a field of the API to the input that holds it, where the two differ.
    """
    said: dict[str, str] = {}
    for field, messages in problem.fields.items():
        said.setdefault((places or {}).get(field, field), in_words(messages[0]))
    named = [error(place, _with_label(place, message)) for place, message in said.items()]
    return named or [error("main-content", problem.message)]


def _with_label(field: str, message: str) -> str:
    key = f"field.{re.sub(r'[.]?[0-9]+$', '', field)}"
    return f"{t(key)}: {message}" if has_text(key) else message


CHECKS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), name)
    for pattern, name in (
        (
            r"Missing data for required field|Field may not be null|Shorter than minimum length 1\.",
            "required",
        ),
        (r"Unknown field", "unknown"),
        (r"Not a valid (integer|number)", "number"),
        (r"Not a valid (date|datetime)", "date"),
        (r"Not a valid boolean", "choice"),
        (r"Must be one of", "choice"),
        (r"Not a valid UUID", "uuid"),
        (
            r"Must be greater than or equal to (?P<least>-?\d+) and less than or equal to (?P<most>-?\d+)",
            "range",
        ),
        (r"Must be greater than or equal to (?P<least>-?\d+)", "least"),
        (r"Must be greater than (?P<least>-?\d+)", "above"),
        (r"Must be less than or equal to (?P<most>-?\d+)", "most"),
        (r"Length must be between (?P<least>\d+) and (?P<most>\d+)", "length"),
        (r"Longer than maximum length (?P<most>\d+)", "long"),
        (r"Shorter than minimum length (?P<least>\d+)", "short"),
        (r"Length must be (?P<equal>\d+)", "exact"),
        (r"Capital letters, digits and _ only", "letters"),
        (r"This text holds characters that cannot be printed|One line of text", "printable"),
        (r"A commune code has five digits", "commune"),
        (r"Not a programme id", "slug"),
        (r"String does not match expected pattern", "form"),
        (r"Not a valid|Invalid (value|input)", "invalid"),
    )
)
"""What marshmallow says, in English, and the text `check.<name>` that says it to a person."""


def in_words(message: str) -> str:
    """A field's message in the reader's language; one we do not know stays as the service wrote it."""
    for pattern, name in CHECKS:
        found = pattern.match(message)
        if found:
            return t(f"check.{name}", **found.groupdict())
    return message


def silence() -> list[FormError]:
    """The summary's line for a form that got no answer: sending it again is safe, the key stays."""
    return [error("main-content", t("down.unsure_form"))]


def failure(
    trouble: ApiProblem | ApiDown, key: str, places: Mapping[str, str] | None = None
) -> tuple[list[FormError], int, str]:
    """What a form shows after it failed: errors, status, and the key for the next try.

    A refusal is remembered under its key, so that a corrected form needs a new one; after silence the old
    key stays, and what was recorded is not recorded twice.
    """
    if isinstance(trouble, ApiDown):
        return silence(), 503, key
    return errors_of(trouble, places), 422 if trouble.fields else trouble.status, new_key()


def error_for(errors: Sequence[FormError], field: str) -> dict[str, str] | None:
    """The first error of `field`, as a component's `errorMessage` wants it."""
    return next(({"text": found["text"]} for found in errors if found["href"] == f"#{field}"), None)


def new_key() -> str:
    """An idempotency key for one filling-in of a form; it travels in the form and back on every try."""
    return str(uuid7())


def form_key() -> str:
    """The key that came with the form; a fresh one where none did."""
    return request.form.get(KEY, "")[:200] or new_key()


def typed(name: str) -> str:
    """What was typed into `name`, without outer blanks."""
    return request.form.get(name, "").strip()


def day_typed(text: str) -> str:
    """`text` as an ISO date when it is a day written dd/mm/yyyy; else as it stands, for the API to refuse."""
    found = DAY_FIRST.fullmatch(text.strip())
    if not found:
        return text.strip()
    day, month, year = (int(part) for part in found.groups())
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return text.strip()


def whole_typed(text: str) -> int | str:
    """`text` as a whole number, its points, commas, blanks and "đ" ignored; else as it stands."""
    digits = re.sub(r"[.,\s]|đồng|đ$", "", text.strip())
    return int(digits) if re.fullmatch(r"[0-9]{1,18}", digits) else text.strip()


def choice_typed(text: str) -> bool | None:
    """A yes or no of two radios; None when neither was pressed."""
    return {"yes": True, "no": False}.get(text)


def filled(values: Mapping[str, object]) -> dict[str, object]:
    """`values` without those left empty, so that an API names them as missing."""
    return {name: value for name, value in values.items() if value not in ("", None)}


def init_app(app: Flask) -> None:
    """Give templates `error_for`."""
    app.jinja_env.globals["error_for"] = error_for
