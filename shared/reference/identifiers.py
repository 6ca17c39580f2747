"""Numbers that identify people and handsets. What a person typed never raises.

Each check answers with a `Checked`: `value` is the stored form (text), `problem` a stable code if there is no
value, `warnings` stable codes of doubts that do not stop the value from being used.
"""

import re
from dataclasses import dataclass
from typing import Literal

from stdnum import imei as stdnum_imei

from shared.reference import areas

Sex = Literal["male", "female"]

_NOISE = re.compile(r"[\s.\-()'’]+")
_CITIZEN_LENGTH = 12
_CMND_LENGTH = 9
_COUNTED = "01234567890123456789012 98765432109876543210987"
"""Every run of 14 digits that counts up or down stands in it."""
_DUMMY_TAC = "0" * 8

# The conversion of 2018: the 11-digit prefix and what replaced it.
_MOBILE_2018 = {f"016{digit}": f"03{digit}" for digit in range(2, 10)}
_MOBILE_2018 |= {"0120": "070", "0121": "079", "0122": "077", "0126": "076", "0128": "078"}
_MOBILE_2018 |= {"0123": "083", "0124": "084", "0125": "085", "0127": "081", "0129": "082"}
_MOBILE_2018 |= {"0186": "056", "0188": "058", "0199": "059"}
_MOBILE = re.compile(r"0[35789]\d{8}")


@dataclass(frozen=True, slots=True)
class Checked:
    """The outcome of a check: a value in its stored form, or the code of what is wrong with it."""

    value: str | None
    problem: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CitizenIdParts:
    """What a citizen id says: old 3-digit province of birth registration, sex, birth year, 6-digit serial."""

    birth_place: str
    sex: Sex
    birth_year: int
    serial: str


def citizen_id(text: str, *, sex: Sex | None = None, birth_year: int | None = None) -> Checked:
    """A 12-digit citizen id (số định danh / CCCD); it has no check digit.

    problem: CITIZEN_ID_NOT_DIGITS, CITIZEN_ID_LENGTH, CITIZEN_ID_PROVINCE (not an old province code 001–096),
    CITIZEN_ID_CENTURY (third digit beyond 20xx). warnings, where it disagrees with what else was written:
    CITIZEN_ID_SEX_DIFFERS, CITIZEN_ID_BIRTH_YEAR_DIFFERS.
    """
    digits = _bare(text)
    problem = _citizen_id_problem(digits)
    if problem:
        return Checked(None, problem)
    parts = citizen_id_parts(digits)
    doubts = []
    if sex is not None and parts.sex != sex:
        doubts.append("CITIZEN_ID_SEX_DIFFERS")
    if birth_year is not None and parts.birth_year != birth_year:
        doubts.append("CITIZEN_ID_BIRTH_YEAR_DIFFERS")
    return Checked(digits, warnings=tuple(doubts))


def citizen_id_parts(digits: str) -> CitizenIdParts:
    """The parts of a citizen id that `citizen_id` accepted."""
    century = int(digits[3])
    return CitizenIdParts(
        birth_place=digits[:3],
        sex="female" if century % 2 else "male",
        birth_year=1900 + 100 * (century // 2) + int(digits[4:6]),
        serial=digits[6:],
    )


def cmnd(text: str) -> Checked:
    """A 9-digit number of the identity cards before the citizen id. problem: CMND_NOT_DIGITS, CMND_LENGTH."""
    digits = _bare(text)
    if not _all_digits(digits):
        return Checked(None, "CMND_NOT_DIGITS")
    if len(digits) != _CMND_LENGTH:
        return Checked(None, "CMND_LENGTH")
    return Checked(digits)


def phone(text: str) -> Checked:
    """A mobile number as 10 digits from 0; +84 and 11-digit numbers from before 2018 are converted.

    problem: PHONE_NOT_DIGITS, PHONE_NOT_MOBILE. warnings: PHONE_CONVERTED_2018. Numbers are portable:
    nothing is said about the operator.
    """
    digits = _bare(text).removeprefix("+")
    if not _all_digits(digits):
        return Checked(None, "PHONE_NOT_DIGITS")
    if digits.startswith("84") and len(digits) > 10:
        digits = "0" + digits[2:].removeprefix("0")
    converted = _converted_2018(digits)
    if not _MOBILE.fullmatch(converted):
        return Checked(None, "PHONE_NOT_MOBILE")
    return Checked(converted, warnings=() if converted == digits else ("PHONE_CONVERTED_2018",))


def imei(text: str) -> Checked:
    """A 15-digit IMEI with its Luhn digit.

    problem: IMEI_NOT_DIGITS, IMEI_LENGTH (an IMEISV of 16 digits too), IMEI_CHECK_DIGIT, IMEI_DUMMY: names
    no handset though the check digit may fit (all zeros, an all-zero type allocation, one digit repeated,
    digits that only count up or down).
    """
    digits = _bare(text)
    if not _all_digits(digits):
        return Checked(None, "IMEI_NOT_DIGITS")
    if len(digits) != 15:
        return Checked(None, "IMEI_LENGTH")
    if digits.startswith(_DUMMY_TAC) or len(set(digits[:14])) == 1 or digits[:14] in _COUNTED:
        return Checked(None, "IMEI_DUMMY")
    if not stdnum_imei.is_valid(digits):
        return Checked(None, "IMEI_CHECK_DIGIT")
    return Checked(digits)


def _citizen_id_problem(digits: str) -> str | None:
    if not _all_digits(digits):
        return "CITIZEN_ID_NOT_DIGITS"
    if len(digits) != _CITIZEN_LENGTH:
        return "CITIZEN_ID_LENGTH"
    if digits[0] != "0" or digits[1:3] not in areas.old_provinces():
        return "CITIZEN_ID_PROVINCE"
    return None if digits[3] in "0123" else "CITIZEN_ID_CENTURY"


def _converted_2018(digits: str) -> str:
    if len(digits) != 11:
        return digits
    prefix = _MOBILE_2018.get(digits[:4])
    return digits if prefix is None else prefix + digits[4:]


def _bare(text: str) -> str:
    return text if text.isalnum() else _NOISE.sub("", text)


def _all_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()
