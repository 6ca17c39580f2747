"""What waits for a person: reversals and alerts; and the redemptions they are about."""

from marshmallow import Schema, fields, validate

from services.disbursement.schemas.common import Body, line
from shared.web import PageQuery

REVERSAL_REASONS = ("HANDSET_FAULTY", "HOUSEHOLD_RETURNED_IT", "WRONG_VOUCHER", "WRONG_HANDSET", "OTHER")
"""Unverified: no source lists them."""


class RedemptionsQuery(PageQuery):
    shop_id = fields.String(load_default=None, validate=validate.Length(1, 64))


class RedemptionItem(Schema):
    redemption_id = fields.String()
    voucher_id = fields.String()
    shop_id = fields.String()
    enterprise_id = fields.String()
    programme_id = fields.String()
    channel = fields.String()
    model = fields.String()
    price = fields.Integer()
    subsidy = fields.Integer()
    household_pays = fields.Integer()
    receipt_reference = fields.String(allow_none=True)
    receipt_sha256 = fields.String(allow_none=True)
    sold_at = fields.AwareDateTime()
    redeemed_at = fields.AwareDateTime()
    reversed_at = fields.AwareDateTime(allow_none=True)


class RedemptionPage(Schema):
    items = fields.List(fields.Nested(RedemptionItem))
    next_cursor = fields.String(allow_none=True)


class ReversalRequest(Body):
    reason = fields.String(required=True, validate=validate.OneOf(REVERSAL_REASONS))
    note = line(500)


class ReversalAnswer(Schema):
    reversal_id = fields.String()
    redemption_id = fields.String()
    status = fields.String()


class ReversalsQuery(PageQuery):
    status = fields.String(load_default=None, validate=validate.OneOf(["asked", "confirmed", "refused"]))


class ReversalItem(ReversalAnswer):
    shop_id = fields.String()
    reason = fields.String()
    note = fields.String()
    asked_by = fields.String()
    asked_at = fields.AwareDateTime()
    decided_by = fields.String(allow_none=True)
    decided_at = fields.AwareDateTime(allow_none=True)


class ReversalPage(Schema):
    items = fields.List(fields.Nested(ReversalItem))
    next_cursor = fields.String(allow_none=True)


class CloseRequest(Body):
    reason = line(500)


class AlertResponse(Schema):
    alert_id = fields.String()
    kind = fields.String()
    shop_id = fields.String()
    redemptions = fields.Integer()
    first_at = fields.AwareDateTime()
    last_at = fields.AwareDateTime()
    status = fields.String()
    closed_by = fields.String(allow_none=True)
    closed_reason = fields.String(allow_none=True)
    raised_at = fields.AwareDateTime()


class AlertPage(Schema):
    items = fields.List(fields.Nested(AlertResponse))
    next_cursor = fields.String(allow_none=True)
