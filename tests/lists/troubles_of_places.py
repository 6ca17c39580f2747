"""Where the list stands, and where its villages are named."""

from tests.lists import books
from tests.lists.books import csv_in, xlsx
from tests.lists.households import COLUMNS, KNOWN, columns, lines, page, titles
from tests.lists.pages import Page
from tests.lists.trouble import ALL, BLOCK, FIRST, SECOND, WIDTH, trouble

trouble("a title block above", Page([*BLOCK, *page().rows]), rows=range(8, 14))
trouble(
    "fifty lines of decisions above",
    Page([["Căn cứ Quyết định số 1"]] * 50 + page().rows),
    rows=range(52, 58),
)
trouble(
    "a row that numbers the columns",
    Page([*BLOCK, titles(ALL), [f"({n})" for n in range(1, WIDTH + 1)], *lines(ALL)]),
    rows=range(9, 15),
)
trouble(
    "columns lettered and numbered",
    Page([titles(ALL), ["A", "B", *range(1, WIDTH - 1)], *lines(ALL)]),
    rows=range(3, 9),
)
trouble("columns in another order", page(list(reversed(ALL))))
trouble(
    "empty columns between and an empty one first",
    Page([["", row[0], None, *row[1:]] for row in page().rows]),
)
trouble(
    "blank rows between households",
    Page([titles(ALL), *(row for one in lines(ALL) for row in (one, []))]),
    rows=range(2, 13, 2),
)
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
    Page(
        [
            titles(ALL),
            *lines(ALL)[:3],
            [None, "Cộng thôn Nậm Piên: 3 hộ", *[None] * 8, 16],
            *lines(ALL)[3:],
            ["Cộng thôn 2: 3 hộ"],
            [None, "TỔNG CỘNG: 6 hộ"],
            [],
            [None, None, None, None, None, "Nậm Dịch, ngày 15 tháng 01 năm 2026"],
            [None, "NGƯỜI LẬP BIỂU", None, None, None, "CHỦ TỊCH"],
            [None, "Lý Thị Hoa", None, None, None, "Trần Văn B"],
        ]
    ),
    rows=(2, 3, 4, 6, 7, 8),
    declared=6,
)
trouble(
    "a total that does not tally",
    Page([*page().rows, [None, "Tổng số: 7 hộ"]]),
    declared=7,
    notes=frozenset({"LIST_TOTAL_DIFFERS"}),
)
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

trouble(
    "a .csv with many blank cells and lines behind",
    csv_in("utf-8")(Page([[*row, *[None] * 90] for row in [*page().rows, *[[]] * 300]])),
    file="list.csv",
)
for how, merges in (("merged over both", [(0, 1, 0, 2)]), ("not merged", [])):
    trouble(
        f"family and given names in two columns under one title, {how}",
        Page(
            [
                ["STT", "Họ và tên chủ hộ", None, *(title for title, _ in ALL[1:])],
                *(
                    [at, *one.head_name.rsplit(" ", 1), *(cell(one) for _, cell in ALL[1:])]
                    for at, one in enumerate(KNOWN)
                ),
            ],
            merges=merges,
        ),
    )

village_first = columns(village=None)
village_first.insert(0, COLUMNS["village"])
merged = Page(
    [titles(village_first), *lines(village_first)],
    merges=[(1, 1, 3, 1), (4, 1, 6, 1)],
)
for at in (2, 3, 5, 6):
    merged.rows[at][1] = None
for kind in ("xlsx", "xls", "ods"):
    file, write = books.FORMATS[kind]
    trouble(f"villages merged over their households in .{kind}", write(merged), file=file)
trouble(
    "a village written once for its group in text",
    csv_in("utf-8")(merged),
    file="list.csv",
    notes=frozenset({"LIST_VILLAGE_FILLED"}),
)
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
    Page(
        [
            titles(NO_VILLAGE),
            ["I", "Thôn Nậm Piên: 3 hộ", *[None] * 7, 16],
            *lines(NO_VILLAGE)[:3],
            ["II", "THÔN BẢN LUỐC", *[None] * 7, 14],
            *lines(NO_VILLAGE)[3:],
            [None, "Tổng cộng", *[None] * 7, 30],
        ]
    ),
    rows=(3, 4, 5, 7, 8, 9),
)
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
    rows=(3, 4, 5, 2, 3, 4),
    sheets=("Thôn 1",) * 3 + ("Thôn 2",) * 3,
)
trouble(
    "sheets named after villages, no column for them",
    xlsx(
        *(
            Page([titles(NO_VILLAGE), *lines(NO_VILLAGE, part)], name=part[0].village)
            for part in (FIRST, SECOND)
        )
    ),
    rows=(2, 3, 4, 2, 3, 4),
    notes=frozenset({"LIST_VILLAGE_FROM_TITLE"}),
    sheets=("Thôn Nậm Piên",) * 3 + ("Thôn Bản Luốc",) * 3,
)
trouble(
    "sheets named after villages without the word for village",
    xlsx(
        *(
            Page([titles(NO_VILLAGE), *lines(NO_VILLAGE, part)], name=part[0].village[5:])
            for part in (FIRST, SECOND)
        )
    ),
    rows=(2, 3, 4, 2, 3, 4),
    notes=frozenset({"LIST_VILLAGE_FROM_TITLE"}),
    changed=lambda one: {"village": one.village[5:]},
)
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
