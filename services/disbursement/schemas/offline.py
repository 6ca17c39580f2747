"""Sales made without a line."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from services.disbursement.schemas.common import Body, dong, line, shop_of_till
from services.disbursement.schemas.redemptions import LONGEST_CODE, ReceiptField
from shared.web import PageQuery

SENT_AT_ONCE = 100


class OfflineSale(Body):
    """`sale_id` is made by the device, once for each sale, and stays the same however often it is sent."""

    sale_id = fields.UUID(required=True)
    token = line(LONGEST_CODE)
    pin = line(20)
    imeis = fields.List(line(40), required=True, validate=validate.Length(min=1, max=2))
    model = line(100)
    price = dong()
    id_checked = fields.Boolean(required=True, truthy={True}, falsy={False})
    sold_at = fields.AwareDateTime(required=True, format="iso")
    receipt = fields.Nested(ReceiptField, load_default=None, allow_none=True)


def _each_once(sales: list[dict[str, Any]]) -> None:
    if len({sale["sale_id"] for sale in sales}) < len(sales):
        raise ValidationError("One sale_id stands twice.")


class OfflineRequest(Body):
    shop_id = shop_of_till()
    sales = fields.List(
        fields.Nested(OfflineSale),
        required=True,
        validate=[validate.Length(min=1, max=SENT_AT_ONCE), _each_once],
    )


class OfflineResult(Schema):
    """`outcome`: redeemed, disputed (it found voucher or handset taken; nothing is paid) or refused; `code`
    and the sentences say why."""

    sale_id = fields.String()
    outcome = fields.String()
    code = fields.String(allow_none=True)
    sentence_vi = fields.String(allow_none=True)
    sentence_en = fields.String(allow_none=True)
    redemption_id = fields.String(allow_none=True)
    dispute_id = fields.String(allow_none=True)
    subsidy = fields.Integer(allow_none=True)
    household_pays = fields.Integer(allow_none=True)


class OfflineResponse(Schema):
    results = fields.List(fields.Nested(OfflineResult))


class OfflineTerms(Schema):
    """`mark` is the programme as tokens name it; amounts in đồng."""

    programme_id = fields.String()
    mark = fields.String()
    name_vi = fields.String()
    name_en = fields.String()
    per_voucher = fields.Integer()
    per_shop_per_day = fields.Integer()
    days_to_send = fields.Integer()


class OfflineTermsList(Schema):
    items = fields.List(fields.Nested(OfflineTerms))


class OpenOrClosed(PageQuery):
    status = fields.String(load_default=None, validate=validate.OneOf(["open", "closed"]))


class DisputeResponse(Schema):
    dispute_id = fields.String()
    voucher_id = fields.String()
    application_id = fields.String()
    programme_id = fields.String()
    shop_id = fields.String()
    enterprise_id = fields.String()
    reason = fields.String()
    model = fields.String()
    price = fields.Integer()
    receipt_reference = fields.String(allow_none=True)
    receipt_sha256 = fields.String(allow_none=True)
    first_redemption_id = fields.String(allow_none=True)
    first_receipt_reference = fields.String(allow_none=True)
    first_receipt_sha256 = fields.String(allow_none=True)
    status = fields.String()
    closed_by = fields.String(allow_none=True)
    closed_reason = fields.String(allow_none=True)
    sold_at = fields.AwareDateTime()
    disputed_at = fields.AwareDateTime()


class DisputePage(Schema):
    items = fields.List(fields.Nested(DisputeResponse))
    next_cursor = fields.String(allow_none=True)
