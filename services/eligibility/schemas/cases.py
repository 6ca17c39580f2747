"""Cases and what is decided about each."""

from marshmallow import Schema, fields, validate

from services.eligibility.domain import FLAGS
from services.eligibility.models import STATUSES
from services.eligibility.schemas.common import CODE, COMMUNE, SLUG, Reason, Strict, Words, line
from shared.web import PageQuery


class DecisionRequest(Strict):
    decision_number = line(100)
    decision_date = fields.Date(required=True)


class RejectRequest(DecisionRequest):
    reason = line(1000)


class RevokeRequest(Strict):
    """`reason` is a code: it stands in the open in the event."""

    reason = fields.String(required=True, validate=CODE)


class CaseQuery(PageQuery):
    programme_id = fields.String(load_default=None, validate=SLUG)
    commune = fields.String(load_default=None, validate=COMMUNE)
    status = fields.String(load_default=None, validate=validate.OneOf(STATUSES))
    flagged = fields.Boolean(load_default=False)


class ReadQuery(Strict):
    purpose = fields.String(load_default="CASE_WORK", validate=CODE)


class CaseItem(Schema):
    """`priority` is the rank in the programme's order, 0 first; `flag` why somebody should look again."""

    application_id = fields.String()
    household_id = fields.String()
    programme_id = fields.String()
    commune = fields.String()
    village = fields.String()
    status = fields.String()
    outcome = fields.String()
    priority = fields.Integer()
    entered_by = fields.String()
    submitted_at = fields.DateTime()
    assessed_at = fields.DateTime()
    decision_number = fields.String(allow_none=True)
    flag = fields.String(allow_none=True, validate=validate.OneOf(FLAGS))


class CasePage(Schema):
    items = fields.List(fields.Nested(CaseItem))
    next_cursor = fields.String(allow_none=True)


class ObjectionItem(Schema):
    ground = fields.String()
    words = fields.String()
    recorded_by = fields.String()
    recorded_at = fields.DateTime()


class SimilarCase(Schema):
    application_id = fields.String()
    case_number = fields.String()
    village = fields.String()
    status = fields.String()


class CaseDetail(CaseItem):
    """Why: `reasons` in words, `rows` of the tables that hit and `row`, the one that decided, `looked_at`:
    all values it rests on, under `programme_version` and its `digest`. `similar`: other cases that name
    somebody of the same name and birth date in the commune. `appeal`: what a refused household may do.
    """

    case_number = fields.String()
    programme_version = fields.Integer()
    digest = fields.String()
    withdrawn = fields.Boolean()
    due_on = fields.Date(allow_none=True)
    taken_by = fields.String(allow_none=True)
    reviewers = fields.List(fields.String())
    review_reason = fields.String(allow_none=True)
    decision_date = fields.Date(allow_none=True)
    approved_by = fields.String(allow_none=True)
    rejected_by = fields.String(allow_none=True)
    rejection_reason = fields.String(allow_none=True)
    revoked_by = fields.String(allow_none=True)
    revoked_reason = fields.String(allow_none=True)
    position = fields.Integer(allow_none=True)
    amount = fields.Integer(allow_none=True)
    reasons = fields.List(fields.Nested(Reason))
    rows = fields.List(fields.String())
    row = fields.String()
    looked_at = fields.Dict()
    objections = fields.List(fields.Nested(ObjectionItem))
    similar = fields.List(fields.Nested(SimilarCase))
    appeal = fields.Nested(Words, allow_none=True)


class ApprovedAnswer(Schema):
    """`amount` is whole đồng, `position` the place on the programme's list."""

    application_id = fields.String()
    status = fields.String()
    position = fields.Integer()
    amount = fields.Integer()


class RejectedAnswer(Schema):
    """`appeal`: what the household may do."""

    application_id = fields.String()
    status = fields.String()
    appeal = fields.Nested(Words)


class RevokedAnswer(Schema):
    application_id = fields.String()
    status = fields.String()
