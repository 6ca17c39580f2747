"""Shops."""

from marshmallow import Schema, fields

from services.disbursement.schemas.common import Body, line, slug
from shared.events.schemas import COMMUNE_TEXT


class ShopRequest(Body):
    shop_id = slug()
    enterprise_id = slug()
    name = line(200)
    commune = fields.String(required=True, validate=COMMUNE_TEXT)


class SuspensionRequest(Body):
    reason = line(500)


class ShopResponse(Schema):
    shop_id = fields.String()
    enterprise_id = fields.String()
    name = fields.String()
    commune = fields.String()
    status = fields.String()


class ShopPage(Schema):
    items = fields.List(fields.Nested(ShopResponse))
    next_cursor = fields.String(allow_none=True)
