"""What marshmallow finds wrong, told with a code, the field's path and a sentence in both languages."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn

from marshmallow import Schema, ValidationError

from services.applications.forms import form_problem
from services.applications.lists import Problem as FieldProblem
from shared.web import Problem
from shared.web.problems import wanted_language

WHOLE = "_schema"
"""The field of what is wrong with the body as a whole."""

_CODES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), code)
    for pattern, code in (
        (r"Missing data for required field|Field may not be null", "FIELD_MISSING"),
        (r"Unknown field", "FIELD_UNKNOWN"),
        (r"Not a valid (integer|number)", "FIELD_NOT_A_NUMBER"),
        (r"Not a valid (date|datetime)", "FIELD_NOT_A_DATE"),
        (r"Must be one of: (?P<choices>.*)\.", "FIELD_NOT_A_CHOICE"),
        (r"Not a valid (?P<choices>boolean)", "FIELD_NOT_A_CHOICE"),
        (r"Not a valid UUID", "FIELD_NOT_AN_ID"),
        (r"Must be .* equal to (?P<least>-?\d+) and .* equal to (?P<most>-?\d+)", "FIELD_RANGE"),
        (r"Length must be between (?P<least>\d+) and (?P<most>\d+)", "FIELD_LENGTH"),
        (r"Longer than maximum length (?P<most>\d+)", "FIELD_LENGTH"),
        (r"Shorter than minimum length (?P<least>\d+)", "FIELD_MISSING"),
        (r"This text holds characters that cannot be printed", "FIELD_NOT_PRINTABLE"),
        (r"A commune code has five digits", "FIELD_COMMUNE"),
        (r"Not a programme id", "FIELD_PROGRAMME"),
        (r"Capital letters, digits and _ only", "FIELD_CODE"),
        (r"", "FIELD_INVALID"),
    )
)
_YES_OR_NO = "true, false"


def problems_of(messages: Any) -> tuple[FieldProblem, ...]:
    """The problems in marshmallow's messages, nested as the form is."""
    return tuple(_problem(field, message) for field, message in _flat(messages, ()))


def invalid(problems: Sequence[FieldProblem]) -> Problem:
    """The 422 of a form: `errors` in the language the request prefers, `facts.problems` in both."""
    told = [one for one in problems if one.severity == "error"]
    facts = [
        {"field": one.field, "code": one.code, "message_vi": one.message_vi, "message_en": one.message_en}
        for one in told
    ]
    return Problem(422, "INVALID_FIELDS", errors={"json": _nested(told)}, problems=facts)


class Told(Schema):
    """A body whose every wrong field is told with a code and in both languages."""

    def handle_error(
        self,
        error: ValidationError,
        data: Any,  # noqa: ARG002 - marshmallow hands it over by name
        *,
        many: bool,  # noqa: ARG002
        **_: Any,
    ) -> NoReturn:
        raise invalid(problems_of(error.messages)) from error


def _problem(field: str, message: str) -> FieldProblem:
    for pattern, code in _CODES:
        found = pattern.match(message)
        if found:
            facts = {"least": 0, **found.groupdict()}
            if facts.get("choices") == "boolean":
                facts["choices"] = _YES_OR_NO
            return form_problem(field, code, **facts)
    raise AssertionError("the last pattern fits everything")


def _flat(node: Any, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if isinstance(node, Mapping):
        for name, below in node.items():
            yield from _flat(below, path if name == WHOLE and path else (*path, str(name)))
    elif isinstance(node, list):
        for below in node:
            yield from _flat(below, path)
    else:
        yield ".".join(path), str(node)


def _nested(problems: Sequence[FieldProblem]) -> dict[str, Any]:
    """Problems by field, nested as the form is, in the language that the request prefers."""
    english = wanted_language() == "en"
    found: dict[str, Any] = {}
    for problem in problems:
        _put(found, problem.field.split("."), problem.message_en if english else problem.message_vi)
    return found


def _put(found: dict[str, Any], path: Sequence[str], message: str) -> None:
    """Messages are lists; one about a whole that has messages below stands beside those."""
    place: Any = found
    for name in path[:-1]:
        place = place.setdefault(name, {})
        if isinstance(place, list):
            place.append(message)
            return
    end = place.setdefault(path[-1], [])
    (end if isinstance(end, list) else end.setdefault(WHOLE, [])).append(message)
