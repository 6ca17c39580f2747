"""The register of officials."""

from marshmallow import Schema, fields

from services.applications.schemas.common import Strict, line


class OfficialRequest(Strict):
    """`subject`: the account, as it stands in tokens; `citizen_id`: twelve digits, kept as a keyed hash."""

    subject = line(required=True)
    citizen_id = line(40, required=True)


class OfficialAnswer(Schema):
    subject = fields.String()


class OfficialItem(OfficialAnswer):
    """`looked_back_at`: when earlier applications were looked through; null for the first minute."""

    registered_by = fields.String()
    registered_at = fields.DateTime()
    looked_back_at = fields.DateTime(allow_none=True)


class OfficialList(Schema):
    items = fields.List(fields.Nested(OfficialItem))
