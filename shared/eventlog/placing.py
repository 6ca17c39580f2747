"""What both brokers do to a batch before sending it: check its sizes and choose partitions."""

from collections.abc import Sequence
from zlib import crc32

from shared.eventlog.port import Record

MAX_RECORD_BYTES = 1_000_000
"""Largest key and value together; the topics' `max.message.bytes` leaves room for the batch header."""


def partition_of(key: bytes, partitions: int) -> int:
    """The partition of a key: CRC-32, as librdkafka's default. (Murmur2 is slow in pure Python.)"""
    return crc32(key) % partitions


def check_sizes(records: Sequence[Record]) -> None:
    """Refuse a batch with a record no broker would store, before anything of it is sent.

    Raises ValueError: sending such a record again can never help.
    """
    for record in records:
        size = len(record.value) + len(record.key)
        if size > MAX_RECORD_BYTES:
            raise ValueError(
                f"record {record.key!r} for {record.topic} has {size} bytes, over {MAX_RECORD_BYTES}"
            )
