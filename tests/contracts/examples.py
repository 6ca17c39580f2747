"""One example of every event type, with fixed ids and times. `regenerate.py` writes them as golden files."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

from shared.events import Head, NewEvent, lookup
from shared.events.envelope import seal_envelope

GOLDEN = Path(__file__).with_name("golden")

APPLICATION = "01938b2c-5a10-7c3e-9f00-000000000001"
HOUSEHOLD = "01938b2c-5a10-7c3e-9f00-000000000002"
VOUCHER = "01938b2c-5a10-7c3e-9f00-000000000003"
NEW_VOUCHER = "01938b2c-5a10-7c3e-9f00-000000000004"
REDEMPTION = "01938b2c-5a10-7c3e-9f00-000000000005"
CLAIM = "01938b2c-5a10-7c3e-9f00-000000000006"
LIST = "01938b2c-5a10-7c3e-9f00-000000000007"
LINE = "01938b2c-5a10-7c3e-9f00-000000000007"
OLDER_LINE = "01938b2c-5a10-7c3e-9f00-000000000008"
PAYMENT = "01938b2c-5a10-7c3e-9f00-000000000009"
CLERK = "01938b2c-5a10-7c3e-9f00-00000000000a"
ALERT = "01938b2c-5a10-7c3e-9f00-00000000000b"
REVERSAL = "01938b2c-5a10-7c3e-9f00-00000000000c"
DISPUTE = "01938b2c-5a10-7c3e-9f00-00000000000d"
REQUEST = "01938b2c-5a10-7c3e-9f00-00000000000e"
EVENT = "01938b2c-5a10-7c3e-9f00-0000000000ff"
MOMENT = datetime(2026, 11, 23, 2, 30, 0, 125_000, UTC)
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
SEALED = "c2VhbGVkLWZvci10aGUtZ29sZGVuLWZpbGU="
DIGEST, PERSON, IMEI, CERTIFICATE, NAMESAKE = "d" * 64, "a" * 64, "b" * 64, "c" * 64, "e" * 64

_CASE = {"application_id": APPLICATION, "household_id": HOUSEHOLD, "programme_id": "tuyen-quang-2026"}
_SUBMITTED = {
    **_CASE,
    "commune": "01075",
    "village": "Nậm Ty",
    "channel": "list",
    "entered_by": "can-bo",
    "persons": [PERSON],
    "namesakes": [NAMESAKE],
    "certificate": CERTIFICATE,
    "sealed": SEALED,
}
_CLAIM = {"claim_id": CLAIM, "enterprise_id": "vien-thong-demo", "programme_id": "tuyen-quang-2026"}
_LIST = {"list_id": LIST, "programme_id": "tuyen-quang-2026"}
_PAYMENT = {"payment_id": PAYMENT, "amount": 2_000_000, "reference": "SB7K2M4N8Q1R"}
_SHOP = "cua-hang-nam-dich"
_PROGRAMME = "tuyen-quang-2026"
_ENTERPRISE = "vien-thong-demo"
_HANDSET = "vsmart-bee-4"
_CLERK = {"clerk_id": CLERK, "shop_id": _SHOP}
_ALERT = {"alert_id": ALERT, "shop_id": _SHOP}
_REVERSAL = {"reversal_id": REVERSAL, "voucher_id": VOUCHER, "redemption_id": REDEMPTION}

_REQUEST = {"request_id": REQUEST, "household_id": HOUSEHOLD}

DATA: Mapping[str, dict[str, Any]] = {
    "programme.published.v1": {
        "programme_id": _PROGRAMME,
        "version": 1,
        "digest": DIGEST,
        "document": '{"id":"tuyen-quang-2026","name":"Hỗ trợ điện thoại thông minh"}',
    },
    "programme.suspended.v1": {"programme_id": _PROGRAMME, "reason": "Chờ bổ sung kinh phí"},
    "programme.closed.v1": {"programme_id": _PROGRAMME, "reason": "Hết thời hạn thực hiện"},
    "application.submitted.v1": _SUBMITTED,
    "application.corrected.v1": {**_SUBMITTED, "certificate": None, "revision": 2, "reason": "MISTYPED"},
    "application.withdrawn.v1": {**_CASE, "reason": "MOVED_AWAY"},
    "application.appealed.v1": {**_CASE, "sealed": SEALED},
    "application.erased.v1": {"application_id": APPLICATION, "household_id": HOUSEHOLD},
    "eligibility.assessed.v1": {
        **_CASE,
        "commune": "01075",
        "programme_version": 1,
        "digest": DIGEST,
        "outcome": "eligible",
        "sealed": SEALED,
    },
    "eligibility.approved.v1": {
        **_CASE,
        "commune": "01075",
        "programme_version": 1,
        "decision_number": "12/QĐ-UBND",
        "decision_date": "2026-11-23",
        "approved_by": "chu-tich",
        "position": 1,
        "amount": 2_000_000,
        "minimum_price": 1_500_000,
        "validity_days": 60,
    },
    "eligibility.rejected.v1": {
        **_CASE,
        "decision_number": "13/QĐ-UBND",
        "decision_date": "2026-11-23",
        "rejected_by": "chu-tich",
        "sealed": SEALED,
    },
    "eligibility.revoked.v1": {**_CASE, "reason": "DECISION_ANNULLED", "revoked_by": "quan-ly"},
    "eligibility.reviewed.v1": {
        **_CASE,
        "commune": "01075",
        "programme_version": 1,
        "digest": DIGEST,
        "outcome": "ineligible",
        "sealed": SEALED,
    },
    "eligibility.objected.v1": {**_CASE, "list_id": LIST, "sealed": SEALED},
    "eligibility.referral_taken.v1": {**_CASE, "taken_by": "duyet-tinh"},
    "eligibility.referral_upheld.v1": {**_CASE, "upheld_by": "duyet-tinh", "sealed": SEALED},
    "list.drafted.v1": {
        **_LIST,
        "commune": "01075",
        "village": "Nậm Ty",
        "drafted_by": "chu-tich",
        "cases": [APPLICATION],
    },
    "list.posted.v1": {
        **_LIST,
        "posted_by": "chu-tich",
        "posted_on": "2026-11-23",
        "last_day": "2026-11-30",
    },
    "list.closed.v1": _LIST,
    "list.cancelled.v1": {**_LIST, "cancelled_by": "chu-tich"},
    "budget.allocated.v1": {
        "programme_id": _PROGRAMME,
        "province": None,
        "commune": None,
        "amount": 500_000_000,
        "document": "45/QĐ-UBND",
    },
    "budget.adjusted.v1": {
        "programme_id": _PROGRAMME,
        "province": "08",
        "commune": "01075",
        "change": -50_000_000,
        "document": "46/QĐ-UBND",
        "reason": "Điều chuyển kinh phí",
    },
    "voucher.issued.v1": {
        **_CASE,
        "budget_id": f"{_PROGRAMME}/08",
        "voucher_id": VOUCHER,
        "commune": "01075",
        "amount": 2_000_000,
        "minimum_price": 1_500_000,
        "expires_on": "2027-01-22",
    },
    "voucher.waitlisted.v1": {**_CASE, "commune": "01075", "amount": 2_000_000, "position": 3},
    "voucher.redeemed.v1": {
        **_CASE,
        "voucher_id": VOUCHER,
        "redemption_id": REDEMPTION,
        "shop_id": _SHOP,
        "enterprise_id": "vien-thong-demo",
        "sold_by": "counter",
        "sold_on": "2026-11-23",
        "receipt": DIGEST,
        "imeis": [IMEI],
        "model": "Vsmart Bee 4",
        "price": 2_490_000,
        "subsidy": 2_000_000,
    },
    "voucher.reversed.v1": {
        **_CASE,
        "voucher_id": VOUCHER,
        "redemption_id": REDEMPTION,
        "subsidy": 2_000_000,
        "reason": "HANDSET_RETURNED",
        "approved_by": "quan-ly",
    },
    "voucher.cancelled.v1": {**_CASE, "voucher_id": None, "amount": 0, "reason": "APPLICATION_WITHDRAWN"},
    "voucher.expired.v1": {
        **_CASE,
        "voucher_id": VOUCHER,
        "amount": 2_000_000,
        "expired_on": "2027-01-23",
    },
    "voucher.reissued.v1": {
        **_CASE,
        "voucher_id": NEW_VOUCHER,
        "replaces": VOUCHER,
        "amount": 2_000_000,
        "reason": "LOST",
        "expires_on": "2027-01-22",
    },
    "voucher.locked.v1": {**_CASE, "voucher_id": VOUCHER, "shop_id": _SHOP},
    "voucher.unlocked.v1": {**_CASE, "voucher_id": VOUCHER, "reason": "HOUSEHOLD_CAME"},
    "shop.registered.v1": {
        "shop_id": _SHOP,
        "enterprise_id": "vien-thong-demo",
        "name": "Cửa hàng Nậm Dịch",
        "commune": "01075",
        "hours": ["1 07:30-11:30", "1 13:00-18:00"],
        "daily_limit": None,
        "minute_limit": 60,
    },
    "shop.changed.v1": {"shop_id": _SHOP, "hours": [], "daily_limit": 100, "minute_limit": 60},
    "shop.suspended.v1": {"shop_id": _SHOP, "reason": "Hết hợp đồng"},
    "shop.reinstated.v1": {"shop_id": _SHOP, "reason": "Gia hạn hợp đồng"},
    "official.registered.v1": {"subject": "can-bo"},
    "official.removed.v1": {"subject": "can-bo"},
    "clerk.registered.v1": {**_CLERK, "subject": "cua-hang"},
    "clerk.suspended.v1": _CLERK,
    "clerk.reinstated.v1": _CLERK,
    "alert.raised.v1": {**_ALERT, "kind": "burst", "redemptions": 12},
    "alert.closed.v1": {**_ALERT, "closed_by": "quan-ly"},
    "enterprise.registered.v1": {
        "enterprise_id": _ENTERPRISE,
        "name": "Viễn thông trình diễn",
        "province": "08",
    },
    "enterprise.suspended.v1": {"enterprise_id": _ENTERPRISE, "reason": "Hết hợp đồng"},
    "enterprise.reinstated.v1": {"enterprise_id": _ENTERPRISE, "reason": "Gia hạn hợp đồng"},
    "handset.listed.v1": {
        "handset_id": _HANDSET,
        "model": "Vsmart Bee 4",
        "maker": "Vsmart",
        "generation": "4g",
        "tacs": ["35693803"],
        "price_ceiling": 2_990_000,
    },
    "handset.withdrawn.v1": {"handset_id": _HANDSET, "reason": "Lỗi pin"},
    "voucher.disputed.v1": {
        **_CASE,
        "voucher_id": VOUCHER,
        "dispute_id": DISPUTE,
        "shop_id": _SHOP,
        "enterprise_id": _ENTERPRISE,
        "imeis": [IMEI],
        "model": "Vsmart Bee 4",
        "price": 2_490_000,
        "reason": "VOUCHER_USED",
        "redemption_id": REDEMPTION,
        "receipt": DIGEST,
        "first_receipt": None,
    },
    "dispute.closed.v1": {
        **_CASE,
        "voucher_id": VOUCHER,
        "dispute_id": DISPUTE,
        "closed_by": "quan-ly",
    },
    "reversal.asked.v1": {**_CASE, **_REVERSAL, "reason": "HANDSET_RETURNED"},
    "reversal.refused.v1": {**_CASE, **_REVERSAL, "refused_by": "quan-ly"},
    "claim.submitted.v1": {
        **_CLAIM,
        "period_from": "2026-11-01",
        "period_to": "2026-11-30",
        "amount": 2_000_000,
        "redemptions": [REDEMPTION],
        "corrections": [],
    },
    "claim.accepted.v1": {**_CLAIM, "amount": 2_000_000, "minutes": "07/BB-ĐC"},
    "claim.disputed.v1": {
        **_CLAIM,
        "redemption_id": REDEMPTION,
        "amount": 2_000_000,
        "reason": "IMEI_NOT_SOLD",
    },
    "line.corrected.v1": {
        "enterprise_id": "vien-thong-demo",
        "programme_id": _PROGRAMME,
        "line_id": LINE,
        "corrects": OLDER_LINE,
        "redemption_id": REDEMPTION,
        "change": -500_000,
        "reason": "PRICE_MISREAD",
    },
    "payee.kept.v1": {
        "enterprise_id": "vien-thong-demo",
        "account_name": "CONG TY VIEN THONG DEMO",
        "bank": "NGAN HANG DEMO",
        "account_number": "0011002200330",
    },
    "claim.withdrawn.v1": {**_CLAIM, "amount": 2_000_000},
    "claim.reinstated.v1": {**_CLAIM, "redemption_id": REDEMPTION, "amount": 2_000_000},
    "claim.paid.v1": {**_CLAIM, **_PAYMENT},
    "payment.ordered.v1": {**_CLAIM, **_PAYMENT},
    "payment.failed.v1": {**_CLAIM, **_PAYMENT},
    "access.recorded.v1": {
        "purpose": "CASE_WORK",
        "what": "household",
        "households": [HOUSEHOLD],
        "count": 1,
    },
    "request.received.v1": {
        **_REQUEST,
        "commune": "01075",
        "asked": "access",
        "received_on": "2026-11-20",
        "answer_due": "2026-11-25",
        "done_due": "2026-12-07",
    },
    "request.answered.v1": {**_REQUEST, "answered_on": "2026-11-23"},
    "request.extended.v1": {**_REQUEST, "done_due": "2026-12-21", "reason": "MANY_RECORDS"},
    "request.closed.v1": {**_REQUEST, "closed_on": "2026-11-26", "settled": "granted"},
    "checkpoint.signed.v1": {
        "size": 1,
        "root": DIGEST,
        "note": "songban.example/log\n1\n3d3d3d3d\n\n\u2014 songban.example/log AAAAAA==\n",
    },
}

_KEYS = {
    "list": LIST,
    "programme": _PROGRAMME,
    "budget": _PROGRAMME,
    "shop": _SHOP,
    "enterprise": _ENTERPRISE,
    "handset": _HANDSET,
    "checkpoint": "log",
    "claim": CLAIM,
    "request": REQUEST,
    "line": LINE,
    "payee": "vien-thong-demo",
}


def golden_bytes(name: str) -> bytes:
    """The canonical bytes of the example of type `name`: version 2 of its stream."""
    event_type = lookup(name)
    service = "applications" if event_type.service == "any" else event_type.service
    key = _KEYS.get(event_type.stream, APPLICATION)
    stream = (
        f"{event_type.stream}-{service}/{key}" if event_type.service == "any" else event_type.stream_of(key)
    )
    with patch("shared.events.envelope.new_id", return_value=EVENT):
        return seal_envelope(
            NewEvent(name, key, DATA[name], "can-bo"),
            stream=stream,
            source=f"/{service}",
            head=Head(1, "e" * 64),
            moment=MOMENT,
            traceparent=TRACE,
        ).raw
