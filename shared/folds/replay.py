"""`Replay`: all three states at once, each event given to the folds that care."""

from collections.abc import Iterator

from shared.folds import applications, disbursement, eligibility
from shared.folds.base import Event, Shape, State, Step

SERVICES = ("applications", "eligibility", "disbursement")
_STEPS = {
    "applications": applications.STEPS,
    "eligibility": eligibility.STEPS,
    "disbursement": disbursement.STEPS,
}
_SHOWS = {
    "applications": applications.show_application,
    "eligibility": eligibility.show_eligibility,
    "disbursement": disbursement.show_disbursement,
}
FOLDED_TYPES = frozenset(name for steps in _STEPS.values() for name in steps)
"""Types that change some state; accesses, claims and checkpoints change none."""


class Replay:
    """Feed it events in any order that keeps each stream's own; then ask for states."""

    def __init__(self) -> None:
        self.states: dict[str, State] = {service: {} for service in SERVICES}
        self.events = 0
        self._dispatch: dict[str, tuple[tuple[Step, State], ...]] = {
            name: tuple(
                (steps[name], self.states[service]) for service, steps in _STEPS.items() if name in steps
            )
            for name in FOLDED_TYPES
        }

    def feed(self, event: Event) -> None:
        """Fold one event: its parsed JSON attributes."""
        self.events += 1
        data = event["data"]
        for step, state in self._dispatch.get(event["type"], ()):
            step(state, data)

    def shown(self, service: str, key: str) -> Shape | None:
        """What `service` should show for `key` in its live state; None when nothing."""
        row = self.states[service].get(key)
        return None if row is None else _SHOWS[service](key, row)

    def live_state(self, service: str) -> Iterator[tuple[str, Shape]]:
        """All that `service` should show, by key, in no order."""
        show = _SHOWS[service]
        for key, row in self.states[service].items():
            shape = show(key, row)
            if shape is not None:
                yield key, shape
