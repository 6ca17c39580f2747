"""The fields that several schemas share, and problem details."""

from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from services.applications import domain
from shared.reference.text import nfc

COMMUNE = validate.Regexp(r"^\d{5}\Z", error="A commune code has five digits.")
SLUG = validate.Regexp(r"^[a-z0-9][a-z0-9-]{0,63}\Z", error="Not a programme id.")
CODE = validate.Regexp(r"^[A-Z0-9_]{2,60}\Z", error="Capital letters, digits and _ only.")
MAX_KEYS = 1000


class Line(fields.String):
    """One line of text, kept as NFC without outer blanks; control characters are refused."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        line = super()._deserialize(value, attr, data, **options)
        if not domain.printable(line.translate(_BLANKS)):
            raise ValidationError("This text holds characters that cannot be printed.")
        return nfc(line)


_BLANKS = str.maketrans("\t\r\n", "   ")


class Strict(Schema):
    class Meta:
        unknown = RAISE


def line(longest: int = domain.LONGEST_LINE, **options: Any) -> Line:
    return Line(validate=validate.Length(min=1, max=longest), **options)


def optional_line(longest: int = domain.LONGEST_LINE) -> Line:
    return Line(load_default=None, allow_none=True, validate=validate.Length(max=longest))


def commune(**options: Any) -> fields.String:
    """A 5-digit commune code of today."""
    return fields.String(validate=COMMUNE, metadata={"example": "01075"}, **options)


def programme(**options: Any) -> fields.String:
    return fields.String(validate=SLUG, **options)


def count(least: int, most: int, **options: Any) -> fields.Integer:
    return fields.Integer(strict=True, validate=validate.Range(least, most), **options)


class ProblemCore(Schema):
    """RFC 9457 problem details. `code` is stable; `detail_vi` and `detail_en` say what to do next."""

    type = fields.String()
    title = fields.String()
    status = fields.Integer()
    code = fields.String()
    detail = fields.String()
    detail_vi = fields.String()
    detail_en = fields.String()
    instance = fields.String(allow_none=True)
    errors = fields.Dict()


class ProblemDetails(ProblemCore):
    """RFC 9457 problem details with whatever facts the code has."""

    facts = fields.Dict()


class FormWarning(Schema):
    field = fields.String()
    code = fields.String()
    message_vi = fields.String()
    message_en = fields.String()


class FormProblem(FormWarning):
    """An error keeps the form out; a warning travels with the application."""

    severity = fields.String()
