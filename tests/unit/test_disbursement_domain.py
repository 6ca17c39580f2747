"""The laws of money and of what stands on paper."""

import re
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.disbursement.codes import ALPHABET, LENGTH, Pins, grouped, new_code, read_code
from services.disbursement.domain import Split, Voucher, affordable, local_date, split, usable, vnd
from shared.refusal import Refusal

amounts = st.integers(1, 10**10)
codes = st.builds(new_code)
symbols = st.sampled_from(ALPHABET)


def voucher(**changes: object) -> Voucher:
    values = {
        "voucher_id": "v",
        "application_id": "a",
        "household_id": "h",
        "programme_id": "p",
        "budget_id": "p",
        "status": "issued",
        "locked": False,
        "amount": 500_000,
        "minimum_price": 500_000,
        "expires_on": date(2026, 11, 23),
    }
    return Voucher(**{**values, **changes})  # type: ignore[arg-type]


@given(amounts, st.integers(0, 10**10), amounts)
def test_no_dong_is_lost_or_made_in_a_split(amount: int, minimum: int, price: int) -> None:
    shares = split(amount, minimum, price)
    if isinstance(shares, Refusal):
        assert price < minimum
        return
    assert shares.price == price == shares.subsidy + shares.household_pays
    assert amount == shares.subsidy + shares.returned
    assert 0 < shares.subsidy <= amount
    assert shares.household_pays >= 0
    assert shares.household_pays == 0 or shares.returned == 0


@given(st.lists(amounts, max_size=30), st.integers(0, 10**11))
def test_money_goes_to_as_many_as_it_reaches_and_nobody_is_overtaken(line: list[int], money: int) -> None:
    count = affordable(line, money)
    assert sum(line[:count]) <= money
    assert count == len(line) or sum(line[: count + 1]) > money


def test_a_split_names_the_programmes_minimum() -> None:
    assert split(500_000, 600_000, 599_999) == Refusal("HANDSET_BELOW_MINIMUM", minimum="600.000 đ")
    assert split(500_000, 0, 400_000) == Split(400_000, 400_000, 0, 100_000)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"status": "redeemed"}, "VOUCHER_USED"),
        ({"status": "expired"}, "VOUCHER_EXPIRED"),
        ({"status": "cancelled", "locked": True}, "VOUCHER_CANCELLED"),
        ({"expires_on": date(2026, 11, 22)}, "VOUCHER_EXPIRED"),
        ({"locked": True}, "VOUCHER_LOCKED"),
    ],
)
def test_a_voucher_that_is_good_for_nothing_says_why(changes: dict[str, object], code: str) -> None:
    assert usable(voucher(**changes), date(2026, 11, 23)) == Refusal(code)


def test_a_voucher_is_good_on_its_last_day_in_viet_nam() -> None:
    evening = datetime(2026, 11, 23, 16, 59, tzinfo=UTC)
    midnight = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
    assert usable(voucher(), local_date(evening)) is None
    assert usable(voucher(), local_date(midnight)) == Refusal("VOUCHER_EXPIRED")


@given(codes)
def test_a_code_has_ten_symbols_that_nobody_confuses(code: str) -> None:
    assert re.fullmatch(f"[{ALPHABET}]{{{LENGTH}}}", code)
    assert not set(code) & set("ILOU")
    assert read_code(code) == code
    assert read_code(f" {grouped(code).lower()} ") == code
    assert read_code(code.replace("0", "O").replace("1", "l")) == code


@given(codes, st.integers(0, LENGTH - 1), symbols)
def test_one_wrong_symbol_is_always_found(code: str, place: int, symbol: str) -> None:
    typed = code[:place] + symbol + code[place + 1 :]
    assert read_code(typed) == (code if typed == code else None)


@given(codes, st.integers(0, LENGTH - 1), st.integers(0, LENGTH - 1))
def test_two_swapped_symbols_are_always_found(code: str, one: int, other: int) -> None:
    typed = list(code)
    typed[one], typed[other] = typed[other], typed[one]
    assert read_code("".join(typed)) == (code if typed == list(code) else None)


@given(st.text(max_size=40))
def test_whatever_is_typed_as_a_code_never_raises(typed: str) -> None:
    assert read_code(typed) in (None, read_code(read_code(typed) or ""))


@given(st.uuids().map(str))
def test_a_pin_is_six_digits_and_always_the_same(voucher_id: str) -> None:
    pins = Pins(b"k" * 32)
    pin = pins.pin(voucher_id)
    assert re.fullmatch(r"\d{6}", pin)
    assert Pins(b"k" * 32).fits(voucher_id, f" {pin} ")
    assert not pins.fits(voucher_id, "ắ")
    assert not pins.fits(voucher_id, pin + "0")


def test_pins_of_another_key_are_others() -> None:
    ids = [f"voucher-{number}" for number in range(20)]
    assert [Pins(b"k" * 32).pin(i) for i in ids] != [Pins(b"l" * 32).pin(i) for i in ids]


def test_money_is_written_as_in_viet_nam() -> None:
    assert vnd(500_000) == "500.000 đ"
    assert vnd(12) == "12 đ"
