"""structlog, one JSON object per line on standard error. No line ever carries personal data."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

DETAIL = re.compile(r"^(DETAIL|CONTEXT):.*$", re.MULTILINE)


def _hide_rows(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """PostgreSQL quotes the offending row in an error's DETAIL; a log line must not."""
    for name in ("exception", "error"):
        if isinstance(line.get(name), str):
            line[name] = DETAIL.sub(r"\1: (hidden)", line[name])
    return line


def configure_logging(level: str = "INFO", *, process: str = "") -> None:
    """Send structlog and the standard library's loggers to standard error as JSON lines."""
    shared_steps: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared_steps, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared_steps,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _hide_rows,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # our own lines say what is wrong
    structlog.contextvars.bind_contextvars(process=process)


def logger(name: str, **bound: Any) -> Any:
    """A logger; `bound` values stand in each of its lines."""
    return structlog.stdlib.get_logger(name).bind(**bound)
