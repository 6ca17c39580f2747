"""How an event of an old version is read: one worked example, since every type is at v1 today."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.events import Envelope, Head, InvalidEvent, NewEvent, lookup, parse, upcast, validate
from shared.events.envelope import seal_envelope
from shared.events.upcast import UPCASTERS, Upcaster


def _v0_to_v1(data: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Suppose that `shop.registered.v0` said `province_commune` as one text and knew no enterprise."""
    _, commune = data["province_commune"].split("/")
    return "shop.registered.v1", {
        "shop_id": data["shop_id"],
        "enterprise_id": "unknown",
        "name": data["name"],
        "commune": commune,
        "hours": [],
        "daily_limit": 100,
        "minute_limit": 10,
    }


def _minus_one_to_v0(data: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return "shop.registered.v0", {**data, "province_commune": "08/" + data["commune"]}


STEPS: Mapping[str, Upcaster] = {"shop.registered.v0": _v0_to_v1, "shop.opened.v1": _minus_one_to_v0}


def old_event(name: str, data: dict[str, Any]) -> Envelope:
    sealed = seal_envelope(
        NewEvent(name, "shop-1", data, "quan-ly"),
        stream="shop/shop-1",
        source="/disbursement",
        head=Head(),
        moment=datetime(2025, 7, 1, tzinfo=UTC),
        traceparent=None,
    )
    return parse(sealed.raw)


def test_an_old_event_reads_as_its_newest_version_and_keeps_its_bytes() -> None:
    old = old_event("shop.registered.v0", {"shop_id": "s", "name": "n", "province_commune": "08/01075"})
    with pytest.raises(InvalidEvent):
        lookup(old.type)
    new = upcast(old, STEPS)
    validate(lookup(new.type), new.data)
    assert new.data["commune"] == "01075"
    assert (new.raw, new.hash, new.version, new.id) == (old.raw, old.hash, old.version, old.id)


def test_steps_chain() -> None:
    older = old_event("shop.opened.v1", {"shop_id": "s", "name": "n", "commune": "01075"})
    assert upcast(older, STEPS).type == "shop.registered.v1"


def test_every_upcaster_ends_at_a_type_of_the_catalogue() -> None:
    assert not set(UPCASTERS), "every type is at v1; give the first real upcaster its golden file here"


def test_today_an_event_is_read_as_it_is() -> None:
    event = old_event("shop.registered.v1", {})
    assert upcast(event) is event
