"""Money."""

from marshmallow import Schema, fields

from services.disbursement.schemas.common import Body, dong, line


class AllocationRequest(Body):
    amount = dong()
    document = line(200)


class BudgetResponse(Schema):
    programme_id = fields.String()
    allocated = fields.Integer()
    available = fields.Integer()
    reserved = fields.Integer()
    spent = fields.Integer()
