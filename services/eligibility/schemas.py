"""What the API takes and gives. Unknown fields are refused."""

from marshmallow import RAISE, Schema, fields, validate

from services.eligibility.models import STATUSES
from shared.web import PageQuery

COMMUNE = validate.Regexp(r"^\d{5}\Z", error="A commune code has five digits.")
SLUG = validate.Regexp(r"^[a-z0-9][a-z0-9-]{0,63}\Z", error="Not a programme id.")
CODE = validate.Regexp(r"^[A-Z0-9_]{2,60}\Z", error="Capital letters, digits and _ only.")
LINE = validate.Regexp(
    r"^(?=.*\S)[^\x00-\x1f\x7f\ud800-\udfff]+\Z", error="One line of text that can be printed, not blank."
)
LONGEST_LIST = 100_000
"""Applications named in one list."""


class Strict(Schema):
    class Meta:
        unknown = RAISE


def line(longest: int) -> fields.String:
    """One line of text that is not blank."""
    return fields.String(required=True, validate=[validate.Length(max=longest), LINE])


class PublishRequest(Strict):
    """`document` is the self-contained programme: its `rules` are the decision tables themselves."""

    document = fields.Dict(keys=fields.String(), required=True)


class StopRequest(Strict):
    reason = line(500)


class DecisionRequest(Strict):
    decision_number = line(100)
    decision_date = fields.Date(required=True)


class RejectRequest(DecisionRequest):
    reason = line(1000)


class ListRequest(DecisionRequest):
    """Without `commune`, the list covers the approver's whole area; `application_ids` narrows it."""

    programme_id = fields.String(required=True, validate=SLUG)
    commune = fields.String(load_default=None, allow_none=True, validate=COMMUNE)
    application_ids = fields.List(
        fields.UUID(), load_default=None, allow_none=True, validate=validate.Length(max=LONGEST_LIST)
    )


class VersionQuery(Strict):
    version = fields.Integer(load_default=None, validate=validate.Range(min=1, max=2**31 - 1))


class CaseQuery(PageQuery):
    programme_id = fields.String(load_default=None, validate=SLUG)
    commune = fields.String(load_default=None, validate=COMMUNE)
    status = fields.String(load_default=None, validate=validate.OneOf(STATUSES))


class ReadQuery(Strict):
    purpose = fields.String(load_default="CASE_WORK", validate=CODE)


class FunnelQuery(Strict):
    programme_id = fields.String(required=True, validate=SLUG)


class LiveStateQuery(PageQuery):
    limit = fields.Integer(load_default=500, validate=validate.Range(min=1, max=500))


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
    period_from = fields.Date()
    period_to = fields.Date()
    amount = fields.Integer()
    published_by = fields.String()
    published_at = fields.DateTime()


class ProgrammePage(Schema):
    items = fields.List(fields.Nested(ProgrammeItem))
    next_cursor = fields.String(allow_none=True)


class Words(Schema):
    vi = fields.String()
    en = fields.String()


class ProgrammeDetail(ProgrammeItem):
    """`reasons`: every code with its sentences, the programme's and the service's own."""

    document = fields.Dict()
    reasons = fields.Dict(keys=fields.String(), values=fields.Nested(Words))


class CaseItem(Schema):
    application_id = fields.String()
    household_id = fields.String()
    programme_id = fields.String()
    commune = fields.String()
    status = fields.String()
    outcome = fields.String()
    entered_by = fields.String()
    submitted_at = fields.DateTime()
    assessed_at = fields.DateTime()
    decision_number = fields.String(allow_none=True)


class CasePage(Schema):
    items = fields.List(fields.Nested(CaseItem))
    next_cursor = fields.String(allow_none=True)


class Reason(Words):
    code = fields.String()


class CaseDetail(CaseItem):
    """Why: `reasons` in words, `rows` of the tables that hit, `looked_at`: the values they saw."""

    programme_version = fields.Integer()
    digest = fields.String()
    withdrawn = fields.Boolean()
    decision_date = fields.Date(allow_none=True)
    approved_by = fields.String(allow_none=True)
    rejected_by = fields.String(allow_none=True)
    rejection_reason = fields.String(allow_none=True)
    position = fields.Integer(allow_none=True)
    amount = fields.Integer(allow_none=True)
    reasons = fields.List(fields.Nested(Reason))
    rows = fields.List(fields.String())
    looked_at = fields.Dict()


class ApprovedAnswer(Schema):
    """`amount` is whole đồng, `position` the place on the programme's list."""

    application_id = fields.String()
    status = fields.String()
    position = fields.Integer()
    amount = fields.Integer()


class RejectedAnswer(Schema):
    application_id = fields.String()
    status = fields.String()


class ListAnswer(Schema):
    """`skipped_own`: cases that wait for somebody else, because the approver entered them."""

    list_id = fields.String()
    approved = fields.Integer()
    skipped_own = fields.Integer()


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


class ProblemDetails(Schema):
    """RFC 9457 problem details. `code` is stable; `detail_vi` and `detail_en` say what to do next."""

    type = fields.String()
    title = fields.String()
    status = fields.Integer()
    code = fields.String()
    detail = fields.String()
    detail_vi = fields.String()
    detail_en = fields.String()
    instance = fields.String(allow_none=True)
    facts = fields.Dict()
    errors = fields.Raw()
