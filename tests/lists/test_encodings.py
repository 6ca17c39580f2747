"""TCVN3, VNI and Windows-1258 are noticed and read; clean Unicode is never touched."""

from collections.abc import Callable, Sequence
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.applications.lists.encodings.legacy import TCVN3, VNI, OldEncoding, from_tcvn3, from_vni
from services.applications.lists.encodings.syllables import plausible
from services.applications.lists.encodings.unicode_text import encoding_of, to_unicode
from services.applications.lists.formats.delimited import decode
from services.applications.lists.table import Sheet
from shared.reference import areas
from tests.lists.encoders import tcvn3, vni, windows_1258

EXAMPLE = Path(__file__).parents[2] / "examples" / "nam-ty.xlsx"


def example_texts() -> list[str]:
    book = openpyxl.load_workbook(EXAMPLE, read_only=True)
    rows = book.worksheets[0].iter_rows(values_only=True)
    return sorted({cell for row in rows for cell in row if isinstance(cell, str)})


TEXTS = example_texts()
NAMES = [text for text in TEXTS if 1 < len(text.split()) < 5 and text[0].isupper()]
PLACES = sorted({unit.name for unit in areas.communes().values()})
ENCODINGS = [(TCVN3, tcvn3), (VNI, vni)]
MINORITY = [
    "Ksor H'Blơi", "Y Bhăm Êban", "Rơ Châm Luih", "Siu Kpă", "H'Wen Niê Kđăm", "Đinh Brưu", "Hồ A Dế",
    "Krông Nô",
    "Thào Mí Sính", "Pờ Seo Dín", "Châu Kim Thị Sóc Kha", "Thạch Sà Rây", "Điểu K'Rể", "Lò Thị Ó", "Má A Ú",
]  # fmt: skip


def column(texts: Sequence[str]) -> Sheet:
    return Sheet("", [[text] for text in texts])


def read(texts: Sequence[str]) -> tuple[list[str], list[str]]:
    """The texts of one column after conversion, and the encodings found."""
    sheet = column(texts)
    found = to_unicode([sheet])
    return [str(row[0]) for row in sheet.rows], found


@pytest.mark.parametrize(("encoding", "write"), ENCODINGS, ids=["tcvn3", "vni"])
@settings(deadline=None, max_examples=60)
@given(names=st.lists(st.sampled_from(NAMES + PLACES), min_size=8, max_size=60, unique=True))
def test_names_come_back_from_an_old_encoding(
    encoding: OldEncoding, write: Callable[[str], str], names: list[str]
) -> None:
    came_back, found = read([write(name) for name in names])
    changed = any(write(name) != name for name in names)
    assert found == ([encoding.name] if changed else [])
    assert [name.casefold() for name in came_back] == [name.casefold() for name in names]


@pytest.mark.parametrize("name", NAMES)
def test_every_name_of_the_example_list_is_the_same_after_a_way_through_each_encoding(name: str) -> None:
    assert from_tcvn3(tcvn3(name)) == name
    assert from_vni(vni(name)) == name


@settings(deadline=None, max_examples=100)
@given(texts=st.lists(st.sampled_from(TEXTS + PLACES + MINORITY), min_size=1, max_size=40))
def test_clean_unicode_is_left_alone(texts: list[str]) -> None:
    assert read(texts) == (texts, [])


@pytest.mark.parametrize(
    "text", [*MINORITY, "Éléments reçus", "½ ngày, 30 °C", "«Sóng» và máy tính", "Gia Rai ®"]
)
def test_a_single_odd_text_does_not_make_a_list_old(text: str) -> None:
    assert read([text, "Có", "Không", "Nữ"]) == ([text, "Có", "Không", "Nữ"], [])


def test_unicode_cells_between_old_ones_stay() -> None:
    names = NAMES[:30]
    texts = [tcvn3(name) for name in names] + ["Không", "Ủy ban nhân dân", "Có"]
    came_back, found = read(texts)
    assert found == ["TCVN3 (ABC)"]
    assert came_back[-3:-1] == ["Không", "Ủy ban nhân dân"]
    assert came_back[:30] == names


def test_only_the_columns_typed_so_are_converted() -> None:
    sheet = Sheet("", [["Họ tên", "Thôn"], *([tcvn3(name), "Thôn Không Tên"] for name in NAMES[:20])])
    assert to_unicode([sheet]) == ["TCVN3 (ABC)"]
    assert [row[0] for row in sheet.rows[1:]] == NAMES[:20]
    assert {row[1] for row in sheet.rows[1:]} == {"Thôn Không Tên"}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Hä vµ tªn chñ hé", "Họ và tên chủ hộ"), ("NGUYÔN V¡N SÜ", "NGUYỄN VĂN SĨ"),
        ("§Æng ThÞ Lý", "Đặng Thị Lý"),
        ("Lß ¸nh", "Lò Ánh"), ("Lý A Sß", "Lý A Sò"), ("h­ëng trî cÊp", "hưởng trợ cấp"),
        ("Hé cËn nghÌo", "Hộ cận nghèo"),
    ],
)  # fmt: skip
def test_tcvn3_gets_back_the_capitals_it_cannot_write(written: str, meant: str) -> None:
    assert from_tcvn3(written) == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Hoï vaø teân chuû hoä", "Họ và tên chủ hộ"), ("NGUYEÃN VAÊN AÙNH", "NGUYỄN VĂN ÁNH"),
        ("Ñaëng Thò Lyù", "Đặng Thị Lý"), ("Aùnh", "Ánh"), ("höôûng trôï caáp", "hưởng trợ cấp"),
        ("Kyõ só", "Kỹ sĩ"),
    ],
)  # fmt: skip
def test_vni_is_read_in_small_and_capital_letters(written: str, meant: str) -> None:
    assert from_vni(written) == meant


@settings(deadline=None)
@given(st.text(max_size=40))
def test_no_text_raises_and_each_word_stays_one(text: str) -> None:
    for encoding in (TCVN3, VNI):
        assert encoding.convert(text).count(" ") == text.count(" ")
    encoding_of([text])
    plausible(text)


@settings(deadline=None, max_examples=60)
@given(names=st.lists(st.sampled_from(NAMES + PLACES), min_size=3, max_size=40))
def test_windows_1258_comes_out_in_nfc(names: list[str]) -> None:
    text = "Họ và tên chủ hộ\n" + "\n".join(names)
    assert decode(windows_1258(text)) == text


@pytest.mark.parametrize(
    "word", ["nghèo", "Nguyễn", "khuỷu", "ước", "giếng", "quyết", "Ỷ", "oóc", "tuyên", "Nậm"]
)
def test_syllables_that_exist_are_plausible(word: str) -> None:
    assert plausible(word)


@pytest.mark.parametrize("word", ["hä", "vµ", "teân", "nghÌo", "Nguyeãn", "hát́", "cac", "tôoi", "x1"])
def test_what_old_encodings_look_like_is_not(word: str) -> None:
    assert not plausible(word)
