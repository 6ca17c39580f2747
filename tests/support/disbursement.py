"""What the tests of disbursement share: approvals as eligibility sends them, money, shops, sales."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import partial
from typing import Any
from uuid import uuid4

import orjson

from services.disbursement.reconcile import reconcile
from services.disbursement.tokens import Signer
from shared.auth import Actor, Role
from shared.events import Envelope, Head, NewEvent
from shared.events.envelope import seal_envelope
from tests.support import reconciling
from tests.support.service import COMMUNE, MANAGER, PROVINCE, SHOP, Bench, actor, foreign_events

PROGRAMME = "tuyen-quang-2026"
AMOUNT = 500_000
CASHIER = SHOP
SIGNER = Signer(b"v" * 32)
"""With the key of `settings_for`."""
FUND = actor(Role.MANAGER, subject="quan-ly-quy", commune=None)
"""The manager without an area: who may give money to any programme."""


def approvals(count: int, position: int = 1, **changes: Any) -> list[Envelope]:
    """`count` approvals of new cases, at the positions from `position` on."""
    return foreign_events("eligibility", [approval(position + place, **changes) for place in range(count)])


def approval(position: int = 1, **changes: Any) -> NewEvent:
    data = {
        "application_id": str(uuid4()),
        "household_id": str(uuid4()),
        "programme_id": PROGRAMME,
        "commune": COMMUNE,
        "programme_version": 1,
        "decision_number": "12/QĐ-UBND",
        "decision_date": "2026-11-20",
        "approved_by": "chu-tich",
        "position": position,
        "amount": AMOUNT,
        "minimum_price": AMOUNT,
        "validity_days": 90,
        **changes,
    }
    return NewEvent("eligibility.approved.v1", data["application_id"], data, "chu-tich")


def about(event: Envelope, type_: str, **data: Any) -> Envelope:
    """One more event about the case of `event`."""
    service = type_.split(".")[0].replace("application", "applications")
    named = ("application_id", "household_id", "programme_id")
    case = {name: event.data[name] for name in named}
    if type_ == "application.erased.v1":
        case.pop("programme_id")
    return foreign_events(service, [NewEvent(type_, event.key, {**case, **data}, "can-bo")])[0]


def withdrawn(event: Envelope) -> Envelope:
    return about(event, "application.withdrawn.v1", reason="HOUSEHOLD_ASKED")


def published(
    programme_id: str = PROGRAMME,
    provinces: Any = "national",
    version: int = 1,
    name: str = "Hỗ trợ",
    **terms: dict[str, Any],
) -> Envelope:
    """A programme's version as disbursement hears of it; `provinces` are those it serves, `terms` further
    parts of its document."""
    document = {"name_vi": name, "name_en": f"{name} (en)", "area": {"provinces": provinces}, **terms}
    data = {
        "programme_id": programme_id,
        "version": version,
        "digest": "d" * 64,
        "document": orjson.dumps(document).decode(),
    }
    return seal_envelope(
        NewEvent("programme.published.v1", programme_id, data, "quan-ly"),
        stream=f"programme/{programme_id}",
        source="/eligibility",
        head=Head(version - 1, "e" * 64) if version > 1 else Head(),
        moment=datetime.now(UTC),
        traceparent=None,
    )


def give_money(bench: Bench, amount: int, programme_id: str = PROGRAMME, **place: str) -> None:
    """Money for a programme, or a share of it for a province or commune. Publishes the programme at need."""
    if not bench.sql("SELECT 1 FROM programme WHERE programme_id = :p", p=programme_id):
        bench.take_in([published(programme_id)])
    body = {"amount": amount, "document": "45/QĐ-UBND", **place}
    answer = bench.call("POST", f"/budgets/{programme_id}:allocate", FUND, json=body, key=True)
    assert answer.status_code == 200, answer.get_data(as_text=True)


def register_enterprise(bench: Bench, enterprise_id: str = "telecom-1") -> None:
    body = {
        "enterprise_id": enterprise_id,
        "name": "Viễn thông 1",
        "contact": "1800 0000",
        "province": PROVINCE,
    }
    assert bench.call("POST", "/enterprises", MANAGER, json=body, key=True).status_code in (201, 409)


def open_shop(bench: Bench, shop_id: str = "shop-1", **changes: Any) -> None:
    """A shop that may redeem as fast as a test can; `changes` say otherwise."""
    body = {
        "shop_id": shop_id,
        "enterprise_id": "telecom-1",
        "name": "Cửa hàng Nậm Dịch",
        "commune": COMMUNE,
        "minute_limit": 1_000_000,
        **changes,
    }
    register_enterprise(bench, body["enterprise_id"])
    answer = bench.call("POST", "/shops", MANAGER, json=body, key=True)
    assert answer.status_code == 201, answer.get_data(as_text=True)


def cashier(shop_id: str) -> Actor:
    return actor(Role.SHOP, subject=f"cashier-{shop_id}", commune=None, shop_id=shop_id)


def budget(bench: Bench, budget_id: str = PROGRAMME) -> tuple[int, int, int, int]:
    """(allocated, available, reserved, spent) in đồng."""
    (row,) = bench.sql(
        "SELECT allocated, available, reserved, spent FROM budget_now WHERE budget_id = :b", b=budget_id
    )
    return tuple(row)


broken = partial(reconciling.broken, reconcile)


def papers(bench: Bench, application_ids: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Codes and PINs, as the commune prints them."""
    body = {"programme_id": PROGRAMME, "commune": COMMUNE}
    if application_ids is not None:
        body["application_ids"] = list(application_ids)  # type: ignore[assignment]
    officer = actor(Role.OFFICER)
    answer = bench.call("POST", "/vouchers:print", officer, json=body, headers={"Accept": "application/json"})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return list(answer.json["vouchers"])


def imei(serial: int) -> str:
    """A valid IMEI of a made-up handset."""
    body = f"35693803{serial:06d}"
    digits = [int(digit) for digit in body]
    doubled = [digit if place % 2 == 0 else sum(divmod(digit * 2, 10)) for place, digit in enumerate(digits)]
    return body + str(-sum(doubled) % 10)


def sale(paper: dict[str, Any], serial: int = 1, **changes: Any) -> dict[str, Any]:
    """The body of a redemption of this paper."""
    return {
        "code": paper["code"],
        "pin": paper["pin"],
        "imeis": [imei(serial)],
        "model": "Vivas Lotus S1",
        "price": 790_000,
        "id_checked": True,
        **changes,
    }


def signed(paper: dict[str, Any], programme_id: str = PROGRAMME) -> str:
    """The token in the paper's QR code."""
    expires_on = date.fromisoformat(paper["expires_on"])
    return SIGNER.sign(paper["code"], paper["amount"], AMOUNT, expires_on, programme_id)


def other_pin(pin: str) -> str:
    return f"{(int(pin) + 1) % 10**6:06d}"
