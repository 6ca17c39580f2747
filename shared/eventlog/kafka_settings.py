"""How kafka-python is set up, and the times and sizes the Kafka log works with."""

from typing import Any

from shared.eventlog.placing import MAX_RECORD_BYTES

SEND_SECONDS = 30.0
"""How long one `send` tries: long enough to ride out a broker's restart without failing."""

ANSWER_SECONDS = 10.0
PROBE_EVERY_SECONDS = 2.0
CLOSE_MILLISECONDS = 3000
JOIN_SECONDS = 5.0
JOIN_SLICE_SECONDS = 0.25

BATCH_BYTES = MAX_RECORD_BYTES
RECORD_OVERHEAD = 40
"""More than Kafka's framing of one record (at most 21 bytes and two lengths)."""
BATCH_OVERHEAD = 64
"""More than the header of a batch (61 bytes)."""

CLIENT: dict[str, Any] = {
    "request_timeout_ms": int(ANSWER_SECONDS * 1000),
    "bootstrap_timeout_ms": 5000,
    "reconnect_backoff_max_ms": 1000,
    "metrics_enabled": False,
    "allow_auto_create_topics": False,
}
PRODUCER: dict[str, Any] = {
    "acks": "all",
    "enable_idempotence": True,
    "max_block_ms": int(ANSWER_SECONDS * 1000),
    "batch_size": BATCH_BYTES,
    "max_request_size": 16 * BATCH_BYTES,
    # Both out of reach: `send` decides when a batch goes (flush) and when it is given up (abandon).
    "linger_ms": 60_000,
    "delivery_timeout_ms": 3_600_000,
}
CONSUMER: dict[str, Any] = {
    "enable_auto_commit": False,
    "auto_offset_reset": "earliest",
    "session_timeout_ms": 10_000,
    "heartbeat_interval_ms": 1_000,
    "fetch_max_wait_ms": 250,
    "max_partition_fetch_bytes": 2 * MAX_RECORD_BYTES,
    "metadata_max_age_ms": 30_000,
}
