"""The kernel under test without any service: its tables in a database of their own, handlers made up here."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import psycopg
import sqlalchemy

import shared.db
from shared.db import Database
from shared.eventlog.port import Received
from shared.events import Envelope, Head, NewEvent, lookup
from shared.events.envelope import seal_envelope
from tests.support.postgres import create_database, database_name

_SPACE = UUID("7d1f8a52-06a3-4c0e-9b1e-3c5e2f6b8a10")
_offsets = count()


@cache
def _template() -> str:
    url = create_database("template_kernel", kept=True)
    ddl = Path(shared.db.__file__).with_name("kernel.sql").read_text(encoding="utf-8")
    with psycopg.connect(url) as connection:
        connection.execute(ddl.encode())
        connection.execute("CREATE TABLE seen (stream text, version integer, note text NOT NULL)")
        connection.execute("CREATE TABLE thing (id text PRIMARY KEY, amount integer NOT NULL)")
    return database_name(url)


def kernel_database() -> Database:
    """A new database: the kernel's tables, `seen` for handlers and `thing` for views to write to."""
    return Database(create_database("kernel", template=_template()), "test-kernel", pool_size=24)


def sql(database: Database, statement: str, **values: Any) -> list[Any]:
    with database.transaction() as session:
        result = session.execute(sqlalchemy.text(statement), values)
        return list(result.all()) if result.returns_rows else []


def case_id(name: str) -> str:
    """A UUID that belongs to `name`."""
    return str(uuid5(_SPACE, name))


def shop(shop_id: str, name: str = "Cửa hàng") -> NewEvent:
    """The simplest event of our catalogue: `shop.registered.v1`."""
    data = {"shop_id": shop_id, "enterprise_id": "telecom", "name": name, "commune": "01075"}
    data |= {"hours": [], "daily_limit": None, "minute_limit": 60}
    return NewEvent("shop.registered.v1", shop_id, data, "manager")


def stop_shop(shop_id: str, reason: str = "closed") -> NewEvent:
    return NewEvent("shop.suspended.v1", shop_id, {"shop_id": shop_id, "reason": reason}, "manager")


class Chain:
    """Streams made by hand: each event sits behind the one before it."""

    def __init__(self) -> None:
        self._heads: dict[str, Head] = {}

    def event(self, new: NewEvent, *, head: Head | None = None) -> Envelope:
        """The next event of its stream, or one behind `head` (for gaps and contradictions)."""
        event_type = lookup(new.type) if new.type.count(".v1") and "unknown" not in new.type else None
        stream = event_type.stream_of(new.key) if event_type else f"shop/{new.key}"
        envelope = seal_envelope(
            new,
            stream=stream,
            source="/disbursement",
            head=head or self._heads.get(stream, Head()),
            moment=datetime.now(UTC),
            traceparent=None,
        )
        self._heads[stream] = Head(envelope.version, envelope.hash)
        return envelope

    def events(self, news: Sequence[NewEvent]) -> list[Envelope]:
        return [self.event(new) for new in news]


def received(value: Envelope | bytes, key: str = "k", offset: int | None = None) -> Received:
    """As the log delivers it; offsets count on for the whole test run."""
    raw = value if isinstance(value, bytes) else value.raw
    place = next(_offsets) if offset is None else offset
    name = key if isinstance(value, bytes) else value.key
    return Received("songban.disbursement", 0, place, datetime.now(UTC), name, raw)


def wait_for(condition: Callable[[], Any], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.01)


class Running:
    """A loop (`run(stop)`) in a thread, for a `with` block. What it raises is raised at the end."""

    def __init__(self, run: Callable[[threading.Event], None]) -> None:
        self.stop = threading.Event()
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=(run,), daemon=True)

    def _run(self, run: Callable[[threading.Event], None]) -> None:
        try:
            run(self.stop)
        except BaseException as error:  # noqa: BLE001 - raised again when the block ends
            self.error = error

    def __enter__(self) -> "Running":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self._thread.join(20)
        assert not self._thread.is_alive(), "the loop did not stop"
        if self.error is not None:
            raise self.error


def counts(mapping: Mapping[str, int]) -> dict[str, int]:
    return {name: number for name, number in mapping.items() if number}
