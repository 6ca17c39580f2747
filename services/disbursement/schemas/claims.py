"""Claims, their lines, payments. Amounts are whole đồng."""

from typing import Any

from flask_smorest.fields import Upload
from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from services.disbursement.schemas.common import LARGEST_AMOUNT, Body, dong, line, slug
from shared.events.schemas import CODE_TEXT
from shared.web import PageQuery

STATUSES = ("submitted", "accepted", "settled", "withdrawn")
LINES_AT_ONCE = 1_000
PLAIN = validate.Regexp(
    r"^[A-Za-z0-9][A-Za-z0-9 .,&()/-]*\Z", error="Letters without marks, digits and . , & ( ) / -"
)
"""What a bank's file can carry, and no spreadsheet takes for a formula."""


def reason() -> fields.String:
    return fields.String(required=True, validate=CODE_TEXT, metadata={"example": "IMEI_NOT_SOLD"})


class ClaimRequest(Body):
    """The period's days in Viet Nam, both included. An enterprise claims for itself."""

    enterprise_id = slug()
    programme_id = slug()
    period_from = fields.Date(required=True)
    period_to = fields.Date(required=True)

    @validates_schema
    def _in_order(self, data: dict[str, Any], **_: Any) -> None:
        if data["period_from"] > data["period_to"]:
            raise ValidationError("The period ends before it begins.", "period_to")


class DisputedLine(Body):
    line_id = fields.UUID(required=True)
    reason = reason()


class DisputeRequest(Body):
    lines = fields.List(
        fields.Nested(DisputedLine()), required=True, validate=validate.Length(min=1, max=LINES_AT_ONCE)
    )


class ReinstateRequest(Body):
    line_ids = fields.List(fields.UUID(), required=True, validate=validate.Length(min=1, max=LINES_AT_ONCE))


class AcceptRequest(Body):
    """The acceptance minutes, by number and date."""

    minutes = line(100)
    minutes_date = fields.Date(required=True)


class CorrectRequest(Body):
    """amount > 0 asks for a disputed line again (the enterprise), amount < 0 takes back of an accepted one
    (the payer)."""

    amount = fields.Integer(
        required=True, strict=True, validate=validate.Range(min=-LARGEST_AMOUNT, max=LARGEST_AMOUNT)
    )
    reason = reason()


class PayRequest(Body):
    """All that is left when `amount` is null."""

    amount = fields.Integer(
        load_default=None, allow_none=True, strict=True, validate=validate.Range(min=1, max=LARGEST_AMOUNT)
    )


class ConfirmRequest(Body):
    """What the bank says of one order; `failure` is its reason, null for money that arrived."""

    amount = dong()
    day = fields.Date(required=True)
    bank_reference = fields.String(load_default="", validate=validate.Length(max=100))
    failure = fields.String(load_default=None, allow_none=True, validate=validate.Length(min=1, max=200))


class ConfirmFile(Body):
    file = Upload(required=True)


class PayeeRequest(Body):
    account_name = fields.String(required=True, validate=[validate.Length(min=2, max=100), PLAIN])
    bank = fields.String(required=True, validate=[validate.Length(min=2, max=100), PLAIN])
    account_number = fields.String(required=True, validate=validate.Regexp(r"^[0-9]{6,20}\Z"))


class ClaimsQuery(PageQuery):
    enterprise_id = fields.String(load_default=None)
    programme_id = fields.String(load_default=None)
    status = fields.String(load_default=None, validate=validate.OneOf(STATUSES))


class PaymentsQuery(PageQuery):
    status = fields.String(load_default=None, validate=validate.OneOf(("ordered", "paid", "failed")))


class OrdersQuery(Body):
    programme_id = fields.String(load_default=None)


class ClaimResponse(Schema):
    claim_id = fields.String()
    enterprise_id = fields.String()
    programme_id = fields.String()
    period_from = fields.Date()
    period_to = fields.Date()
    status = fields.String()
    lines = fields.Integer()
    claimed = fields.Integer()
    disputed = fields.Integer()
    accepted = fields.Integer()
    ordered = fields.Integer()
    paid = fields.Integer()
    minutes = fields.String(allow_none=True)
    minutes_date = fields.Date(allow_none=True)
    submitted_by = fields.String()
    submitted_at = fields.DateTime()
    accepted_by = fields.String(allow_none=True)


class ClaimPage(Schema):
    items = fields.List(fields.Nested(ClaimResponse))
    next_cursor = fields.String(allow_none=True)


class LineResponse(Schema):
    line_id = fields.String()
    redemption_id = fields.String()
    kind = fields.String()
    corrects = fields.String(allow_none=True)
    amount = fields.Integer()
    status = fields.String()
    reason = fields.String(allow_none=True)
    shop_id = fields.String()
    model = fields.String()
    price = fields.Integer()
    redeemed_at = fields.DateTime()


class LinePage(Schema):
    items = fields.List(fields.Nested(LineResponse))
    next_cursor = fields.String(allow_none=True)


class ChangedResponse(Schema):
    """How many lines changed, and the claim as it stands now."""

    changed = fields.Integer()
    claim = fields.Nested(ClaimResponse)


class CorrectionResponse(Schema):
    line_id = fields.String()


class PaymentResponse(Schema):
    payment_id = fields.String()
    claim_id = fields.String()
    reference = fields.String()
    amount = fields.Integer()
    status = fields.String()
    account_name = fields.String()
    bank = fields.String()
    account_number = fields.String()
    ordered_at = fields.DateTime()
    paid_on = fields.Date(allow_none=True)
    bank_reference = fields.String(allow_none=True)
    failure = fields.String(allow_none=True)


class PaymentPage(Schema):
    items = fields.List(fields.Nested(PaymentResponse))
    next_cursor = fields.String(allow_none=True)


class ConfirmedLine(Schema):
    """`outcome`: paid, failed, repeated, differs, unknown; or unreadable with a message."""

    row = fields.Integer()
    reference = fields.String()
    outcome = fields.String()
    message_vi = fields.String()
    message_en = fields.String()


class ConfirmationsResponse(Schema):
    rows = fields.Integer()
    counts = fields.Dict(keys=fields.String(), values=fields.Integer())
    lines = fields.List(fields.Nested(ConfirmedLine))


class PayeeResponse(Schema):
    enterprise_id = fields.String()
    account_name = fields.String()
    bank = fields.String()
    account_number = fields.String()
    kept_by = fields.String()
    kept_at = fields.DateTime()
