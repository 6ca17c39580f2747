"""Single cells as people fill them: dates, numbers, ticks, statuses, phones, places."""

from datetime import date, datetime
from typing import Any

import pytest

from services.applications.household import DeviceReceived, HouseholdDraft, PovertySurvey
from services.applications.lists import Cell, ListRow, ParsedRow, RowContext, parse_row
from tests.lists.households import TODAY

VALUES: dict[str, Cell] = {
    "head_name": "Lý Mùi Pết", "birth_date": "25/11/1982", "sex": "Nữ", "ethnicity": "Dao",
    "citizen_id": "002182125635", "village": "Thôn 5", "poverty_status": "Hộ nghèo",
    "certificate_number": "12/GCN-HN.HCN", "certificate_date": "20/12/2025", "members_count": 7.0,
    "has_smartphone": "Không",
}  # fmt: skip
MORNING = datetime(1982, 3, 5, 7)  # noqa: DTZ001 - a cell has no zone
NAM_DICH = RowContext(TODAY, commune="01075")


def parsed(context: RowContext | None = None, **changes: Cell) -> ParsedRow:
    return parse_row(ListRow(6, {**VALUES, **changes}, "Thôn 1"), context or RowContext(TODAY))


def draft(context: RowContext | None = None, **changes: Cell) -> HouseholdDraft:
    outcome = parsed(context, **changes)
    assert outcome.household is not None, outcome.problems
    return outcome.household


def codes(context: RowContext | None = None, **changes: Cell) -> list[str]:
    return [problem.code for problem in parsed(context, **changes).problems]


def test_a_problem_says_its_sheet_row_and_field() -> None:
    outcome = parsed(sex="?")
    assert (outcome.sheet, outcome.number) == ("Thôn 1", 6)
    problem = outcome.problems[0]
    assert (problem.sheet, problem.row, problem.field, problem.severity) == ("Thôn 1", 6, "sex", "error")
    assert "?" in problem.message_vi


class TestBirth:
    @pytest.mark.parametrize(
        ("written", "born"),
        [
            ("05/03/1982", (5, 3)), ("5-3-1982", (5, 3)), ("5.3.1982.", (5, 3)), ("05 03 1982", (5, 3)),
            ("5 / 3 / 1982", (5, 3)), ("05031982", (5, 3)), (5031982.0, (5, 3)), ("19820305", (5, 3)),
            ("1982-03-05", (5, 3)), ("1982-03-05T00:00:00", (5, 3)), ("1982/03/05", (5, 3)),
            ("'05/03/1982", (5, 3)),
            ("ngày 5 tháng 3 năm 1982", (5, 3)), ("5 tháng 3 năm 1982", (5, 3)),
            ("Sinh ngày 5/3/1982", (5, 3)),
            ("05/03/1982 00:00:00", (5, 3)), ("5-Mar-1982", (5, 3)), ("5/3/1982 (giấy khai sinh)", (5, 3)),
            ("5,3,1982", (5, 3)), ("5\\3\\1982", (5, 3)), (30015.0, (5, 3)), ("30015", (5, 3)),
            (date(1982, 3, 5), (5, 3)), (MORNING, (5,
            3)),
            ("1982", None), (1982, None), ("năm 1982", None), ("Sn 1982", None), ("sinh năm 1982", None),
            ("3/1982", None), ("tháng 3/1982", None), ("tháng 3 năm 1982", None), ("00/00/1982", None),
            ("0/0/1982", None), ("--/--/1982", None), ("../../1982", None), ("00/3/1982", None),
            ("xx/xx/1982", None),
            ("1982.0", None), ("(1982)", None),
        ],
    )  # fmt: skip
    def test_is_read_in_every_usual_form(self, written: Cell, born: tuple[int, int] | None) -> None:
        household = draft(birth_date=written)
        assert household.birth_date == (date(1982, born[1], born[0]) if born else None)
        assert household.birth_year == 1982
        assert household.doubts == ()

    @pytest.mark.parametrize(
        "written",
        ["31/02/1982", "12/25/1982", "khoảng 1982", "82", "5/1982/3", "tháng 3", "1/2/3/1982", "abc", True,
        7.0, 1982.5,
         "99999", "5/3/1982 và 6/3/1982"],
    )  # fmt: skip
    def test_is_not_guessed(self, written: Cell) -> None:
        assert codes(birth_date=written) == ["BIRTH_DATE_UNREADABLE"]

    @pytest.mark.parametrize(
        "written", ["16/01/2026", "2027", "31/12/1899", date(2026, 2, 1), "00/00/0000", "1/1/0001"]
    )
    def test_lies_between_1900_and_today(self, written: Cell) -> None:
        assert codes(birth_date=written) == ["BIRTH_DATE_IMPOSSIBLE"]

    def test_a_year_of_two_digits_is_the_latest_gone_by_and_warned_about(self) -> None:
        for written, year in (("5/3/80", 1980), ("5/3/05", 2005), ("14/1/26", 2026), ("16/1/26", 1926)):
            household = draft(birth_date=written, citizen_id=None)
            assert (household.birth_year, household.doubts) == (
                year,
                ("BIRTH_YEAR_TWO_DIGITS", "CITIZEN_ID_MISSING")[::-1],
            )

    def test_a_year_of_two_digits_that_the_citizen_id_confirms_is_sure(self) -> None:
        household = draft(birth_date="25/11/82")
        assert (household.birth_date, household.doubts) == (date(1982, 11, 25), ())

    def test_a_question_mark_is_a_doubt_unless_the_citizen_id_agrees(self) -> None:
        assert codes(birth_date="1982?") == []
        assert codes(birth_date="1982?", citizen_id=None) == ["CITIZEN_ID_MISSING", "BIRTH_DATE_DOUBTFUL"]
        assert draft(birth_date="1980?", citizen_id=None).birth_year == 1980

    def test_a_year_typed_into_a_cell_formed_as_a_date_is_that_year(self) -> None:
        household = draft(birth_date=date(1905, 6, 4))
        assert (household.birth_date, household.birth_year, household.doubts) == (None, 1982, ())

    @pytest.mark.parametrize(
        ("values", "sex", "year"),
        [
            ({"male": "05/03/1982"}, "male", 1982), ({"female": 1982.0, "male": ""}, "female", 1982),
            ({"male": "x", "birth_date": "1982"}, "male", 1982),
            ({"female": "Nữ", "birth_year": 1982}, "female", 1982),
        ],
    )  # fmt: skip
    def test_it_may_stand_in_the_column_of_the_sex(
        self, values: dict[str, Cell], sex: str, year: int
    ) -> None:
        household = draft(**{"birth_date": None, "sex": None, "citizen_id": None, **values})
        assert (household.sex, household.birth_year) == (sex, year)

    def test_an_n_says_neither_and_the_citizen_id_does(self) -> None:
        assert draft(sex="N").sex == draft().sex
        assert "SEX_FROM_CITIZEN_ID" in codes(sex="n")
        assert "SEX_MISSING" in codes(sex="N", citizen_id=None)

    def test_both_sexes_marked_are_neither(self) -> None:
        assert "SEX_UNKNOWN" in codes(sex=None, male="x", female="x")


class TestCitizenId:
    @pytest.mark.parametrize(
        "written",
        ["002182125635", "'002182125635", "002 182 125 635", "002.182.125.635", "002-182-125-635",
        "002182 125635 ",
         "CCCD: 002182125635", "002182125635/073123456", "073123456 - 002182125635", 2182125635,
         2182125635.0],
    )  # fmt: skip
    def test_is_found_whatever_stands_around(self, written: Cell) -> None:
        assert draft(citizen_id=written).citizen_id == "002182125635"

    @pytest.mark.parametrize("written", ["2182125635", "2182125635.0", "2182 125 635"])
    def test_text_without_its_zeros_gets_them_back_with_a_warning(self, written: str) -> None:
        household = draft(citizen_id=written)
        assert (household.citizen_id, household.doubts) == ("002182125635", ("CITIZEN_ID_ZEROS_RESTORED",))

    @pytest.mark.parametrize("written", ["2.18213E+09", "2,18E+11", "2.182125635E+9", "2e9"])
    def test_a_number_that_excel_shortened_is_lost(self, written: str) -> None:
        assert codes(citizen_id=written) == ["CITIZEN_ID_SCIENTIFIC"]

    @pytest.mark.parametrize(
        "written", ["2182125635.5", 2182125635.5, "00218212563a", "002182125635 002085000001"]
    )
    def test_what_is_no_number_stays_none(self, written: Cell) -> None:
        assert codes(citizen_id=written)[0] in ("CITIZEN_ID_NOT_DIGITS", "CITIZEN_ID_LENGTH")
        assert parsed(citizen_id=written).household is None

    @pytest.mark.parametrize("written", ["chưa có", "Không", "đang làm", "Mất", "chưa làm CCCD"])
    def test_words_for_none_are_none_yet(self, written: str) -> None:
        household = draft(citizen_id=written)
        assert (household.citizen_id, household.doubts) == (None, ("CITIZEN_ID_NOT_READ",))

    def test_a_column_of_old_numbers_stands_in_where_the_new_one_is_blank(self) -> None:
        assert draft(citizen_id="", cmnd="073123456").cmnd == "073123456"
        assert draft(cmnd="073123456").cmnd is None

    def test_nothing_is_guessed_without_it(self) -> None:
        assert codes(citizen_id=None, sex=None) == ["CITIZEN_ID_MISSING", "SEX_MISSING"]
        assert codes(citizen_id=None, birth_date="") == ["CITIZEN_ID_MISSING", "BIRTH_DATE_MISSING"]

    def test_what_disagrees_travels_with_the_household(self) -> None:
        doubts = draft(sex="Nam", birth_date="1983").doubts
        assert doubts == ("CITIZEN_ID_SEX_DIFFERS", "CITIZEN_ID_BIRTH_YEAR_DIFFERS")


class TestPhone:
    @pytest.mark.parametrize(
        ("written", "stored", "warned"),
        [
            ("0912345678 - 0987654321", "0912345678", ["PHONE_SECOND_DROPPED"]),
            ("0912345678/0912345678", "0912345678", []),
            ("0912.345.678; 098 765 4321", "0912345678", ["PHONE_SECOND_DROPPED"]),
            ("01623456789 hoặc 0987654321", "0323456789", ["PHONE_SECOND_DROPPED", "PHONE_CONVERTED_2018"]),
            ("0912345678 (con trai)", "0912345678", []), ("SĐT: 912345678", "0912345678", []),
            ("+84 912 345 678", "0912345678", []), (84912345678.0, "0912345678", []),
            ("'0912345678", "0912345678", []),
            ("9.12E+08", None, ["PHONE_NOT_DIGITS"]), ("091234", None, ["PHONE_NOT_MOBILE"]),
            ("chưa có", None, []),
            (0.0, None, []),
        ],
    )  # fmt: skip
    def test_the_first_number_counts(self, written: Cell, stored: str | None, warned: list[str]) -> None:
        assert draft(phone=written).phone == stored
        assert codes(phone=written) == warned


class TestCounts:
    @pytest.mark.parametrize(
        "written", [5, 5.0, "5", "05", "5 khẩu", "05 người", "5 nhân khẩu", "5K", "5 thành viên"]
    )
    def test_people_are_counted(self, written: Cell) -> None:
        assert draft(members_count=written).members_count == 5

    @pytest.mark.parametrize("written", ["năm", "5/3", "5.5", 0, 100, "nhiều", True])
    def test_words_and_fractions_are_no_number(self, written: Cell) -> None:
        assert codes(members_count=written) == ["MEMBERS_COUNT_UNREADABLE"]


class TestStatus:
    @pytest.mark.parametrize(
        ("written", "status"),
        [
            ("HN", "poor"), ("N", "poor"), ("H.nghèo", "poor"), ("Hộ nghèo DTTS", "poor"),
            ("Hộ nghèo năm 2026", "poor"),
            ("Nghèo đa chiều", "poor"), ("CN", "near_poor"), ("Cận", "near_poor"), ("Hộ CN", "near_poor"),
            ("H.Cận nghèo", "near_poor"), ("Thuộc diện hộ cận nghèo", "near_poor"), ("Thoát nghèo", "none"),
            ("Mới thoát cận nghèo", "none"), ("Không nghèo", "none"), ("TB", "none"), ("Hộ khá", "none"),
        ],
    )  # fmt: skip
    def test_is_written_in_many_ways(self, written: str, status: str) -> None:
        assert draft(poverty_status=written).poverty_status == status

    @pytest.mark.parametrize("written", ["giàu", "Hộ nghèo, cận nghèo", "x", "Nghèo vật chất kéo dài"])
    def test_is_not_guessed(self, written: str) -> None:
        assert codes(poverty_status=written) == ["POVERTY_STATUS_UNKNOWN"]

    @pytest.mark.parametrize(
        ("ticks", "status", "code"),
        [
            ({"poor": "x"}, "poor", []), ({"near_poor": "✓"}, "near_poor", []), ({"poor": "HN"}, "poor", []),
            ({"poor": "Hộ cận nghèo"}, "near_poor", []), ({"poor": "N", "near_poor": ""}, "poor", []),
            ({"poor": "không", "near_poor": "có"}, "near_poor", []), ({"not_poor": "x"}, "none", []),
            ({"poor": "", "near_poor": None}, "none", ["POVERTY_STATUS_UNMARKED"]),
            ({"poor": "x", "near_poor": "x"}, None, ["POVERTY_STATUS_TWICE"]),
            ({"poor": "xin"}, None, ["POVERTY_STATUS_UNKNOWN"]), ({}, None, ["POVERTY_STATUS_MISSING"]),
        ],
    )  # fmt: skip
    def test_may_be_ticked(self, ticks: dict[str, Cell], status: str | None, code: list[str]) -> None:
        outcome = parsed(poverty_status=None, **ticks)
        assert [problem.code for problem in outcome.problems] == code
        assert (outcome.household.poverty_status if outcome.household else None) == status


class TestSmartphone:
    @pytest.mark.parametrize(
        ("values", "answer"),
        [
            ({"has_smartphone": "✓"}, True), ({"has_smartphone": "V"}, True),
            ({"has_smartphone": "đã có"}, True),
            ({"has_smartphone": 2.0}, True), ({"has_smartphone": 0.0}, False),
            ({"has_smartphone": "K"}, False),
            ({"has_smartphone": "", "no_smartphone": "x"}, False),
            ({"has_smartphone": None, "no_smartphone": "không"}, True),
        ],
    )  # fmt: skip
    def test_is_there_or_not(self, values: dict[str, Cell], answer: bool) -> None:
        assert draft(**values).has_smartphone is answer

    def test_both_ticks_are_no_answer(self) -> None:
        assert codes(has_smartphone="x", no_smartphone="x") == ["SMARTPHONE_UNKNOWN"]


class TestCertificate:
    @pytest.mark.parametrize(
        ("written", "issued", "year", "code"),
        [
            ("20/12/2025", date(2025, 12, 20), 2026, []), ("20/12/25", date(2025, 12, 20), 2026, []),
            ("12/2025", None, 2026, ["CERTIFICATE_DATE_NO_DAY"]),
            ("2025", None, 2025, ["CERTIFICATE_DATE_NO_DAY"]),
        ],
    )  # fmt: skip
    def test_proves_the_year_its_date_tells(
        self, written: str, issued: Any, year: int, code: list[str]
    ) -> None:
        household = draft(certificate_date=written)
        assert (household.certificate_date, household.certificate_year) == (issued, year)
        assert codes(certificate_date=written) == code

    def test_a_column_of_its_own_says_the_year(self) -> None:
        assert draft(certificate_year="2027").certificate_year == 2027
        assert codes(certificate_year="2028") == ["CERTIFICATE_YEAR_UNREADABLE"]
        assert codes(certificate_year="26") == ["CERTIFICATE_YEAR_UNREADABLE"]

    def test_a_date_to_come_is_an_error(self) -> None:
        assert codes(certificate_date="20/12/2026") == ["CERTIFICATE_DATE_IMPOSSIBLE"]

    @pytest.mark.parametrize("place", ["UBND xã Nậm Dịch", "Xã Nậm Ty, huyện Hoàng Su Phì", "01075", ""])
    def test_of_ones_own_commune_needs_no_code(self, place: str) -> None:
        """Nậm Ty of before is part of Nậm Dịch today."""
        assert draft(NAM_DICH, certificate_place=place).certificate_commune is None
        assert codes(NAM_DICH, certificate_place=place) == []

    @pytest.mark.parametrize(("place", "commune"), [("00691", "00691"), ("UBND xã Hoàng Su Phì", "01021")])
    def test_of_another_commune_bears_its_code(self, place: str, commune: str) -> None:
        assert draft(NAM_DICH, certificate_place=place).certificate_commune == commune

    def test_of_nobody_knows_where_is_warned_about(self) -> None:
        assert codes(NAM_DICH, certificate_place="UBND xã Mây Trắng") == ["CERTIFICATE_PLACE_UNKNOWN"]
        assert codes(certificate_place="00000") == ["CERTIFICATE_PLACE_UNKNOWN"]

    def test_names_are_not_looked_at_without_the_lists_own_commune(self) -> None:
        assert codes(certificate_place="UBND xã Mây Trắng") == []


class TestOtherColumns:
    @pytest.mark.parametrize(
        ("written", "code"),
        [("Dao", "09"), ("Dao đỏ", "09"), ("Dao (Tiền)", "09"), ("Mông hoa", "08"), ("H'Mông trắng", "08"),
         ("Nùng An", "07"), ("Dân tộc Tày", "02"), ("Cờ Lao", "47"), ("La Chí", None)],
    )  # fmt: skip
    def test_ethnic_groups_may_bear_their_branch(self, written: str, code: str | None) -> None:
        assert draft(ethnicity=written).ethnicity == (code or draft(ethnicity="La Chí").ethnicity)

    @pytest.mark.parametrize("written", ["Tày - Nùng", "Người", "đỏ", "Dao hay Tày", 9999.0])
    def test_ethnic_groups_are_not_guessed(self, written: Cell) -> None:
        assert codes(ethnicity=written) == ["ETHNICITY_UNKNOWN"]

    def test_devices_received_before(self) -> None:
        values: dict[str, Cell] = {
            "received_tablet": "x",
            "received_device": "Máy tính, Sóng và máy tính cho em 2022",
        }
        assert draft(**values).devices_received == (
            DeviceReceived("tablet", ""),
            DeviceReceived("computer", "Máy tính, Sóng và máy tính cho em 2022", 2022),
        )
        assert draft(received_tablet="không", received_device=None).devices_received == ()

    @pytest.mark.parametrize(
        ("written", "kept"), [("x", "Có"), ("Không", ""), ("", ""), ("Em trai PCT xã", "Em trai PCT xã")]
    )
    def test_kin_among_the_officials(self, written: str, kept: str) -> None:
        assert draft(conflict=written).conflict == kept

    @pytest.mark.parametrize(("written", "kept"),
    [("Thường trú", "permanent"), ("tạm trú", "temporary"), ("KT3", "temporary"),
                                                   ("Chưa đăng ký", "unregistered"),
                                                   ("", "permanent")])  # fmt: skip
    def test_residence(self, written: str, kept: str) -> None:
        assert draft(residence=written).residence == kept

    def test_an_unknown_residence_is_warned_about(self) -> None:
        assert codes(residence="trên mây") == ["RESIDENCE_UNKNOWN"]

    @pytest.mark.parametrize(
        ("values", "group"),
        [({"merit": "x"}, "merit"), ({"social_policy": "có"}, "social_policy"),
        ({"merit": "", "social_policy": None}, None),
         ({"priority_group": "NCC"}, "merit"), ({"priority_group": "Gia đình chính sách"}, "social_policy")],
    )  # fmt: skip
    def test_priority(self, values: dict[str, Cell], group: str | None) -> None:
        assert draft(**values).priority_group == group

    def test_names_lose_invisible_signs_and_gain_their_second_part(self) -> None:
        assert draft(head_name="\u200bLý\u00a0Mùi\ufeff Pết\u200e").head_name == "Lý Mùi Pết"
        assert draft(head_name="Lý Mùi", given_name="Pết").head_name == "Lý Mùi Pết"


class TestSurvey:
    FULL: dict[str, Cell] = {"income_per_person": 1_500_000.0, "deprivations": 3.0, "urban": "Nông thôn"}  # noqa: RUF012

    @pytest.mark.parametrize(
        "written",
        [
            1_500_000, 1_500_000.0, "1500000", "1.500.000", "1,500,000", "1 500 000", "1.500.000 đ",
            "1.500.000đ", "1.500.000 đồng", "1.500.000 VND", "1,5 triệu", "1.5tr", "1,50 triệu đồng",
            "1.500.000 đ/người/tháng",
        ],
    )  # fmt: skip
    def test_an_income_is_read_as_people_write_it(self, written: Cell) -> None:
        found = draft(**{**self.FULL, "income_per_person": written}).survey
        assert found == PovertySurvey(1_500_000, 3, urban=False)

    @pytest.mark.parametrize(
        ("written", "number"), [("0", 0), ("Không", 0), (0, 0), ("12", 12), ("3 chỉ số", None), ("03", 3)]
    )
    def test_deprivations_are_counted(self, written: Cell, number: int | None) -> None:
        outcome = parsed(**{**self.FULL, "deprivations": written})
        if number is None:
            assert [one.code for one in outcome.problems] == ["DEPRIVATIONS_UNREADABLE"]
        else:
            assert outcome.household is not None
            assert outcome.household.survey == PovertySurvey(1_500_000, number, urban=False)

    @pytest.mark.parametrize(
        ("written", "urban"),
        [("Thành thị", True), ("đô thị", True), ("NÔNG THÔN", False), ("NT", False), ("TT", True)],
    )
    def test_the_kind_of_area(self, written: str, urban: bool) -> None:
        assert draft(**{**self.FULL, "urban": written}).survey == PovertySurvey(1_500_000, 3, urban)

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"income_per_person": "1500"}, "INCOME_UNREADABLE"),
            ({"income_per_person": "thấp"}, "INCOME_UNREADABLE"),
            ({"income_per_person": "1.5"}, "INCOME_UNREADABLE"),
            ({"income_per_person": "9999999999"}, "INCOME_UNREADABLE"),
            ({"deprivations": "13"}, "DEPRIVATIONS_UNREADABLE"),
            ({"urban": "miền núi"}, "AREA_KIND_UNREADABLE"),
            ({"urban": ""}, "SURVEY_INCOMPLETE"),
            ({"income_per_person": ""}, "SURVEY_INCOMPLETE"),
            ({"deprivations": ""}, "SURVEY_INCOMPLETE"),
        ],
    )
    def test_what_cannot_be_read_is_told(self, changes: dict[str, Cell], code: str) -> None:
        assert codes(**{**self.FULL, **changes}) == [code]

    def test_nobody_is_asked_for_a_survey(self) -> None:
        assert draft().survey is None
        assert draft(urban="Nông thôn").survey is None

    @pytest.mark.parametrize(
        ("written", "there"), [("x", True), ("Có", True), ("", False), ("Không", False), ("0", False)]
    )
    def test_difficult_places_are_ticked(self, written: str, there: bool) -> None:
        found = draft(extremely_difficult_village=written, extremely_difficult_commune=written)
        assert (found.extremely_difficult_village, found.extremely_difficult_commune) == (there, there)

    def test_a_tick_that_says_nothing_counts_as_no(self) -> None:
        assert codes(extremely_difficult_village="khu vực II") == ["DIFFICULT_AREA_UNKNOWN"]
