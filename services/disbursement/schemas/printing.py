"""Vouchers on paper."""

from marshmallow import Schema, fields, validate

from services.disbursement.schemas.common import Body, slug
from shared.events.schemas import COMMUNE_TEXT

PRINTED_AT_ONCE = 2_500
"""The largest communes have as many households; about 20 seconds of typesetting."""
LISTED_AT_ONCE = 10_000


class PrintRequest(Body):
    programme_id = slug()
    commune = fields.String(required=True, validate=COMMUNE_TEXT)
    application_ids = fields.List(
        fields.UUID(),
        load_default=None,
        allow_none=True,
        validate=validate.Length(min=1, max=LISTED_AT_ONCE),
    )
    labels = fields.Dict(
        keys=fields.UUID(), values=fields.String(validate=validate.Length(max=200)), load_default=dict
    )
    villages = fields.Dict(
        keys=fields.UUID(),
        values=fields.String(validate=validate.Length(max=200)),
        load_default=dict,
        metadata={"description": "Where each application's household lives: sheets come village by village."},
    )


class PrintedVoucher(Schema):
    voucher_id = fields.String()
    application_id = fields.String()
    code = fields.String()
    pin = fields.String()
    amount = fields.Integer()
    expires_on = fields.Date()


class PrintResponse(Schema):
    vouchers = fields.List(fields.Nested(PrintedVoucher))
