"""A household as a form sends it and as an answer shows it."""

from marshmallow import Schema, fields, validate

from services.applications import domain
from services.applications.schemas.common import Strict, commune, count, line, optional_line, programme


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
