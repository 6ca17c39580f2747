"""Redemption at a shop."""

from marshmallow import Schema, fields, validate

from services.disbursement.schemas.common import Body, dong, line


class LookupRequest(Body):
    code = line(40)


class LookupResponse(Schema):
    status = fields.String()
    amount = fields.Integer()
    minimum_price = fields.Integer()
    expires_on = fields.Date()
    programme_name_vi = fields.String()
    programme_name_en = fields.String()


class RedemptionRequest(Body):
    code = line(40)
    pin = line(20)
    imeis = fields.List(line(40), required=True, validate=validate.Length(min=1, max=2))
    model = line(100)
    price = dong()
    id_checked = fields.Boolean(required=True, truthy={True}, falsy={False})


class RedemptionResponse(Schema):
    redemption_id = fields.String()
    voucher_id = fields.String()
    price = fields.Integer()
    subsidy = fields.Integer()
    household_pays = fields.Integer()
