"""A programme version as a document: read from its files, checked as a whole, identified by a digest."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import yaml

from services.eligibility.rules.document import CONFLICT, DOUBTS, REFERRAL_DAYS, is_field, structure_problems
from services.eligibility.rules.tables import numbers_used, rule_problems
from shared.reference import areas

NATIONAL = "national"


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
class OfflineLimits:
    """What a shop without a line may redeem: đồng per voucher, vouchers per shop and day, days until it must
    have sent what it redeemed."""

    per_voucher: int
    per_shop_per_day: int
    days_to_send: int


@dataclass(frozen=True, slots=True)
class PovertyLines:
    """A programme's own poverty line: đồng per person and month in rural and urban communes, and how many of
    the 12 deprivations make a household at or below the line poor."""

    rural: int
    urban: int
    deprivations: int


@dataclass(frozen=True, slots=True)
class Programme:
    """One version of a programme.

    effective_from: first day on which this version assesses. period_from, period_to: both days included.
    provinces: 2-digit codes, None for the whole country. amount, budget, minimum_price, maximum_price (None:
    no limit): whole đồng. quota: households in the whole programme, None for no limit; quota_by_province: the
    same by 2-digit code, a province that is not named has no limit of its own. exclusive_with: ids of
    programmes with which a person, household or certificate may not be combined. priority_order: codes, first
    served first. poverty_lines: the programme's own, None where it uses the poverty status as certified.
    voucher_validity_days: days from issue. handset_kinds: empty for any. reversal_days: days in which a shop
    may take a redemption back, 0 for never. offline: None where a shop without a line may not redeem.
    approval_mode: "list" or "automatic". posting_days: days a list hangs out before it can be approved, 0 for
    no posting. refer_on: the doubts that refer a case to a person. referral_days: days to decide it. reasons:
    code → sentences. unverified: the fields whose values no source states. digest: sha256 hex of the
    document. rules: the decision tables in JDM.
    """

    id: str
    version: int
    effective_from: date
    name_vi: str
    name_en: str
    legal_basis: tuple[str, ...]
    period_from: date
    period_to: date
    provinces: tuple[str, ...] | None
    benefit_kind: str
    amount: int
    once_per: str
    budget: int
    quota: int | None
    quota_by_province: Mapping[str, int]
    exclusive_with: tuple[str, ...]
    priority_order: tuple[str, ...]
    poverty_lines: PovertyLines | None
    voucher_validity_days: int
    minimum_price: int
    maximum_price: int | None
    handset_kinds: tuple[str, ...]
    reversal_days: int
    offline: OfflineLimits | None
    evidence: tuple[str, ...]
    approval_mode: str
    posting_days: int
    refer_on: tuple[str, ...]
    referral_days: int
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


class _Loader(yaml.SafeLoader):
    """Refuses a mapping in which a key stands twice: YAML would take the last one without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        _once([(self.construct_object(key, deep=True), None) for key, _ in node.value])
        return super().construct_mapping(node, deep)


def _once(pairs: Sequence[tuple[Any, Any]]) -> dict[Any, Any]:
    """A mapping of pairs; raises ValueError where a key stands twice."""
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = sorted({str(key) for key, _ in pairs if [one for one, _ in pairs].count(key) > 1})
        raise ValueError(f"{', '.join(twice)} stands twice in one place")
    return found


def load_programme(path: Path) -> Programme:
    """The programme of a YAML file beside its table file; raises ProgrammeInvalid, OSError."""
    return parse_programme(load_document(path))


def load_document(path: Path) -> dict[str, Any]:
    """The self-contained document of a YAML file: `rules` holds the tables themselves, dates are ISO text.

    This is what is published, stored and hashed. Raises ProgrammeInvalid, OSError.
    """
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a safe loader
        if not isinstance(document, dict):
            raise ProgrammeInvalid(["the file is not a mapping"])
        rules = path.parent / Path(str(document.get("rules"))).name
        document["rules"] = json.loads(rules.read_text(encoding="utf-8"), object_pairs_hook=_once)
        plain: dict[str, Any] = orjson.loads(orjson.dumps(document))
    except (yaml.YAMLError, ValueError, TypeError) as unreadable:
        if isinstance(unreadable, ProgrammeInvalid):
            raise
        raise ProgrammeInvalid([f"cannot be read: {unreadable}"]) from unreadable
    return plain


def parse_programme(document: Mapping[str, Any]) -> Programme:
    """The programme of a self-contained document; raises ProgrammeInvalid with every problem it has."""
    problems = list(structure_problems(document))
    if not problems:
        problems = [
            *_sense_problems(document),
            *rule_problems(document["rules"], frozenset(document["reasons"])),
        ]
    if not problems:
        problems = list(_line_problems(document))
    if problems:
        raise ProgrammeInvalid(problems)
    return read_programme(document)


def document_digest(document: Mapping[str, Any]) -> str:
    """sha256 in hex over the document's canonical JSON: UTF-8, keys sorted, no blanks."""
    return hashlib.sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _sense_problems(document: Mapping[str, Any]) -> Iterator[str]:
    first, last = (date.fromisoformat(document["period"][end]) for end in ("from", "to"))
    if first > last:
        yield "period: ends before it begins"
    if date.fromisoformat(document.get("effective_from") or document["period"]["from"]) > last:
        yield "effective_from: lies after the period"
    provinces = document["area"]["provinces"]
    if provinces != NATIONAL:
        yield from _area_problems(provinces)
    yield from _quota_problems(document)
    yield from _order_problems(document)
    voucher = document["voucher"]
    highest = voucher.get("maximum_price")
    if highest is not None and highest < voucher["minimum_price"]:
        yield "voucher.maximum_price: lies below the minimum price"
    if document["approval"]["mode"] == "automatic" and document["approval"].get("posting_days"):
        yield "approval.posting_days: only lists hang out, and this programme approves by itself"
    if CONFLICT not in document.get("refer_on", DOUBTS):
        yield f"refer_on: {CONFLICT} is always referred"
    for mark in document["unverified"]:
        path, _, _ = mark.partition(":")
        if not is_field(path):
            yield f"unverified: there is no field {path}"


def _area_problems(provinces: object) -> Iterator[str]:
    if not isinstance(provinces, list) or not provinces:
        yield f"area.provinces: a list of 2-digit codes or {NATIONAL}"
        return
    unknown = [code for code in provinces if not isinstance(code, str) or areas.province(code) is None]
    yield from (f"area.provinces: no province {code!r}" for code in unknown)


def _quota_problems(document: Mapping[str, Any]) -> Iterator[str]:
    quota, provinces = document.get("quota", {}), document["area"]["provinces"]
    shares = quota.get("by_province", {})
    for code in shares:
        if areas.province(code) is None:
            yield f"quota.by_province: no province {code!r}"
        elif provinces != NATIONAL and code not in provinces:
            yield f"quota.by_province: province {code!r} lies outside the area"
    whole = quota.get("households")
    if whole is not None and sum(shares.values()) > whole:
        yield "quota: the provinces' shares add up to more than the whole"


def _order_problems(document: Mapping[str, Any]) -> Iterator[str]:
    """Lists in which nothing may stand twice, and a programme that excludes itself."""
    lists = {
        "priority_order": document["priority_order"],
        "exclusive_with": document.get("exclusive_with", []),
    }
    for name, codes in lists.items():
        if len(set(codes)) != len(codes):
            yield f"{name}: a code stands twice"
    if document["id"] in lists["exclusive_with"]:
        yield "exclusive_with: names the programme itself"


def _line_problems(document: Mapping[str, Any]) -> Iterator[str]:
    """The tables hold the lines as numbers, so that they can be read alone: both must say the same."""
    lines, incomes = document.get("poverty_lines"), numbers_used(document["rules"], "income_per_person")
    if lines is None:
        if incomes:
            yield "poverty_lines: missing, although the tables look at income_per_person"
        return
    wanted = {lines["rural"], lines["urban"]}
    for number in sorted(incomes - {0, 1} - wanted):
        yield f"poverty_lines: the tables compare income_per_person with {number}, which is no line"
    for line in sorted(wanted - incomes):
        yield f"poverty_lines: no cell of the tables uses the line {line}"
    needed = lines["deprivations"]
    if numbers_used(document["rules"], "deprivations") != {needed}:
        yield f"poverty_lines: the tables must compare deprivations with {needed} and nothing else"


def read_programme(document: Mapping[str, Any]) -> Programme:
    """The programme of a document that was checked when it was published: what is stored stays readable under
    later, stricter checks."""
    provinces, benefit, voucher = document["area"]["provinces"], document["benefit"], document["voucher"]
    quota, approval = document.get("quota", {}), document["approval"]
    offline, lines = document.get("offline"), document.get("poverty_lines")
    period_from = date.fromisoformat(document["period"]["from"])
    effective = document.get("effective_from")
    return Programme(
        id=document["id"],
        version=document["version"],
        effective_from=date.fromisoformat(effective) if effective else period_from,
        name_vi=document["name_vi"],
        name_en=document["name_en"],
        legal_basis=tuple(document["legal_basis"]),
        period_from=period_from,
        period_to=date.fromisoformat(document["period"]["to"]),
        provinces=None if provinces == NATIONAL else tuple(provinces),
        benefit_kind=benefit.get("kind", "amount"),
        amount=benefit["amount"],
        once_per=benefit["once_per"],
        budget=document["budget"],
        quota=quota.get("households"),
        quota_by_province=dict(quota.get("by_province", {})),
        exclusive_with=tuple(document.get("exclusive_with", ())),
        priority_order=tuple(document["priority_order"]),
        poverty_lines=PovertyLines(**lines) if lines else None,
        voucher_validity_days=voucher["validity_days"],
        minimum_price=voucher["minimum_price"],
        maximum_price=voucher.get("maximum_price"),
        handset_kinds=tuple(voucher.get("handset_kinds", ())),
        reversal_days=voucher.get("reversal_days") or 0,
        offline=OfflineLimits(**offline) if offline else None,
        evidence=tuple(document["evidence"]),
        approval_mode=approval["mode"],
        posting_days=approval.get("posting_days") or 0,
        refer_on=tuple(document.get("refer_on", DOUBTS)),
        referral_days=document.get("referral_days") or REFERRAL_DAYS,
        reasons={code: Sentence(**sentence) for code, sentence in document["reasons"].items()},
        unverified=tuple(document["unverified"]),
        rules=document["rules"],
        digest=document_digest(document),
    )
