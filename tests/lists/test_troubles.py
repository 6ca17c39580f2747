"""One list file for each trouble that officers' lists bring, and for each what must come out.

The same six households stand in all of them. `rows`: their row numbers; `changed`: what a list of this kind
cannot tell, or tells differently; `notes`: codes for the whole list; `codes`: each household's own.
"""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pytest

from services.applications.household import HouseholdDraft
from services.applications.lists import ListTable
from tests.lists import books, encoders
from tests.lists.books import csv_in, csv_text, xlsx
from tests.lists.households import (
    COLUMNS,
    KNOWN,
    columns,
    day,
    drafts,
    line,
    lines,
    note_codes,
    page,
    read,
    row_codes,
    tick,
    titles,
)
from tests.lists.pages import Page, Row
from tests.lists.xls import xls

Change = Callable[[HouseholdDraft], dict[str, Any]]
NONE: tuple[tuple[str, ...], ...] = ((),) * len(KNOWN)


@dataclass(frozen=True)
class Trouble:
    """A list file and what must come out of it."""

    name: str
    file: str
    data: bytes
    rows: Sequence[int] = tuple(range(2, 8))
    changed: Change = field(default=lambda _: {})
    notes: frozenset[str] = frozenset()
    codes: Sequence[tuple[str, ...]] = NONE
    declared: int | None = None
    sheets: Sequence[str] = ()


TROUBLES: list[Trouble] = []


def trouble(name: str, data: bytes | Page, *, file: str = "list.xlsx", **expected: Any) -> None:
    body = xlsx(data) if isinstance(data, Page) else data
    TROUBLES.append(Trouble(name, file, body, **expected))


BLOCK: list[Row] = [
    ["ỦY BAN NHÂN DÂN XÃ NẬM DỊCH", None, None, None, None, None, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"],
    ["Số: 12/BC-UBND", None, None, None, None, None, "Nậm Dịch, ngày 15 tháng 01 năm 2026"],
    [],
    ["DANH SÁCH HỘ ĐỀ NGHỊ HỖ TRỢ ĐIỆN THOẠI THÔNG MINH"],
    ["(Kèm theo Tờ trình của UBND xã)"],
    [],
]
WIDTH = len(COLUMNS) + 1
FIRST, SECOND = KNOWN[:3], KNOWN[3:]
ALL = columns()

# Formats and encodings ------------------------------------------------------------------------------------------
for kind, (file, write) in books.FORMATS.items():
    trouble(f"a plain list as .{kind}", write(page()), file=file)
trouble("macros in .xlsm are nobody's business", page(), file="list.xlsm")
trouble("an .xlsx that calls itself .xls", page(), file="list.xls")
trouble("an .xlsx that calls itself .csv", page(), file="list.csv")
trouble("a text file that calls itself .xls", csv_in("utf-8")(page()), file="list.xls")
trouble("an Excel 95 file in TCVN3", xls(page().write(encoders.tcvn3), biff5=True), file="list.xls",
        notes=frozenset({"LIST_TEXT_CONVERTED"}))  # fmt: skip
for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"):
    trouble(f"text in {encoding}", csv_in(encoding)(page()), file="list.csv")
for separator, called in ((",", "commas"), (";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
    trouble(f"text parted by {called}", csv_in("utf-8", separator)(page()), file="list.txt")
trouble("a line that names the separator", b"sep=;\r\n" + csv_in("utf-8")(page()), file="list.csv")
trouble("text in Windows-1258", encoders.windows_1258(csv_text(page())), file="list.csv")
trouble("text in UTF-8 with tones apart (NFD)", page().write(lambda text: unicodedata.normalize("NFD", text)))
for named, encode in (("TCVN3", encoders.tcvn3), ("VNI", encoders.vni)):
    old = frozenset({"LIST_TEXT_CONVERTED"})
    trouble(f"{named} in a workbook", page().write(encode), notes=old)
    trouble(f"{named} in a text file of bytes", csv_text(page().write(encode)).encode("cp1252"),
    file="list.csv",
            notes=old)  # fmt: skip
    names_only = page(columns(head_name=("Họ và tên chủ hộ", lambda one, to=encode: to(one.head_name))))
    trouble(f"{named} in the column of names only", names_only, notes=old)

# Where the list stands ------------------------------------------------------------------------------------------
trouble("a title block above", Page([*BLOCK, *page().rows]), rows=range(8, 14))
trouble(
    "fifty lines of decisions above",
    Page([["Căn cứ Quyết định số 1"]] * 50 + page().rows),
    rows=range(52, 58),
)
trouble("a row that numbers the columns",
        Page([*BLOCK, titles(ALL), [f"({n})" for n in range(1, WIDTH + 1)], *lines(ALL)]),
        rows=range(9, 15))  # fmt: skip
trouble("columns lettered and numbered",
        Page([titles(ALL), ["A", "B", *range(1, WIDTH - 1)], *lines(ALL)]), rows=range(3, 9))  # fmt: skip
trouble("columns in another order", page(list(reversed(ALL))))
trouble("empty columns between and an empty one first",
        Page([["", row[0], None, *row[1:]] for row in page().rows]))  # fmt: skip
trouble("blank rows between households",
        Page([titles(ALL), *(row for one in lines(ALL) for row in (one, []))]),
        rows=range(2, 13, 2))  # fmt: skip
trouble(
    "titles again on each page, with a title line above them",
    Page(
        [
            titles(ALL),
            *lines(ALL)[:3],
            ["DANH SÁCH HỘ (tiếp theo)"],
            titles(ALL),
            ["(1)", "(2)", "(3)"],
            *lines(ALL)[3:],
        ]
    ),
    rows=(2, 3, 4, 8, 9, 10),
)
trouble(
    "subtotals, a total, signatures",
    Page([
        titles(ALL), *lines(ALL)[:3], [None, "Cộng thôn Nậm Piên: 3 hộ", *[None] * 8, 16], *lines(ALL)[3:],
        ["Cộng thôn 2: 3 hộ"], [None, "TỔNG CỘNG: 6 hộ"], [],
        [None, None, None, None, None, "Nậm Dịch, ngày 15 tháng 01 năm 2026"],
        [None, "NGƯỜI LẬP BIỂU", None, None, None, "CHỦ TỊCH"],
        [None, "Lý Thị Hoa", None, None, None, "Trần Văn B"],
    ]),
    rows=(2, 3, 4, 6, 7, 8), declared=6,
)  # fmt: skip
trouble("a total that does not tally", Page([*page().rows, [None, "Tổng số: 7 hộ"]]), declared=7,
        notes=frozenset({"LIST_TOTAL_DIFFERS"}))  # fmt: skip
trouble(
    "signatures without any total",
    Page(
        [
            *page().rows,
            [],
            [None, "Người lập", *[None] * 4, "TM. UBND XÃ"],
            [None, "Lý Văn A", *[None] * 4, "Trần B"],
        ]
    ),
)

trouble("a .csv with many blank cells and lines behind",
        csv_in("utf-8")(Page([[*row, *[None] * 90] for row in [*page().rows, *[[]] * 300]])),
        file="list.csv")  # fmt: skip
for how, merges in (("merged over both", [(0, 1, 0, 2)]), ("not merged", [])):
    trouble(
        f"family and given names in two columns under one title, {how}",
        Page([
            ["STT", "Họ và tên chủ hộ", None, *(title for title, _ in ALL[1:])],
            *([at, *one.head_name.rsplit(" ", 1), *(cell(one) for _, cell in ALL[1:])] for at,
            one in enumerate(KNOWN)),
        ], merges=merges),
    )  # fmt: skip

# Villages -------------------------------------------------------------------------------------------------------
village_first = columns(village=None)
village_first.insert(0, COLUMNS["village"])
merged = Page(
    [titles(village_first), *lines(village_first)], merges=[(1, 1, 3, 1), (4, 1, 6, 1)],
)  # fmt: skip
for at in (2, 3, 5, 6):
    merged.rows[at][1] = None
for kind in ("xlsx", "xls", "ods"):
    file, write = books.FORMATS[kind]
    trouble(f"villages merged over their households in .{kind}", write(merged), file=file)
trouble("a village written once for its group in text", csv_in("utf-8")(merged), file="list.csv",
        notes=frozenset({"LIST_VILLAGE_FILLED"}))  # fmt: skip
NO_VILLAGE = columns(village=None)
trouble(
    "a line with the village above its households",
    Page(
        [
            titles(NO_VILLAGE),
            ["Thôn Nậm Piên"],
            *lines(NO_VILLAGE)[:3],
            ["Thôn Bản Luốc"],
            *lines(NO_VILLAGE)[3:],
        ]
    ),
    rows=(3, 4, 5, 7, 8, 9),
)
trouble(
    "numbered lines with the village and its counts",
    Page([
        titles(NO_VILLAGE), ["I", "Thôn Nậm Piên: 3 hộ", *[None] * 7, 16], *lines(NO_VILLAGE)[:3],
        ["II", "THÔN BẢN LUỐC", *[None] * 7, 14], *lines(NO_VILLAGE)[3:],
        [None, "Tổng cộng", *[None] * 7, 30],
    ]),
    rows=(3, 4, 5, 7, 8, 9),
)  # fmt: skip
trouble(
    "a village's name alone on a line, without the word for village",
    Page(
        [
            titles(NO_VILLAGE),
            ["I", "Nậm Piên"],
            *lines(NO_VILLAGE)[:3],
            ["II", "Bản Luốc"],
            *lines(NO_VILLAGE)[3:],
        ]
    ),
    rows=(3, 4, 5, 7, 8, 9),
    changed=lambda one: {"village": one.village.removeprefix("Thôn ")},
)
trouble(
    "one sheet for each village, and a cover",
    xlsx(
        Page([["DANH SÁCH HỘ NGHÈO"], ["Năm 2026"]], name="Bìa"),
        Page([["DANH SÁCH"], titles(ALL), *lines(ALL)[:3]], name="Thôn 1"),
        Page([titles(ALL), *lines(ALL)[3:]], name="Thôn 2"),
    ),
    rows=(3, 4, 5, 2, 3, 4), sheets=("Thôn 1",) * 3 + ("Thôn 2",) * 3,
)  # fmt: skip
trouble(
    "sheets named after villages, no column for them",
    xlsx(*(
        Page([titles(NO_VILLAGE), *lines(NO_VILLAGE, part)], name=part[0].village) for part in (FIRST, SECOND)
    )),
    rows=(2, 3, 4, 2, 3, 4), notes=frozenset({"LIST_VILLAGE_FROM_TITLE"}),
    sheets=("Thôn Nậm Piên",) * 3 + ("Thôn Bản Luốc",) * 3,
)  # fmt: skip
trouble(
    "sheets named after villages without the word for village",
    xlsx(*(Page([titles(NO_VILLAGE), *lines(NO_VILLAGE, part)],
    name=part[0].village[5:]) for part in (FIRST, SECOND))),
    rows=(2, 3, 4, 2, 3, 4), notes=frozenset({"LIST_VILLAGE_FROM_TITLE"}),
    changed=lambda one: {"village": one.village[5:]},
)  # fmt: skip
trouble(
    "a hidden sheet with old rows is not read",
    xlsx(page(), Page(page().rows, name="Cũ", hidden=True)),
    notes=frozenset({"LIST_SHEET_HIDDEN"}),
)
trouble(
    "the address with commune and province instead of the village",
    page(
        columns(village=("Địa chỉ thường trú", lambda one: f"{one.village}, xã Nậm Dịch, tỉnh Tuyên Quang"))
    ),
)

# Titles ---------------------------------------------------------------------------------------------------------
SHORT = {
    "head_name": "Họ & tên", "birth_date": "N.sinh", "sex": "GT", "ethnicity": "DT",
    "citizen_id": "CCCD/ĐDCN",
    "village": "Xóm", "poverty_status": "Diện hộ", "certificate_number": "Số GCN",
    "certificate_date": "Ngày cấp",
    "members_count": "SK", "phone": "ĐT", "has_smartphone": "Có ĐTTM", "priority_group": "Diện ưu tiên",
    "notes": "GC",
}  # fmt: skip
trouble("titles cut short", page([(SHORT[name], cell) for name, (_, cell) in COLUMNS.items()]))
trouble("titles in capitals over two lines with remarks",
        page([(f"{title.upper().replace(' ', chr(10), 1)}\n(ghi rõ)", cell) for title,
        cell in ALL]))  # fmt: skip
trouble("titles without accents and with a slip",
        page(columns(head_name=("Ho va ten chu hoo", COLUMNS["head_name"][1]),
                     citizen_id=("So dinh danh ca nhn", COLUMNS["citizen_id"][1]))))  # fmt: skip
trouble(
    "columns nobody needs, some of them named nearly like known ones",
    page([
        ("Mã hộ", lambda one: "H1"), *ALL[:5], ("Ngày cấp", lambda one: "01/06/2021"),
        ("Nơi cấp", lambda one: "CA"),
        ("Họ và tên vợ/chồng", lambda one: "Lò Thị X"), *ALL[5:], ("Thu nhập", lambda one: 900_000),
        ("Ký nhận", lambda one: None),
    ]),
)  # fmt: skip


def two_rows(
    upper: Row, lower: Row, body: Sequence[Row], merges: Sequence[tuple[int, int, int, int]]
) -> Page:
    """A header of two rows: titles without parts are merged downwards."""
    down = [(0, at, 1, at) for at, text in enumerate(lower) if not text]
    return Page([upper, lower, *body], merges=[*merges, *down])


BIRTH_BY_SEX = two_rows(
    ["STT", "Họ và tên", "Ngày, tháng, năm sinh", None, "Dân tộc", "Số CCCD", "Thôn", "Loại hộ", None,
     "Giấy chứng nhận", None, "Số khẩu", None, "SĐT", "Điện thoại thông minh", None, "Đối tượng ưu tiên",
     None, "Ghi chú"],
    [None, None, "Nam", "Nữ", None, None, None, "Hộ nghèo", "Hộ cận nghèo", "Số", "Ngày cấp", "Tổng số",
    "Nữ", None,
     "Có", "Không", "Người có công", "Chính sách xã hội", None],
    [
        [at, one.head_name, day(one.birth_date) if one.sex == "male" else None,
         day(one.birth_date) if one.sex == "female" else None, COLUMNS["ethnicity"][1](one), one.citizen_id,
         one.village, tick(one.poverty_status == "poor"), tick(one.poverty_status == "near_poor"),
         one.certificate_number, day(one.certificate_date), one.members_count, 1, one.phone,
         tick(one.has_smartphone),
         tick(not one.has_smartphone), tick(one.priority_group == "merit"),
         tick(one.priority_group == "social_policy"),
         one.notes]
        for at, one in enumerate(KNOWN, start=1)
    ],
    [(0, 2, 0, 3), (0, 7, 0, 8), (0, 9, 0, 10), (0, 11, 0, 12), (0, 14, 0, 15), (0, 16, 0, 17)],
)  # fmt: skip
UNMARKED = tuple(("POVERTY_STATUS_UNMARKED",) if one.poverty_status == "none" else () for one in KNOWN)
for kind, (file, write) in books.FORMATS.items():
    trouble(f"a header of two rows, the birth date under the sex, columns to tick, in .{kind}",
    write(BIRTH_BY_SEX),
            file=file, rows=range(3, 9), codes=UNMARKED)  # fmt: skip
trouble(
    "day, month and year of birth in three columns, names in two",
    two_rows(
        ["STT", "Họ và tên", None, "Ngày, tháng, năm sinh", None, None, *(title for title, _ in ALL[2:])],
        [None, "Họ đệm", "Tên", "Ngày", "Tháng", "Năm"],
        [
            [at, *one.head_name.rsplit(" ", 1), one.birth_date.day, one.birth_date.month, one.birth_date.year,
             *(cell(one) for _, cell in ALL[2:])]
            for at, one in enumerate(KNOWN, start=1) if one.birth_date
        ],
        [(0, 1, 0, 2), (0, 3, 0, 5)],
    ),
    rows=range(3, 9),
)  # fmt: skip
trouble(
    "only those who have are ticked: poor, near-poor, smartphone, sex",
    page(columns(
        sex=("Nam", lambda one: tick(one.sex == "male")),
        poverty_status=("H.nghèo", lambda one: tick(one.poverty_status == "poor")),
        near=("H.cận nghèo", lambda one: "X" if one.poverty_status == "near_poor" else None),
        out=("Hộ thoát nghèo", lambda one: "✓" if one.poverty_status == "none" else None),
        female=("Nữ", lambda one: tick(one.sex == "female")),
        has_smartphone=("Có ĐTTM", lambda one: tick(one.has_smartphone)),
    )),
    notes=frozenset({"LIST_BLANK_MEANS_NO"}),
)  # fmt: skip
trouble(
    "poor and near-poor under lines of their own, no column for it",
    Page([
        titles(columns(poverty_status=None)), ["A", "HỘ NGHÈO"],
        *(line(at, one, columns(poverty_status=None)) for at,
        one in enumerate(KNOWN) if one.poverty_status == "poor"),
        ["B", "HỘ CẬN NGHÈO"],
        *(line(at, one, columns(poverty_status=None)) for at,
        one in enumerate(KNOWN) if one.poverty_status != "poor"),
    ]),
    rows=(3, 4, 5, 7, 8, 9),
    changed=lambda one: {} if one.poverty_status != "none" else {"poverty_status": "near_poor"},
    codes=((), (), (), (), ("CERTIFICATE_NUMBER_MISSING", "CERTIFICATE_DATE_MISSING"), ()),
)  # fmt: skip

# Cells ----------------------------------------------------------------------------------------------------------
trouble(
    "numbers stored as numbers",
    page(columns(
        citizen_id=("Số CCCD", lambda one: int(one.citizen_id)),
        phone=("SĐT", lambda one: int(one.phone) if one.phone else None),
        members_count=("Số khẩu", lambda one: float(one.members_count)),
    )),
)  # fmt: skip
trouble(
    "numbers with blanks, dots, dashes, apostrophes",
    page(columns(
        citizen_id=("Số CCCD",
        lambda one: f"'{one.citizen_id[:3]} {one.citizen_id[3:6]}.{one.citizen_id[6:9]}-{one.citizen_id[9:]}"),
        phone=("SĐT",
        lambda one: f"{one.phone[:4]}.{one.phone[4:7]}.{one.phone[7:]}" if one.phone else "không"),
        members_count=("Số khẩu", lambda one: f"0{one.members_count} khẩu"),
    )),
)  # fmt: skip
trouble("text that keeps the zeros of numbers in .csv",
        csv_in("utf-8")(page(columns(citizen_id=("Số CCCD", lambda one: f'="{one.citizen_id}"')))),
        file="list.csv")  # fmt: skip
trouble("lost zeros in text", page(columns(citizen_id=("Số CCCD", lambda one: one.citizen_id[2:]))),
        codes=(("CITIZEN_ID_ZEROS_RESTORED",),) * 6)  # fmt: skip
trouble("two phones in a cell", page(columns(phone=("SĐT",
lambda one: f"{one.phone} / 0987654321" if one.phone else ""))),
        codes=tuple(("PHONE_SECOND_DROPPED",) if one.phone else () for one in KNOWN))  # fmt: skip
trouble("dates as Excel dates", page(columns(birth_date=("Ngày sinh",
lambda one: datetime.combine(one.birth_date, datetime.min.time())),
        certificate_date=("Ngày cấp GCN", lambda one: one.certificate_date))))  # fmt: skip
trouble("dates in words", page(columns(birth_date=("Ngày sinh",
lambda one: f"ngày {one.birth_date.day} tháng {one.birth_date.month} năm {one.birth_date.year}"))))  # fmt: skip
trouble("dates with dashes and dots", page(columns(birth_date=("Ngày sinh",
lambda one: one.birth_date.strftime("%-d-%-m-%Y")),
        certificate_date=("Ngày cấp GCN",
        lambda one: one.certificate_date and one.certificate_date.strftime("%d.%m.%Y")))))  # fmt: skip
trouble("a bare year", page(columns(birth_date=("Năm sinh", lambda one: one.birth_year))),
        changed=lambda one: {"birth_date": None})  # fmt: skip
trouble("no column of sex and birth: the citizen id tells", page(columns(sex=None, birth_date=None)),
        changed=lambda one: {"birth_date": None}, notes=frozenset({"LIST_COLUMN_ABSENT"}),
        codes=(("BIRTH_YEAR_FROM_CITIZEN_ID", "SEX_FROM_CITIZEN_ID"),) * 6)  # fmt: skip
trouble("no column of the citizen id", page(columns(citizen_id=None)),
changed=lambda one: {"citizen_id": None},
        notes=frozenset({"LIST_COLUMN_ABSENT"}), codes=(("CITIZEN_ID_MISSING",),) * 6)  # fmt: skip
trouble("old 9-digit numbers", page(columns(citizen_id=("Số CMND", lambda one: one.citizen_id[3:]))),
        changed=lambda one: {"citizen_id": None, "cmnd": one.citizen_id[3:]},
        codes=(("CMND_NOT_CITIZEN_ID",),) * 6)  # fmt: skip
trouble("the certificate's number and date in one cell",
        page(columns(certificate_date=None, certificate_number=(
            "Giấy chứng nhận",
            lambda one: one.certificate_number and f"{one.certificate_number} ngày 20/12/2025"))))  # fmt: skip


@pytest.mark.parametrize("one", TROUBLES, ids=lambda one: one.name)
def test_the_same_households_come_out_of(one: Trouble) -> None:
    table = read(one.data, one.file)
    expected = [replace(known, **one.changed(known)) for known in order(table)]
    assert [replace(draft, notes=draft.notes) for draft in drafts(table)] == expected
    assert [row.number for row in table.rows] == list(one.rows)
    assert note_codes(table) == one.notes
    assert row_codes(table) == list(one.codes)
    assert table.declared_total == one.declared
    if one.sheets:
        assert [row.sheet for row in table.rows] == list(one.sheets)


def order(table: ListTable) -> list[HouseholdDraft]:
    """The known households in the order of the rows, by their heads' names."""
    by_name = {known.head_name: known for known in KNOWN}
    return [by_name[draft.head_name] for draft in drafts(table)]


def test_the_table_has_one_list_for_each_trouble() -> None:
    assert len(TROUBLES) >= 60
    assert len({one.name for one in TROUBLES}) == len(TROUBLES)
