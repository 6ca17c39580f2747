"""Compare: hold the replayed state against what the services show of their live tables."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

from services.audit.ledger import Progress, reported
from services.audit.replay import replay
from shared.auth.client import ServiceTokens
from shared.db import Database
from shared.folds import SERVICES, Replay, Shape

SHOWN_DIFFERENCES = 100
PAGE = 500

LiveItem = tuple[str, str, Shape]
"""Service, key, state: one item of a service's `GET /live-state`."""


class LiveStateUnavailable(Exception):
    """A service does not show its live state now."""

    def __init__(self, service: str, error: Exception) -> None:
        super().__init__(f"{service} does not show its live state: {error}")
        self.service = service


@dataclass(frozen=True, slots=True)
class Difference:
    """`field` is None when only one side has the key; then the values are the whole state and None."""

    service: str
    key: str
    field: str | None
    live: Any
    replayed: Any


@dataclass(slots=True)
class Comparison:
    """`differences` are the first 100, `different` counts all; `compared` keys were on either side."""

    events: int = 0
    compared: int = 0
    different: int = 0
    differences: list[Difference] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        return self.different == 0

    def add(self, difference: Difference) -> None:
        self.different += 1
        if len(self.differences) < SHOWN_DIFFERENCES:
            self.differences.append(difference)


def compare(database: Database, live: Iterable[LiveItem], progress: Progress | None = None) -> Comparison:
    """Replay the whole ledger, then go through `live` key by key and field by field.

    While events are still on their way, differences are expected: compare when the system is at rest.
    Raises DatabaseUnavailable, and whatever reading `live` raises.
    """
    replayed = replay(database)
    comparison = compare_states(replayed.replay, live, progress)
    comparison.events = replayed.events
    return comparison


def compare_states(folded: Replay, live: Iterable[LiveItem], progress: Progress | None = None) -> Comparison:
    """The comparison itself, on a state that is already folded."""
    comparison = Comparison()
    expected = sum(len(state) for state in folded.states.values())
    seen: dict[str, set[str]] = {service: set() for service in SERVICES}
    for service, key, state in live:
        seen[service].add(key)
        comparison.compared += 1
        _compare_one(comparison, service, key, state, folded.shown(service, key))
        reported(progress, comparison.compared, expected)
    for service in SERVICES:
        for key, shape in folded.live_state(service):
            if key not in seen[service]:
                comparison.compared += 1
                comparison.add(Difference(service, key, None, None, shape))
    return comparison


def _compare_one(comparison: Comparison, service: str, key: str, live: Shape, replayed: Shape | None) -> None:
    if replayed == live:
        return
    if replayed is None:
        comparison.add(Difference(service, key, None, live, None))
        return
    for name in sorted({*live, *replayed}):
        if live.get(name) != replayed.get(name) or (name in live) != (name in replayed):
            comparison.add(Difference(service, key, name, live.get(name), replayed.get(name)))


def live_states(urls: Mapping[str, str], tokens: ServiceTokens) -> Iterator[LiveItem]:
    """Every service's live state over HTTP, page by page. Raises LiveStateUnavailable."""
    with requests.Session() as http:
        for service in SERVICES:
            try:
                for item in _pages(http, f"{urls[service]}/live-state", tokens):
                    yield service, item["key"], item["state"]
            except requests.RequestException as error:
                raise LiveStateUnavailable(service, error) from error


def _pages(http: requests.Session, url: str, tokens: ServiceTokens) -> Iterator[dict[str, Any]]:
    cursor: str | None = None
    while True:
        query = {"limit": PAGE, **({"cursor": cursor} if cursor else {})}
        answer = _get(http, url, query, tokens)
        if answer.status_code == 401:
            tokens.forget()
            answer = _get(http, url, query, tokens)
        answer.raise_for_status()
        page = answer.json()
        yield from page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return


def _get(http: requests.Session, url: str, query: dict[str, Any], tokens: ServiceTokens) -> requests.Response:
    headers = {"Authorization": f"Bearer {tokens.get()}"}
    return http.get(url, params=query, headers=headers, timeout=60)
