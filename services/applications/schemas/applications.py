"""Applications: what is asked of them one at a time, and the answers."""

from marshmallow import Schema, fields

from services.applications.schemas.common import CODE, FormWarning, Strict
from services.applications.schemas.households import CertificateAnswer, HeadAnswer


class WithdrawRequest(Strict):
    reason = fields.String(required=True, validate=CODE)


class ReadQuery(Strict):
    purpose = fields.String(load_default="CASE_WORK", validate=CODE)


class ApplicationAnswer(Schema):
    application_id = fields.String()
    household_id = fields.String()
    status = fields.String()


class ApplicationCreated(ApplicationAnswer):
    warnings = fields.List(fields.Nested(FormWarning))


class Version(Schema):
    """One event of the application's stream."""

    version = fields.Integer()
    type = fields.String()
    recorded_at = fields.DateTime()
    actor = fields.String()


class ApplicationDetail(ApplicationAnswer):
    programme_id = fields.String()
    commune = fields.String()
    province = fields.String()
    village = fields.String()
    application_state = fields.String()
    eligibility_state = fields.String(allow_none=True)
    disbursement_state = fields.String(allow_none=True)
    revision = fields.Integer()
    entered_by = fields.String()
    channel = fields.String()
    legal_basis = fields.String()
    import_id = fields.String(allow_none=True)
    created_at = fields.DateTime()
    submitted_at = fields.DateTime(allow_none=True)
    head = fields.Nested(HeadAnswer)
    poverty_status = fields.String()
    certificate = fields.Nested(CertificateAnswer, allow_none=True)
    members_count = fields.Integer()
    has_smartphone = fields.Boolean()
    priority_group = fields.String(allow_none=True)
    notes = fields.String()
    versions = fields.List(fields.Nested(Version))
