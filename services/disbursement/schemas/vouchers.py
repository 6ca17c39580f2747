"""Vouchers."""

from marshmallow import Schema, fields, validate

from services.disbursement.schemas.common import Body
from shared.events.schemas import CODE_TEXT, COMMUNE_TEXT, SLUG_TEXT
from shared.web import PageQuery

VOUCHER_STATES = ("issued", "redeemed", "expired", "cancelled", "reissued")


class VoucherQuery(PageQuery):
    programme_id = fields.String(load_default=None, validate=SLUG_TEXT)
    commune = fields.String(load_default=None, validate=COMMUNE_TEXT)
    status = fields.String(load_default=None, validate=validate.OneOf(VOUCHER_STATES))


class VoucherResponse(Schema):
    voucher_id = fields.String()
    application_id = fields.String()
    household_id = fields.String()
    commune = fields.String()
    status = fields.String()
    locked = fields.Boolean()
    ended_reason = fields.String(allow_none=True)
    replaces = fields.String(allow_none=True)
    amount = fields.Integer()
    expires_on = fields.Date()


class VoucherPage(Schema):
    items = fields.List(fields.Nested(VoucherResponse))
    next_cursor = fields.String(allow_none=True)


class ReasonRequest(Body):
    """`reason` is a code, such as LOST, DAMAGED, ISSUED_IN_ERROR or HOUSEHOLD_CAME."""

    reason = fields.String(required=True, validate=CODE_TEXT)
