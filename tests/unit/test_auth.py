"""Tokens: only what the issuer signed, for us, and not yet expired, says who somebody is."""

import hmac
import subprocess
import sys
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
import time_machine
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, OKPKey

from shared.auth import (
    Actor,
    InvalidToken,
    Issuer,
    IssuerUnavailable,
    Role,
    Verifier,
    load_signing_key,
    may_act_in,
    verifier,
)
from shared.auth.actor import from_claims, to_claims

ISSUER, AUDIENCE = "http://issuer.test", "songban"
OFFICER = Actor("can-bo", "Cán bộ", frozenset({Role.OFFICER}), "01075", "08")


def signing_key(kid: str) -> ECKey:
    return ECKey.import_key({**ECKey.generate_key("P-256").as_dict(private=True), "kid": kid})


KEY = signing_key("one")
TOKENS = Issuer(KEY, ISSUER, AUDIENCE)


class Source:
    """The issuer's JWKS address, in the test's hands."""

    def __init__(self, *keys: Any) -> None:
        self.keys = list(keys)
        self.calls = 0
        self.error: Exception | None = None

    def __call__(self) -> dict[str, Any]:
        self.calls += 1
        if self.error:
            raise self.error
        return dict(KeySet(self.keys).as_dict(private=False))


def make(source: Callable[[], dict[str, Any]] | None = None, *algorithms: str) -> Verifier:
    return Verifier("", ISSUER, AUDIENCE, algorithms or ("ES256", "Ed25519"), fetch=source or Source(KEY))


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    made = {**to_claims(OFFICER), "iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + 60, **changes}
    return {name: value for name, value in made.items() if value is not None}


def signed(key: Any = KEY, algorithm: str = "ES256", kid: str | None = "one", **changes: Any) -> str:
    header = {"alg": algorithm} | ({"kid": kid} if kid else {})
    return jwt.encode(header, claims(**changes), key, algorithms=[algorithm])


def _encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def refused(token: str, by: Verifier | None = None) -> str:
    with pytest.raises(InvalidToken) as caught:
        (by or make()).actor(token)
    return caught.value.code


def test_a_minted_token_names_its_actor() -> None:
    assert make().actor(TOKENS.mint(OFFICER)) == OFFICER
    assert make().actor(signed(kid=None)) == OFFICER


def test_an_ed25519_issuer_is_believed() -> None:
    key = OKPKey.import_key({**OKPKey.generate_key("Ed25519").as_dict(private=True), "kid": "ed"})
    assert make(Source(key)).actor(signed(key, "Ed25519", "ed")) == OFFICER


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"exp": int(time.time()) - 60}, "TOKEN_EXPIRED"),
        ({"exp": None}, "TOKEN_INVALID"),
        ({"exp": "soon"}, "TOKEN_INVALID"),
        ({"iss": "http://elsewhere"}, "TOKEN_INVALID"),
        ({"iss": None}, "TOKEN_INVALID"),
        ({"aud": "other"}, "TOKEN_INVALID"),
        ({"aud": None}, "TOKEN_INVALID"),
        ({"sub": None}, "TOKEN_INVALID"),
        ({"nbf": int(time.time()) + 86_400}, "TOKEN_INVALID"),
        ({"roles": 5}, "TOKEN_INVALID"),
    ],
)
def test_wrong_claims_prove_nothing(changes: dict[str, Any], code: str) -> None:
    assert refused(signed(**changes)) == code


def test_one_of_several_audiences_is_enough() -> None:
    assert make().actor(signed(aud=["other", AUDIENCE])) == OFFICER


def test_an_unsigned_token_proves_nothing() -> None:
    plain = jwt.encode({"alg": "none"}, claims(), OctKey.generate_key(), algorithms=["none"])
    assert refused(plain) == "TOKEN_INVALID"
    head, body, _ = signed().split(".")
    assert refused(f"{head}.{body}.") == "TOKEN_INVALID"
    assert refused(f"{plain.split('.')[0]}.{body}.") == "TOKEN_INVALID"


def test_the_public_key_is_no_shared_secret() -> None:
    _, body, _ = signed().split(".")
    signing_input = _encoded(b'{"alg":"HS256","kid":"one"}') + "." + body
    forged = hmac.new(KEY.as_pem(private=False), signing_input.encode(), "sha256").digest()
    assert refused(f"{signing_input}.{_encoded(forged)}") == "TOKEN_INVALID"


def test_an_algorithm_that_was_not_named_is_refused() -> None:
    assert refused(signed(), make(Source(KEY), "Ed25519")) == "TOKEN_INVALID"


def test_somebody_elses_key_is_refused() -> None:
    assert refused(signed(signing_key("one"))) == "TOKEN_INVALID"


def test_a_changed_payload_is_refused() -> None:
    head, _, signature = signed().split(".")
    _, other, _ = signed(sub="quan-ly").split(".")
    assert refused(f"{head}.{other}.{signature}") == "TOKEN_INVALID"


@given(st.text() | st.from_regex(r"[A-Za-z0-9_-]{0,20}\.[A-Za-z0-9_-]{0,20}\.[A-Za-z0-9_-]{0,20}"))
def test_any_text_is_a_token_or_invalid(text: str) -> None:
    assert refused(text) == "TOKEN_INVALID"


@pytest.mark.parametrize(
    "header", [b"[]", b"5", b"null", b'"a"', b'{"alg":5}', b'{"alg":"ES256","kid":{}}', b"{}"]
)
def test_any_header_is_readable_or_invalid(header: bytes) -> None:
    _, body, signature = signed().split(".")
    assert refused(f"{_encoded(header)}.{body}.{signature}") == "TOKEN_INVALID"


def test_an_unknown_key_id_asks_the_issuer_again_but_not_for_every_token(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source, new = Source(KEY), signing_key("two")
    check = make(source)
    check.actor(signed())
    source.keys.append(new)
    assert refused(signed(new, kid="two"), check) == "TOKEN_INVALID"
    assert source.calls == 1
    monkeypatch.setattr(verifier, "JWKS_PAUSE_SECONDS", -1)
    assert check.actor(signed(new, kid="two")) == OFFICER
    assert source.calls == 2


def test_a_token_that_passed_is_remembered_until_it_expires() -> None:
    source = Source(KEY)
    check = make(source)
    with time_machine.travel(time.time(), tick=False) as clock:
        token = TOKENS.mint(OFFICER, 60)
        assert check.actor(token) is check.actor(token)
        source.keys = [signing_key("other")]
        assert check.actor(token) == OFFICER
        clock.shift(66)
        with pytest.raises(InvalidToken):
            check.actor(token)


def test_no_more_tokens_are_remembered_than_planned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifier, "REMEMBERED_TOKENS", 3)
    check = make()
    for number in range(6):
        check.actor(TOKENS.mint(replace(OFFICER, subject=f"can-bo-{number}")))
    assert len(check._remembered) == 3


def test_an_issuer_that_is_down_from_the_start_is_named() -> None:
    source = Source()
    source.error = requests.ConnectionError("down")
    with pytest.raises(IssuerUnavailable):
        make(source).actor(signed())


def test_known_keys_stay_good_while_the_issuer_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source(KEY)
    check = make(source)
    check.actor(signed())
    source.error = requests.ConnectionError("down")
    monkeypatch.setattr(verifier, "JWKS_SECONDS", -1)
    monkeypatch.setattr(verifier, "JWKS_PAUSE_SECONDS", -1)
    assert check.actor(signed(sub="other")).subject == "other"
    assert source.calls == 2
    monkeypatch.setattr(verifier, "JWKS_PAUSE_SECONDS", 60)
    for number in range(5):
        check.actor(signed(sub=f"s{number}"))
    assert source.calls == 2, "an issuer that is down is not asked for every request"


def test_nobody_waits_for_an_issuer_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    source, hang, entered = Source(KEY), threading.Event(), threading.Event()
    check = make(lambda: (entered.set(), hang.wait(20), source())[2] if source.calls else source())
    check.actor(signed())
    monkeypatch.setattr(verifier, "JWKS_SECONDS", -1)
    monkeypatch.setattr(verifier, "JWKS_PAUSE_SECONDS", -1)
    asking = threading.Thread(target=check.actor, args=(signed(sub="first"),))
    asking.start()
    assert entered.wait(10)
    started = time.monotonic()
    assert check.actor(signed(sub="second")).subject == "second"
    assert time.monotonic() - started < 5
    hang.set()
    asking.join(10)


def test_roles_that_are_not_ours_are_dropped() -> None:
    assert from_claims({"sub": "x", "roles": ["officer", "root", ""]}).roles == {Role.OFFICER}
    assert from_claims({"sub": "x", "roles": "officer"}).roles == frozenset()


@given(
    st.builds(
        Actor,
        st.text(min_size=1),
        st.text(),
        st.frozensets(st.sampled_from(Role)),
        st.none() | st.text(min_size=1),
        st.none() | st.text(min_size=1),
        st.none() | st.text(min_size=1),
        st.none() | st.text(min_size=1),
    )
)
def test_an_actor_survives_its_claims(actor: Actor) -> None:
    assert from_claims(to_claims(actor)) == actor


@pytest.mark.parametrize(
    ("actor", "there", "elsewhere"),
    [
        (Actor("a", roles=frozenset({Role.OFFICER}), commune="01075"), True, False),
        (Actor("a", roles=frozenset({Role.MANAGER}), province="08"), True, False),
        (Actor("a", roles=frozenset({Role.AUDITOR})), True, True),
        (Actor("a", roles=frozenset({Role.AUDITOR}), province="08"), True, False),
        (Actor("a", roles=frozenset({Role.OFFICER})), False, False),
        (Actor("a", roles=frozenset({Role.SHOP})), False, False),
    ],
)
def test_areas(actor: Actor, there: bool, elsewhere: bool) -> None:
    assert may_act_in(actor, "01075", "08") is there
    assert may_act_in(actor, "04186", "11") is elsewhere


def test_a_signing_key_is_made_once_and_kept_private(tmp_path: Any) -> None:
    path = tmp_path / "keys" / "signing.pem"
    first, second = load_signing_key(path), load_signing_key(path)
    assert first.kid == second.kid == first.thumbprint()
    assert path.stat().st_mode & 0o077 == 0
    assert "d" not in Issuer(first, ISSUER, AUDIENCE).jwks()["keys"][0]


def test_workers_that_start_together_sign_with_one_key(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from shared.auth import load_signing_key\n"
        "sys.stdin.readline(); print(load_signing_key(Path(sys.argv[1])).thumbprint())"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "signing-key.pem")]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    workers = [subprocess.Popen(command, **pipes) for _ in range(6)]
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    found = {worker.communicate()[0].strip() for worker in workers}
    assert found == {load_signing_key(tmp_path / "signing-key.pem").thumbprint()}
    assert [file.name for file in tmp_path.iterdir()] == ["signing-key.pem"]
