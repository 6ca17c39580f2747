"""Column titles: what they are taken for, how officers correct it, what is said where one is missing."""

import re

import pytest

from services.applications.lists import ColumnTitle
from services.applications.lists.columns import FIELDS, field_of, title_key
from services.applications.lists.synonyms import IGNORED, SYNONYMS
from tests.lists.books import csv_in, xlsx
from tests.lists.households import (
    COLUMNS,
    KNOWN,
    columns,
    drafts,
    note_codes,
    page,
    parsed,
    read,
    refusal,
    row_codes,
)
from tests.lists.pages import Page


@pytest.mark.parametrize(
    ("title", "field"),
    [
        ("HỌ TÊN CHỦ HỘ", "head_name"), ("Họ & tên", "head_name"), ("Họ và tên vợ/chồng", None),
        ("DT", "ethnicity"),
        ("ĐT", "phone"), ("Đ.Thoại", "phone"), ("GT", "sex"), ("N.sinh", "birth_year"), ("Năm", None),
        ("Nam", "male"), ("Giới tính Nam", "male"), ("GIỚI TÍNH: NỮ", "female"), ("Giới tính nam/nữ", "sex"),
        ("NTNS", "birth_date"), ("CCCD/ĐDCN", "citizen_id"), ("Mã định danh", "citizen_id"),
        ("Số CMTND", "cmnd"),
        ("H.nghèo", "poor"), ("H. cận nghèo", "near_poor"), ("Hộ thoát nghèo", "not_poor"),
        ("Nơi cấp", "certificate_place"),
        ("Ngày cấp CCCD", None), ("Quan hệ với chủ hộ", "relation"), ("Thu nhập bình quân", None),
        ("Có ĐTTM", "has_smartphone"),
        ("Số điện thoại thông minh", "has_smartphone"), ("Chưa có điện thoại thông minh", "no_smartphone"),
        ("Đã nhận máy tính bảng/thiết bị", "received_device"), ("Địa chỉ thường trú", "address"),
        ("HKTT", "address"),
        ("Cán bộ/đảng viên là người thân", "conflict"), ("Số nhân khẩu (người)", "members_count"),
        ("Thu nhập bình quân đầu người/tháng (đồng)", "income_per_person"), ("Thôn ĐBKK", "extremely_difficult_village"),
        ("Số chỉ số thiếu hụt", "deprivations"), ("Xã đặc biệt khó khăn", "extremely_difficult_commune"),
        ("Thành thị/nông thôn", "urban"),
        ("Số nữ", None),
        ("Loại hộ năm 2026", "poverty_status"), ("Sô định danh cá nhan", "citizen_id"),
        ("Ngày tháng năm sinhh", "birth_date"),
        ("Điểm", None), ("x" * 500, None), ("()", None), ("(Dân tộc)", "ethnicity"), ("Tổng điểm", None),
    ],
)  # fmt: skip
def test_titles_are_known_in_many_spellings(title: str, field: str | None) -> None:
    assert field_of(title) == field


def test_no_title_stands_for_two_fields() -> None:
    keys = [(title_key(title), field) for field, titles in SYNONYMS.items() for title in titles]
    keys += [(title_key(title), None) for title in IGNORED]
    assert len({key for key, _ in keys}) == len({*keys})


def test_every_column_of_a_header_is_told_with_its_title_and_field() -> None:
    table = read(xlsx(page([*columns(notes=None), ("Thu nhập", lambda _: 1)])))
    assert table.titles[:3] == (
        ColumnTitle("A", "STT", "number"),
        ColumnTitle("B", "Họ và tên chủ hộ", "head_name"),
        ColumnTitle("C", "Ngày, tháng, năm sinh", "birth_date"),
    )
    assert table.titles[-1] == ColumnTitle("O", "Thu nhập", None)


def test_titles_over_several_columns_are_told_whole() -> None:
    rows = [
        ["STT", "Họ và tên", "Loại hộ", None],
        [None, None, "Hộ nghèo", "Hộ cận nghèo"],
        [1, "Lý A", "x", None],
    ]
    problem = refusal(xlsx(Page(rows, merges=[(0, 2, 0, 3), (0, 0, 1, 0), (0, 1, 1, 1)])))
    assert problem.code == "LIST_COLUMNS_MISSING"
    assert problem.titles[2:] == (
        ColumnTitle("C", "Loại hộ / Hộ nghèo", "poor"),
        ColumnTitle("D", "Loại hộ / Hộ cận nghèo", "near_poor"),
    )  # fmt: skip


@pytest.mark.parametrize("missing", ["head_name", "ethnicity", "village", "poverty_status"])
def test_a_column_nothing_can_stand_in_for_is_named(missing: str) -> None:
    problem = refusal(xlsx(page(columns(**{missing: None}))))
    assert problem.code == "LIST_COLUMNS_MISSING"
    assert COLUMNS[missing][0] in problem.message_vi
    assert problem.titles


def test_a_birth_date_or_a_citizen_id_must_be_there() -> None:
    problem = refusal(xlsx(page(columns(birth_date=None, citizen_id=None))))
    assert "Ngày, tháng, năm sinh" in problem.message_vi


@pytest.mark.parametrize(
    ("absent", "code"),
    [("has_smartphone", "SMARTPHONE_MISSING"), ("members_count", "MEMBERS_COUNT_MISSING")],
)
def test_what_nobody_can_guess_is_said_once_for_the_list_and_by_each_row(absent: str, code: str) -> None:
    table = read(xlsx(page(columns(**{absent: None}))))
    assert note_codes(table) == {"LIST_COLUMN_ABSENT"}
    assert row_codes(table) == [(code,)] * len(KNOWN)


ODD = [(f"Cột {number}", cell) for number, (_, cell) in enumerate(COLUMNS.values())]
BY_LETTER = {chr(66 + at): name for at, name in enumerate(COLUMNS)}
BY_TITLE = {f"cot {at}": name for at, name in enumerate(COLUMNS)}


@pytest.mark.parametrize("mapping", [BY_LETTER, BY_TITLE], ids=["by letter", "by title"])
@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_an_officer_may_say_what_columns_hold(mapping: dict[str, str], kind: str) -> None:
    data = xlsx(page(ODD)) if kind == "xlsx" else csv_in("utf-8")(page(ODD))
    problem = refusal(data, f"list.{kind}")
    assert problem.code == "LIST_HEADER_MISSING"
    assert [title.letter for title in problem.titles][:2] == ["A", "B"]
    assert drafts(read(data, f"list.{kind}", mapping=mapping)) == list(KNOWN)


def test_what_an_officer_says_overrules_what_was_found() -> None:
    swapped = page(
        columns(village=("Ghi chú", COLUMNS["village"][1]), notes=("Thôn/bản", COLUMNS["notes"][1]))
    )
    mapping = {"ghi chu": "village", "thon ban": "notes"}
    assert drafts(read(xlsx(swapped), mapping=mapping)) == list(KNOWN)


def test_a_column_may_be_ignored() -> None:
    table = read(xlsx(page()), mapping={"so dien thoai": ""})
    assert {one.phone for one in drafts(table)} == {None}
    assert ColumnTitle("L", "Số điện thoại", None) in table.titles


def test_an_unknown_field_is_said_and_changes_nothing() -> None:
    table = read(xlsx(page()), mapping={"B": "shoe_size"})
    assert note_codes(table) == {"LIST_MAPPING_UNKNOWN"}
    assert drafts(table) == list(KNOWN)


def test_fields_have_names_that_can_be_stored() -> None:
    assert len(set(FIELDS)) == len(FIELDS)
    assert all(re.fullmatch("[a-z_]+", field) for field in FIELDS)


def test_a_sheet_that_is_no_list_but_full_is_said_to_be_left_out() -> None:
    summary = Page(
        [["Thôn", "Số hộ", "Hộ nghèo", "Hộ cận nghèo", "Số khẩu"], *[["Thôn 1", 80, 20, 10, 350]] * 4],
        name="Tổng hợp",
    )
    table = read(xlsx(summary, page()))
    assert note_codes(table) == {"LIST_SHEET_SKIPPED"}
    assert len(table.rows) == len(KNOWN)
    assert table.sheets[0].name == "Danh sách"


def test_the_list_of_the_poor_alone_needs_no_column_of_the_status() -> None:
    chosen = columns(poverty_status=None)
    rows = [["DANH SÁCH HỘ CẬN NGHÈO NĂM 2026"], ["THÔN NẬM PIÊN - XÃ NẬM DỊCH"], *page(chosen).rows]
    table = read(xlsx(Page(rows)))
    assert note_codes(table) == {"LIST_STATUS_FROM_TITLE"}
    assert {one.poverty_status for one in drafts(table)} == {"near_poor"}


@pytest.mark.parametrize(
    ("title", "village"),
    [
        ("DANH SÁCH HỘ NGHÈO THÔN NẬM PIÊN NĂM 2026", "Thôn Nậm Piên"),
        ("Thôn: Nậm Piên, xã Nậm Dịch", "Thôn Nậm Piên"),
        ("Bản Luốc - xã Nậm Dịch", "Bản Luốc"), ("Tổ dân phố 5", "Tổ dân phố 5"),
    ],
)  # fmt: skip
def test_the_village_may_stand_above_the_whole_list(title: str, village: str) -> None:
    table = read(xlsx(Page([[title], ["Trưởng thôn Lý A"], *page(columns(village=None)).rows])))
    assert {one.village for one in drafts(table)} == {village}
    assert note_codes(table) == {"LIST_VILLAGE_FROM_TITLE"}


def test_the_village_above_the_list_fills_a_column_that_nobody_filled() -> None:
    rows = [[*row] for row in page(columns()).rows]
    at = rows[0].index(COLUMNS["village"][0])
    for row in rows[1:]:
        row[at] = None
    table = read(xlsx(Page([["Thôn: Nậm Ty"], *rows])))
    assert {one.village for one in drafts(table)} == {"Thôn Nậm Ty"}
    assert "LIST_VILLAGE_FROM_TITLE" in note_codes(table)
    rows[2][at] = "Bản Péo"
    partly = read(xlsx(Page([["Thôn: Nậm Ty"], *rows])))
    assert [one.household.village if one.household else None for one in parsed(partly)] == [
        None,
        "Bản Péo",
        *[None] * (len(rows) - 3),
    ]
