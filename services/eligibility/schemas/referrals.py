"""Referred cases: the queue, and what a person says of one."""

from marshmallow import Schema, fields

from services.eligibility.schemas.cases import RejectRequest
from services.eligibility.schemas.common import COMMUNE, SLUG, Reason, Strict, line
from shared.web import PageQuery


class ReferralQuery(PageQuery):
    """`overdue`: only those past their deadline; `mine`: only those that the reader took."""

    programme_id = fields.String(load_default=None, validate=SLUG)
    commune = fields.String(load_default=None, validate=COMMUNE)
    overdue = fields.Boolean(load_default=False)
    mine = fields.Boolean(load_default=False)


class Owner(Schema):
    """Who has to decide: a role in a province, and the person who took it on."""

    role = fields.String()
    province = fields.String()
    person = fields.String(allow_none=True)


class ReferralItem(Schema):
    application_id = fields.String()
    household_id = fields.String()
    case_number = fields.String()
    programme_id = fields.String()
    commune = fields.String()
    village = fields.String()
    reasons = fields.List(fields.Nested(Reason))
    owner = fields.Nested(Owner)
    due_on = fields.Date()
    overdue = fields.Boolean()


class ReferralPage(Schema):
    items = fields.List(fields.Nested(ReferralItem))
    next_cursor = fields.String(allow_none=True)


class TakenAnswer(Schema):
    application_id = fields.String()
    taken_by = fields.String()
    due_on = fields.Date()


class UpholdRequest(Strict):
    reason = line(1000)


class RefuseRequest(RejectRequest):
    """The reason is what the household is told."""


class ReferralAnswer(Schema):
    application_id = fields.String()
    status = fields.String()
