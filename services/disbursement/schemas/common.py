"""The fields that several schemas share. Amounts are whole đồng, dates ISO text, communes five digits."""

import re

from marshmallow import RAISE, Schema, fields, validate

from shared.events.schemas import SLUG_TEXT

LARGEST_AMOUNT = 10**15
SLUG_PATTERN = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


class Body(Schema):
    class Meta:
        unknown = RAISE


def dong(least: int = 1) -> fields.Integer:
    return fields.Integer(required=True, strict=True, validate=validate.Range(min=least, max=LARGEST_AMOUNT))


def line(longest: int) -> fields.String:
    return fields.String(
        required=True,
        validate=[validate.Length(min=1, max=longest), validate.Regexp(r"^[^\x00]*\S[^\x00]*$")],
    )


def shop_of_till() -> fields.String:
    """Which shop of the enterprise a till system speaks for; a clerk's token says it for a clerk."""
    return fields.String(load_default=None, allow_none=True, validate=SLUG_TEXT)


def slug() -> fields.String:
    return fields.String(required=True, validate=SLUG_TEXT)
