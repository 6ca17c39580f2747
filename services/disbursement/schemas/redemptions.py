"""Redemption at a shop."""

from marshmallow import Schema, fields, validate

from services.disbursement.schemas.common import Body, dong, line, shop_of_till
from shared.events.schemas import HASH_TEXT

LONGEST_CODE = 200
"""A code in groups, or a whole token out of the QR code."""


class LookupRequest(Body):
    code = line(LONGEST_CODE)
    shop_id = shop_of_till()


class LookupResponse(Schema):
    """What a clerk must check before anything is sold; nothing about the household."""

    status = fields.String()
    sentence_vi = fields.String()
    sentence_en = fields.String()
    amount = fields.Integer()
    minimum_price = fields.Integer()
    maximum_price = fields.Integer(allow_none=True)
    handset_kinds = fields.List(fields.String(), allow_none=True)
    expires_on = fields.Date()
    programme_name_vi = fields.String()
    programme_name_en = fields.String()


class ReceiptField(Body):
    """The signed receipt: what the shop files it under, and the SHA-256 of its picture."""

    reference = line(100)
    sha256 = fields.String(required=True, validate=HASH_TEXT)


class RedemptionRequest(Body):
    code = line(LONGEST_CODE)
    shop_id = shop_of_till()
    pin = line(20)
    imeis = fields.List(line(40), required=True, validate=validate.Length(min=1, max=2))
    model = line(100)
    price = dong()
    id_checked = fields.Boolean(required=True, truthy={True}, falsy={False})
    receipt = fields.Nested(ReceiptField, load_default=None, allow_none=True)


class RedemptionResponse(Schema):
    redemption_id = fields.String()
    voucher_id = fields.String()
    price = fields.Integer()
    subsidy = fields.Integer()
    household_pays = fields.Integer()
