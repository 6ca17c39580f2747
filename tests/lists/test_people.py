"""Lists with one line for each person: heads with their members, however the household is marked."""

from datetime import date
from typing import Any

import pytest

from services.applications.household import HouseholdDraft, Member
from services.applications.lists import cells
from tests.lists.books import FORMATS, xlsx
from tests.lists.households import drafts, note_codes, parsed, read
from tests.lists.pages import Page, Row

TITLES: Row = [
    "STT", "Họ và tên", "Quan hệ với chủ hộ", "Năm sinh", "Giới tính", "Dân tộc", "CCCD", "Thôn", "Loại hộ",
    "Số GCN",
    "Ngày cấp GCN", "Có ĐTTM",
]  # fmt: skip
OF_HOUSEHOLD: Row = ["Thôn Nậm Ty", "Hộ nghèo", "5/GCN-HN.HCN", "20/12/2025", "Không"]
HEAD: Row = [1, "Lý A Chẩu", "Chủ hộ", "05/03/1980", "Nam", "Dao", "002080001111", *OF_HOUSEHOLD]
WIFE: Row = [None, "Phàn Mùi Dất", "Vợ", "1983", "Nữ", "Tày", "002183002222"]
SON: Row = [None, "Lý A Sò", "Con trai", "12/2010", "Nam", None, None]
SECOND: Row = [2, "Vàng Thị Mỷ", "Chủ hộ", 1955, "Nữ", "Mông", "002155003333", "Thôn Bản Péo", "Hộ cận nghèo",
               "6/GCN-HN.HCN", "20/12/2025", "Có"]  # fmt: skip

MEMBERS = (
    Member("Phàn Mùi Dất", "spouse", None, 1983, "female", "02", "002183002222"),
    Member("Lý A Sò", "child", None, 2010, "male"),
)


def two_households(table: Any) -> list[HouseholdDraft]:
    found = drafts(table)
    assert [one.head_name for one in found] == ["Lý A Chẩu", "Vàng Thị Mỷ"]
    assert found[0].members == MEMBERS
    assert (found[0].members_count, found[0].birth_date) == (3, date(1980, 3, 5))
    assert (found[0].village, found[0].poverty_status) == ("Thôn Nậm Ty", "poor")
    return found


@pytest.mark.parametrize("kind", sorted(FORMATS))
def test_members_follow_the_line_that_says_chu_ho(kind: str) -> None:
    file, write = FORMATS[kind]
    lonely = [*SECOND]
    table = read(write(Page([[*TITLES, "Số khẩu"], HEAD, WIFE, SON, [*lonely, 1]])), file)
    assert [row.number for row in table.rows] == [2, 5]
    assert [row.number for row in table.rows[0].members] == [3, 4]
    assert two_households(table)[1].members == ()


def test_the_head_is_counted_among_the_members_where_no_number_is_written() -> None:
    found = drafts(read(xlsx(Page([TITLES, HEAD, WIFE, SON]))))
    assert found[0].members_count == 3


def test_a_number_that_differs_from_the_people_listed_is_warned_about() -> None:
    rows = parsed(read(xlsx(Page([[*TITLES, "Số khẩu"], [*HEAD, 5], WIFE, SON]))))
    assert [problem.code for problem in rows[0].problems] == ["MEMBERS_COUNT_DIFFERS"]
    assert rows[0].household
    assert rows[0].household.members_count == 5


def test_lines_without_the_word_chu_ho_begin_a_household_where_they_are_numbered() -> None:
    head, second = [*HEAD], [*SECOND, 1]
    head[2] = second[2] = None
    two_households(read(xlsx(Page([[*TITLES, "Số khẩu"], head, WIFE, SON, second]))))


def test_the_heads_name_may_have_a_column_of_its_own_merged_over_the_members() -> None:
    titles = ["STT", "Họ tên chủ hộ", "Họ và tên thành viên", *TITLES[2:], "Số khẩu"]
    rows = [
        titles,
        [1, "Lý A Chẩu", "Lý A Chẩu", *HEAD[2:], 3],
        [None, None, *WIFE[1:]],
        [None, None, *SON[1:]],
        [2, "Vàng Thị Mỷ", "Vàng Thị Mỷ", *SECOND[2:], 1],
    ]
    table = read(xlsx(Page(rows, merges=[(1, 0, 3, 0), (1, 1, 3, 1), (1, 8, 3, 8)])))
    two_households(table)


def test_a_household_may_be_numbered_while_every_person_is_too() -> None:
    titles = ["STT", "Hộ số", *TITLES[1:], "Số khẩu"]
    people = [
        [1, 1, *HEAD[1:], 3], [2, None, *WIFE[1:]], [3, None, *SON[1:]], [4, 2, *SECOND[1:], 1],
    ]  # fmt: skip
    two_households(read(xlsx(Page([titles, *people]))))
    for row in people:
        row[3] = None if row[3] == "Chủ hộ" else row[3]
    two_households(read(xlsx(Page([titles, *people]))))


def test_heads_only_with_a_column_of_the_relation_are_households_each() -> None:
    wife = [2, *WIFE[1:], *OF_HOUSEHOLD, 4]
    table = read(xlsx(Page([[*TITLES, "Số khẩu"], [1, *WIFE[1:], *OF_HOUSEHOLD, 4], wife])))
    assert [one.members for one in drafts(table)] == [(), ()]


def test_a_member_above_every_head_is_refused_and_not_lost() -> None:
    rows = parsed(read(xlsx(Page([TITLES, [None, *WIFE[1:]], HEAD, SON]))))
    assert rows[0].household is None
    assert "MEMBER_WITHOUT_HEAD" in {problem.code for problem in rows[0].problems}
    assert rows[1].household


def test_a_members_problem_bears_its_own_line() -> None:
    bad = [None, "Lý A Sò", "Đệ tử", "31/02/2010", "Nam", None, "00208"]
    rows = parsed(read(xlsx(Page([TITLES, HEAD, bad]))))
    assert {(problem.row, problem.code) for problem in rows[0].problems} == {
        (3, "RELATION_UNKNOWN"), (3, "BIRTH_DATE_UNREADABLE"), (3, "CITIZEN_ID_LENGTH"),
    }  # fmt: skip


def test_a_hundred_people_are_no_household() -> None:
    rows = parsed(read(xlsx(Page([TITLES, HEAD, *[WIFE] * 99]))))
    assert "MEMBERS_TOO_MANY" in {problem.code for problem in rows[0].problems}


def test_a_total_and_signatures_end_a_list_of_people_too() -> None:
    rows = [
        TITLES,
        HEAD,
        WIFE,
        SON,
        [None, "Tổng cộng: 1 hộ, 3 khẩu"],
        [None, "Người lập", None, None, None, "Lý B"],
    ]
    table = read(xlsx(Page(rows)))
    assert (len(table.rows), table.declared_total, table.skipped) == (1, 1, (5, 6))
    assert note_codes(table) == set()


@pytest.mark.parametrize(
    ("word", "relation"),
    [
        ("Vợ", "spouse"), ("chồng", "spouse"), ("Con", "child"), ("con gái", "child"), ("Con nuôi", "child"),
        ("Bố", "parent"), ("mẹ đẻ", "parent"), ("Ba", "parent"), ("Bà", "grandparent"),
        ("Ông nội", "grandparent"),
        ("cháu ngoại", "grandchild"), ("Em trai", "sibling"), ("chị", "sibling"), ("Con dâu", "in_law"),
        ("con rể", "in_law"), ("Mẹ chồng", "in_law"), ("bố vợ", "in_law"), ("Chị dâu", "in_law"),
        ("Cô", "other"),
        ("chú ruột", "other"), ("Người ở nhờ", "other"), ("hàng xóm", None), ("", None),
    ],
)  # fmt: skip
def test_relations_are_read_in_the_words_people_use(word: str, relation: str | None) -> None:
    assert cells.relation(word) == relation


def test_lines_whose_number_is_merged_with_the_line_above_are_of_that_household() -> None:
    titles = [*TITLES[:2], *TITLES[3:], "Số khẩu"]
    rows = [[*row[:2], *row[3:]] for row in (HEAD, WIFE, SON, SECOND)]
    table = read(xlsx(Page([titles, [*rows[0], 3], rows[1], rows[2], [*rows[3], 1]], merges=[(1, 0, 3, 0)])))
    found = drafts(table)
    assert [one.head_name for one in found] == ["Lý A Chẩu", "Vàng Thị Mỷ"]
    assert [(one.name, one.relation) for one in found[0].members] == [
        ("Phàn Mùi Dất", "other"),
        ("Lý A Sò", "other"),
    ]
