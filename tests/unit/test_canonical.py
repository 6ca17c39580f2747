"""Canonical bytes: the fast encoder equals the RFC 8785 reference on everything an event may hold."""

from datetime import date
from decimal import Decimal
from typing import Any

import orjson
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from shared.events.canonical import MAX_INTEGER, NotCanonical, check, digest, encode

texts = st.text()  # every code point but surrogates, control characters included
keys = st.text(st.characters(max_codepoint=127), max_size=12)
leaves = st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | texts
values = st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(keys, inner), max_leaves=30)


@given(values)
def test_bytes_equal_the_reference(value: Any) -> None:
    check(value)
    assert encode(value) == rfc8785.dumps(value)


@given(values)
def test_reading_and_writing_again_gives_the_same_bytes(value: Any) -> None:
    raw = encode(value)
    assert encode(orjson.loads(raw)) == raw


@given(st.dictionaries(keys, leaves))
def test_order_of_keys_does_not_matter(value: dict[str, Any]) -> None:
    assert encode(dict(reversed(value.items()))) == encode(value)


@pytest.mark.parametrize("place", [lambda x: x, lambda x: [x], lambda x: {"a": [1, {"b": x}]}])
@pytest.mark.parametrize(
    "foreign",
    [1.5, 1.0, MAX_INTEGER + 1, -MAX_INTEGER - 1, Decimal(1), date(2026, 1, 1), b"bytes", {1, 2}, {1: "a"}],
)
def test_what_the_two_encoders_could_write_differently_is_refused(place: Any, foreign: Any) -> None:
    with pytest.raises(NotCanonical):
        check(place(foreign))


@pytest.mark.parametrize("key", ["đồng", "\u20ac", "\U0001f600"])
def test_keys_are_ascii(key: str) -> None:
    with pytest.raises(NotCanonical, match="not ASCII"):
        check({"a": {key: 1}})


@pytest.mark.parametrize("foreign", ["\ud800", 2**64, {1: "a"}, object()])
def test_encode_raises_only_its_own_error(foreign: Any) -> None:
    with pytest.raises(NotCanonical):
        encode({"a": foreign})


def test_digest_is_sha256_of_the_bytes() -> None:
    assert digest(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
