"""Personal data: erasure and keys."""

from marshmallow import Schema, fields, validate

from services.applications.schemas.common import CODE, MAX_KEYS, Strict


class EraseRequest(Strict):
    """`ground` is a code (PERSON_ASKED, CONSENT_WITHDRAWN): free text could name the person again."""

    ground = fields.String(required=True, validate=CODE)


class EraseAnswer(Schema):
    household_id = fields.String()
    applications = fields.Integer()


class KeysRequest(Strict):
    household_ids = fields.List(fields.UUID(), required=True, validate=validate.Length(max=MAX_KEYS))
    purpose = fields.String(required=True, validate=CODE)


class KeysAnswer(Schema):
    keys = fields.Dict(keys=fields.String(), values=fields.String())
