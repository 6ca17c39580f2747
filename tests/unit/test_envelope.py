"""The envelope: a CloudEvent that others can read, and a reader that never breaks."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import orjson
import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from shared.events import GENESIS, Envelope, Head, MalformedEvent, NewEvent, new_id, parse
from shared.events.envelope import MAX_VERSION, seal_envelope, timestamp
from tests.contracts.examples import GOLDEN
from tests.unit.test_canonical import values

RAW = (GOLDEN / "voucher.redeemed.v1.json").read_bytes()
GOOD: dict[str, Any] = orjson.loads(RAW)


def sealed(data: dict[str, Any], cause: Envelope | None = None, trace: str | None = None) -> Envelope:
    return seal_envelope(
        NewEvent("shop.registered.v1", "shop-1", data, "quan-ly", cause),
        stream="shop/shop-1",
        source="/disbursement",
        head=Head(),
        moment=datetime.now(UTC),
        traceparent=trace,
    )


@given(st.dictionaries(st.text(st.characters(max_codepoint=127), min_size=1), values))
def test_what_was_sealed_is_read_back_the_same(data: dict[str, Any]) -> None:
    envelope = sealed(data)
    assert parse(envelope.raw) == envelope


def test_an_event_knows_what_led_to_it() -> None:
    first = sealed({})
    second = sealed({}, cause=first)
    assert (first.correlation, first.causation) == (first.id, None)
    assert (second.correlation, second.causation) == (first.id, first.id)
    assert (first.version, first.prevhash) == (1, GENESIS)


def test_the_cloudevents_library_reads_it() -> None:
    event = JSONFormat().read(CloudEvent, RAW)
    assert event.get_specversion() == "1.0"
    assert event.get_type() == "voucher.redeemed.v1"
    assert event.get_subject() == GOOD["subject"]
    assert event.get_time() == datetime(2026, 11, 23, 2, 30, 0, 125_000, UTC)
    assert event.get_data() == GOOD["data"]
    assert {name: event.get_extension(name) for name in ("partitionkey", "streamversion", "prevhash")} == {
        "partitionkey": GOOD["partitionkey"],
        "streamversion": 2,
        "prevhash": "e" * 64,
    }


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("*.json")), ids=lambda file: file.stem)
def test_the_cloudevents_library_takes_every_type(file: Any) -> None:
    read = JSONFormat().read(CloudEvent, file.read_bytes())
    again = orjson.loads(JSONFormat().write(read))
    assert again["data"] == orjson.loads(file.read_bytes())["data"]


@given(st.binary())
def test_any_bytes_are_an_event_or_malformed(raw: bytes) -> None:
    with pytest.raises(MalformedEvent):
        parse(raw)


@given(values)
def test_any_json_is_an_event_or_malformed(value: Any) -> None:
    with pytest.raises(MalformedEvent):
        parse(orjson.dumps(value))


@given(st.sampled_from(sorted(GOOD)), values)
def test_any_value_in_any_attribute_is_read_or_malformed(name: str, value: Any) -> None:
    try:
        event = parse(orjson.dumps({**GOOD, name: value}))
    except MalformedEvent:
        return
    assert isinstance(event.data, dict)
    assert all("\0" not in text for text in (event.id, event.stream, event.key, event.type, event.actor))
    assert type(event.version) is int


@pytest.mark.parametrize("name", sorted(set(GOOD) - {"causationid", "traceparent", "datacontenttype"}))
def test_each_attribute_is_needed(name: str) -> None:
    with pytest.raises(MalformedEvent):
        parse(orjson.dumps({key: value for key, value in GOOD.items() if key != name}))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id", "not-a-uuid"),
        ("id", GOOD["id"].upper()),
        ("subject", "shop/\0"),
        ("subject", ""),
        ("partitionkey", "x" * 300),
        ("type", 7),
        ("time", "yesterday"),
        ("prevhash", "e" * 63),
        ("streamversion", 0),
        ("streamversion", True),
        ("streamversion", "1"),
        ("streamversion", MAX_VERSION + 1),
        ("traceparent", ["00"]),
        ("causationid", 5),
        ("actor", "a\nb"),
        ("specversion", "0.3"),
        ("data", []),
        ("data", None),
    ],
)
def test_an_attribute_that_no_column_could_keep_is_malformed(name: str, value: Any) -> None:
    with pytest.raises(MalformedEvent):
        parse(orjson.dumps({**GOOD, name: value}))


def test_deep_nesting_is_malformed_or_read_never_a_crash() -> None:
    with pytest.raises(MalformedEvent):
        parse(b'{"data":' * 5000)


def test_changed_bytes_have_another_hash() -> None:
    changed = RAW.replace(b'"price":2490000', b'"price":2490001')
    assert parse(changed).hash != parse(RAW).hash
    assert replace(parse(changed), raw=RAW).hash == parse(changed).hash


@pytest.mark.parametrize(("key", "actor"), [("a\0b", "x"), ("", "x"), ("key", ""), ("key", "a\0")])
def test_nothing_is_sealed_that_could_not_be_read(key: str, actor: str) -> None:
    new = NewEvent("shop.registered.v1", key, {}, actor)
    moment = datetime.now(UTC)
    with pytest.raises(MalformedEvent):
        seal_envelope(new, stream="shop/x", source="/d", head=Head(), moment=moment, traceparent=None)


moments = st.datetimes(datetime(1970, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - a bound, made UTC


@given(moments, moments)
def test_text_order_of_times_is_time_order(one: datetime, other: datetime) -> None:
    assert (timestamp(one) < timestamp(other)) == (one < other)


def test_times_are_utc() -> None:
    local = datetime(2026, 11, 23, 9, 30, tzinfo=timezone(timedelta(hours=7)))
    assert timestamp(local) == "2026-11-23T02:30:00.000000Z"


def test_ids_grow() -> None:
    made = [new_id() for _ in range(1000)]
    assert made == sorted(made)
    assert len(set(made)) == 1000
