"""Applications: what is asked of them one at a time, and the answers."""

from marshmallow import Schema, fields, validate

from services.applications.schemas.common import (
    CODE,
    FormWarning,
    ProblemCore,
    Strict,
    commune,
    count,
    line,
    optional_line,
    programme,
)
from services.applications.schemas.households import (
    LONGEST_REMARK,
    LONGEST_TEXT,
    ContentAnswer,
    HouseholdForm,
)
from services.applications.schemas.telling import Told


class WithdrawRequest(Told, Strict):
    reason = fields.String(required=True, validate=CODE)


class AppealRequest(Told, Strict):
    """Why the household thinks that the decision is wrong, in its own words."""

    grounds = line(LONGEST_TEXT, required=True)


class ReplaceRequest(Told, HouseholdForm):
    """The whole form anew. Programme and commune stay; they may be sent along."""

    programme_id = programme(load_default=None, allow_none=True)
    commune = commune(load_default=None, allow_none=True)


class CorrectRequest(ReplaceRequest):
    """The whole form anew, on top of the revision that its author saw; `reason` is a code."""

    expected_revision = count(1, 2**31 - 1, required=True)
    reason = fields.String(required=True, validate=CODE)
    note = optional_line(LONGEST_REMARK)


class ReadQuery(Strict):
    purpose = fields.String(load_default="CASE_WORK", validate=CODE)


class ApplicationAnswer(Schema):
    application_id = fields.String()
    household_id = fields.String()
    status = fields.String()


class ApplicationCreated(ApplicationAnswer):
    warnings = fields.List(fields.Nested(FormWarning))


class ApplicationChanged(ApplicationCreated):
    revision = fields.Integer()


class ConflictFacts(Schema):
    """What is stored now and what was sent, as this service understood it."""

    application_id = fields.String()
    expected_revision = fields.Integer()
    stored_revision = fields.Integer()
    stored_status = fields.String()
    stored = fields.Nested(ContentAnswer)
    sent = fields.Nested(ContentAnswer)


class RevisionConflict(ProblemCore):
    """REVISION_CONFLICT: somebody else changed the application. Every other 409 has other facts."""

    facts = fields.Nested(ConflictFacts)


class Version(Schema):
    """One event of the application's stream."""

    version = fields.Integer()
    type = fields.String()
    recorded_at = fields.DateTime()
    actor = fields.String()


class ApplicationDetail(ApplicationAnswer, ContentAnswer):
    """`grounds`: what the household said when it appealed."""

    programme_id = fields.String()
    commune = fields.String()
    province = fields.String()
    application_state = fields.String()
    eligibility_state = fields.String(allow_none=True)
    disbursement_state = fields.String(allow_none=True)
    revision = fields.Integer()
    entered_by = fields.String()
    channel = fields.String()
    import_id = fields.String(allow_none=True)
    created_at = fields.DateTime()
    submitted_at = fields.DateTime(allow_none=True)
    corrected_by = fields.String(allow_none=True)
    corrected_at = fields.DateTime(allow_none=True)
    correction_reason = fields.String(allow_none=True)
    correction_note = fields.String()
    appealed_at = fields.DateTime(allow_none=True)
    grounds = fields.String(allow_none=True)
    versions = fields.List(fields.Nested(Version))


class Revision(Schema):
    """A revision: who made it, when, why (null for the first), and the household as it then stood."""

    revision = fields.Integer()
    entered_by = fields.String()
    entered_at = fields.DateTime()
    reason = fields.String(allow_none=True)
    note = fields.String()
    content = fields.Nested(ContentAnswer)


class Revisions(Schema):
    """All revisions, the current one last."""

    application_id = fields.String()
    household_id = fields.String()
    items = fields.List(fields.Nested(Revision, validate=validate.Length(min=1)))
