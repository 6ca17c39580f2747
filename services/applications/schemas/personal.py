"""Personal data: a subject's file, requests with their deadlines, erasure, and keys."""

from marshmallow import Schema, fields, validate

from services.applications import domain
from services.applications.schemas.applications import Revision
from services.applications.schemas.common import CODE, MAX_KEYS, Strict
from services.applications.schemas.finding import Moment
from services.applications.schemas.households import HeadAnswer
from shared.web import PageQuery

OUTCOMES = ("granted", "partly_granted", "refused", "withdrawn")


class EraseRequest(Strict):
    """`ground` is a code (PERSON_ASKED, CONSENT_WITHDRAWN): free text could name the person again."""

    ground = fields.String(required=True, validate=CODE)


class EraseAnswer(Schema):
    household_id = fields.String()
    applications = fields.Integer()


class KeysRequest(Strict):
    household_ids = fields.List(fields.UUID(), required=True, validate=validate.Length(max=MAX_KEYS))
    purpose = fields.String(required=True, validate=CODE)


class KeysAnswer(Schema):
    keys = fields.Dict(keys=fields.String(), values=fields.String())


class ReceiveRequest(Strict):
    """`received_on` is the day on which the person asked, in Viet Nam: the deadlines run from it."""

    kind = fields.String(required=True, validate=validate.OneOf(domain.REQUEST_KINDS))
    received_on = fields.Date(required=True)


class ExtendRequest(Strict):
    """`reason` is a code: why it takes longer."""

    reason = fields.String(required=True, validate=CODE)


class CloseRequest(Strict):
    outcome = fields.String(required=True, validate=validate.OneOf(OUTCOMES))


class DataRequestAnswer(Schema):
    """A request; the days by which it is due are working days of Viet Nam."""

    request_id = fields.String()
    household_id = fields.String()
    commune = fields.String()
    kind = fields.String()
    received_on = fields.Date()
    answer_due = fields.Date()
    done_due = fields.Date()
    extended = fields.Boolean()
    extension_reason = fields.String(allow_none=True)
    recorded_by = fields.String()
    answered_on = fields.Date(allow_none=True)
    answered_by = fields.String(allow_none=True)
    closed_on = fields.Date(allow_none=True)
    closed_by = fields.String(allow_none=True)
    outcome = fields.String(allow_none=True)


class RequestsQuery(PageQuery):
    """`overdue`: only those past a day by which something was due; `closed`: closed ones as well."""

    overdue = fields.Boolean(load_default=False)
    closed = fields.Boolean(load_default=False)


class DataRequests(Schema):
    items = fields.List(fields.Nested(DataRequestAnswer))
    next_cursor = fields.String(allow_none=True)


class FileQuery(Strict):
    purpose = fields.String(load_default="SUBJECT_ASKED", validate=CODE)


class ApplicationFile(Schema):
    """An application with every revision and all that any service said of it."""

    application_id = fields.String()
    programme_id = fields.String()
    programme_vi = fields.String(allow_none=True)
    programme_en = fields.String(allow_none=True)
    status = fields.String()
    application_state = fields.String()
    eligibility_state = fields.String(allow_none=True)
    disbursement_state = fields.String(allow_none=True)
    revision = fields.Integer()
    entered_by = fields.String()
    channel = fields.String()
    legal_basis = fields.String()
    created_at = fields.DateTime()
    submitted_at = fields.DateTime(allow_none=True)
    appealed_at = fields.DateTime(allow_none=True)
    revisions = fields.List(fields.Nested(Revision))
    timeline = fields.List(fields.Nested(Moment))


class Access(Schema):
    """Who read the household's data, what of it, and why."""

    at = fields.DateTime()
    actor = fields.String()
    what = fields.String()
    purpose = fields.String()


class WholeFile(Schema):
    """All that this service holds of a household."""

    household_id = fields.String()
    commune = fields.String()
    village = fields.String()
    head = fields.Nested(HeadAnswer)
    created_at = fields.DateTime()
    applications = fields.List(fields.Nested(ApplicationFile))
    accesses = fields.List(fields.Nested(Access))
    requests = fields.List(fields.Nested(DataRequestAnswer))
