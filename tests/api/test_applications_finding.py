"""Finding: words of names, numbers, ids, filters, pages; lists out; counts per village; in one's own area."""

import io
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import openpyxl
import pytest

from services.applications.domain import search_words
from services.applications.lists import RowContext, parse_row, read_list
from services.applications.queries import search
from shared.auth import Role
from tests.api.test_applications_handlers import assessed
from tests.support.applications import PROGRAMME, applications_bench, enter, heard, publish
from tests.support.clock import today
from tests.support.service import (
    AUDITOR,
    MANAGER,
    OFFICER,
    OTHER_COMMUNE,
    SHOP,
    Bench,
    actor,
    problem,
)

OTHER_OFFICER = actor(Role.OFFICER, subject="other", commune=OTHER_COMMUNE)
OTHER_MANAGER = actor(Role.MANAGER, subject="other-manager", commune=None, province="14")
READERS = {"officer": OFFICER, "manager": MANAGER, "auditor": AUDITOR}
NAMES = ("Lừu Thị Mẩy", "Giàng A Páo", "Giàng Thị Sua", "Bàn Văn Phú", "Nông Thị Páo")
MEMBER = {"name": "Vàng Seo Tủa", "relation": "child", "birth_year": 2010, "sex": "male"}


@pytest.fixture
def bench() -> Bench:
    return applications_bench()


@pytest.fixture(scope="module")
def peopled() -> Bench:
    """A service with a household for each name, which tests only read."""
    made = applications_bench()
    enter_all(made)
    return made


def number_of(place: int) -> str:
    return f"00208500{place:04}"


def enter_all(bench: Bench) -> dict[str, dict[str, Any]]:
    """One household for each name, in order; the first has a member besides."""
    return {
        name: enter(
            bench,
            head={"name": name, "citizen_id": number_of(place), "birth_year": 1985, "sex": "male"},
            members=[MEMBER] if place == 0 else [],
            members_count=None if place == 0 else 3,
        )
        for place, name in enumerate(NAMES)
    }


def find(bench: Bench, who: Any = OFFICER, **query: Any) -> list[dict[str, Any]]:
    path = "/applications?" + "&".join(f"{name}={quote(str(value))}" for name, value in query.items())
    answer = bench.call("GET", path, who)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json["items"]
    return items


def names(items: list[dict[str, Any]]) -> list[str]:
    return [item["head_name"] for item in items]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("giàng", ["Giàng Thị Sua", "Giàng A Páo"]),
        ("GIANG", ["Giàng Thị Sua", "Giàng A Páo"]),
        ("páo giang", ["Giàng A Páo"]),
        ("pao", ["Nông Thị Páo", "Giàng A Páo"]),
        ("thị", ["Nông Thị Páo", "Giàng Thị Sua", "Lừu Thị Mẩy"]),
        ("Lừu Thị Mẩy", ["Lừu Thị Mẩy"]),
        ("vang tua", ["Lừu Thị Mẩy"]),  # the words of a member
        ("  Bàn,  phú. ", ["Bàn Văn Phú"]),
        ("giang phu", []),  # every word must be in one household
        ("gia", []),  # whole words only
        ("không ai", []),
        ("---", []),
        (number_of(1), ["Giàng A Páo"]),
        ("0020 8500 0001", ["Giàng A Páo"]),
        ("002085009999", []),
        ("123456789", []),
    ],
)
def test_words_and_numbers_find_households(peopled: Bench, reader: str, typed: str, found: list[str]) -> None:
    assert names(find(peopled, READERS[reader], q=typed)) == found


def test_the_id_of_an_application_finds_it(bench: Bench) -> None:
    entered = enter_all(bench)["Bàn Văn Phú"]
    assert names(find(bench, q=entered["application_id"])) == ["Bàn Văn Phú"]
    assert find(bench, q=entered["household_id"]) == []
    assert find(bench, q=str(uuid4())) == []


def test_a_withdrawn_household_is_still_found_by_its_number(bench: Bench) -> None:
    entered = enter_all(bench)["Giàng A Páo"]
    path = f"/applications/{entered['application_id']}:withdraw"
    assert bench.call("POST", path, OFFICER, json={"reason": "MOVED"}, key=True).status_code == 200
    assert names(find(bench, q=number_of(1))) == ["Giàng A Páo"]
    assert names(find(bench, MANAGER, q=number_of(1), commune="01075")) == ["Giàng A Páo"]


def test_a_search_is_narrowed_by_every_filter(bench: Bench) -> None:
    entered = enter_all(bench)
    publish(bench, "national")
    enter(
        bench,
        programme_id="national",
        village="Bản B",
        head={"name": "Giàng A Lử", "citizen_id": number_of(9)},
    )
    bench.take_in(heard("eligibility", assessed(entered["Giàng A Páo"])))
    for query, found in (
        ({"programme_id": "national"}, ["Giàng A Lử"]),
        ({"village": "Bản B"}, ["Giàng A Lử"]),
        ({"status": "assessed"}, ["Giàng A Páo"]),
        ({"channel": "form"}, ["Giàng A Lử", "Giàng Thị Sua", "Giàng A Páo"]),
        ({"channel": "list"}, []),
        ({"import_id": uuid4()}, []),
        ({"commune": "01075", "programme_id": PROGRAMME}, ["Giàng Thị Sua", "Giàng A Páo"]),
    ):
        for who in READERS.values():
            assert names(find(bench, who, q="giàng", **query)) == found, query


def test_a_search_leaves_a_trace_that_does_not_say_what_was_typed(bench: Bench) -> None:
    entered = enter_all(bench)
    before = len(bench.events())
    assert find(bench, q="giang pao", purpose="COMPLAINT")
    (trace,) = bench.events()[before:]
    assert (trace.key, trace.data["what"], trace.data["purpose"]) == ("01075", "search", "COMPLAINT")
    assert trace.data["households"] == [entered["Giàng A Páo"]["household_id"]]
    assert b"pao" not in trace.raw
    assert find(bench, q="nobody") == []
    assert len(bench.events()) == before + 1


def test_a_name_is_nowhere_in_the_tables(bench: Bench) -> None:
    enter_all(bench)
    for table in ("application", "household", "application_person", "event_log"):
        rows = str(bench.sql(f"SELECT t::text FROM {table} t"))
        for word in {word for name in NAMES for word in search_words(name) if len(word) > 2}:
            assert f"'{word}" not in rows.lower(), (table, word)
        assert number_of(1) not in rows


# Pages


def pages(bench: Bench, who: Any, **query: Any) -> list[list[str]]:
    """The ids of every page, until there is no next one."""
    found, cursor = [], ""
    while cursor is not None:
        path = "/applications?" + "&".join(f"{name}={quote(str(value))}" for name, value in query.items())
        answer = bench.call("GET", path + (f"&cursor={cursor}" if cursor else ""), who).json
        found.append([item["application_id"] for item in answer["items"]])
        cursor = answer["next_cursor"]
        assert len(found) < 100
    return found


def enter_many(bench: Bench, count: int) -> list[str]:
    """`count` households, every third named Páo; the ids of those, newest first."""
    made = [
        enter(
            bench,
            head={"name": f"Giàng A {'Páo' if n % 3 == 0 else 'Lử'}", "citizen_id": number_of(n)},
            members_count=3,
        )["application_id"]
        for n in range(count)
    ]
    return [made[n] for n in reversed(range(count)) if n % 3 == 0]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(("depth", "rare"), [(20_000, 5_000), (4, 0), (1, 0), (4, 5_000), (20_000, 3)])
def test_pages_hold_everything_once_whichever_statement_serves_them(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, reader: str, depth: int, rare: int
) -> None:
    """The depth of a walk and the bound of the index of words decide only how many pages there are."""
    monkeypatch.setattr(search, "DEPTH", depth)
    monkeypatch.setattr(search, "RARE", rare)
    wanted = enter_many(bench, 14)
    found = pages(bench, READERS[reader], q="pao", limit=2)
    assert [one for page in found for one in page] == wanted
    assert all(len(page) <= 2 for page in found)
    short = [page for page in found[:-1] if len(page) < 2]
    assert bool(short) is (depth < 10 and (rare < 10 or reader == "officer"))


def test_a_walk_that_ends_early_says_where_it_goes_on(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "DEPTH", 3)
    wanted = enter_many(bench, 7)
    assert [one for page in pages(bench, OFFICER, status="submitted", limit=50) for one in page][
        ::3
    ] == wanted
    assert pages(bench, OFFICER, status="redeemed", limit=50) == [[], [], []]


# Whose they are


def test_another_area_finds_nothing_however_it_asks(bench: Bench) -> None:
    entered = enter_all(bench)["Giàng A Páo"]
    before = len(bench.events())
    for who in (OTHER_OFFICER, OTHER_MANAGER):
        for query in (
            {"q": "giàng"},
            {"q": number_of(1)},
            {"q": entered["application_id"]},
            {"commune": "01075"},
            {"commune": "01075", "q": number_of(1)},
            {"programme_id": PROGRAMME},
            {"village": "Nậm Ty"},
        ):
            assert find(bench, who, **query) == [], (who.subject, query)
        counts = bench.call("GET", f"/villages?programme_id={PROGRAMME}&commune=01075", who).json
        assert counts["items"] == []
        book = listed(bench, who)
        assert len(book) == 1, "titles only"
    assert len(bench.events()) == before, "nothing was read, nothing is recorded"


def test_a_strangers_application_answers_like_one_that_never_was(bench: Bench) -> None:
    entered = enter_all(bench)["Giàng A Páo"]
    for path in ("", "/timeline", "/versions"):
        answers = [
            bench.call("GET", f"/applications/{one}{path}", OTHER_OFFICER)
            for one in (entered["application_id"], uuid4())
        ]
        bodies = [{**problem(answer), "instance": None} for answer in answers]
        assert bodies[0] == bodies[1]
        assert [answer.status_code for answer in answers] == [404, 404]


def test_who_has_no_business_here_is_refused(peopled: Bench) -> None:
    for path in ("/applications", "/applications.xlsx", f"/applications/{uuid4()}/timeline"):
        assert problem(peopled.call("GET", path, SHOP))["code"] == "ROLE_MISSING"


def test_what_no_search_can_mean_is_refused(peopled: Bench) -> None:
    for query in ("q=", "q=" + "a" * 201, "q=%00", "channel=fax", "import_id=1", "quest=1", "status=lost"):
        answer = peopled.call("GET", f"/applications?{query}", OFFICER)
        assert problem(answer)["code"] == "INVALID_FIELDS", query


# Lists out, counts


def listed(bench: Bench, who: Any = OFFICER, **query: Any) -> list[tuple[Any, ...]]:
    path = "/applications.xlsx?" + "&".join(f"{name}={quote(str(value))}" for name, value in query.items())
    answer = bench.call("GET", path, who)
    assert answer.status_code == 200, answer.text
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    assert sheet is not None
    return list(sheet.iter_rows(values_only=True))


def test_a_list_goes_out_in_the_columns_that_an_import_reads(bench: Bench) -> None:
    entered = enter_all(bench)
    before = len(bench.events())
    answer = bench.call("GET", "/applications.xlsx?purpose=MEETING", OFFICER)
    assert "attachment" in answer.headers["Content-Disposition"]
    table = read_list(answer.data, "ho-so.xlsx")
    drafts = [parse_row(row, RowContext(today())).household for row in table.rows]  # type: ignore[union-attr]
    assert [draft.head_name for draft in drafts if draft] == list(reversed(NAMES))
    first = drafts[-1]
    assert first is not None
    assert (first.citizen_id, first.ethnicity, first.village) == (number_of(0), "08", "Nậm Ty")
    assert (first.poverty_status, first.certificate_number, first.members_count) == (
        "poor",
        "12/GCN-HN.HCN",
        2,
    )
    (trace,) = bench.events()[before:]
    assert (trace.key, trace.data["what"], trace.data["purpose"]) == ("01075", "export", "MEETING")
    assert sorted(trace.data["households"]) == sorted(one["household_id"] for one in entered.values())


def test_a_list_out_is_narrowed_like_the_list(peopled: Bench) -> None:
    assert [row[1] for row in listed(peopled, q="giàng")[1:]] == ["Giàng Thị Sua", "Giàng A Páo"]
    assert [row[1] for row in listed(peopled, MANAGER, q="giàng sua")[1:]] == ["Giàng Thị Sua"]
    assert listed(peopled, q="?")[1:] == []
    assert len(listed(peopled, AUDITOR, status="submitted")) == 1 + len(NAMES)


def test_hostile_text_stays_text(bench: Bench) -> None:
    hostile = '=HYPERLINK("http://x";"Giàng")'
    enter(bench, head={"name": hostile}, notes="@SUM(A1)", village="+84", members_count=2)
    answer = bench.call("GET", "/applications.xlsx", OFFICER)
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    assert sheet is not None
    cells = [cell for row in sheet.iter_rows(min_row=2) for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} <= {"s", "n"}
    guarded = {cell.value for cell in cells if cell.quotePrefix}
    assert guarded == {hostile, "@SUM(A1)", "+84"}


def test_a_list_too_large_for_a_file_says_so() -> None:
    from shared.settings import KeepingSettings

    bench = applications_bench(keeping=KeepingSettings(export_rows=4))
    enter_all(bench)
    before = len(bench.events())
    answer = bench.call("GET", "/applications.xlsx", OFFICER)
    assert (answer.status_code, problem(answer)["code"]) == (409, "EXPORT_TOO_LARGE")
    assert len(bench.events()) == before
    assert len(listed(bench, q="thị")) == 4


def test_villages_are_counted_by_status(bench: Bench) -> None:
    entered = enter(bench, village="Bản A", members_count=2)
    enter(bench, village="Bản A", head={"citizen_id": number_of(1)}, members_count=2)
    enter(bench, village="Bản B", head={"citizen_id": number_of(2)}, members_count=2, submit=False)
    bench.take_in(heard("eligibility", assessed(entered)))
    path = f"/villages?programme_id={PROGRAMME}&commune=01075"
    counted = [
        {"village": "Bản A", "applications": 2, "by_status": {"assessed": 1, "submitted": 1}},
        {"village": "Bản B", "applications": 1, "by_status": {"draft": 1}},
    ]
    for who in READERS.values():
        assert bench.call("GET", path, who).json["items"] == counted
    assert bench.call("GET", "/villages?programme_id=national&commune=01075", OFFICER).json["items"] == []
    assert problem(bench.call("GET", "/villages?commune=01075", OFFICER))["code"] == "INVALID_FIELDS"
