"""A whole system for a test: real processes, on free ports, in a temporary directory."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from songban.demo import Demo, Tell
from songban.stack import Stack
from songban.story import ROOT, gateway_of
from songban.up import running
from tests.support.kafka import require_kafka

EXAMPLE_LIST = ROOT / "examples" / "nam-ty.xlsx"
TUYEN_QUANG = ROOT / "programmes" / "tuyen-quang-2026.yaml"


@contextmanager
def whole_system(directory: Path, broker: str = "embedded", bootstrap: str | None = None) -> Iterator[Stack]:
    """The system, up and ready; on Kafka with a broker of its own, or the one at `bootstrap`.

    Skips (or fails, where it is required) without Java for Kafka.
    """
    if broker == "kafka":
        require_kafka()
    stack = Stack(directory, broker, free_ports=True, kafka_bootstrap=bootstrap)
    with running(stack):
        yield stack


def demo_on(stack: Stack, tell: Tell | None = None, file: Path = EXAMPLE_LIST) -> Demo:
    demo = Demo(gateway_of(stack), TUYEN_QUANG, file)
    if tell is not None:
        demo.tell = tell
    return demo
