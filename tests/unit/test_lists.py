"""Officers' lists: what stands in the file comes out, what is wrong is named, nothing typed raises."""

import io
import json
import time
import unicodedata
import zipfile
from collections import Counter
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from services.applications.lists import (
    Cell,
    HouseholdDraft,
    Limits,
    ListProblem,
    ListRow,
    ListTable,
    ParsedRow,
    RowContext,
    parse_row,
    read_list,
)
from services.applications.lists.columns import field_of
from services.applications.lists.problems import LIST_CODES, ROW_CODES, list_problem, row_problem
from services.applications.lists.rows import certificate_year

EXAMPLES = Path(__file__).parents[2] / "examples"
CONTEXT = RowContext(today=date(2026, 1, 15))
TITLES = [
    "STT", "Họ và tên chủ hộ", "Ngày tháng năm sinh", "Giới tính", "Dân tộc", "Số CCCD", "Thôn", "Loại hộ",
    "Số giấy chứng nhận", "Ngày cấp GCN", "Số khẩu", "Số điện thoại", "Đã có điện thoại thông minh",
    "Đối tượng ưu tiên", "Ghi chú",
]  # fmt: skip
LINE: list[Any] = [
    1, "Lý Mùi Pết", "25/11/1982", "Nữ", "Dao", "002182125635", "Thôn 5 - Nậm Piên", "Hộ nghèo",
    "12/GCN-HN.HCN", "20/12/2025", 7, "0912345678", "Không", "", "",
]  # fmt: skip
VALUES: dict[str, Cell] = {
    "head_name": "Lý Mùi Pết",
    "birth_date": "25/11/1982",
    "sex": "Nữ",
    "ethnicity": "Dao",
    "citizen_id": "002182125635",
    "village": "Thôn 5 - Nậm Piên",
    "poverty_status": "Hộ nghèo",
    "certificate_number": "12/GCN-HN.HCN",
    "certificate_date": "20/12/2025",
    "members_count": 7.0,
    "phone": "0912345678",
    "has_smartphone": "Không",
    "priority_group": "",
    "notes": "",
}


def sheet(*rows: list[Any], title: str = "Danh sách") -> bytes:
    book = Workbook()
    page = book.active
    assert page is not None
    page.title = title
    for row in rows:
        page.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def read(data: bytes, name: str = "list.xlsx", limits: Limits | None = None) -> ListTable:
    table = read_list(data, name, limits)
    assert isinstance(table, ListTable), table
    return table


def refused(data: bytes, name: str = "list.xlsx", limits: Limits | None = None) -> str:
    problem = read_list(data, name, limits)
    assert isinstance(problem, ListProblem), problem
    assert problem.message_vi
    assert problem.message_en
    return problem.code


def parsed(**changes: Cell) -> ParsedRow:
    return parse_row(ListRow(6, {**VALUES, **changes}), CONTEXT)


def draft(**changes: Cell) -> HouseholdDraft:
    household = parsed(**changes).household
    assert household is not None, parsed(**changes).problems
    return household


def codes(**changes: Cell) -> list[tuple[str, str]]:
    return [(problem.code, problem.severity) for problem in parsed(**changes).problems]


class TestExampleList:
    @pytest.fixture
    def households(self) -> list[HouseholdDraft]:
        table = read((EXAMPLES / "nam-ty.xlsx").read_bytes(), "nam-ty.xlsx")
        assert (table.header_row, table.declared_total, table.skipped) == (5, 621, (628,))
        rows = [parse_row(row, CONTEXT) for row in table.rows]
        assert [row.number for row in rows] == list(range(6, 627))
        assert [problem for row in rows for problem in row.problems] == []
        return [row.household for row in rows if row.household]

    def test_its_facts_come_out_exactly(self, households: list[HouseholdDraft]) -> None:
        in_need = [one for one in households if one.poverty_status != "none" and not one.has_smartphone]
        assert json.loads((EXAMPLES / "nam-ty.facts.json").read_text()) == {
            "households": len(households),
            "villages": len({one.village for one in households}),
            "poor": sum(one.poverty_status == "poor" for one in households),
            "near_poor": sum(one.poverty_status == "near_poor" for one in households),
            "other": sum(one.poverty_status == "none" for one in households),
            "owns_smartphone": sum(one.has_smartphone for one in households),
            "kinh": sum(one.ethnicity == "01" for one in households),
            "distinct_citizen_ids": len({one.citizen_id for one in households}),
            "poor_or_near_poor_without_smartphone": len(in_need),
            "poor_or_near_poor_minority_without_smartphone": sum(one.ethnicity != "01" for one in in_need),
        }

    def test_other_columns_come_out_too(self, households: list[HouseholdDraft]) -> None:
        assert Counter(one.priority_group for one in households) == {None: 610, "merit": 11}
        assert Counter(one.certificate_year for one in households) == {2026: 482, None: 139}
        assert sum(one.phone is not None for one in households) == 174

    def test_one_household_in_full(self, households: list[HouseholdDraft]) -> None:
        assert households[2] == HouseholdDraft(
            head_name="Bàn Tà Quyên",
            birth_date=date(1985, 2, 28),
            birth_year=1985,
            sex="male",
            ethnicity="09",
            citizen_id="002085133656",
            cmnd=None,
            village="Thôn 6 - Bản Luốc",
            poverty_status="poor",
            certificate_number="003/GCN-HN.HCN",
            certificate_date=date(2025, 12, 20),
            certificate_year=2026,
            members_count=8,
            phone="0390837247",
            has_smartphone=True,
            priority_group=None,
            notes="",
        )

    def test_a_row_costs_less_than_a_tenth_of_a_millisecond(self) -> None:
        """CPU time, the best of five rounds, so that a busy machine does not fail the test."""
        table = read((EXAMPLES / "nam-ty.xlsx").read_bytes(), "nam-ty.xlsx")
        rounds = []
        for _ in range(5):
            start = time.process_time()
            for row in table.rows:
                parse_row(row, CONTEXT)
            rounds.append((time.process_time() - start) / len(table.rows))
        assert min(rounds) < 100e-6


class TestReading:
    def test_titles_above_and_totals_and_signatures_below_are_no_households(self) -> None:
        table = read(
            sheet(
                ["ỦY BAN NHÂN DÂN XÃ NẬM DỊCH"], [], ["DANH SÁCH HỘ"], TITLES,
                [f"({number})" for number in range(1, 16)],
                LINE, [], LINE,
                ["", "Tổng cộng: 2 hộ"],
                ["Nậm Dịch, ngày 15 tháng 01 năm 2026"], ["Người lập", "", "Chủ tịch"],
            )
        )  # fmt: skip
        assert (table.header_row, table.declared_total) == (4, 2)
        assert [row.number for row in table.rows] == [6, 8]
        assert table.skipped == (9, 10, 11)

    def test_a_family_named_tong_is_no_total(self) -> None:
        line = [1, "Tống Công Minh", *LINE[2:]]
        assert len(read(sheet(TITLES, line, line)).rows) == 2

    def test_a_household_without_id_and_birth_date_is_reported_and_not_lost(self) -> None:
        line = [2, "Lý Mùi Pết", None, "Nữ", "Dao", None, *LINE[6:]]
        table = read(sheet(TITLES, LINE, line))
        outcome = parse_row(table.rows[1], CONTEXT)
        assert outcome.household is None
        assert {problem.code for problem in outcome.problems} == {"BIRTH_DATE_MISSING", "CITIZEN_ID_MISSING"}

    def test_columns_may_stand_in_any_order_under_other_names_in_nfd(self) -> None:
        titles = [unicodedata.normalize("NFD", title.upper()) for title in reversed(TITLES)]
        table = read(sheet(titles, list(reversed(LINE))))
        assert parse_row(table.rows[0], CONTEXT).household == draft()

    def test_the_list_may_stand_on_the_second_sheet(self) -> None:
        book = Workbook()
        first = book.active
        assert first is not None
        first.append(["Hướng dẫn"])
        second = book.create_sheet("DS")
        second.append(TITLES)
        second.append(LINE)
        file = io.BytesIO()
        book.save(file)
        assert len(read(file.getvalue()).rows) == 1

    @pytest.mark.parametrize("separator", [",", ";", "\t"])
    def test_csv_in_utf_8_reads_the_same(self, separator: str) -> None:
        lines = "\r\n".join(separator.join(map(str, line)) for line in (TITLES, LINE))
        table = read(b"\xef\xbb\xbf" + lines.encode(), "list.CSV")
        assert parse_row(table.rows[0], CONTEXT).household == draft()

    @pytest.mark.parametrize(
        ("title", "field"),
        [
            ("Họ và tên chủ hộ (viết hoa)", "head_name"),
            ("HỌ VÀ TÊN", "head_name"),
            ("Số CMND/CCCD", "citizen_id"),
            ("Thôn, bản", "village"),
            ("Ngày, tháng, năm sinh", "birth_date"),
            ("SĐT", "phone"),
            ("Số nhân khẩu", "members_count"),
            ("Thu nhập", None),
            ("", None),
        ],
    )
    def test_titles_have_synonyms(self, title: str, field: str | None) -> None:
        assert field_of(title) == field


class TestRefusedLists:
    @pytest.mark.parametrize(
        ("data", "name", "code"),
        [
            (b"", "list.xlsx", "LIST_UNREADABLE"),
            (b"PK\x03\x04 and no more", "list.xlsx", "LIST_UNREADABLE"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "list.xlsx", "LIST_UNREADABLE"),
            (b"hello", "list.pdf", "LIST_FORMAT_UNSUPPORTED"),
            (b"hello", "", "LIST_FORMAT_UNSUPPORTED"),
            (b"\xff\xfe\x00", "list.csv", "LIST_UNREADABLE"),
            (b"", "list.csv", "LIST_EMPTY"),
            (b"a,b\nc,d\n", "list.csv", "LIST_HEADER_MISSING"),
            (sheet(), "list.xlsx", "LIST_EMPTY"),
            (sheet(TITLES), "list.xlsx", "LIST_EMPTY"),
            (sheet(TITLES, ["", "Tổng cộng: 0 hộ"]), "list.xlsx", "LIST_EMPTY"),
            (sheet(["Báo cáo"], ["Thu", "Chi"]), "list.xlsx", "LIST_HEADER_MISSING"),
            (sheet(TITLES[:7], LINE[:7]), "list.xlsx", "LIST_COLUMNS_MISSING"),
        ],
    )
    def test_says_why(self, data: bytes, name: str, code: str) -> None:
        assert refused(data, name) == code

    def test_missing_columns_are_named(self) -> None:
        without = [title for title in TITLES if title != "Dân tộc"]
        problem = read_list(sheet(without, LINE[: len(without)]), "list.xlsx")
        assert isinstance(problem, ListProblem)
        assert problem.code == "LIST_COLUMNS_MISSING"
        assert "Dân tộc" in problem.message_vi
        assert [one.title for one in problem.titles][:2] == ["STT", "Họ và tên chủ hộ"]

    def test_too_many_bytes_rows_columns_letters(self) -> None:
        data = sheet(TITLES, *[LINE] * 20)
        assert refused(data, limits=Limits(max_bytes=100)) == "LIST_TOO_LARGE"
        assert refused(data, limits=Limits(max_rows=10)) == "LIST_TOO_MANY_ROWS"
        assert refused(data, limits=Limits(max_columns=10)) == "LIST_TOO_MANY_ROWS"
        assert refused(data, limits=Limits(max_cell_chars=20)) == "LIST_CELL_TOO_LONG"
        lines = "\n".join(",".join(map(str, line)) for line in [TITLES] + [LINE] * 20).encode()
        assert refused(lines, "list.csv", Limits(max_rows=10)) == "LIST_TOO_MANY_ROWS"
        assert refused(lines, "list.csv", Limits(max_cell_chars=20)) == "LIST_CELL_TOO_LONG"

    def test_one_value_in_the_last_cell_of_a_sheet_does_not_kill_the_process(self) -> None:
        far = sheet(TITLES, LINE)
        assert refused(swap(far, b'r="B2"', b'r="XFD1048576"')) == "LIST_TOO_MANY_ROWS"
        assert refused(swap(far, b'<row r="2"', b'<row r="1048576"')) == "LIST_TOO_MANY_ROWS"

    def test_a_format_far_below_is_no_row(self) -> None:
        data = swap(
            sheet(TITLES, LINE),
            b"</sheetData>",
            b'<row r="1048576"><c r="A1048576" s="0"/></row></sheetData>',
        )
        assert len(read(data).rows) == 1

    def test_a_zip_bomb_is_refused_before_it_swells(self) -> None:
        bomb = io.BytesIO()
        with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("xl/worksheets/sheet1.xml", bytes(300_000_000))
        assert refused(bomb.getvalue()) == "LIST_SUSPICIOUS"

    def test_a_zip_that_lies_about_its_size_is_refused(self) -> None:
        data = sheet(TITLES, *[LINE] * 50)
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = archive.getinfo("xl/worksheets/sheet1.xml").file_size
        lying = data.replace(size.to_bytes(4, "little"), (100).to_bytes(4, "little"))
        assert lying != data
        assert refused(lying) == "LIST_UNREADABLE"

    def test_many_cells_may_not_repeat_one_long_text(self) -> None:
        data = sheet(TITLES, *[LINE] * 50)
        assert refused(data, limits=Limits(max_text=1_000)) == "LIST_SUSPICIOUS"

    def test_a_document_type_is_refused(self) -> None:
        data = swap(sheet(TITLES, LINE), b"<worksheet", b'<!DOCTYPE x [<!ENTITY a "b">]><worksheet')
        assert refused(data) == "LIST_SUSPICIOUS"

    @settings(deadline=None)
    @given(st.binary(max_size=200), st.sampled_from(["a.xlsx", "a.csv", "a", "a.ods"]))
    def test_no_bytes_raise(self, data: bytes, name: str) -> None:
        assert isinstance(read_list(data, name), ListProblem | ListTable)

    @settings(deadline=None)
    @given(st.data())
    def test_no_damage_to_a_real_list_raises(self, data: st.DataObject) -> None:
        damaged = bytearray(GOOD)
        for _ in range(data.draw(st.integers(1, 4))):
            damaged[data.draw(st.integers(0, len(GOOD) - 1))] = data.draw(st.integers(0, 255))
        assert isinstance(read_list(bytes(damaged), "a.xlsx"), ListProblem | ListTable)


GOOD = sheet(TITLES, LINE, LINE)


def swap(data: bytes, old: bytes, new: bytes) -> bytes:
    """The same workbook with a change in its first sheet's XML."""
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(changed, "w") as target:
        for member in source.infolist():
            content = source.read(member)
            if member.filename.endswith("sheet1.xml"):
                assert old in content
                content = content.replace(old, new, 1)
            target.writestr(member.filename, content)
    return changed.getvalue()


class TestRow:
    @pytest.mark.parametrize(
        ("written", "born", "year"),
        [
            ("25/11/1982", date(1982, 11, 25), 1982),
            ("5-1-1982", date(1982, 1, 5), 1982),
            ("25.11.1982 ", date(1982, 11, 25), 1982),
            ("1982-11-25", date(1982, 11, 25), 1982),
            (datetime(1982, 11, 25, 0, 0), date(1982, 11, 25), 1982),  # noqa: DTZ001 - a cell has no zone
            (date(1982, 11, 25), date(1982, 11, 25), 1982),
            (30280.0, date(1982, 11, 25), 1982),
            (1982.0, None, 1982),
            ("1982", None, 1982),
            ("11/1982", None, 1982),
        ],
    )
    def test_birth_dates_come_in_many_forms(self, written: Cell, born: date | None, year: int) -> None:
        household = draft(birth_date=written)
        assert (household.birth_date, household.birth_year) == (born, year)

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"birth_date": None}, "BIRTH_YEAR_FROM_CITIZEN_ID"),
            ({"sex": ""}, "SEX_FROM_CITIZEN_ID"),
            ({"citizen_id": ""}, "CITIZEN_ID_MISSING"),
        ],
    )
    def test_what_the_citizen_id_tells_is_taken_with_a_warning(
        self, changes: dict[str, Cell], code: str
    ) -> None:
        assert codes(**changes) == [(code, "warning")]
        household = draft(**changes)
        assert (household.birth_year, household.sex) == (1982, "female")

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"birth_date": None, "citizen_id": ""}, "BIRTH_DATE_MISSING"),
            ({"sex": "", "citizen_id": ""}, "SEX_MISSING"),
        ],
    )
    def test_without_a_citizen_id_nobody_can_tell(self, changes: dict[str, Cell], code: str) -> None:
        assert (code, "error") in codes(**changes)
        assert parsed(**changes).household is None

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"head_name": " "}, "NAME_MISSING"),
            ({"head_name": 12.0}, "NAME_UNREADABLE"),
            ({"birth_date": "31/02/1982"}, "BIRTH_DATE_UNREADABLE"),
            ({"birth_date": "khoảng 1982"}, "BIRTH_DATE_UNREADABLE"),
            ({"birth_date": "16/01/2026"}, "BIRTH_DATE_IMPOSSIBLE"),
            ({"birth_date": "2027"}, "BIRTH_DATE_IMPOSSIBLE"),
            ({"birth_date": "31/12/1899"}, "BIRTH_DATE_IMPOSSIBLE"),
            ({"sex": "?"}, "SEX_UNKNOWN"),
            ({"ethnicity": ""}, "ETHNICITY_MISSING"),
            ({"ethnicity": "Người"}, "ETHNICITY_UNKNOWN"),
            ({"citizen_id": "không nhớ"}, "CITIZEN_ID_NOT_DIGITS"),
            ({"citizen_id": "00218212563"}, "CITIZEN_ID_LENGTH"),
            ({"citizen_id": "099182125635"}, "CITIZEN_ID_PROVINCE"),
            ({"citizen_id": "002982125635"}, "CITIZEN_ID_CENTURY"),
            ({"village": None}, "VILLAGE_MISSING"),
            ({"poverty_status": ""}, "POVERTY_STATUS_MISSING"),
            ({"poverty_status": "giàu"}, "POVERTY_STATUS_UNKNOWN"),
            ({"certificate_date": "tháng 12"}, "CERTIFICATE_DATE_UNREADABLE"),
            ({"certificate_date": "16/01/2026"}, "CERTIFICATE_DATE_IMPOSSIBLE"),
            ({"members_count": ""}, "MEMBERS_COUNT_MISSING"),
            ({"members_count": 0.0}, "MEMBERS_COUNT_UNREADABLE"),
            ({"members_count": 2.5}, "MEMBERS_COUNT_UNREADABLE"),
            ({"members_count": "bảy"}, "MEMBERS_COUNT_UNREADABLE"),
            ({"members_count": 100}, "MEMBERS_COUNT_UNREADABLE"),
            ({"has_smartphone": ""}, "SMARTPHONE_MISSING"),
            ({"has_smartphone": "có lẽ"}, "SMARTPHONE_UNKNOWN"),
        ],
    )
    def test_an_error_keeps_the_household_out(self, changes: dict[str, Cell], code: str) -> None:
        assert codes(**changes) == [(code, "error")]
        assert parsed(**changes).household is None

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"sex": "Nam"}, "CITIZEN_ID_SEX_DIFFERS"),
            ({"birth_date": "25/11/1983"}, "CITIZEN_ID_BIRTH_YEAR_DIFFERS"),
            ({"citizen_id": "2182125635"}, "CITIZEN_ID_ZEROS_RESTORED"),
            ({"citizen_id": "073123456"}, "CMND_NOT_CITIZEN_ID"),
            ({"certificate_number": ""}, "CERTIFICATE_NUMBER_MISSING"),
            ({"certificate_date": ""}, "CERTIFICATE_DATE_MISSING"),
            ({"phone": "hỏi con"}, "PHONE_NOT_DIGITS"),
            ({"phone": "02193831234"}, "PHONE_NOT_MOBILE"),
            ({"phone": "01623456789"}, "PHONE_CONVERTED_2018"),
            ({"priority_group": "cán bộ"}, "PRIORITY_GROUP_UNKNOWN"),
        ],
    )
    def test_a_warning_comes_with_the_household(self, changes: dict[str, Cell], code: str) -> None:
        assert codes(**changes) == [(code, "warning")]
        assert parsed(**changes).household is not None

    def test_all_problems_of_a_row_show_at_once(self) -> None:
        assert len(codes(head_name="", sex="", village="", phone="x")) == 4

    @pytest.mark.parametrize("number", [2182125635.0, 2182125635, "002 182 125 635", "002182125635"])
    def test_zeros_that_excel_ate_come_back_to_the_citizen_id(self, number: Cell) -> None:
        assert draft(citizen_id=number).citizen_id == "002182125635"

    def test_a_number_may_be_a_cmnd_without_its_zero(self) -> None:
        household = draft(citizen_id=73123456.0)
        assert (household.citizen_id, household.cmnd) == (None, "073123456")

    @pytest.mark.parametrize(
        ("written", "stored"),
        [
            (912345678.0, "0912345678"), ("912345678", "0912345678"), (1623456789.0, "0323456789"),
            ("0912.345.678", "0912345678"), ("", None), (None, None), ("không", None),
        ],
    )  # fmt: skip
    def test_phones(self, written: Cell, stored: str | None) -> None:
        assert draft(phone=written).phone == stored

    @pytest.mark.parametrize(
        ("written", "status"),
        [
            ("Hộ nghèo", "poor"), ("NGHÈO", "poor"), ("hộ cận nghèo", "near_poor"),
            ("Cận nghèo", "near_poor"),
            ("Không", "none"), (unicodedata.normalize("NFD", "Hộ cận nghèo"), "near_poor"),
        ],
    )  # fmt: skip
    def test_poverty_status(self, written: str, status: str) -> None:
        assert draft(poverty_status=written).poverty_status == status

    @pytest.mark.parametrize(
        ("written", "answer"), [("Có", True), ("x", True), (True, True), ("Chưa", False)]
    )
    def test_yes_and_no(self, written: Cell, answer: bool) -> None:
        assert draft(has_smartphone=written).has_smartphone is answer

    def test_priority_groups(self) -> None:
        assert draft(priority_group="Người có công").priority_group == "merit"
        assert draft(priority_group="Chính sách xã hội").priority_group == "social_policy"
        assert draft(priority_group="Không").priority_group is None

    def test_names_are_stored_in_nfc(self) -> None:
        assert draft(head_name=unicodedata.normalize("NFD", "  Lý  Mùi Pết ")).head_name == "Lý Mùi Pết"

    @pytest.mark.parametrize(
        ("issued", "year"),
        [
            (date(2025, 8, 31), 2025), (date(2025, 9, 1), 2026), (date(2025, 12, 31), 2026),
            (date(2026, 1, 1), 2026),
        ],
    )  # fmt: skip
    def test_a_certificate_of_the_review_season_holds_for_the_next_year(
        self, issued: date, year: int
    ) -> None:
        assert certificate_year(issued) == year


CELLS = st.one_of(
    st.none(), st.text(), st.integers(), st.floats(), st.booleans(), st.dates(), st.datetimes(), st.times(),
    st.timedeltas(), st.from_regex(r"\A[0-9/.\-]{1,14}\Z"),
)  # fmt: skip


@settings(deadline=None)
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(VALUES, CELLS)))
def test_nothing_a_person_types_raises(values: dict[str, Cell]) -> None:
    outcome = parse_row(ListRow(1, values), CONTEXT)
    assert (outcome.household is None) == any(problem.severity == "error" for problem in outcome.problems)


@settings(deadline=None)
@given(st.sampled_from(sorted(VALUES)), CELLS)
def test_one_odd_cell_in_a_good_row_does_not_raise_either(field: str, cell: Cell) -> None:
    outcome = parse_row(ListRow(1, {**VALUES, field: cell}), CONTEXT)
    assert {problem.code for problem in outcome.problems} <= ROW_CODES


def test_every_code_has_sentences_in_both_languages() -> None:
    for code in ROW_CODES:
        problem = row_problem(1, "x", code, "y")
        assert problem.message_vi.strip() != problem.message_en.strip()
    for code in LIST_CODES:
        whole = list_problem(code, rows=1, columns=1, chars=1, titles="x")
        assert whole.message_vi.strip() != whole.message_en.strip()
