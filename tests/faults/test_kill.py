"""kill -9 of any kind of process in the middle of the demo: the same funnel at the end.

Seeded: which process of the kind dies, and at which step, are drawn from the seed, which a failure prints.
`SONGBAN_FAULT_SEEDS=20` (as `make faults` sets) tries twenty seeds of each kind.
"""

import json
import os
import random
import signal
from pathlib import Path

import pytest

from songban.stack import Stack
from tests.integration.test_whole_story import expected_funnel, without_reasons
from tests.support.stack import demo_on, whole_system

SEEDS = range(1, 1 + int(os.environ.get("SONGBAN_FAULT_SEEDS", "1")))
KINDS = ["postgres", "serve", "relay", "consume", "work"]
STEPS = {"assessed": 621, "vouchers": 416, "redeemed": 100}
STEPS_OF = {"work": {"imported": 621}}
"""A worker is killed in the middle of the list that it takes in."""


class Killer:
    """Kills one process of `kind` when the demo reaches a point drawn from the seed."""

    def __init__(self, stack: Stack, kind: str, seed: int) -> None:
        self._dice = random.Random(f"{kind}/{seed}")
        self._stack = stack
        self._kind = kind
        steps = STEPS_OF.get(kind, STEPS)
        self.step = self._dice.choice(sorted(steps))
        self.after = self._dice.randrange(steps[self.step] // 2)
        self.killed: str | None = None

    def __call__(self, step: str, done: int, _of: int) -> None:
        if self.killed is None and step == self.step and done >= self.after:
            self.killed = self._kill()

    def _kill(self) -> str:
        processes = json.loads((self._stack.data / "processes.json").read_text())
        busy = "applications-work" if self._kind == "work" else self._kind
        name = self._dice.choice(sorted(name for name in processes if name.endswith(busy)))
        os.kill(processes[name]["pid"], signal.SIGKILL)
        return name


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_funnel_survives_kill_9_on_the_embedded_stack(kind: str, seed: int, tmp_path: Path) -> None:
    survives(tmp_path, "embedded", kind, seed)


@pytest.mark.slow
@pytest.mark.kafka
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", ["kafka", "relay", "consume"])
def test_the_funnel_survives_kill_9_on_kafka(kind: str, seed: int, tmp_path: Path) -> None:
    survives(tmp_path, "kafka", kind, seed)


def survives(directory: Path, broker: str, kind: str, seed: int) -> None:
    with whole_system(directory, broker) as stack:
        killer = Killer(stack, kind, seed)
        funnel = demo_on(stack, killer).play()
        restarts = json.loads((stack.data / "processes.json").read_text())
    assert killer.killed is not None, f"seed {seed}: nothing was killed at {killer.step} {killer.after}"
    assert without_reasons(funnel) == expected_funnel(), f"seed {seed}, {killer.killed} at {killer.step}"
    assert restarts[killer.killed]["restarts"] >= 1
