"""What an operator sees: JSON log lines, Prometheus metrics, trace context."""

from shared.observability.heartbeat import beat, expect, last_beat
from shared.observability.logs import configure_logging, logger

__all__ = ["beat", "configure_logging", "expect", "last_beat", "logger"]
