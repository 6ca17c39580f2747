"""What the schemas share: codes, single lines, words in two languages, problems."""

from marshmallow import RAISE, Schema, fields, validate

COMMUNE = validate.Regexp(r"^\d{5}\Z", error="A commune code has five digits.")
SLUG = validate.Regexp(r"^[a-z0-9][a-z0-9-]{0,63}\Z", error="Not a programme id.")
CODE = validate.Regexp(r"^[A-Z0-9_]{2,60}\Z", error="Capital letters, digits and _ only.")
LINE = validate.Regexp(
    r"^(?=.*\S)[^\x00-\x1f\x7f\ud800-\udfff]+\Z", error="One line of text that can be printed, not blank."
)


class Strict(Schema):
    class Meta:
        unknown = RAISE


def line(longest: int) -> fields.String:
    """One line of text that is not blank."""
    return fields.String(required=True, validate=[validate.Length(max=longest), LINE])


class Words(Schema):
    vi = fields.String()
    en = fields.String()


class Reason(Words):
    code = fields.String()


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
    errors = fields.Raw()
