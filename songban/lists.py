"""An officer's list on its way through applications, as the command, demo and benchmarks follow it."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.auth import Actor
from songban.gateway import Gateway

LOOK_SECONDS = 0.2
PATIENCE_SECONDS = 120.0
"""So long nothing may move before we say that nobody works at it."""

PROBLEMS_PER_PAGE = 5_000
UNDER_WAY = ("checking", "importing")
Tell = Callable[[str, int, int], None]
"""Told what is going on, how many rows are through, and of how many (0 = not counted yet)."""


class NothingMoves(TimeoutError):
    """The list was received, and nobody reads it. It is kept: it goes on once a worker runs."""


@dataclass(frozen=True, slots=True)
class ListFile:
    """A file for one commune and programme. `mapping`: column title → field, "" to leave a column out."""

    name: str
    data: bytes
    commune: str
    programme_id: str
    mapping: Mapping[str, str] = field(default_factory=dict)


def send_list(
    gateway: Gateway, officer: Actor, file: ListFile, *, dry_run: bool = False, tell: Tell = lambda *_: None
) -> dict[str, Any]:
    """Send a list and wait until it is imported, checked (`dry_run`) or refused; what the service says of it.

    Raises Refused when it is not even received, NothingMoves when nobody works at it.
    """
    form = {
        "programme_id": file.programme_id,
        "commune": file.commune,
        "dry_run": str(dry_run).lower(),
        "mapping": json.dumps(dict(file.mapping)),
    }
    files = {"file": (file.name, file.data)}
    told = gateway.call("POST", "applications", "/imports", officer, data=form, files=files)
    return follow(gateway, officer, told, tell)


def follow(gateway: Gateway, officer: Actor, told: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """Look at an import until nothing is under way. Raises NothingMoves."""
    seen, moved = None, time.monotonic()
    while told["state"] in UNDER_WAY:
        tell(told["state"], told["done"], told["rows"])
        if (told["state"], told["done"]) != seen:
            seen, moved = (told["state"], told["done"]), time.monotonic()
        elif time.monotonic() - moved > PATIENCE_SECONDS:
            raise NothingMoves(
                f"the list waits at row {told['done']}; is `songban work applications` running?"
            )
        time.sleep(LOOK_SECONDS)
        told = gateway.get("applications", f"/imports/{told['import_id']}", officer)
    tell(told["state"], told["done"], told["rows"])
    return told


def with_all_problems(gateway: Gateway, officer: Actor, told: dict[str, Any]) -> dict[str, Any]:
    """What the service says of an import, its problems not only the first of them."""
    whole = [one for one in told["problems"] if one["row"] == 0]
    if len(told["problems"]) == told["problems_total"]:
        return told
    path, rows, cursor = f"/imports/{told['import_id']}/problems", [], None
    while True:
        query = {"limit": PROBLEMS_PER_PAGE, **({"cursor": cursor} if cursor else {})}
        page = gateway.get("applications", path, officer, **query)
        rows += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return {**told, "problems": [*whole, *(one for one in rows if one not in whole)]}


def result_of(gateway: Gateway, officer: Actor, import_id: str) -> bytes:
    """The officer's own list back as .xlsx, each row with what became of it."""
    return gateway.download("applications", f"/imports/{import_id}/result.xlsx", officer)
