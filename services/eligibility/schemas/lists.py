"""Approval lists: made, posted, objected to, decided, printed."""

from uuid import UUID

from marshmallow import Schema, fields, validate

from services.eligibility.domain import ENTRY_STATES, LIST_STATUSES
from services.eligibility.schemas.cases import DecisionRequest
from services.eligibility.schemas.common import CODE, COMMUNE, LINE, SLUG, Strict, line
from shared.web import PageQuery

LONGEST_LIST = 100_000
"""Applications named in one list."""

KINDS = ("posting", "decision")
FORMATS = ("pdf", "xlsx")


def ids() -> fields.List[UUID]:
    return fields.List(
        fields.UUID(), load_default=None, allow_none=True, validate=validate.Length(max=LONGEST_LIST)
    )


class ListRequest(DecisionRequest):
    """Without `commune`, the list covers the approver's whole area; `application_ids` narrows it."""

    programme_id = fields.String(required=True, validate=SLUG)
    commune = fields.String(load_default=None, allow_none=True, validate=COMMUNE)
    application_ids = ids()


class ListAnswer(Schema):
    """`skipped_own`: cases that wait for somebody else, because the approver entered, corrected or reviewed
    them; `over_quota`: cases for which the programme has no room."""

    list_id = fields.String()
    approved = fields.Integer()
    skipped_own = fields.Integer()
    over_quota = fields.Integer()


class DraftRequest(Strict):
    """Without `village`, the list gathers the whole commune."""

    programme_id = fields.String(required=True, validate=SLUG)
    commune = fields.String(required=True, validate=COMMUNE)
    village = fields.String(load_default=None, allow_none=True, validate=[validate.Length(max=200), LINE])


class ListDecision(DecisionRequest):
    """Without `application_ids`, everybody who still stands on the list."""

    application_ids = ids()


class ObjectionRequest(Strict):
    """`ground` is a code, `text` what the person said; both are sealed."""

    application_id = fields.UUID(required=True)
    ground = fields.String(required=True, validate=CODE)
    text = line(2000)


class ObjectionAnswer(Schema):
    objection_id = fields.String()
    application_id = fields.String()
    status = fields.String()


class DocumentRequest(Strict):
    """`names` by application id stand on the paper and are kept nowhere. `posting` is the sheet that hangs
    out, `decision` the list to sign."""

    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    format = fields.String(load_default="pdf", validate=validate.OneOf(FORMATS))
    names = fields.Dict(
        keys=fields.UUID(),
        values=fields.String(validate=[validate.Length(max=200), LINE]),
        load_default=dict,
        validate=validate.Length(max=LONGEST_LIST),
    )


class ListQuery(PageQuery):
    programme_id = fields.String(load_default=None, validate=SLUG)
    commune = fields.String(load_default=None, validate=COMMUNE)
    status = fields.String(load_default=None, validate=validate.OneOf(LIST_STATUSES))


class ListItem(Schema):
    """`drafted_by` is null for a list that was approved at once; `last_day` is the last of the posting;
    decision and approver are those of the last decision made on it."""

    list_id = fields.String()
    programme_id = fields.String()
    commune = fields.String(allow_none=True)
    province = fields.String(allow_none=True)
    village = fields.String(allow_none=True)
    status = fields.String(validate=validate.OneOf(LIST_STATUSES))
    drafted_by = fields.String(allow_none=True)
    posted_by = fields.String(allow_none=True)
    posted_on = fields.Date(allow_none=True)
    last_day = fields.Date(allow_none=True)
    decision_number = fields.String(allow_none=True)
    decision_date = fields.Date(allow_none=True)
    approved_by = fields.String(allow_none=True)
    size = fields.Integer()
    approved = fields.Integer()
    made_at = fields.DateTime()


class ListPage(Schema):
    items = fields.List(fields.Nested(ListItem))
    next_cursor = fields.String(allow_none=True)


class EntryItem(Schema):
    """`rank` follows the group of the programme's priority order, then the moment of submission, then the
    id."""

    rank = fields.Integer()
    application_id = fields.String()
    case_number = fields.String()
    village = fields.String()
    group = fields.String(allow_none=True)
    submitted_at = fields.DateTime()
    state = fields.String(validate=validate.OneOf(ENTRY_STATES))
    benefit = fields.Integer(metadata={"description": "Whole đồng."})
    position = fields.Integer(allow_none=True)


class ListDetail(ListItem):
    programme_version = fields.Integer()
    name_vi = fields.String()
    name_en = fields.String()
    posting_days = fields.Integer()
    priority_order = fields.List(fields.String())
    cases = fields.List(fields.Nested(EntryItem))
