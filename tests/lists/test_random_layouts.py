"""Lists nobody has seen: layouts drawn at random around known households must give those households."""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.applications.household import HouseholdDraft
from services.applications.lists.synonyms import SYNONYMS
from tests.lists import encoders
from tests.lists.books import csv_text, ods, xlsx
from tests.lists.households import COLUMNS, ETHNIC, KNOWN, STATUS, Column, day, drafts, parsed, read, tick
from tests.lists.pages import Page, Row
from tests.lists.xls import xls

UNSURE = {"Tên", "Họ", "Họ đệm", "Họ và đệm", "Họ và tên đệm", "Họ và chữ đệm", "Họ lót", "Họ và tên lót",
"Ngày cấp",
          "Ngày tháng cấp", "Ngày, tháng, năm cấp", "Ngày, tháng sinh",
          "Số điện thoại thông minh"}  # fmt: skip
"""Titles that mean their field only beside certain others."""
BLOCK = ["ỦY BAN NHÂN DÂN XÃ NẬM DỊCH", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc",
         "DANH SÁCH HỘ ĐỀ NGHỊ HỖ TRỢ", "Căn cứ Quyết định số 12/QĐ-UBND ngày 05/01/2026", "Năm 2026",
         ""]  # fmt: skip
SPELL: list[Callable[[str], str]] = [
    str, str.upper, str.lower, lambda text: unicodedata.normalize("NFD", text), lambda text: f"  {text} \n",
    lambda text: f"{text} (*)", lambda text: text.replace(" ", "\n", 1),
]  # fmt: skip
BIRTHS = [
    day,
    lambda born: f"ngày {born.day} tháng {born.month} năm {born.year}",
    lambda born: born.strftime("%d-%m-%Y"),
    lambda born: born,
    lambda born: born.isoformat(),
]
IDS: list[Callable[[str], Any]] = [
    str,
    int,
    lambda digits: f"{digits[:3]} {digits[3:6]} {digits[6:]}",
    lambda digits: f"'{digits}",
]
COUNTS: list[Callable[[int], Any]] = [
    int,
    float,
    str,
    lambda count: f"{count} khẩu",
    lambda count: f"0{count}",
]
SEXES = [{"male": "Nam", "female": "Nữ"}, {"male": "NAM", "female": "NỮ"}, {"male": "nam", "female": "nu"}]
STATUSES = [
    STATUS,
    {"poor": "HN", "near_poor": "HCN", "none": "Không"},
    {"poor": "Nghèo", "near_poor": "Cận nghèo", "none": "Thoát nghèo"},
]


def households(draw: st.DrawFn) -> list[HouseholdDraft]:
    """Some of the known ones, sorted by village, each person once."""
    chosen = draw(st.lists(st.sampled_from(KNOWN), min_size=3, max_size=6, unique=True))
    return sorted(chosen, key=lambda one: one.village)


def title(draw: st.DrawFn, name: str) -> str:
    spelled = draw(st.sampled_from([one for one in SYNONYMS[name] if one not in UNSURE]))
    return str(draw(st.sampled_from(SPELL))(spelled))


def plain_columns(draw: st.DrawFn) -> dict[str, Column]:
    """The usual columns under other titles, with cells typed in other ways."""
    birth, number = draw(st.sampled_from(BIRTHS)), draw(st.sampled_from(IDS))
    count, sexes, statuses = (
        draw(st.sampled_from(COUNTS)),
        draw(st.sampled_from(SEXES)),
        draw(st.sampled_from(STATUSES)),
    )
    ways: dict[str, Callable[[HouseholdDraft], Any]] = {
        "birth_date": lambda one: birth(one.birth_date),
        "citizen_id": lambda one: number(one.citizen_id),
        "members_count": lambda one: count(one.members_count),
        "sex": lambda one: sexes[one.sex],
        "poverty_status": lambda one: statuses[one.poverty_status],
        "ethnicity": lambda one: ETHNIC[one.ethnicity],
    }
    return {name: (title(draw, name), ways.get(name, cell)) for name, (_, cell) in COLUMNS.items()}


def grouped(draw: st.DrawFn, columns: dict[str, Column]) -> tuple[dict[str, list[Column]], dict[str, str]]:
    """Some fields as several columns under a common title: field → columns, field → the title above."""
    groups = {name: [column] for name, column in columns.items()}
    above: dict[str, str] = {}
    if draw(st.booleans()):
        above["poverty_status"] = draw(st.sampled_from(["Loại hộ", "Diện hộ", "Đối tượng"]))
        groups["poverty_status"] = [
            (
                draw(st.sampled_from(["Hộ nghèo", "Nghèo", "HN"])),
                lambda one: tick(one.poverty_status == "poor"),
            ),
            (
                draw(st.sampled_from(["Hộ cận nghèo", "Cận nghèo"])),
                lambda one: tick(one.poverty_status == "near_poor"),
            ),
            ("Khác", lambda one: tick(one.poverty_status == "none")),
        ]
    if draw(st.booleans()):
        above["certificate_number"] = "Giấy chứng nhận"
        groups["certificate_number"] = [
            ("Số", columns["certificate_number"][1]), ("Ngày cấp", columns["certificate_date"][1]),
        ]  # fmt: skip
        del groups["certificate_date"]
    if draw(st.booleans()):
        above["birth_date"] = draw(st.sampled_from(["Ngày, tháng, năm sinh", "Năm sinh"]))
        born = columns["birth_date"][1]
        groups["birth_date"] = [
            ("Nam", lambda one: born(one) if one.sex == "male" else None),
            ("Nữ", lambda one: born(one) if one.sex == "female" else None),
        ]
        del groups["sex"]
    return groups, above


def header(
    order: Sequence[str], groups: dict[str, list[Column]], above: dict[str, str]
) -> tuple[list[Row], list[tuple[int, int, int, int]]]:
    """One row of titles, or two with merged cells."""
    if not above:
        return [["STT", *(groups[name][0][0] for name in order)]], []
    upper, lower, merges = ["STT"], [None], [(0, 0, 1, 0)]
    for name in order:
        width, at = len(groups[name]), len(upper)
        if name in above:
            upper += [above[name], *[None] * (width - 1)]
            lower += [column[0] for column in groups[name]]
            merges.append((0, at, 0, at + width - 1))
        else:
            upper.append(groups[name][0][0])
            lower.append(None)
            merges.append((0, at, 1, at))
    return [upper, lower], merges


@st.composite
def lists(draw: st.DrawFn) -> tuple[str, bytes, list[HouseholdDraft]]:
    """A file's name and bytes, and the households it tells of."""
    people = households(draw)
    columns = plain_columns(draw)
    groups, above = grouped(draw, columns)
    kind = draw(st.sampled_from(["xlsx", "xls", "ods", "csv"]))
    villages = draw(st.sampled_from(["column", "merged", "lines"]))
    order = draw(st.permutations(sorted(groups)))
    if villages == "lines":
        order = [name for name in order if name != "village"]
    titles, merges = header(order, groups, above)
    block: list[Row] = [[text] for text in draw(st.lists(st.sampled_from(BLOCK), max_size=12))]
    width = len(titles[0])
    if draw(st.booleans()):
        titles.append([f"({at})" for at in range(1, width + 1)])
    rows: list[Row] = [*block, *titles]
    merges = [(top + len(block), left, bottom + len(block), right) for top, left, bottom, right in merges]
    place = (
        1 + sum(len(groups[name]) for name in order[: order.index("village")]) if "village" in order else 0
    )
    before, first = "", 0
    for at, one in enumerate(people, start=1):
        if one.village != before:
            if villages == "lines":
                rows.append(
                    draw(st.sampled_from([[one.village], ["I", one.village], [None, f"{one.village}: 3 hộ"]]))
                )
            before, first = one.village, len(rows)
        elif draw(st.integers(0, 5)) == 0 and villages != "merged":
            rows.append(draw(st.sampled_from([[], [None, "Cộng: 2 hộ"], *titles[:1]])))
        rows.append([at, *(cell(one) for name in order for _, cell in groups[name])])
        if villages == "merged" and len(rows) - 1 > first and kind != "csv":
            rows[-1][place] = None
            merges = [merge for merge in merges if merge[:2] != (first, place)] + [
                (first, place, len(rows) - 1, place)
            ]
    rows += draw(
        st.sampled_from([[], [[None, f"Tổng cộng: {len(people)} hộ"]], [[], [None, "Người lập biểu"]]])
    )
    page = Page(rows, merges=merges)
    return (*written(draw, kind, page), people)


def written(draw: st.DrawFn, kind: str, page: Page) -> tuple[str, bytes]:
    """The page in its format, perhaps typed in an old encoding."""
    if draw(st.integers(0, 3)) == 0:
        encode = draw(st.sampled_from([encoders.tcvn3, encoders.vni]))
        page = page.write(lambda text: encode(unicodedata.normalize("NFC", text)))
    if kind == "csv":
        separator = draw(st.sampled_from(";,\t"))
        encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le"]))
        return "list.csv", csv_text(page, separator).encode(encoding)
    return f"list.{kind}", {"xlsx": xlsx, "xls": xls, "ods": ods}[kind](page)


@settings(
    deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(lists())
def test_the_same_households_come_out_of_any_layout(case: tuple[str, bytes, list[HouseholdDraft]]) -> None:
    name, data, people = case
    table = read(data, name)
    assert [folded(one) for one in drafts(table)] == [folded(one) for one in people], table.titles
    assert all(problem.severity == "warning" for row in parsed(table) for problem in row.problems)


def folded(one: HouseholdDraft) -> HouseholdDraft:
    """Without what old encodings cannot keep: capital letters with tones."""
    return replace(one, head_name=one.head_name.casefold(), village=one.village.casefold())
