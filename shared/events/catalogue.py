"""The catalogue: every event type, who owns it, which stream and topic it belongs to, and its schema."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from marshmallow import Schema

from shared.events import schemas as s
from shared.events import shop_schemas as shops
from shared.events.quick import quick_check


class InvalidEvent(ValueError):
    """An event's data do not fit the schema of its type, or nobody knows the type."""


@dataclass(frozen=True, slots=True)
class EventType:
    """`name` carries the version (`voucher.issued.v1`); `stream` is the category of its stream."""

    name: str
    service: str
    stream: str
    topic: str
    schema: Schema = field(repr=False)
    quick: Callable[[Any], bool] = field(repr=False)

    def stream_of(self, key: str) -> str:
        return f"{self.stream}/{key}"


def _types(service: str, stream: str, topic: str, **members: Schema) -> list[EventType]:
    return [
        EventType(
            f"{name.replace('__', '.')}.v1", service, stream, f"songban.{topic}", schema, quick_check(schema)
        )
        for name, schema in members.items()
    ]


_ALL = [
    *_types(
        "eligibility",
        "programme",
        "programmes",
        programme__published=s.ProgrammePublished(),
        programme__suspended=s.ProgrammeStopped(),
        programme__closed=s.ProgrammeStopped(),
    ),
    *_types(
        "applications",
        "application",
        "applications",
        application__submitted=s.ApplicationSubmitted(),
        application__corrected=s.ApplicationCorrected(),
        application__withdrawn=s.ApplicationWithdrawn(),
        application__appealed=s.ApplicationAppealed(),
        application__erased=s.ApplicationErased(),
    ),
    *_types(
        "applications",
        "official",
        "applications",
        official__registered=s.OfficialNamed(),
        official__removed=s.OfficialNamed(),
    ),
    *_types(
        "eligibility",
        "eligibility",
        "eligibility",
        eligibility__assessed=s.EligibilityAssessed(),
        eligibility__approved=s.EligibilityApproved(),
        eligibility__rejected=s.EligibilityRejected(),
        eligibility__revoked=s.EligibilityRevoked(),
        eligibility__reviewed=s.EligibilityReviewed(),
        eligibility__objected=s.EligibilityObjected(),
        eligibility__referral_taken=s.EligibilityReferralTaken(),
        eligibility__referral_upheld=s.EligibilityReferralUpheld(),
    ),
    *_types(
        "eligibility",
        "list",
        "eligibility",
        list__drafted=s.ListDrafted(),
        list__posted=s.ListPosted(),
        list__closed=s.ListClosed(),
        list__cancelled=s.ListCancelled(),
    ),
    *_types(
        "disbursement",
        "budget",
        "disbursement",
        budget__allocated=s.BudgetAllocated(),
        budget__adjusted=s.BudgetAdjusted(),
    ),
    *_types(
        "disbursement",
        "disbursement",
        "disbursement",
        voucher__issued=s.VoucherIssued(),
        voucher__waitlisted=s.VoucherWaitlisted(),
        voucher__redeemed=s.VoucherRedeemed(),
        voucher__reversed=s.VoucherReversed(),
        voucher__cancelled=s.VoucherCancelled(),
        voucher__expired=s.VoucherExpired(),
        voucher__reissued=s.VoucherReissued(),
        voucher__locked=s.VoucherLocked(),
        voucher__unlocked=s.VoucherUnlocked(),
        voucher__disputed=shops.VoucherDisputed(),
        dispute__closed=shops.DisputeClosed(),
        reversal__asked=shops.ReversalAsked(),
        reversal__refused=shops.ReversalRefused(),
    ),
    *_types(
        "disbursement",
        "shop",
        "disbursement",
        shop__registered=shops.ShopRegistered(),
        shop__changed=shops.ShopChanged(),
        shop__suspended=shops.ShopDecided(),
        shop__reinstated=shops.ShopDecided(),
        clerk__registered=shops.ClerkRegistered(),
        clerk__suspended=shops.ClerkDecided(),
        clerk__reinstated=shops.ClerkDecided(),
        alert__raised=shops.AlertRaised(),
        alert__closed=shops.AlertClosed(),
    ),
    *_types(
        "disbursement",
        "enterprise",
        "disbursement",
        enterprise__registered=shops.EnterpriseRegistered(),
        enterprise__suspended=shops.EnterpriseDecided(),
        enterprise__reinstated=shops.EnterpriseDecided(),
    ),
    *_types(
        "disbursement",
        "handset",
        "disbursement",
        handset__listed=shops.HandsetListed(),
        handset__withdrawn=shops.HandsetWithdrawn(),
    ),
    *_types(
        "disbursement",
        "claim",
        "disbursement",
        claim__submitted=s.ClaimSubmitted(),
        claim__withdrawn=s.ClaimWithdrawn(),
        claim__disputed=s.ClaimDisputed(),
        claim__reinstated=s.ClaimReinstated(),
        claim__accepted=s.ClaimAccepted(),
        claim__paid=s.ClaimPaid(),
        payment__ordered=s.PaymentOrdered(),
        payment__failed=s.PaymentFailed(),
    ),
    *_types("disbursement", "line", "disbursement", line__corrected=s.LineCorrected()),
    *_types("disbursement", "payee", "disbursement", payee__kept=s.PayeeKept()),
    *_types("any", "access", "access", access__recorded=s.AccessRecorded()),
    *_types(
        "applications",
        "request",
        "access",
        request__received=s.RequestReceived(),
        request__answered=s.RequestAnswered(),
        request__extended=s.RequestExtended(),
        request__closed=s.RequestClosed(),
    ),
    *_types("audit", "checkpoint", "checkpoints", checkpoint__signed=s.CheckpointSigned()),
]

CATALOGUE: Mapping[str, EventType] = {event_type.name: event_type for event_type in _ALL}


def lookup(name: str) -> EventType:
    """The type called `name`. Raises InvalidEvent for one that is not in the catalogue."""
    event_type = CATALOGUE.get(name)
    if event_type is None:
        raise InvalidEvent(f"{name} is not in the catalogue")
    return event_type


def validate(event_type: EventType, data: Any) -> None:
    """Raise InvalidEvent, naming every field that is wrong, when `data` do not fit the type's schema.

    The schemas know only texts, whole numbers, booleans and lists of them (a test holds them to it), so what
    passes here has canonical bytes.
    """
    if event_type.quick(data):
        return
    errors = event_type.schema.validate(data)
    if errors:
        raise InvalidEvent(f"{event_type.name}: {errors}")


def types_of_topics(topics: list[str]) -> set[str]:
    """The names of all types that travel on `topics`."""
    return {event_type.name for event_type in CATALOGUE.values() if event_type.topic in topics}
