"""What the API takes and gives. Unknown fields are refused; text is stored as NFC on one line."""

from typing import Any

from flask_smorest.fields import Upload
from marshmallow import RAISE, Schema, ValidationError, fields, validate

from services.applications import domain
from shared.reference.text import nfc
from shared.web import PageQuery

COMMUNE = validate.Regexp(r"^\d{5}\Z", error="A commune code has five digits.")
SLUG = validate.Regexp(r"^[a-z0-9][a-z0-9-]{0,63}\Z", error="Not a programme id.")
CODE = validate.Regexp(r"^[A-Z0-9_]{2,60}\Z", error="Capital letters, digits and _ only.")
MAX_KEYS = 1000


class Line(fields.String):
    """One line of text, kept as NFC without outer blanks; control characters are refused."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        line = super()._deserialize(value, attr, data, **options)
        if not domain.printable(line.translate(_BLANKS)):
            raise ValidationError("This text holds characters that cannot be printed.")
        return nfc(line)


_BLANKS = str.maketrans("\t\r\n", "   ")


class Strict(Schema):
    class Meta:
        unknown = RAISE


def line(longest: int = domain.LONGEST_LINE, **options: Any) -> Line:
    return Line(validate=validate.Length(min=1, max=longest), **options)


def optional_line(longest: int = domain.LONGEST_LINE) -> Line:
    return Line(load_default=None, allow_none=True, validate=validate.Length(max=longest))


def commune(**options: Any) -> fields.String:
    """A 5-digit commune code of today."""
    return fields.String(validate=COMMUNE, metadata={"example": "01075"}, **options)


def programme(**options: Any) -> fields.String:
    return fields.String(validate=SLUG, **options)


def count(least: int, most: int, **options: Any) -> fields.Integer:
    return fields.Integer(strict=True, validate=validate.Range(least, most), **options)


class Head(Strict):
    """The head of the household. `birth_date` is null where only the year is known."""

    name = line(required=True)
    birth_date = fields.Date(load_default=None, allow_none=True)
    birth_year = count(1900, 2100, required=True)
    sex = fields.String(required=True, validate=validate.OneOf(["male", "female"]))
    ethnicity = line(60, required=True, metadata={"description": "Name, or code of the statistics office."})
    citizen_id = optional_line(40)
    cmnd = optional_line(40)
    phone = optional_line(40)


class Certificate(Strict):
    """A poverty certificate; `year` is the year it proves."""

    number = line(100, required=True)
    issued_on = fields.Date(load_default=None, allow_none=True)
    year = count(2000, 2100, required=True)


class ApplicationRequest(Strict):
    application_id = fields.UUID(load_default=None, allow_none=True, metadata={"description": "Client-made."})
    programme_id = programme(required=True)
    commune = commune(required=True)
    village = line(required=True)
    head = fields.Nested(Head, required=True)
    poverty_status = fields.String(required=True, validate=validate.OneOf(["poor", "near_poor", "none"]))
    certificate = fields.Nested(Certificate, load_default=None, allow_none=True)
    members_count = count(1, 99, required=True)
    has_smartphone = fields.Boolean(required=True)
    priority_group = fields.String(
        load_default=None, allow_none=True, validate=validate.OneOf(["merit", "social_policy"])
    )
    notes = optional_line(2000)
    legal_basis = fields.String(required=True, validate=validate.OneOf(domain.LEGAL_BASES))
    submit = fields.Boolean(load_default=True)


class WithdrawRequest(Strict):
    reason = fields.String(required=True, validate=CODE)


class EraseRequest(Strict):
    """`ground` is a code (PERSON_ASKED, CONSENT_WITHDRAWN): free text could name the person again."""

    ground = fields.String(required=True, validate=CODE)


class KeysRequest(Strict):
    household_ids = fields.List(fields.UUID(), required=True, validate=validate.Length(max=MAX_KEYS))
    purpose = fields.String(required=True, validate=CODE)


class ImportForm(Strict):
    commune = commune(required=True)
    programme_id = programme(required=True)
    dry_run = fields.Boolean(load_default=False)


class ImportFile(Strict):
    file = Upload(required=True)


class ListQuery(PageQuery):
    programme_id = programme(load_default=None)
    commune = commune(load_default=None)
    village = Line(load_default=None, validate=validate.Length(min=1, max=domain.LONGEST_LINE))
    status = fields.String(load_default=None, validate=validate.OneOf(domain.STATUSES))
    purpose = fields.String(load_default="CASE_WORK", validate=CODE)


class ReadQuery(Strict):
    purpose = fields.String(load_default="CASE_WORK", validate=CODE)


class FunnelQuery(Strict):
    programme_id = programme(required=True)


class LiveStateQuery(Strict):
    cursor = fields.String(load_default=None, validate=validate.Length(max=500))
    limit = fields.Integer(load_default=500, validate=validate.Range(min=1, max=500))


class FormWarning(Schema):
    field = fields.String()
    code = fields.String()
    message_vi = fields.String()
    message_en = fields.String()


class ApplicationAnswer(Schema):
    application_id = fields.String()
    household_id = fields.String()
    status = fields.String()


class ApplicationCreated(ApplicationAnswer):
    warnings = fields.List(fields.Nested(FormWarning))


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


class HeadAnswer(Schema):
    name = fields.String()
    birth_date = fields.String(allow_none=True)
    birth_year = fields.Integer()
    sex = fields.String()
    ethnicity = fields.String()
    citizen_id = fields.String(allow_none=True)
    cmnd = fields.String(allow_none=True)
    phone = fields.String(allow_none=True)


class CertificateAnswer(Schema):
    number = fields.String(allow_none=True)
    issued_on = fields.String(allow_none=True)
    year = fields.Integer(allow_none=True)


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


class RowProblem(FormWarning):
    """`row` is the number in the sheet, 0 for the whole list."""

    row = fields.Integer()
    severity = fields.String()


class ImportAnswer(Schema):
    """rows = accepted + repeated + refused; `warnings` counts accepted rows with something doubtful."""

    import_id = fields.String(allow_none=True)
    rows = fields.Integer()
    accepted = fields.Integer()
    repeated = fields.Integer()
    refused = fields.Integer()
    warnings = fields.Integer()
    problems = fields.List(fields.Nested(RowProblem))
    dry_run = fields.Boolean()
    already_imported = fields.Boolean()


class EraseAnswer(Schema):
    household_id = fields.String()
    applications = fields.Integer()


class KeysAnswer(Schema):
    keys = fields.Dict(keys=fields.String(), values=fields.String())


class Funnel(Schema):
    programme_id = fields.String()
    imported = fields.Integer()
    submitted = fields.Integer()
    withdrawn = fields.Integer()
    by_status = fields.Dict(keys=fields.String(), values=fields.Integer())


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
    errors = fields.Dict()
