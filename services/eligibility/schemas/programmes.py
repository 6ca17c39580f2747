"""Programmes: published, stopped, read."""

from marshmallow import Schema, fields, validate

from services.eligibility.schemas.common import Strict, Words, line


class PublishRequest(Strict):
    """`document` is the self-contained programme: its `rules` are the decision tables themselves."""

    document = fields.Dict(keys=fields.String(), required=True)


class StopRequest(Strict):
    reason = line(500)


class VersionQuery(Strict):
    version = fields.Integer(load_default=None, validate=validate.Range(min=1, max=2**31 - 1))


class PublishedAnswer(Schema):
    programme_id = fields.String()
    version = fields.Integer()
    digest = fields.String()


class ProgrammeStatus(Schema):
    programme_id = fields.String()
    status = fields.String()


class ProgrammeItem(PublishedAnswer):
    """`amount` is whole đồng; the period includes both days."""

    status = fields.String()
    name_vi = fields.String()
    name_en = fields.String()
    effective_from = fields.Date()
    period_from = fields.Date()
    period_to = fields.Date()
    amount = fields.Integer()
    published_by = fields.String()
    published_at = fields.DateTime()


class ProgrammePage(Schema):
    items = fields.List(fields.Nested(ProgrammeItem))
    next_cursor = fields.String(allow_none=True)


class ProgrammeDetail(ProgrammeItem):
    """`reasons`: every code with its sentences, the programme's and the service's own."""

    document = fields.Dict()
    reasons = fields.Dict(keys=fields.String(), values=fields.Nested(Words))
