"""Every alert has data and a runbook, and every process that could fall silent is heard."""

import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

from shared.observability import beat, expect, metrics

ROOT = Path(__file__).resolve().parent.parent.parent
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((ROOT / "deploy" / "alerts.yaml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]
KNOWN = {
    name
    for metric in REGISTRY.collect()
    for name in (metric.name, f"{metric.name}_total", f"{metric.name}_count")
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["alert"]))
def test_an_alert_looks_at_what_is_measured_and_names_its_runbook(rule: dict[str, Any]) -> None:
    named = set(re.findall(r"songban_\w+", rule["expr"]))
    assert named
    assert named <= KNOWN
    runbook = ROOT / rule["annotations"]["runbook"]
    assert runbook.read_text(encoding="utf-8").startswith(f"# {rule['alert']}")


def test_a_turn_of_a_loop_is_heard_in_the_metrics(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SONGBAN_RUN_DIR", str(tmp_path))
    beat("relay", "made-up")
    heard = metrics.HEARTBEAT.labels("made-up", "relay")._value.get()
    assert abs(time.time() - heard) < 60


def test_a_loop_that_was_never_started_is_silent_too() -> None:
    expect("work", "never-started")
    assert metrics.HEARTBEAT.labels("never-started", "work")._value.get() == 0


def test_processes_of_one_number_on_several_hosts_keep_their_own_figures(tmp_path: Path) -> None:
    """Containers that share a directory: each counts for itself, and all is shown together."""
    program = (
        "import socket; socket.gethostname = lambda: {host!r}\n"
        "from shared.observability import metrics\n"
        "metrics._process.__globals__['os'].getpid = lambda: 1\n"
        "metrics.RELAYED.labels('audit').inc({count})\n"
        "print(metrics.exposition().decode())"
    )
    shown = ""
    for host, count in (("one", 3), ("two", 4)):
        shown = subprocess.run(
            [sys.executable, "-c", program.format(host=host, count=count)],
            env={"PROMETHEUS_MULTIPROC_DIR": str(tmp_path), "PATH": ""},
            cwd=ROOT,
            capture_output=True,
            check=True,
            text=True,
        ).stdout
    assert 'songban_relayed_events_total{service="audit"} 7.0' in shown
