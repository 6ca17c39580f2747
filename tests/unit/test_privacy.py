"""Sealing opens with the right key at the right place only; identity hashes tell nobody anything."""

import base64
import hashlib
from typing import Any
from unittest.mock import Mock
from uuid import uuid4

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from shared.db import Database
from shared.inbox import Transient
from shared.privacy import IdentityHasher, KeyClient, KeyRing, Unreadable, new_key, seal, unseal
from tests.unit.test_canonical import values

KEY = b"k" * 32
PLACE = "household-1/application.submitted"


@given(values)
def test_what_was_sealed_opens_the_same(value: Any) -> None:
    assert unseal(KEY, seal(KEY, value, PLACE), PLACE) == value


def test_the_same_value_never_looks_the_same() -> None:
    assert len({seal(KEY, {"poor": True}, PLACE) for _ in range(100)}) == 100


@given(st.integers(0, 10**6), st.integers(1, 255))
def test_one_changed_byte_does_not_open(position: int, change: int) -> None:
    raw = bytearray(base64.b64decode(seal(KEY, {"poor": True}, PLACE)))
    raw[position % len(raw)] ^= change
    with pytest.raises(Unreadable):
        unseal(KEY, base64.b64encode(raw).decode(), PLACE)


@pytest.mark.parametrize(
    ("key", "place"),
    [(b"x" * 32, PLACE), (KEY, "household-2/application.submitted"), (KEY, ""), (b"", PLACE)],
)
def test_another_key_or_place_does_not_open(key: bytes, place: str) -> None:
    with pytest.raises(Unreadable):
        unseal(key, seal(KEY, 1, PLACE), place)


@given(st.text())
def test_any_text_opens_or_is_unreadable(text: str) -> None:
    with pytest.raises(Unreadable):
        unseal(KEY, text, PLACE)


def test_keys_are_32_random_bytes() -> None:
    assert {len(new_key()) for _ in range(10)} == {32}
    assert len({new_key() for _ in range(100)}) == 100


def test_identity_hashes_need_the_key_and_the_kind() -> None:
    hasher, other = IdentityHasher(b"i" * 32), IdentityHasher(b"j" * 32)
    number = "008099000123"
    assert hasher.citizen_id(number) == IdentityHasher(b"i" * 32).citizen_id(number)
    assert hasher.citizen_id(number) != other.citizen_id(number)
    assert hasher.citizen_id(number) != hashlib.sha256(number.encode()).hexdigest()
    word = (hasher.word(number) % 2**64).to_bytes(8, "big").hex()
    assert len({hasher.citizen_id(number)[:16], hasher.imei(number)[:16], word}) == 3
    assert all(
        len(text) == 64 and number not in text for text in (hasher.citizen_id(number), hasher.imei(number))
    )


def test_a_certificate_is_itself_only_in_its_commune_and_year() -> None:
    hasher = IdentityHasher(b"i" * 32)
    made = {
        hasher.certificate("12", commune, year) for commune in ("01075", "01076") for year in (None, 2025)
    }
    assert len(made) == 4


def test_people_without_numbers_are_told_apart_by_each_fact() -> None:
    hasher = IdentityHasher(b"i" * 32)
    facts = ["giang a su", "1980", "nam ty", "01075"]
    others = [[*facts[:at], "x", *facts[at + 1 :]] for at in range(4)]
    assert len({hasher.person_without_id(*each) for each in (facts, *others)}) == 5


def test_a_key_ring_keeps_keys_wrapped_and_forgets_them(database: Database) -> None:
    ring, household, other = KeyRing(b"w" * 32), str(uuid4()), str(uuid4())
    with database.transaction() as session:
        keys = ring.create(session, [household, other])
        ring.store(session, {household: new_key()})
    with database.transaction() as session:
        assert ring.load(session, [household, other, str(uuid4())]) == keys
        with pytest.raises(Unreadable):
            KeyRing(b"x" * 32).load(session, [household])
        ring.forget(session, [household])
        assert ring.load(session, [household, other]) == {other: keys[other]}


def _client(answer: Mock | Exception) -> KeyClient:
    client = KeyClient("http://applications", Mock(get=lambda: "token"), KeyRing(b"w" * 32), "ASSESSMENT")
    post = Mock(side_effect=[answer] if isinstance(answer, Exception) else None, return_value=answer)
    client._http = Mock(post=post)
    return client


def test_keys_are_asked_for_once_and_kept(database: Database) -> None:
    household, erased = str(uuid4()), str(uuid4())
    key = new_key()
    answer = Mock(status_code=200, json=lambda: {"keys": {household: base64.b64encode(key).decode()}})
    client = _client(answer)
    with database.transaction() as session:
        assert client(session, [household, erased, household]) == {household: key}
        assert client(session, [household]) == {household: key}
        assert client(session, []) == {}
    assert client._http.post.call_count == 1  # type: ignore[attr-defined]
    assert sorted(client._http.post.call_args.kwargs["json"]["household_ids"]) == sorted([household, erased])  # type: ignore[attr-defined]


@pytest.mark.parametrize("error", [requests.ConnectionError("down"), requests.Timeout("slow")])
def test_applications_being_down_is_transient(database: Database, error: Exception) -> None:
    with database.transaction() as session, pytest.raises(Transient):
        _client(error)(session, [str(uuid4())])


def test_a_refused_token_is_forgotten(database: Database) -> None:
    answer = requests.Response()
    answer.status_code = 401
    client = _client(answer)  # type: ignore[arg-type]
    with database.transaction() as session, pytest.raises(Transient):
        client(session, [str(uuid4())])
    client._tokens.forget.assert_called_once()  # type: ignore[attr-defined]
