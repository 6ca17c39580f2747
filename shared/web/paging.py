"""One way to page: `?cursor=…&limit=…`. A cursor is opaque text that holds where the last page ended."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from marshmallow import RAISE, Schema, fields, validate

from shared.web.problems import Problem

MAX_LIMIT = 500


class PageQuery(Schema):
    """Query arguments of a listing."""

    class Meta:
        unknown = RAISE

    cursor = fields.String(load_default=None, validate=validate.Length(max=500))
    limit = fields.Integer(load_default=50, validate=validate.Range(min=1, max=MAX_LIMIT))


@dataclass(frozen=True, slots=True)
class Page:
    """`items` of one page, and the cursor of the next (None on the last)."""

    items: Sequence[Any]
    next_cursor: str | None


def encode_cursor(*position: Any) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(position, default=str)).decode().rstrip("=")


def decode_cursor(cursor: str, length: int) -> list[Any]:
    """The position a cursor holds. Raises Problem 400 for text that is no cursor of ours."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        position = orjson.loads(base64.urlsafe_b64decode(padded))
    except (binascii.Error, ValueError) as error:
        raise Problem(400, "CURSOR_INVALID") from error
    if not isinstance(position, list) or len(position) != length:
        raise Problem(400, "CURSOR_INVALID")
    return position
