"""Upcasters: how an event written under an old version is read today. The stored bytes never change."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from shared.events.envelope import Envelope

Upcaster = Callable[[dict[str, Any]], tuple[str, dict[str, Any]]]
"""Old data in; the next version's type name and data out. Pure."""

UPCASTERS: Mapping[str, Upcaster] = {}
"""By the old type's name. Empty while every type is at v1; `tests/unit/test_upcast.py` works one example."""


def upcast(event: Envelope, upcasters: Mapping[str, Upcaster] = UPCASTERS) -> Envelope:
    """`event` as its newest version says it; `raw` and `hash` stay those of the stored bytes."""
    while (step := upcasters.get(event.type)) is not None:
        name, data = step(event.data)
        event = replace(event, type=name, data=data)
    return event
