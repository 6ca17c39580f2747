"""Text, ethnic groups, areas and identifiers: the facts that every service leans on."""

import subprocess
import sys
import unicodedata
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.reference import areas, ethnic_groups, identifiers
from shared.reference.text import fold, nfc


class TestText:
    @pytest.mark.parametrize(
        ("written", "folded"),
        [
            ("Đường Đào", "duong dao"),
            ("H'Mông", "hmong"),
            ("H’mong", "hmong"),
            ("Gia-rai", "gia rai"),
            ("  Bru - Vân   Kiều ", "bru van kieu"),
            ("Nậm\u00a0Tỵ", "nam ty"),
            ("", ""),
        ],
    )
    def test_folding_keeps_only_what_people_agree_on(self, written: str, folded: str) -> None:
        assert fold(written) == folded
        assert fold(unicodedata.normalize("NFD", written)) == folded

    def test_stored_text_is_nfc_without_stray_blanks(self) -> None:
        assert nfc(unicodedata.normalize("NFD", "  Lý  Mùi Pết\n")) == "Lý Mùi Pết"

    @settings(deadline=None)
    @given(st.text())
    def test_folding_is_stable_and_blind_to_the_normal_form(self, text: str) -> None:
        assert fold(fold(text)) == fold(text)
        assert fold(unicodedata.normalize("NFD", text)) == fold(unicodedata.normalize("NFC", text))


class TestEthnicGroups:
    def test_54_groups_14_of_them_with_specific_difficulties(self) -> None:
        groups = ethnic_groups.all_groups()
        assert len(groups) == 54
        assert sum(group.specific_difficulties for group in groups) == 14
        assert {group.code_gso for group in groups} == {f"{number:02}" for number in range(1, 55)}
        assert {group.code_1979 for group in groups} == {f"{number:02}" for number in range(1, 55)}

    def test_only_kinh_is_the_majority(self) -> None:
        assert [group.name_gso for group in ethnic_groups.all_groups() if not group.minority] == ["Kinh"]

    def test_every_name_of_both_lists_finds_its_own_group(self) -> None:
        for group in ethnic_groups.all_groups():
            for name in (group.name_1979, group.name_gso, group.name_gso.upper()):
                assert ethnic_groups.find(name) == group
                assert ethnic_groups.find(unicodedata.normalize("NFD", name)) == group

    @pytest.mark.parametrize(
        ("spelling", "code"),
        [
            ("H'Mông", "08"), ("H’mong", "08"), ("Hmong", "08"), ("Mông", "08"),
            ("Khơ-me", "05"), ("Khmer", "05"), ("Dao", "09"), ("Giao", "09"), ("dân tộc Dao", "09"),
            ("Cờ Lao", "47"), ("Cơ Lao", "47"), ("La Chí", "36"), ("Raglai", "19"), ("S'tiêng", "22"),
        ],
    )  # fmt: skip
    def test_lists_spell_names_in_many_ways(self, spelling: str, code: str) -> None:
        group = ethnic_groups.find(spelling)
        assert group is not None
        assert group.code_gso == code

    def test_a_code_needs_its_list(self) -> None:
        by_gso, by_1979 = ethnic_groups.find("04"), ethnic_groups.find("04", "1979")
        assert by_gso is not None
        assert by_1979 is not None
        assert (by_gso.name_gso, by_1979.name_gso) == ("Mường", "Hoa")

    @pytest.mark.parametrize("nobody", ["", "55", "00", "Người Hỏa", "Dao Thanh Y?"])
    def test_an_unknown_name_is_none(self, nobody: str) -> None:
        assert ethnic_groups.find(nobody) is None


class TestAreas:
    def test_34_provinces_and_3321_communes_stand_today(self) -> None:
        assert len(areas.provinces()) == 34
        assert len(areas.communes()) == 3_321
        assert {len(code) for code in areas.communes()} == {5}
        assert sum(len(areas.communes_of(code)) for code in areas.provinces()) == 3_321

    def test_before_the_reform_63_provinces_and_10035_communes(self) -> None:
        assert len(areas.old_provinces()) == 63
        assert sum(len(code) == 5 for code in areas.old_communes()) == 10_035
        assert sum(len(code) == 3 for code in areas.old_communes()) == 5

    def test_nam_ty_of_ha_giang_is_part_of_nam_dich_in_tuyen_quang(self) -> None:
        old = areas.old_commune("01087")
        assert old is not None
        assert (old.name, old.district_name, old.province_name) == (
            "Xã Nậm Ty",
            "Huyện Hoàng Su Phì",
            "Tỉnh Hà Giang",
        )
        (now,) = areas.resolve_old("01087")
        assert (now.code, now.name, now.province_code) == ("01075", "Xã Nậm Dịch", "08")
        province = areas.province(now.province_code)
        assert province is not None
        assert province.name == "Tỉnh Tuyên Quang"

    def test_another_nam_ty_lives_on_in_son_la(self) -> None:
        namesakes = [unit for unit in areas.communes().values() if fold(unit.name) == "xa nam ty"]
        assert [(unit.code, unit.province_code) for unit in namesakes] == [("04186", "14")]
        assert areas.commune("01087") is None

    def test_471_old_communes_were_split(self) -> None:
        split = [code for code, old in areas.old_communes().items() if len(old.now) > 1]
        assert len(split) == 471
        assert len(areas.resolve_old(split[0])) > 1

    def test_every_old_commune_leads_to_today_and_every_commune_has_old_ground(self) -> None:
        reached = {unit.code for code in areas.old_communes() for unit in areas.resolve_old(code)}
        assert all(areas.resolve_old(code) for code in areas.old_communes())
        assert reached == set(areas.communes())

    def test_a_unit_stands_only_between_its_days(self) -> None:
        old, new = areas.old_commune("01087"), areas.commune("01075")
        assert old is not None
        assert new is not None
        assert areas.stands(old, date(2025, 6, 30))
        assert not areas.stands(old, date(2025, 7, 1))
        assert not areas.stands(new, date(2025, 6, 30))
        assert areas.stands(new, date(2025, 7, 1))

    def test_an_unknown_code_is_nothing(self) -> None:
        assert areas.commune("99999") is None
        assert areas.province("99") is None
        assert areas.resolve_old("99999") == []
        assert areas.communes_of("99") == []

    def test_importing_reads_no_file(self) -> None:
        code = "from shared.reference import areas; assert not areas.communes.cache_info().currsize"
        subprocess.run([sys.executable, "-c", code], check=True)


class TestCitizenId:
    def test_a_sound_number_is_kept_as_text(self) -> None:
        checked = identifiers.citizen_id("002067755718", sex="male", birth_year=1967)
        assert checked == identifiers.Checked("002067755718")

    def test_its_parts(self) -> None:
        parts = identifiers.citizen_id_parts("002302125635")
        assert parts == identifiers.CitizenIdParts("002", "female", 2002, "125635")

    def test_disagreement_is_a_doubt_and_no_refusal(self) -> None:
        checked = identifiers.citizen_id("002067755718", sex="female", birth_year=1968)
        assert checked.value == "002067755718"
        assert checked.warnings == ("CITIZEN_ID_SEX_DIFFERS", "CITIZEN_ID_BIRTH_YEAR_DIFFERS")

    @pytest.mark.parametrize(
        ("text", "problem"),
        [
            ("", "CITIZEN_ID_NOT_DIGITS"),
            ("00206775571x", "CITIZEN_ID_NOT_DIGITS"),
            ("٠٠٢٠٦٧٧٥٥٧١٨", "CITIZEN_ID_NOT_DIGITS"),
            ("2067755718", "CITIZEN_ID_LENGTH"),
            ("0020677557180", "CITIZEN_ID_LENGTH"),
            ("000067755718", "CITIZEN_ID_PROVINCE"),
            ("097067755718", "CITIZEN_ID_PROVINCE"),
            ("102067755718", "CITIZEN_ID_PROVINCE"),
            ("002467755718", "CITIZEN_ID_CENTURY"),
        ],
    )
    def test_what_cannot_be_a_citizen_id(self, text: str, problem: str) -> None:
        assert identifiers.citizen_id(text) == identifiers.Checked(None, problem)

    def test_old_cards_have_nine_digits(self) -> None:
        assert identifiers.cmnd("073 123 456").value == "073123456"
        assert identifiers.cmnd("73123456").problem == "CMND_LENGTH"
        assert identifiers.cmnd("07312345a").problem == "CMND_NOT_DIGITS"


class TestPhone:
    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("0162", "032"), ("0163", "033"), ("0164", "034"), ("0165", "035"), ("0166", "036"),
            ("0167", "037"), ("0168", "038"), ("0169", "039"), ("0120", "070"), ("0121", "079"),
            ("0122", "077"), ("0126", "076"), ("0128", "078"), ("0123", "083"), ("0124", "084"),
            ("0125", "085"), ("0127", "081"), ("0129", "082"), ("0186", "056"), ("0188", "058"),
            ("0199", "059"),
        ],
    )  # fmt: skip
    def test_eleven_digits_become_ten_as_in_2018(self, old: str, new: str) -> None:
        checked = identifiers.phone(old + "1234567")
        assert checked == identifiers.Checked(new + "1234567", warnings=("PHONE_CONVERTED_2018",))

    @pytest.mark.parametrize("written", ["0912 345 678", "0912.345.678", "+84 912345678", "84912345678"])
    def test_one_number_has_one_form(self, written: str) -> None:
        assert identifiers.phone(written) == identifiers.Checked("0912345678")

    @pytest.mark.parametrize(
        ("text", "problem"),
        [
            ("không có", "PHONE_NOT_DIGITS"),
            ("", "PHONE_NOT_DIGITS"),
            ("091234567", "PHONE_NOT_MOBILE"),
            ("01601234567", "PHONE_NOT_MOBILE"),
            ("0219 3831 234", "PHONE_NOT_MOBILE"),
        ],
    )
    def test_what_is_no_mobile_number(self, text: str, problem: str) -> None:
        assert identifiers.phone(text) == identifiers.Checked(None, problem)


class TestImei:
    def test_a_sound_imei_loses_its_hyphens(self) -> None:
        assert identifiers.imei("49-015420-323751-8") == identifiers.Checked("490154203237518")

    @pytest.mark.parametrize(
        ("text", "problem"),
        [
            ("000000000000000", "IMEI_DUMMY"),
            ("000000001234564", "IMEI_DUMMY"),
            ("111111111111119", "IMEI_DUMMY"),
            ("123456789012347", "IMEI_DUMMY"),
            ("012345678901237", "IMEI_DUMMY"),
            ("987654321098768", "IMEI_DUMMY"),
            ("490154203237519", "IMEI_CHECK_DIGIT"),
            ("49015420323751", "IMEI_LENGTH"),
            ("4901542032375186", "IMEI_LENGTH"),
            ("4901542032375I8", "IMEI_NOT_DIGITS"),
        ],
    )
    def test_what_names_no_handset(self, text: str, problem: str) -> None:
        assert identifiers.imei(text) == identifiers.Checked(None, problem)


@settings(deadline=None)
@given(st.text())
def test_no_text_makes_an_identifier_check_raise(text: str) -> None:
    for check in (identifiers.citizen_id, identifiers.cmnd, identifiers.phone, identifiers.imei):
        checked = check(text)
        assert (checked.value is None) == (checked.problem is not None)
