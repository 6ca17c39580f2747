"""Counts and live state."""

from marshmallow import Schema, fields, validate

from services.eligibility.schemas.common import SLUG, Strict
from shared.web import PageQuery


class FunnelQuery(Strict):
    programme_id = fields.String(required=True, validate=SLUG)


class LiveStateQuery(PageQuery):
    limit = fields.Integer(load_default=500, validate=validate.Range(min=1, max=500))


class FunnelAnswer(Schema):
    programme_id = fields.String()
    assessed = fields.Integer()
    eligible = fields.Integer()
    ineligible = fields.Integer()
    referred = fields.Integer()
    approved = fields.Integer()
    rejected = fields.Integer()
    reasons = fields.Dict(keys=fields.String(), values=fields.Integer())


class LiveItem(Schema):
    key = fields.String()
    state = fields.Dict()


class LiveState(Schema):
    items = fields.List(fields.Nested(LiveItem))
    next_cursor = fields.String(allow_none=True)
