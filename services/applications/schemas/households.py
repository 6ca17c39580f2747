"""A household as a form sends it and as an answer shows it."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates

from services.applications import domain
from services.applications.household import (
    DEVICE_KINDS,
    HIGHEST_INCOME,
    INDICATORS,
    LOWEST_INCOME,
    RELATIONS,
    RESIDENCES,
    VERIFICATION_RESULTS,
)
from services.applications.schemas.common import (
    COMMUNE,
    Strict,
    commune,
    count,
    line,
    optional_line,
    programme,
)
from services.applications.schemas.telling import Told

LONGEST_TEXT = 2000
LONGEST_REMARK = 500
MOST_MEMBERS = 98
MOST_DEVICES = 20


def one_of(*choices: str, **options: Any) -> fields.String:
    return fields.String(validate=validate.OneOf(choices), **options)


def maybe(*choices: str) -> fields.String:
    return one_of(*choices, load_default=None, allow_none=True)


def maybe_year(least: int) -> fields.Integer:
    return count(least, 2100, load_default=None, allow_none=True)


def maybe_day() -> fields.Date:
    return fields.Date(load_default=None, allow_none=True)


def code_list() -> fields.String:
    """Which numbering a code of an ethnic group is from: the two differ from 04 on."""
    return one_of("gso", "1979", load_default="gso")


class Head(Strict):
    """The head of the household. `birth_date` is null where only the year is known."""

    name = line(required=True)
    birth_date = maybe_day()
    birth_year = maybe_year(1900)
    sex = one_of("male", "female", required=True)
    ethnicity = line(60, required=True, metadata={"description": "Name, or code of `ethnicity_list`."})
    ethnicity_list = code_list()
    citizen_id = optional_line(40)
    cmnd = optional_line(40)
    phone = optional_line(40)


class Member(Strict):
    """Somebody of the household who is not its head; `ethnicity` null is the head's."""

    name = line(required=True)
    relation = one_of(*RELATIONS, required=True)
    birth_date = maybe_day()
    birth_year = maybe_year(1900)
    sex = maybe("male", "female")
    ethnicity = optional_line(60)
    ethnicity_list = code_list()
    citizen_id = optional_line(40)
    cmnd = optional_line(40)


class Certificate(Strict):
    """A poverty certificate; `year` is the year it proves, `commune` who issued it (null: its own)."""

    number = line(100, required=True)
    commune = fields.String(load_default=None, allow_none=True, validate=COMMUNE)
    issued_on = maybe_day()
    year = count(2000, 2100, required=True)


class Device(Strict):
    """A device that some programme gave to this household before."""

    kind = one_of(*DEVICE_KINDS, required=True)
    programme = line(required=True)
    year = maybe_year(2000)


class Verification(Strict):
    """Who went there, when, and what was found."""

    verified_by = line(required=True)
    verified_on = fields.Date(required=True)
    result = one_of(*VERIFICATION_RESULTS, required=True)
    notes = optional_line(LONGEST_TEXT)


class Survey(Strict):
    """What the poverty survey measured: all three, or nothing. Income is đồng per person and month."""

    income_per_person = count(0, HIGHEST_INCOME, required=True)
    deprivations = count(0, INDICATORS, required=True)
    urban = fields.Boolean(required=True)

    @validates("income_per_person")
    def in_dong(self, value: int, **_: Any) -> None:
        """Raises ValidationError for an income that somebody wrote in thousands."""
        if 0 < value < LOWEST_INCOME:
            raise ValidationError(f"Must be 0 or đồng per month: {LOWEST_INCOME} at least.")


class HouseholdForm(Strict):
    """A household as it stands. `members_count` may be left out where the members are listed."""

    village = line(required=True)
    residence = one_of(*RESIDENCES, load_default="permanent")
    head = fields.Nested(Head, required=True)
    members = fields.List(
        fields.Nested(Member), load_default=None, allow_none=True, validate=validate.Length(max=MOST_MEMBERS)
    )
    members_count = count(1, MOST_MEMBERS + 1, load_default=None, allow_none=True)
    poverty_status = one_of("poor", "near_poor", "none", required=True)
    certificate = fields.Nested(Certificate, load_default=None, allow_none=True)
    priority_group = maybe("merit", "social_policy")
    survey = fields.Nested(Survey, load_default=None, allow_none=True)
    extremely_difficult_village = fields.Boolean(load_default=False)
    extremely_difficult_commune = fields.Boolean(load_default=False)
    has_smartphone = fields.Boolean(required=True)
    devices_received = fields.List(
        fields.Nested(Device), load_default=None, allow_none=True, validate=validate.Length(max=MOST_DEVICES)
    )
    verification = fields.Nested(Verification, load_default=None, allow_none=True)
    conflict = optional_line(LONGEST_REMARK)
    notes = optional_line(LONGEST_TEXT)
    legal_basis = one_of(*domain.LEGAL_BASES, required=True)
    consent_evidence = optional_line(LONGEST_REMARK)


class NewHouseholdForm(HouseholdForm):
    """A household of a commune that applies to a programme."""

    application_id = fields.UUID(load_default=None, allow_none=True, metadata={"description": "Client-made."})
    programme_id = programme(required=True)
    commune = commune(required=True)
    submit = fields.Boolean(load_default=True)


class ApplicationRequest(Told, NewHouseholdForm):
    """The whole form."""


class HeadAnswer(Schema):
    name = fields.String()
    birth_date = fields.String(allow_none=True)
    birth_year = fields.Integer()
    sex = fields.String()
    ethnicity = fields.String(metadata={"description": "Code of list B (gso)."})
    citizen_id = fields.String(allow_none=True)
    cmnd = fields.String(allow_none=True)
    phone = fields.String(allow_none=True)


class MemberAnswer(Schema):
    name = fields.String()
    relation = fields.String()
    birth_date = fields.String(allow_none=True)
    birth_year = fields.Integer(allow_none=True)
    sex = fields.String(allow_none=True)
    ethnicity = fields.String(allow_none=True)
    citizen_id = fields.String(allow_none=True)
    cmnd = fields.String(allow_none=True)


class CertificateAnswer(Schema):
    number = fields.String(allow_none=True)
    commune = fields.String(allow_none=True)
    issued_on = fields.String(allow_none=True)
    year = fields.Integer(allow_none=True)


class DeviceAnswer(Schema):
    kind = fields.String()
    programme = fields.String()
    year = fields.Integer(allow_none=True)


class VerificationAnswer(Schema):
    verified_by = fields.String()
    verified_on = fields.String()
    result = fields.String()
    notes = fields.String()


class SurveyAnswer(Schema):
    income_per_person = fields.Integer()
    deprivations = fields.Integer()
    urban = fields.Boolean()


class ContentAnswer(Schema):
    """A household as it is stored: the form's fields again, and the codes of what was doubtful in it."""

    village = fields.String()
    residence = fields.String()
    head = fields.Nested(HeadAnswer)
    members = fields.List(fields.Nested(MemberAnswer))
    members_count = fields.Integer()
    poverty_status = fields.String()
    certificate = fields.Nested(CertificateAnswer, allow_none=True)
    priority_group = fields.String(allow_none=True)
    survey = fields.Nested(SurveyAnswer, allow_none=True)
    extremely_difficult_village = fields.Boolean()
    extremely_difficult_commune = fields.Boolean()
    has_smartphone = fields.Boolean()
    devices_received = fields.List(fields.Nested(DeviceAnswer))
    verification = fields.Nested(VerificationAnswer, allow_none=True)
    conflict = fields.String()
    notes = fields.String()
    legal_basis = fields.String()
    consent_evidence = fields.String()
    doubts = fields.List(fields.String())
