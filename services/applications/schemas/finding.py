"""Finding and following: lists, a case's timeline, counts, live state."""

from marshmallow import Schema, fields, validate

from services.applications import domain
from services.applications.schemas.applications import ApplicationAnswer
from services.applications.schemas.common import CODE, Line, Strict, commune, programme
from shared.web import PageQuery

_SEARCH = (
    "Words of a name, in any order and without accents (every one must be in the household's names), or a"
    " 12- or 9-digit number of a person, or an application's id."
)


class _Narrowed(Schema):
    """What a listing is narrowed to."""

    q = Line(
        load_default=None,
        validate=validate.Length(min=1, max=domain.LONGEST_LINE),
        metadata={"description": _SEARCH},
    )
    programme_id = programme(load_default=None)
    commune = commune(load_default=None)
    village = Line(load_default=None, validate=validate.Length(min=1, max=domain.LONGEST_LINE))
    status = fields.String(load_default=None, validate=validate.OneOf(domain.STATUSES))
    channel = fields.String(load_default=None, validate=validate.OneOf(domain.CHANNELS))
    import_id = fields.UUID(load_default=None)
    purpose = fields.String(load_default="CASE_WORK", validate=CODE)


class ListQuery(_Narrowed, PageQuery):
    """A page of what is narrowed."""


class ListOutQuery(_Narrowed, Strict):
    """All of it."""


class ApplicationItem(ApplicationAnswer):
    programme_id = fields.String()
    head_name = fields.String()
    village = fields.String()
    commune = fields.String()
    entered_by = fields.String()
    submitted_at = fields.DateTime(allow_none=True)


class ApplicationList(Schema):
    """A page can be short, even empty, and still name a `next_cursor`: a search looks so far at a time."""

    items = fields.List(fields.Nested(ApplicationItem))
    next_cursor = fields.String(allow_none=True)


class ReasonSaid(Schema):
    """A reason in the programme's own words."""

    code = fields.String()
    vi = fields.String()
    en = fields.String()


class Moment(Schema):
    """`facts`: what the event says and names nobody; `words`: what somebody wrote to refuse or to object."""

    at = fields.DateTime()
    type = fields.String()
    actor = fields.String()
    facts = fields.Dict()
    reasons = fields.List(fields.Nested(ReasonSaid))
    words = fields.String(allow_none=True)


class Timeline(Schema):
    """What every service said of a case, oldest first."""

    application_id = fields.String()
    household_id = fields.String()
    items = fields.List(fields.Nested(Moment))


class FunnelQuery(Strict):
    programme_id = programme(required=True)


class Funnel(Schema):
    programme_id = fields.String()
    imported = fields.Integer()
    submitted = fields.Integer()
    withdrawn = fields.Integer()
    by_status = fields.Dict(keys=fields.String(), values=fields.Integer())


class VillagesQuery(Strict):
    programme_id = programme(required=True)
    commune = commune(required=True)


class VillageItem(Schema):
    village = fields.String()
    applications = fields.Integer()
    by_status = fields.Dict(keys=fields.String(), values=fields.Integer())


class Villages(Schema):
    programme_id = fields.String()
    commune = fields.String()
    items = fields.List(fields.Nested(VillageItem))


class LiveStateQuery(Strict):
    cursor = fields.String(load_default=None, validate=validate.Length(max=500))
    limit = fields.Integer(load_default=500, validate=validate.Range(min=1, max=500))


class LiveItem(Schema):
    key = fields.String()
    state = fields.Dict()


class LiveState(Schema):
    items = fields.List(fields.Nested(LiveItem))
    next_cursor = fields.String(allow_none=True)
