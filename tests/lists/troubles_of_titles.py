"""Titles cut short, over two rows, over columns to tick."""

from collections.abc import Sequence

from tests.lists import books
from tests.lists.households import COLUMNS, KNOWN, columns, day, line, page, tick, titles
from tests.lists.pages import Page, Row
from tests.lists.trouble import ALL, trouble

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
        ("Mã hộ", lambda _: "H1"), *ALL[:5], ("Ngày cấp", lambda _: "01/06/2021"),
        ("Nơi cấp", lambda _: "CA"),
        ("Họ và tên vợ/chồng", lambda _: "Lò Thị X"), *ALL[5:], ("Thu nhập", lambda _: 900_000),
        ("Ký nhận", lambda _: None),
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
