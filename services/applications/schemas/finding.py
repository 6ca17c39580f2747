"""Finding and following: lists, counts, live state."""

from marshmallow import Schema, fields, validate

from services.applications import domain
from services.applications.schemas.applications import ApplicationAnswer
from services.applications.schemas.common import CODE, Line, Strict, commune, programme
from shared.web import PageQuery


class ListQuery(PageQuery):
    programme_id = programme(load_default=None)
    commune = commune(load_default=None)
    village = Line(load_default=None, validate=validate.Length(min=1, max=domain.LONGEST_LINE))
    status = fields.String(load_default=None, validate=validate.OneOf(domain.STATUSES))
    purpose = fields.String(load_default="CASE_WORK", validate=CODE)


class ApplicationItem(ApplicationAnswer):
    programme_id = fields.String()
    head_name = fields.String()
    village = fields.String()
    commune = fields.String()
    entered_by = fields.String()
    submitted_at = fields.DateTime(allow_none=True)


class ApplicationList(Schema):
    items = fields.List(fields.Nested(ApplicationItem))
    next_cursor = fields.String(allow_none=True)


class FunnelQuery(Strict):
    programme_id = programme(required=True)


class Funnel(Schema):
    programme_id = fields.String()
    imported = fields.Integer()
    submitted = fields.Integer()
    withdrawn = fields.Integer()
    by_status = fields.Dict(keys=fields.String(), values=fields.Integer())


class LiveStateQuery(Strict):
    cursor = fields.String(load_default=None, validate=validate.Length(max=500))
    limit = fields.Integer(load_default=500, validate=validate.Range(min=1, max=500))


class LiveItem(Schema):
    key = fields.String()
    state = fields.Dict()


class LiveState(Schema):
    items = fields.List(fields.Nested(LiveItem))
    next_cursor = fields.String(allow_none=True)
