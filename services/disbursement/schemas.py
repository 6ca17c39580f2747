"""What the API takes and gives. Amounts are whole đồng, dates ISO text, communes five digits."""

import re

from marshmallow import RAISE, Schema, fields, validate

from shared.events.schemas import COMMUNE_TEXT, SLUG_TEXT
from shared.web import PageQuery

LARGEST_AMOUNT = 10**15
SLUG_PATTERN = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
PRINTED_AT_ONCE = 2_500
"""The largest communes have as many households; about 12 seconds of typesetting."""
LISTED_AT_ONCE = 10_000
VOUCHER_STATES = ("issued", "redeemed", "expired", "cancelled")


class Body(Schema):
    class Meta:
        unknown = RAISE


def _amount(least: int = 1) -> fields.Integer:
    return fields.Integer(required=True, strict=True, validate=validate.Range(min=least, max=LARGEST_AMOUNT))


def _text(longest: int) -> fields.String:
    return fields.String(
        required=True,
        validate=[validate.Length(min=1, max=longest), validate.Regexp(r"^[^\x00]*\S[^\x00]*$")],
    )


def _slug() -> fields.String:
    return fields.String(required=True, validate=SLUG_TEXT)


class AllocationRequest(Body):
    amount = _amount()
    document = _text(200)


class BudgetResponse(Schema):
    programme_id = fields.String()
    allocated = fields.Integer()
    available = fields.Integer()
    reserved = fields.Integer()
    spent = fields.Integer()


class ShopRequest(Body):
    shop_id = _slug()
    enterprise_id = _slug()
    name = _text(200)
    commune = fields.String(required=True, validate=COMMUNE_TEXT)


class SuspensionRequest(Body):
    reason = _text(500)


class ShopResponse(Schema):
    shop_id = fields.String()
    enterprise_id = fields.String()
    name = fields.String()
    commune = fields.String()
    status = fields.String()


class ShopPage(Schema):
    items = fields.List(fields.Nested(ShopResponse))
    next_cursor = fields.String(allow_none=True)


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
    amount = fields.Integer()
    expires_on = fields.Date()


class VoucherPage(Schema):
    items = fields.List(fields.Nested(VoucherResponse))
    next_cursor = fields.String(allow_none=True)


class PrintRequest(Body):
    programme_id = _slug()
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


class PrintedVoucher(Schema):
    voucher_id = fields.String()
    application_id = fields.String()
    code = fields.String()
    pin = fields.String()
    amount = fields.Integer()
    expires_on = fields.Date()


class PrintResponse(Schema):
    vouchers = fields.List(fields.Nested(PrintedVoucher))


class LookupRequest(Body):
    code = _text(40)


class LookupResponse(Schema):
    status = fields.String()
    amount = fields.Integer()
    minimum_price = fields.Integer()
    expires_on = fields.Date()
    programme_name_vi = fields.String()
    programme_name_en = fields.String()


class RedemptionRequest(Body):
    code = _text(40)
    pin = _text(20)
    imeis = fields.List(_text(40), required=True, validate=validate.Length(min=1, max=2))
    model = _text(100)
    price = _amount()
    id_checked = fields.Boolean(required=True, truthy={True}, falsy={False})


class RedemptionResponse(Schema):
    redemption_id = fields.String()
    voucher_id = fields.String()
    price = fields.Integer()
    subsidy = fields.Integer()
    household_pays = fields.Integer()


class ProgrammeQuery(Body):
    programme_id = _slug()


class FunnelResponse(Schema):
    programme_id = fields.String()
    issued = fields.Integer()
    waitlisted = fields.Integer()
    redeemed = fields.Integer()
    expired = fields.Integer()
    cancelled = fields.Integer()
    outstanding = fields.Integer()


class LiveStateQuery(PageQuery):
    limit = fields.Integer(load_default=500, validate=validate.Range(min=1, max=500))


class LiveStateItem(Schema):
    key = fields.String()
    state = fields.Dict()


class LiveStatePage(Schema):
    items = fields.List(fields.Nested(LiveStateItem))
    next_cursor = fields.String(allow_none=True)
