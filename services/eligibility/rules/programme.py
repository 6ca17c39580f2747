"""A programme version as a document: read from its files, checked as a whole, identified by a digest."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import yaml
from marshmallow import RAISE, Schema, ValidationError, fields, validate

from services.eligibility.rules.tables import rule_problems
from shared.reference import areas

NATIONAL = "national"
_CODE = validate.Regexp(r"^[a-z0-9_-]{1,64}$")
_REASON = validate.Regexp(r"^[A-Z][A-Z0-9_]{1,63}$")
_TEXT = validate.Length(min=1, max=2_000)
_LONGEST_AMOUNT = 10**15


class ProgrammeInvalid(ValueError):
    """A programme document that must not be published; `problems` lists all of them."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Sentence:
    """What a person reads for a reason's code."""

    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class Programme:
    """One version of a programme.

    period_from, period_to: both days included; provinces: 2-digit codes, None for the whole country; amount,
    budget, minimum_price: whole đồng; priority_order: codes, first served first; voucher_validity_days: days
    from issue; reasons: code → sentences; unverified: the fields whose values no source states; digest:
    sha256 hex of the document; rules: the decision tables in JDM.
    """

    id: str
    version: int
    name_vi: str
    name_en: str
    legal_basis: tuple[str, ...]
    period_from: date
    period_to: date
    provinces: tuple[str, ...] | None
    amount: int
    once_per: str
    budget: int
    priority_order: tuple[str, ...]
    voucher_validity_days: int
    minimum_price: int
    evidence: tuple[str, ...]
    approval_mode: str
    reasons: Mapping[str, Sentence]
    unverified: tuple[str, ...]
    rules: Mapping[str, Any]
    digest: str

    def covers(self, province_code: str) -> bool:
        """Whether the programme serves households of today's province with this code."""
        return self.provinces is None or province_code in self.provinces

    def runs_on(self, day: date) -> bool:
        """Whether the day lies in the programme's period."""
        return self.period_from <= day <= self.period_to


def load_programme(path: Path) -> Programme:
    """The programme of a YAML file beside its table file; raises ProgrammeInvalid, OSError."""
    return parse_programme(load_document(path))


def load_document(path: Path) -> dict[str, Any]:
    """The self-contained document of a YAML file: `rules` holds the tables themselves, dates are ISO text.

    This is what is published, stored and hashed. Raises ProgrammeInvalid, OSError.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        if not isinstance(document, dict):
            raise ProgrammeInvalid(["the file is not a mapping"])
        rules = path.parent / Path(str(document.get("rules"))).name
        document["rules"] = orjson.loads(rules.read_bytes())
    except (yaml.YAMLError, orjson.JSONDecodeError) as unreadable:
        raise ProgrammeInvalid([f"cannot be read: {unreadable}"]) from unreadable
    plain: dict[str, Any] = orjson.loads(orjson.dumps(document))
    return plain


def parse_programme(document: Mapping[str, Any]) -> Programme:
    """The programme of a self-contained document; raises ProgrammeInvalid with every problem it has."""
    problems = list(_structure_problems(document))
    if not problems:
        problems = [
            *_sense_problems(document),
            *rule_problems(document["rules"], frozenset(document["reasons"])),
        ]
    if problems:
        raise ProgrammeInvalid(problems)
    return _programme(document)


def document_digest(document: Mapping[str, Any]) -> str:
    """sha256 in hex over the document's canonical JSON: UTF-8, keys sorted, no blanks."""
    return hashlib.sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)).hexdigest()


class _Whole(fields.Integer):
    """A whole number that is neither a float, nor a text, nor true."""

    def _validated(self, value: Any) -> int:
        if type(value) is not int:
            raise self.make_error("invalid")
        return value


def _whole(least: int) -> fields.Integer:
    return _Whole(required=True, strict=True, validate=validate.Range(min=least, max=_LONGEST_AMOUNT))


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
    amount = _whole(1)
    once_per = fields.String(required=True, validate=validate.OneOf(["household"]))


class _VoucherSchema(_Strict):
    validity_days = _whole(1)
    minimum_price = _whole(0)


class _ApprovalSchema(_Strict):
    mode = fields.String(required=True, validate=validate.OneOf(["list"]))


class _SentenceSchema(_Strict):
    vi = fields.String(required=True, validate=_TEXT)
    en = fields.String(required=True, validate=_TEXT)


class _DocumentSchema(_Strict):
    """The shape of a programme document; what its fields mean stands in `Programme`."""

    id = fields.String(required=True, validate=_CODE)
    version = _whole(1)
    name_vi = fields.String(required=True, validate=_TEXT)
    name_en = fields.String(required=True, validate=_TEXT)
    legal_basis = _texts()
    period = fields.Nested(_PeriodSchema, required=True)
    area = fields.Nested(_AreaSchema, required=True)
    benefit = fields.Nested(_BenefitSchema, required=True)
    budget = _whole(0)
    priority_order = fields.List(fields.String(validate=_CODE), required=True)
    voucher = fields.Nested(_VoucherSchema, required=True)
    evidence = fields.List(fields.String(validate=_CODE), required=True)
    approval = fields.Nested(_ApprovalSchema, required=True)
    reasons = fields.Dict(
        keys=fields.String(validate=_REASON), values=fields.Nested(_SentenceSchema), required=True
    )
    notes = fields.List(fields.String(validate=_TEXT))
    unverified = fields.List(fields.String(validate=_TEXT), required=True)
    rules = fields.Dict(required=True)


_SCHEMA = _DocumentSchema()


def _structure_problems(document: Mapping[str, Any]) -> Iterator[str]:
    try:
        _SCHEMA.load(document)
    except ValidationError as error:
        yield from _flat(error.messages)
    yield from _float_problems(document, "document")


def _flat(messages: object, path: str = "") -> Iterator[str]:
    """A tree of messages as lines such as `benefit.amount: Not a valid integer.`"""
    if isinstance(messages, dict):
        for key, below in messages.items():
            yield from _flat(below, f"{path}.{key}" if path else str(key))
    elif isinstance(messages, list):
        yield from (f"{path}: {message}" for message in messages)


def _float_problems(value: object, path: str) -> Iterator[str]:
    """Floats have more than one canonical form, so a document that is hashed holds none."""
    if isinstance(value, float):
        yield f"{path}: {value} is not a whole number"
    elif isinstance(value, Mapping):
        for key, below in value.items():
            yield from _float_problems(below, f"{path}.{key}")
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from _float_problems(below, f"{path}[{index}]")


def _sense_problems(document: Mapping[str, Any]) -> Iterator[str]:
    first, last = (date.fromisoformat(document["period"][end]) for end in ("from", "to"))
    if first > last:
        yield "period: ends before it begins"
    provinces = document["area"]["provinces"]
    if provinces != NATIONAL:
        yield from _area_problems(provinces)
    order = document["priority_order"]
    if len(set(order)) != len(order):
        yield "priority_order: a code stands twice"


def _area_problems(provinces: object) -> Iterator[str]:
    if not isinstance(provinces, list) or not provinces:
        yield f"area.provinces: a list of 2-digit codes or {NATIONAL}"
        return
    unknown = [code for code in provinces if not isinstance(code, str) or areas.province(code) is None]
    yield from (f"area.provinces: no province {code!r}" for code in unknown)


def _programme(document: Mapping[str, Any]) -> Programme:
    provinces = document["area"]["provinces"]
    return Programme(
        id=document["id"],
        version=document["version"],
        name_vi=document["name_vi"],
        name_en=document["name_en"],
        legal_basis=tuple(document["legal_basis"]),
        period_from=date.fromisoformat(document["period"]["from"]),
        period_to=date.fromisoformat(document["period"]["to"]),
        provinces=None if provinces == NATIONAL else tuple(provinces),
        amount=document["benefit"]["amount"],
        once_per=document["benefit"]["once_per"],
        budget=document["budget"],
        priority_order=tuple(document["priority_order"]),
        voucher_validity_days=document["voucher"]["validity_days"],
        minimum_price=document["voucher"]["minimum_price"],
        evidence=tuple(document["evidence"]),
        approval_mode=document["approval"]["mode"],
        reasons={code: Sentence(**sentence) for code, sentence in document["reasons"].items()},
        unverified=tuple(document["unverified"]),
        rules=document["rules"],
        digest=document_digest(document),
    )
