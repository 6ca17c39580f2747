"""What events say of enterprises, shops, clerks, handsets, and of sales that need a second look."""

from marshmallow import fields, validate

from shared.events.canonical import MAX_INTEGER
from shared.events.schemas import (
    HASH_TEXT,
    PROVINCE_TEXT,
    UUID_TEXT,
    EventSchema,
    WholeText,
    _Case,
    amount_field,
    code_field,
    commune_field,
    count_field,
    hash_list,
    one_of,
    slug_field,
    text_field,
    uuid_field,
)

HOURS_TEXT = WholeText(r"^[1-7] ([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")
"""`1 07:30-11:30`: weekday (1 Monday), from, until."""
TAC_TEXT = WholeText(r"^[0-9]{8}$")
ALERT_KINDS = ("burst", "out_of_hours", "imei_range", "far_away")


def _limit() -> fields.Integer:
    """A number a day or a minute; null: no limit."""
    return fields.Integer(
        required=True, strict=True, allow_none=True, validate=validate.Range(min=1, max=MAX_INTEGER)
    )


def _hours() -> fields.List[str]:
    return fields.List(fields.String(validate=HOURS_TEXT), required=True)


class EnterpriseRegistered(EventSchema):
    """`province` keeps the entry. The enterprise's contact stays in the register."""

    enterprise_id = slug_field()
    name = text_field()
    province = fields.String(required=True, validate=PROVINCE_TEXT)


class EnterpriseDecided(EventSchema):
    """Suspended, with all its shops, or reinstated."""

    enterprise_id = slug_field()
    reason = text_field(500)


class ShopRegistered(EventSchema):
    shop_id = slug_field()
    enterprise_id = slug_field()
    name = text_field()
    commune = commune_field()
    hours = _hours()
    daily_limit = _limit()
    minute_limit = count_field(1)


class ShopChanged(EventSchema):
    """Its hours and limits from now on."""

    shop_id = slug_field()
    hours = _hours()
    daily_limit = _limit()
    minute_limit = count_field(1)


class ShopDecided(EventSchema):
    """Suspended or reinstated."""

    shop_id = slug_field()
    reason = text_field(500)


class ClerkRegistered(EventSchema):
    """`subject` is the account, as it stands in the tokens and in every event's `actor`."""

    clerk_id = uuid_field()
    shop_id = slug_field()
    subject = text_field()


class ClerkDecided(EventSchema):
    """Suspended or reinstated. Why stands in the register: it is about a person."""

    clerk_id = uuid_field()
    shop_id = slug_field()


class HandsetListed(EventSchema):
    """A model that shops may hand over. `tacs`: the first eight digits of its IMEIs."""

    handset_id = slug_field()
    model = text_field(100)
    maker = text_field(100)
    generation = one_of("4g", "5g")
    tacs = fields.List(
        fields.String(validate=TAC_TEXT), required=True, validate=validate.Length(min=1, max=100)
    )
    price_ceiling = fields.Integer(
        required=True, strict=True, allow_none=True, validate=validate.Range(min=1, max=MAX_INTEGER)
    )


class HandsetWithdrawn(EventSchema):
    handset_id = slug_field()
    reason = text_field(500)


class _Reversal(_Case):
    reversal_id = uuid_field()
    voucher_id = uuid_field()
    redemption_id = uuid_field()


class ReversalAsked(_Reversal):
    """The shop wants to take a redemption back; somebody else decides."""

    reason = code_field()


class ReversalRefused(_Reversal):
    refused_by = text_field()


class VoucherDisputed(_Case):
    """A sale made without a line found its voucher or handset taken. It pays nothing.

    `redemption_id` is the redemption that stands, null when there is none; `receipt` and `first_receipt` are
    the SHA-256 of both receipts' pictures.
    """

    voucher_id = uuid_field()
    dispute_id = uuid_field()
    shop_id = slug_field()
    enterprise_id = slug_field()
    imeis = hash_list(validate=validate.Length(min=1, max=2))
    model = text_field(100)
    price = amount_field(1)
    reason = code_field()
    redemption_id = fields.String(required=True, allow_none=True, validate=UUID_TEXT)
    receipt = fields.String(required=True, allow_none=True, validate=HASH_TEXT)
    first_receipt = fields.String(required=True, allow_none=True, validate=HASH_TEXT)


class DisputeClosed(_Case):
    """A person looked at both receipts; why it is closed stands in the register."""

    voucher_id = uuid_field()
    dispute_id = uuid_field()
    closed_by = text_field()


class AlertRaised(EventSchema):
    """A pattern in a shop's redemptions: `redemptions` of them show it."""

    alert_id = uuid_field()
    shop_id = slug_field()
    kind = one_of(*ALERT_KINDS)
    redemptions = count_field(1)


class AlertClosed(EventSchema):
    alert_id = uuid_field()
    shop_id = slug_field()
    closed_by = text_field()
