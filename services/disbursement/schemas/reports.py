"""Counts and the live state."""

from marshmallow import Schema, fields, validate

from services.disbursement.schemas.common import Body, slug
from shared.web import PageQuery


class ProgrammeQuery(Body):
    programme_id = slug()


class FunnelResponse(Schema):
    programme_id = fields.String()
    issued = fields.Integer()
    waitlisted = fields.Integer()
    redeemed = fields.Integer()
    expired = fields.Integer()
    cancelled = fields.Integer()
    reissued = fields.Integer()
    outstanding = fields.Integer()


class LiveStateQuery(PageQuery):
    limit = fields.Integer(load_default=500, validate=validate.Range(min=1, max=500))


class LiveStateItem(Schema):
    key = fields.String()
    state = fields.Dict()


class LiveStatePage(Schema):
    items = fields.List(fields.Nested(LiveStateItem))
    next_cursor = fields.String(allow_none=True)
