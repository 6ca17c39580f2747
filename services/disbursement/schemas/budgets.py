"""Money."""

from marshmallow import Schema, ValidationError, fields, validate

from services.disbursement.schemas.common import LARGEST_AMOUNT, Body, dong, line
from shared.events.schemas import COMMUNE_TEXT, PROVINCE_TEXT


class PlaceQuery(Body):
    """Which budget of the programme: a commune's, a province's, or, with neither, the programme's own."""

    province = fields.String(load_default=None, allow_none=True, validate=PROVINCE_TEXT)
    commune = fields.String(load_default=None, allow_none=True, validate=COMMUNE_TEXT)


class AllocationRequest(PlaceQuery):
    amount = dong()
    document = line(200)


def _not_zero(value: int) -> int:
    if value == 0:
        raise ValidationError("An adjustment changes something.")
    return value


class AdjustmentRequest(PlaceQuery):
    """`change` may be negative: money taken back that was promised to nobody."""

    change = fields.Integer(
        required=True,
        strict=True,
        validate=[validate.Range(min=-LARGEST_AMOUNT, max=LARGEST_AMOUNT), _not_zero],
    )
    document = line(200)
    reason = line(500)


class MoveRequest(Body):
    source = fields.Nested(PlaceQuery, required=True)
    target = fields.Nested(PlaceQuery, required=True)
    amount = dong()
    document = line(200)
    reason = line(500)


class StatementQuery(PlaceQuery):
    as_of = fields.Date(load_default=None)


class BudgetResponse(Schema):
    """allocated = available + reserved + spent + distributed."""

    budget_id = fields.String()
    programme_id = fields.String()
    province = fields.String(allow_none=True)
    commune = fields.String(allow_none=True)
    allocated = fields.Integer()
    available = fields.Integer()
    reserved = fields.Integer()
    spent = fields.Integer()
    distributed = fields.Integer()


class BudgetTree(Schema):
    items = fields.List(fields.Nested(BudgetResponse))


class MoveResponse(Schema):
    source = fields.Nested(BudgetResponse)
    target = fields.Nested(BudgetResponse)


class Accounts(Schema):
    allocated = fields.Integer()
    available = fields.Integer()
    reserved = fields.Integer()
    spent = fields.Integer()
    distributed = fields.Integer()


class Turnover(Schema):
    """`amount` went, in so many postings, out of `credit` and into `debit`."""

    kind = fields.String()
    debit = fields.String()
    credit = fields.String()
    postings = fields.Integer()
    amount = fields.Integer()


class Document(Schema):
    kind = fields.String()
    amount = fields.Integer()
    document = fields.String()
    reason = fields.String(allow_none=True)
    posted_at = fields.AwareDateTime()


class StatementResponse(Schema):
    budget_id = fields.String()
    as_of = fields.Date()
    accounts = fields.Nested(Accounts)
    turnover = fields.List(fields.Nested(Turnover))
    documents = fields.List(fields.Nested(Document))
