"""The signed text in the QR code: it says what was signed, and nothing else ever verifies."""

import hashlib
import json
import re
from datetime import date
from pathlib import Path

import pytest
import segno
import zxingcpp
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import assume, given
from hypothesis import strategies as st

from services.disbursement.codes import ALPHABET, code_number, new_code, numbered_code
from services.disbursement.tokens import (
    HIGHEST_AMOUNT,
    LENGTH,
    PREFIX,
    Signer,
    VoucherToken,
    jwk_set,
    keys_of,
    looks_like_token,
    programme_mark,
    read_token,
)
from shared.refusal import Refusal
from songban.cli import cli

SIGNER = Signer(b"s" * 32)
codes = st.builds(new_code)
amounts = st.integers(1, HIGHEST_AMOUNT)
days = st.dates(date(2020, 1, 1), date(2199, 1, 1))
tokens = st.builds(SIGNER.sign, codes, amounts, amounts, days, st.just("tuyen-quang-2026"))


@given(codes, amounts, amounts, days, st.text(min_size=1, max_size=64))
def test_a_token_says_what_was_signed(
    code: str, amount: int, minimum: int, expires_on: date, programme_id: str
) -> None:
    token = SIGNER.sign(code, amount, minimum, expires_on, programme_id)
    assert len(token) == LENGTH
    assert looks_like_token(f" {token.lower()}")
    (key_id,) = SIGNER.keys
    said = VoucherToken(key_id, code, amount, minimum, expires_on, programme_mark(programme_id))
    assert read_token(token, SIGNER.keys) == said
    assert read_token(f" {token.lower()}\r\n", SIGNER.keys) == said


@given(
    tokens,
    st.integers(0, LENGTH - 1),
    st.one_of(st.sampled_from(ALPHABET + "$%*+-./: ilou"), st.characters()),
)
def test_a_flipped_character_never_verifies(token: str, place: int, character: str) -> None:
    assume(character.upper() != token[place] or not character.isascii())
    flipped = token[:place] + character + token[place + 1 :]
    assert isinstance(read_token(flipped, SIGNER.keys), Refusal)


@given(tokens, st.integers(0, 45 * 16 - 1))
def test_a_flipped_bit_never_verifies(token: str, bit: int) -> None:
    symbols = [ALPHABET.index(symbol) for symbol in token[len(PREFIX) :]]
    symbols[bit // 5] ^= 1 << bit % 5
    flipped = PREFIX + "".join(ALPHABET[value] for value in symbols)
    assert isinstance(read_token(flipped, SIGNER.keys), Refusal)


@given(st.text(max_size=200))
def test_whatever_is_scanned_never_raises(text: str) -> None:
    for scanned in (text, PREFIX + text):
        assert read_token(scanned, SIGNER.keys) == Refusal("TOKEN_UNREADABLE")


def sample(signer: Signer = SIGNER) -> str:
    return signer.sign("0123456789", 500_000, 500_000, date(2026, 11, 23), "tuyen-quang-2026")


def test_a_token_of_another_signer_is_forged_even_under_our_key_id() -> None:
    assert read_token(sample(Signer(b"o" * 32)), SIGNER.keys) == Refusal("TOKEN_KEY_UNKNOWN")
    (ours,) = SIGNER.keys
    (theirs,) = Signer(b"o" * 32).keys.values()
    assert read_token(sample(), {ours: theirs}) == Refusal("TOKEN_FORGED")


def test_paper_signed_with_a_retired_key_stays_good_and_new_paper_has_the_new_key() -> None:
    retired = Ed25519PrivateKey.from_private_bytes(b"s" * 32).public_key().public_bytes_raw()
    rotated = Signer(b"n" * 32, [retired])
    old, new = read_token(sample(), rotated.keys), read_token(sample(rotated), rotated.keys)
    assert isinstance(old, VoucherToken)
    assert isinstance(new, VoucherToken)
    assert old.code == new.code
    assert [new.key_id, old.key_id] == list(rotated.keys)
    assert read_token(sample(rotated), SIGNER.keys) == Refusal("TOKEN_KEY_UNKNOWN")


def test_the_published_keys_are_a_jwk_set_that_verifies() -> None:
    published = json.loads(json.dumps(jwk_set(SIGNER.keys)))
    assert {"kty": "OKP", "crv": "Ed25519", "alg": "Ed25519"}.items() <= published["keys"][0].items()
    published["keys"].append({"kty": "RSA", "kid": "another"})
    assert isinstance(read_token(sample(), keys_of(published)), VoucherToken)


@pytest.mark.parametrize("document", [{}, {"keys": [{"crv": "Ed25519", "x": "AAAA"}]}, {"keys": 5}])
def test_what_is_no_jwk_set_raises(document: dict[str, object]) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        keys_of(document)


def test_a_token_fits_a_small_qr_code_that_another_decoder_reads() -> None:
    code = segno.make_qr(sample(), error="m", boost_error=False)
    assert code.mode == "alphanumeric"
    assert int(code.version) <= 6
    rows = [bytes(0 if module else 255 for module in row) for row in code.matrix_iter(scale=4, border=4)]
    pixels = memoryview(b"".join(rows)).cast("B", (len(rows), len(rows[0])))
    (found,) = zxingcpp.read_barcodes(pixels)
    assert isinstance(read_token(found.text, SIGNER.keys), VoucherToken)


def test_the_command_checks_a_token_against_a_file_of_keys(tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps(jwk_set(SIGNER.keys)))
    good = CliRunner().invoke(cli, ["voucher", "verify", sample(), "--keys", str(keys)])
    assert good.exit_code == 0
    assert json.loads(good.output)["amount"] == 500_000
    forged = CliRunner().invoke(cli, ["voucher", "verify", sample()[:-1] + "Z", "--keys", str(keys)])
    assert forged.exit_code == 1
    assert json.loads(forged.output) == {"valid": False, "code": "TOKEN_FORGED"}
    keys.write_text("[]")
    assert "JWK" in CliRunner().invoke(cli, ["voucher", "verify", sample(), "--keys", str(keys)]).output


def test_the_command_makes_a_secret_that_the_portals_setting_does_not_tell() -> None:
    made = CliRunner().invoke(cli, ["enterprise-client", "till-1", "telecom-1"])
    secret = made.stderr.split()[-1]
    assert made.stdout.strip() == f"till-1=telecom-1={hashlib.sha256(secret.encode()).hexdigest()}"
    refused = CliRunner().invoke(cli, ["enterprise-client", "till=1", "telecom-1"])
    assert refused.exit_code == 2


def test_an_amount_that_does_not_fit_is_an_error_and_never_a_smaller_amount() -> None:
    with pytest.raises(OverflowError):
        SIGNER.sign("0123456789", HIGHEST_AMOUNT + 1, 0, date(2026, 11, 23), "p")


@given(codes)
def test_a_code_survives_as_a_number_of_45_bits(code: str) -> None:
    assert re.fullmatch(f"[{ALPHABET}]{{10}}", code)
    assert code_number(code) < 2**45
    assert numbered_code(code_number(code)) == code
