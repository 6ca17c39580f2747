"""Verify: read the ledger once from its start and check everything that must hold of it.

What the chains cannot show alone: a whole stream, or the newest events of the whole ledger, taken away or put
in by somebody who rewrites everything behind them. Signed checkpoints that auditors keep are for that.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from services.audit.ledger import Progress, copy_rows, reported, size, snapshot
from shared.db import Database
from shared.events import CATALOGUE, GENESIS, canonical
from shared.events.upcast import UPCASTERS

SHOWN_PROBLEMS = 100

_Problem = tuple[str, dict[str, Any]]
"""A code and the facts for its sentence."""

_READ = """
    SELECT "index", stream, version, event_id::text, type, key,
           to_char(time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), hash, bytes
    FROM ledger ORDER BY "index"
"""
_KINDS = ["int8", "text", "int4", "text", "text", "text", "text", "text", "bytea"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not hold. `code` has its sentence in `sentences.yaml`; `facts` fill it."""

    index: int | None
    stream: str | None
    code: str
    facts: dict[str, Any]


@dataclass(slots=True)
class Report:
    """`problems` are the first 100, `found` counts all, by code."""

    events: int = 0
    streams: int = 0
    problems: list[Finding] = field(default_factory=list)
    found: Counter[str] = field(default_factory=Counter)

    @property
    def verified(self) -> bool:
        return not self.found

    def add(self, finding: Finding) -> None:
        self.found[finding.code] += 1
        if len(self.problems) < SHOWN_PROBLEMS:
            self.problems.append(finding)


def verify(database: Database, progress: Progress | None = None) -> Report:
    """Check every event's bytes, hash, place and chain, and the index. Memory: one entry per stream.

    Raises DatabaseUnavailable.
    """
    report, chains = Report(), _Chains()
    expected = 0
    with snapshot(database) as connection:
        head = size(connection)
        for row in copy_rows(connection, _READ, _KINDS):
            index, stream = row[0], row[1]
            if index != expected:
                report.add(Finding(index, stream, "INDEX_GAP", {"index": index, "expected": expected}))
            expected = index + 1
            report.events += 1
            for code, facts in _event_problems(row, chains):
                report.add(Finding(index, stream, code, {"index": index, "stream": stream, **facts}))
            reported(progress, report.events, head)
    report.streams = len(chains.heads)
    if report.events != head:
        report.add(Finding(None, None, "HEAD_DIFFERS", {"size": head, "events": report.events}))
    return report


class _Chains:
    """The last version and hash of every stream."""

    def __init__(self) -> None:
        self.heads: dict[str, tuple[int, str]] = {}

    def problems(self, stream: str, version: int, prevhash: Any, hash_: str) -> Iterator[_Problem]:
        last, expected = self.heads.get(stream, (0, GENESIS))
        self.heads[stream] = (version, hash_)
        if version != last + 1:
            yield "VERSION_GAP", {"version": version, "expected": last + 1}
        if prevhash != expected:
            yield "CHAIN_BROKEN", {"version": version}


def _event_problems(row: tuple[Any, ...], chains: _Chains) -> Iterator[_Problem]:
    _, stream, version, _, kind, _, _, stored_hash, raw = row
    hash_ = hashlib.sha256(raw).hexdigest()
    if hash_ != stored_hash:
        yield "HASH_DIFFERS", {}
    prevhash = None
    try:
        event = orjson.loads(raw)
        prevhash = event["prevhash"]
        differing = _differing(row, event)
        if differing:
            yield "COLUMN_DIFFERS", {"column": differing}
        if canonical.encode(event) != raw:
            yield "NOT_CANONICAL", {}
    except canonical.NotCanonical:
        yield "NOT_CANONICAL", {}
    except (orjson.JSONDecodeError, KeyError, TypeError):
        yield "NOT_AN_EVENT", {}
    if kind not in CATALOGUE:
        yield "TYPE_UNKNOWN", {"type": kind}
    yield from chains.problems(stream, version, prevhash, hash_)


def _differing(row: tuple[Any, ...], event: Any) -> str | None:
    """The first column that does not say what the event says. Raises KeyError for what the event lacks."""
    _, stream, version, event_id, kind, key, time, _, _ = row
    if event["subject"] != stream:
        return "stream"
    if event["streamversion"] != version:
        return "version"
    if event["partitionkey"] != key:
        return "key"
    if event["id"] != event_id:
        return "event_id"
    if event["time"] != time:
        return "time"
    return "type" if event["type"] != kind and event["type"] not in UPCASTERS else None
