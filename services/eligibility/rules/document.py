"""The shape of a programme document: which fields it has, of what type, within what limits.

What the fields mean stands in `Programme`; how a person writes them in docs/programmes.md.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

PRIORITY_CODES = (
    "merit",
    "social_policy",
    "ethnic_minority_in_extremely_difficult_village",
    "ethnic_minority",
    "extremely_difficult_village",
    "extremely_difficult_commune",
    "poor",
    "near_poor",
)
"""Groups that a priority order may name; `Facts.priority_codes` says which of them a household belongs to."""
HANDSET_KINDS = ("3g", "4g", "5g")
APPROVAL_MODES = ("list", "automatic")
DOUBTS = ("conflict_of_interest", "near_duplicate", "id_mismatch", "nine_digit_id")
"""What goes to a person although the tables would accept the household: all of it, unless the document names
those that it means."""
CONFLICT = "conflict_of_interest"
"""The doubt that no programme may leave to its tables: a person looks at an official's household."""
REFERRAL_DAYS = 15
"""Days to decide a referred case, where the document does not say."""

_CODE = validate.Regexp(r"^[a-z0-9_-]{1,64}$")
_REASON = validate.Regexp(r"^[A-Z][A-Z0-9_]{1,63}$")
_TEXT = validate.And(validate.Length(max=2_000), validate.Regexp(r"(?s).*\S", error="Says nothing."))
_LONGEST_AMOUNT = 10**15
_LONGEST_DAYS = 3_660
_MOST_HOUSEHOLDS = 100_000_000
_MOST_VERSIONS = 1_000_000
INDICATORS = 12
"""Deprivations that the multidimensional poverty measure knows (domain: 12 indicators)."""


class _Whole(fields.Integer):
    """A whole number that is neither a float, nor a text, nor true."""

    def _validated(self, value: Any) -> int:
        if type(value) is not int:
            raise self.make_error("invalid")
        return value


def _whole(least: int, most: int = _LONGEST_AMOUNT) -> fields.Integer:
    return _Whole(required=True, strict=True, validate=validate.Range(min=least, max=most))


def _perhaps(least: int, most: int = _LONGEST_AMOUNT) -> fields.Integer:
    return _Whole(strict=True, allow_none=True, validate=validate.Range(min=least, max=most))


def _texts() -> fields.List[str]:
    return fields.List(fields.String(validate=_TEXT), required=True, validate=validate.Length(min=1))


class _Strict(Schema):
    class Meta:
        unknown = RAISE


class _PeriodSchema(_Strict):
    class Meta(_Strict.Meta):
        include = {"from": fields.Date(required=True, format="iso")}  # noqa: RUF012 - marshmallow reads it

    to = fields.Date(required=True, format="iso")


class _AreaSchema(_Strict):
    provinces = fields.Raw(required=True)


class _BenefitSchema(_Strict):
    kind = fields.String(validate=validate.OneOf(["amount"]))
    amount = _whole(1)
    once_per = fields.String(required=True, validate=validate.OneOf(["household"]))


class _QuotaSchema(_Strict):
    households = _perhaps(1, _MOST_HOUSEHOLDS)
    by_province = fields.Dict(keys=fields.String(), values=_whole(0, _MOST_HOUSEHOLDS))


class _VoucherSchema(_Strict):
    validity_days = _whole(1, _LONGEST_DAYS)
    minimum_price = _whole(0)
    maximum_price = _perhaps(1)
    handset_kinds = fields.List(fields.String(validate=validate.OneOf(HANDSET_KINDS)))
    reversal_days = _perhaps(0, _LONGEST_DAYS)


class _OfflineSchema(_Strict):
    per_voucher = _whole(1)
    per_shop_per_day = _whole(1)
    days_to_send = _whole(1, _LONGEST_DAYS)


class _ApprovalSchema(_Strict):
    mode = fields.String(required=True, validate=validate.OneOf(APPROVAL_MODES))
    posting_days = _perhaps(0, _LONGEST_DAYS)


class _LinesSchema(_Strict):
    rural = _whole(1)
    urban = _whole(1)
    deprivations = _whole(1, INDICATORS)


class _SentenceSchema(_Strict):
    vi = fields.String(required=True, validate=_TEXT)
    en = fields.String(required=True, validate=_TEXT)


class _DocumentSchema(_Strict):
    id = fields.String(required=True, validate=_CODE)
    version = _whole(1, _MOST_VERSIONS)
    effective_from = fields.Date(format="iso")
    name_vi = fields.String(required=True, validate=_TEXT)
    name_en = fields.String(required=True, validate=_TEXT)
    legal_basis = _texts()
    period = fields.Nested(_PeriodSchema, required=True)
    area = fields.Nested(_AreaSchema, required=True)
    benefit = fields.Nested(_BenefitSchema, required=True)
    budget = _whole(0)
    quota = fields.Nested(_QuotaSchema)
    exclusive_with = fields.List(fields.String(validate=_CODE))
    priority_order = fields.List(fields.String(validate=validate.OneOf(PRIORITY_CODES)), required=True)
    poverty_lines = fields.Nested(_LinesSchema)
    voucher = fields.Nested(_VoucherSchema, required=True)
    offline = fields.Nested(_OfflineSchema)
    evidence = fields.List(fields.String(validate=_CODE), required=True)
    approval = fields.Nested(_ApprovalSchema, required=True)
    refer_on = fields.List(fields.String(validate=validate.OneOf(DOUBTS)))
    referral_days = _perhaps(1, _LONGEST_DAYS)
    reasons = fields.Dict(
        keys=fields.String(validate=_REASON), values=fields.Nested(_SentenceSchema), required=True
    )
    notes = fields.List(fields.String(validate=_TEXT))
    unverified = fields.List(fields.String(validate=_TEXT), required=True)
    rules = fields.Dict(required=True)


_SCHEMA = _DocumentSchema()


def structure_problems(document: Mapping[str, Any]) -> Iterator[str]:
    """What is missing, unknown, or of a wrong type or size, such as `benefit.amount: Not a valid integer.`"""
    try:
        _SCHEMA.load(document)
    except ValidationError as error:
        yield from flat_messages(error.messages)
    yield from _canon_problems(document, "document")


def is_field(path: str) -> bool:
    """Whether documents may have a field at a path such as `voucher.validity_days`."""
    inside: Schema | None = _SCHEMA
    for name in path.split("."):
        field = inside.fields.get(name) if inside else None
        if field is None:
            return False
        inside = field.schema if isinstance(field, fields.Nested) else None
    return True


def flat_messages(messages: object, path: str = "") -> Iterator[str]:
    """A schema's tree of messages as lines that begin with where they belong."""
    if isinstance(messages, dict):
        for key, below in messages.items():
            yield from flat_messages(below, f"{path}.{key}" if path else str(key))
    elif isinstance(messages, list):
        yield from (f"{path}: {message}" for message in messages)


def _canon_problems(value: object, path: str) -> Iterator[str]:
    """What has no canonical form, so that its digest would say nothing: floats, and halves of characters."""
    if isinstance(value, float):
        yield f"{path}: {value} is not a whole number"
    elif isinstance(value, str) and not _is_text(value):
        yield f"{path}: holds half a character, which is no text"
    elif isinstance(value, Mapping):
        for key, below in value.items():
            yield from _canon_problems(key, path)
            yield from _canon_problems(below, f"{path}.{key}")
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from _canon_problems(below, f"{path}[{index}]")


def _is_text(value: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in value)
