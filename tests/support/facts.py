"""Facts for tests: an event of any type with data that fit its schema, of two cases of one programme."""

from typing import Any

from shared.events import CATALOGUE, NewEvent, validate

CASE = "01900000-0000-7000-8000-000000000001"
OTHER = "01900000-0000-7000-8000-000000000002"
HOUSEHOLD = "01900000-0000-7000-8000-0000000000aa"
VOUCHER = "01900000-0000-7000-8000-0000000000bb"
NEW_VOUCHER = "01900000-0000-7000-8000-0000000000bc"
REDEMPTION = "01900000-0000-7000-8000-0000000000cc"
LIST = "01900000-0000-7000-8000-0000000000ee"
PROGRAMME = "tuyen-quang-2026"
DIGEST = "d" * 64

DEFAULTS: dict[str, Any] = {
    "household_id": HOUSEHOLD,
    "programme_id": PROGRAMME,
    "commune": "01075",
    "village": "Thôn 1",
    "channel": "list",
    "entered_by": "can-bo",
    "persons": ["a" * 64],
    "namesakes": [],
    "certificate": None,
    "sealed": "c2VhbGVk",
    "revision": 2,
    "reason": "HOUSEHOLD_ASKED",
    "programme_version": 1,
    "version": 1,
    "digest": DIGEST,
    "document": "{}",
    "outcome": "eligible",
    "decision_number": "12/QĐ-UBND",
    "decision_date": "2026-11-20",
    "approved_by": "chu-tich",
    "rejected_by": "chu-tich",
    "revoked_by": "chu-tich",
    "position": 7,
    "amount": 500_000,
    "minimum_price": 0,
    "validity_days": 60,
    "change": -200_000,
    "province": None,
    "budget_id": PROGRAMME,
    "voucher_id": VOUCHER,
    "expires_on": "2027-01-31",
    "expired_on": "2027-01-31",
    "redemption_id": REDEMPTION,
    "shop_id": "shop-1",
    "enterprise_id": "telecom-1",
    "name": "Cửa hàng 1",
    "imeis": ["b" * 64],
    "model": "4G",
    "price": 450_000,
    "subsidy": 450_000,
    "replaces": VOUCHER,
    "claim_id": "01900000-0000-7000-8000-0000000000dd",
    "period_from": "2026-11-01",
    "period_to": "2026-11-30",
    "redemptions": [REDEMPTION],
    "minutes": "3/BB-NT",
    "reference": "CK 15",
    "purpose": "CASE_WORK",
    "what": "household",
    "households": [HOUSEHOLD],
    "count": 1,
    "size": 1,
    "root": "e" * 64,
    "note": "songban.example/audit",
    "list_id": LIST,
    "taken_by": "duyet-tinh",
    "upheld_by": "duyet-tinh",
    "drafted_by": "chu-tich",
    "posted_by": "chu-tich",
    "cancelled_by": "chu-tich",
    "cases": [CASE],
    "posted_on": "2026-11-20",
    "last_day": "2026-11-27",
    "sold_by": "counter",
    "sold_on": "2026-11-23",
    "receipt": None,
    "first_receipt": None,
    "hours": [],
    "daily_limit": None,
    "minute_limit": 60,
    "clerk_id": "01900000-0000-7000-8000-0000000000c1",
    "subject": "cua-hang",
    "handset_id": "phone-1",
    "maker": "Maker",
    "generation": "4g",
    "tacs": ["35693803"],
    "price_ceiling": None,
    "reversal_id": "01900000-0000-7000-8000-0000000000c2",
    "refused_by": "quan-ly",
    "dispute_id": "01900000-0000-7000-8000-0000000000c3",
    "alert_id": "01900000-0000-7000-8000-0000000000c4",
    "kind": "burst",
    "closed_by": "quan-ly",
    "request_id": "01900000-0000-7000-8000-0000000000c5",
    "asked": "access",
    "received_on": "2026-11-23",
    "answer_due": "2026-11-26",
    "done_due": "2026-12-08",
    "answered_on": "2026-11-26",
    "closed_on": "2026-12-01",
    "settled": "granted",
}

_KEYS = {
    "programme": "programme_id",
    "budget": "programme_id",
    "shop": "shop_id",
    "enterprise": "enterprise_id",
    "handset": "handset_id",
    "claim": "claim_id",
    "access": "application_id",
    "checkpoint": "programme_id",
    "list": "list_id",
    "request": "request_id",
}


def fact(name: str, case: str = CASE, **data: Any) -> NewEvent:
    """A fact of type `name.v1`: the values above, `data` over them, only the fields its schema has."""
    event_type = CATALOGUE[f"{name}.v1"]
    whole = {"commune": None} if event_type.stream == "budget" else {}
    values = {**DEFAULTS, **whole, "application_id": case, **data}
    fitting = {field: values[field] for field in event_type.schema.fields}
    validate(event_type, fitting)
    key = values[_KEYS.get(event_type.stream, "application_id")]
    return NewEvent(event_type.name, key, fitting, "can-bo")
