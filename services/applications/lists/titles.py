"""From the titles over a column, one or several rows high, to the field it holds; neighbours may decide.

"Số" under "Giấy chứng nhận" is the certificate's number; "Nam" under "Ngày, tháng, năm sinh" is the birth
date of a man; "Ngày cấp" behind "Số CCCD" belongs to the card and not to the poverty certificate.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.applications.lists.columns import EXACT, FIELDS, Match, match, title_key
from services.applications.lists.problems import ColumnTitle
from services.applications.lists.table import column_letter
from shared.reference.text import nfc

CHOSEN = 4
"""Strength of what an officer said a column holds."""

_BIRTH = {
    "nam": "male", "nu": "female", "ngay": "birth_day", "thang": "birth_month", "ngay sinh": "birth_day",
    "thang sinh": "birth_month", "nam sinh": "birth_year",
}  # fmt: skip
_POVERTY = {
    "n": "poor", "ngheo": "poor", "cn": "near_poor", "can ngheo": "near_poor", "khac": "not_poor",
    "khong": "not_poor", "con lai": "not_poor", "trung binh": "not_poor", "binh thuong": "not_poor",
}  # fmt: skip
_CARD = {"so": "citizen_id", "so the": "citizen_id", "ngay cap": "", "noi cap": "", "ngay": "", "noi": ""}
_CERTIFICATE = {
    "so": "certificate_number", "ma so": "certificate_number", "so hieu": "certificate_number",
    "ngay": "certificate_date", "ngay cap": "certificate_date", "ngay thang": "certificate_date",
    "noi cap": "certificate_place", "nam": "certificate_year", "nam cap": "certificate_year",
}  # fmt: skip
_PLACE = {"xa": "", "phuong": "", "xa phuong": "", "huyen": "", "tinh": "", "so nha": ""}
_UNDER: dict[str, dict[str, str]] = {
    "birth_date": _BIRTH,
    "birth_year": _BIRTH,
    "sex": {"nam": "male", "nu": "female"},
    "members_count": {
        "tong": "members_count", "tong so": "members_count", "tong cong": "members_count",
        "chung": "members_count", "so luong": "members_count", "nam": "", "nu": "", "trong do nu": "",
        "lao dong": "", "tre em": "",
    },
    "poverty_status": _POVERTY,
    "citizen_id": _CARD,
    "cmnd": _CARD,
    "certificate_number": _CERTIFICATE,
    "has_smartphone": {"co": "has_smartphone", "da co": "has_smartphone", "khong": "no_smartphone",
                       "chua": "no_smartphone", "chua co": "no_smartphone", "khong co": "no_smartphone"},
    "head_name": {"ho": "head_name", "ho dem": "head_name", "ho va dem": "head_name", "ten": "given_name"},
    "conflict": {"co": "conflict", "khong": ""},
    "village": _PLACE,
    "address": _PLACE,
    "residence": {"thuong tru": "", "tam tru": ""},
}  # fmt: skip
_UNDER |= {
    field: {"co": field, "da nhan": field, "khong": "", "chua": ""}
    for field in ("received_tablet", "received_computer", "received_smartphone", "received_device")
}

_ISSUE = {
    "ngay cap": "certificate_date", "ngay thang cap": "certificate_date",
    "ngay thang nam cap": "certificate_date",
    "noi cap": "certificate_place", "co quan cap": "certificate_place",
}  # fmt: skip
"""Titles that belong to whichever number stands before them."""
_FAMILY_NAMES = {"ho", "ho dem", "ho va dem", "ho va ten dem", "ho va chu dem", "ho lot", "ho va ten lot"}
_ANY_NAME = {"ho va ten", "ho ten", "ten"}


@dataclass(frozen=True, slots=True)
class Stack:
    """The titles over one column from the top; `wide`: the upper ones stand over further columns too."""

    texts: tuple[str, ...]
    wide: bool = False

    @property
    def title(self) -> str:
        return " / ".join(self.texts)

    @property
    def key(self) -> str:
        """The lowest title as it is compared, "" for a column without any."""
        return title_key(self.texts[-1]) if self.texts else ""


def assign(
    stacks: Sequence[Stack], mapping: Mapping[str, str]
) -> tuple[dict[str, int], tuple[ColumnTitle, ...]]:
    """Field → column for a header's stacks, and every column with its title and field.

    Of two columns with one field the surer counts, then the first. `mapping`: column letter or title key →
    field or "" (ignore), as an officer corrected it; unknown fields in it do nothing.
    """
    found = [_found(stack, stacks) for stack in stacks]
    _settle_issue_titles(stacks, found)
    _settle_names(stacks, found)
    _settle_birth_parts(stacks, found)
    _settle_by_officer(stacks, found, mapping)
    columns: dict[str, int] = {}
    for index, one in enumerate(found):
        if one and one.field:
            held = columns.setdefault(one.field, index)
            rival = found[held]
            if rival and one.strength > rival.strength:
                columns[one.field] = index
    fields = {index: field for field, index in columns.items()}
    titles = (ColumnTitle(column_letter(at), stack.title, fields.get(at)) for at, stack in enumerate(stacks))
    return columns, tuple(titles)


def _found(stack: Stack, all_stacks: Sequence[Stack]) -> Match | None:
    if len(stack.texts) < 2:
        return match(stack.texts[0]) if stack.texts else None
    *above, own = stack.texts
    for parent in reversed(above):
        under = match(parent)
        if under is None:
            continue
        if under.field == "" and stack.wide:
            return under
        field = _within(under.field, parent, own, all_stacks)
        if field is not None:
            return Match(field, EXACT)
    whole = match(" ".join(stack.texts))
    if whole is not None and (whole.strength == EXACT or not stack.wide):
        return whole
    return match(own) or (match(above[-1]) if not stack.wide else None)


def _within(group: str, parent: str, own: str, all_stacks: Sequence[Stack]) -> str | None:
    """The field of a title that only means something under its parent, None if the parent does not matter."""
    under = _UNDER.get(group)
    key = title_key(own)
    if under is None or key not in under:
        return None
    if key == "nam" and group in ("birth_date", "birth_year"):
        siblings = {stack.key for stack in all_stacks if parent in stack.texts[:-1]}
        return "birth_year" if nfc(own).lower() == "năm" or siblings & {"ngay", "thang"} else "male"
    return under[key]


def _settle_issue_titles(stacks: Sequence[Stack], found: list[Match | None]) -> None:
    """Give "Ngày cấp" and "Nơi cấp" to the number before them: to the certificate's or to nobody's."""
    of_card = False
    for at, stack in enumerate(stacks):
        one = found[at]
        if one and one.field in ("citizen_id", "cmnd", "certificate_number"):
            of_card = one.field != "certificate_number"
        elif len(stack.texts) == 1 and stack.key in _ISSUE:
            found[at] = Match("" if of_card else _ISSUE[stack.key], EXACT)


def _settle_names(stacks: Sequence[Stack], found: list[Match | None]) -> None:
    """Họ and Tên in two columns; "Họ và tên" beside "Họ và tên chủ hộ" is each member's own."""
    heads = [at for at, one in enumerate(found) if one and one.field == "head_name"]
    keys = {stacks[at].key for at in heads}
    members = any(one and one.field in ("relation", "member_name") for one in found)
    for at in heads:
        key = stacks[at].key
        if key == "ten" and keys & _FAMILY_NAMES:
            found[at] = Match("given_name", EXACT)
        elif key in _ANY_NAME and keys - _ANY_NAME - _FAMILY_NAMES:
            found[at] = Match("member_name" if members else "", EXACT)


def _settle_birth_parts(stacks: Sequence[Stack], found: list[Match | None]) -> None:
    """Beside a column of the month, "Ngày sinh" holds the day of the month."""
    fields = {one.field for one in found if one}
    if "birth_month" not in fields or "birth_day" in fields:
        return
    for at, one in enumerate(found):
        if one and one.field == "birth_date" and stacks[at].key == "ngay sinh":
            found[at] = Match("birth_day", EXACT)


def _settle_by_officer(
    stacks: Sequence[Stack], found: list[Match | None], mapping: Mapping[str, str]
) -> None:
    if not mapping:
        return
    said = {title_key(key): field for key, field in mapping.items()}
    said |= {key: field for key, field in mapping.items() if key.isupper()}
    for at, stack in enumerate(stacks):
        names = (column_letter(at), title_key(stack.title), stack.key)
        field = next((said[name] for name in names if name and name in said), None)
        if field is not None and (field == "" or field in FIELDS):
            found[at] = Match(field, CHOSEN)
