"""Enterprises, shops, clerks, handsets."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from services.disbursement.schemas.common import LARGEST_AMOUNT, Body, line, slug
from shared.events.schemas import COMMUNE_TEXT, PROVINCE_TEXT
from shared.events.shop_schemas import HOURS_TEXT, TAC_TEXT
from shared.web import PageQuery

USUAL_MINUTE_LIMIT = 60
"""Redemptions a minute of one shop, all its tills together, where the register says nothing else."""
MOST_A_MINUTE = 1_000_000


def _ends_after_it_begins(entry: str) -> None:
    if entry[2:7] >= entry[8:13]:
        raise ValidationError("Ends before it begins.")


class Terms(Body):
    """When and how much a shop redeems. `hours`: entries such as `1 07:30-11:30` (1 Monday); none: always."""

    hours = fields.List(
        fields.String(validate=[HOURS_TEXT, _ends_after_it_begins]),
        load_default=list,
        validate=validate.Length(max=50),
    )
    daily_limit = fields.Integer(
        load_default=None, allow_none=True, strict=True, validate=validate.Range(1, 1_000_000)
    )
    minute_limit = fields.Integer(
        load_default=USUAL_MINUTE_LIMIT, strict=True, validate=validate.Range(1, MOST_A_MINUTE)
    )


class EnterpriseRequest(Body):
    """`contact`: the enterprise's own telephone, address or mailbox, never a person's."""

    enterprise_id = slug()
    name = line(200)
    contact = line(200)
    province = fields.String(required=True, validate=PROVINCE_TEXT)


class EnterpriseResponse(Schema):
    enterprise_id = fields.String()
    name = fields.String()
    contact = fields.String()
    province = fields.String()
    status = fields.String()


class EnterprisePage(Schema):
    items = fields.List(fields.Nested(EnterpriseResponse))
    next_cursor = fields.String(allow_none=True)


class ShopRequest(Terms):
    shop_id = slug()
    enterprise_id = slug()
    name = line(200)
    commune = fields.String(required=True, validate=COMMUNE_TEXT)


class WhyRequest(Body):
    reason = line(500)


class ShopResponse(Schema):
    shop_id = fields.String()
    enterprise_id = fields.String()
    name = fields.String()
    commune = fields.String()
    status = fields.String()
    hours = fields.List(fields.String())
    daily_limit = fields.Integer(allow_none=True)
    minute_limit = fields.Integer()


class ShopPage(Schema):
    items = fields.List(fields.Nested(ShopResponse))
    next_cursor = fields.String(allow_none=True)


class ClerkRequest(Body):
    """`subject`: the account as its tokens name it."""

    subject = line(200)


class ClerkResponse(Schema):
    clerk_id = fields.String()
    subject = fields.String()
    shop_id = fields.String()
    status = fields.String()


class ClerkPage(Schema):
    items = fields.List(fields.Nested(ClerkResponse))
    next_cursor = fields.String(allow_none=True)


def _each_once(tacs: list[Any]) -> None:
    if len(set(tacs)) < len(tacs):
        raise ValidationError("One stands twice.")


class HandsetRequest(Body):
    handset_id = slug()
    model = line(100)
    maker = line(100)
    generation = fields.String(required=True, validate=validate.OneOf(["4g", "5g"]))
    tacs = fields.List(
        fields.String(validate=TAC_TEXT), required=True, validate=[validate.Length(1, 100), _each_once]
    )
    price_ceiling = fields.Integer(
        load_default=None, allow_none=True, strict=True, validate=validate.Range(1, LARGEST_AMOUNT)
    )


class HandsetQuery(PageQuery):
    status = fields.String(load_default=None, validate=validate.OneOf(["listed", "withdrawn"]))


class HandsetResponse(Schema):
    handset_id = fields.String()
    model = fields.String()
    maker = fields.String()
    generation = fields.String()
    tacs = fields.List(fields.String())
    price_ceiling = fields.Integer(allow_none=True)
    status = fields.String()


class HandsetPage(Schema):
    items = fields.List(fields.Nested(HandsetResponse))
    next_cursor = fields.String(allow_none=True)
