"""What all folds share: the shapes of events, rows and states, and how an event finds its step.

A state is a plain dict of rows by key; a fold changes it in place and returns it. Rows may hold more than
people see (half-known cases, marks of erasure): each fold's `show_…` gives a row's public shape, which is the
shape of the service's `GET /live-state`, or None for what is not shown.

Order is guaranteed within a stream and nowhere else, so every step must give the same state whatever other
streams came before: a step writes only what its own stream decides, or adds to a sum.
"""

from collections.abc import Callable, Mapping
from typing import Any

Event = Mapping[str, Any]
"""An event's attributes as its JSON says them; a fold reads `type` and `data`."""

Row = dict[str, Any]
State = dict[str, Row]
Shape = dict[str, Any]
Step = Callable[[State, dict[str, Any]], None]


def fold(steps: Mapping[str, Step], state: State, event: Event) -> State:
    """Apply the step of the event's type; a type without one changes nothing."""
    step = steps.get(event["type"])
    if step is not None:
        step(state, event["data"])
    return state
