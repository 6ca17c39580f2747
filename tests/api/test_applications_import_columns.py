"""What a list's columns mean: corrected by its officer, remembered for the commune; sheets; the answer."""

import io
import json
from typing import Any

import openpyxl
import pytest

from services.applications.importing import running
from shared.auth import Role
from tests.support.applications import (
    TITLES,
    applications_bench,
    import_list,
    row,
    send_list,
    work_off,
    xlsx,
)
from tests.support.service import COMMUNE, OFFICER, OTHER_COMMUNE, Bench, actor, problem

STRANGER = actor(Role.OFFICER, subject="stranger", commune=OTHER_COMMUNE)
ODD = ["Gia chủ ở bản" if title == TITLES[0] else title for title in TITLES]
"""Titles of which nobody would guess that the first is the head's name."""


@pytest.fixture
def bench() -> Bench:
    return applications_bench()


def commit(bench: Bench, told: dict[str, Any], **body: Any) -> Any:
    return bench.call("POST", f"/imports/{told['import_id']}:commit", OFFICER, json=body, key=True)


def read(bench: Bench, told: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = bench.call("GET", f"/imports/{told['import_id']}", OFFICER).json
    return found


def fields_of(told: dict[str, Any]) -> dict[str, str | None]:
    return {column["title"]: column["field"] for column in told["columns"]}


def test_a_column_that_nobody_knows_is_named_by_its_officer_and_remembered(bench: Bench) -> None:
    refused = import_list(bench, xlsx([row(1), row(2)], ODD))
    assert (refused["state"], refused["refusal"]["code"]) == ("refused", "LIST_COLUMNS_MISSING")
    assert fields_of(refused)[ODD[0]] is None
    assert fields_of(refused)[TITLES[3]] == "ethnicity"
    again = commit(bench, refused, mapping={ODD[0]: "head_name"})
    assert (again.status_code, again.json["state"]) == (202, "checking")
    work_off(bench)
    checked = read(bench, refused)
    assert (checked["state"], checked["accepted"], fields_of(checked)[ODD[0]]) == ("checked", 2, "head_name")
    assert bench.sql("SELECT count(*) FROM application") == [(0,)], "a corrected list is checked first"
    commit(bench, checked)
    work_off(bench)
    assert read(bench, checked)["state"] == "imported"
    next_list = import_list(bench, xlsx([row(3)], ODD))
    assert (next_list["state"], next_list["accepted"]) == ("imported", 1)
    elsewhere = import_list(bench, xlsx([row(4)], ODD), as_=STRANGER, commune=OTHER_COMMUNE)
    assert elsewhere["state"] == "refused", "another commune's officers said nothing"
    assert bench.sql("SELECT commune, field, chosen_by FROM list_mapping") == [
        (COMMUNE, "head_name", OFFICER.subject)
    ]


def test_a_mapping_can_come_with_the_file(bench: Bench) -> None:
    mapping = json.dumps({ODD[0].upper() + " (ghi rõ)": "head_name"})
    told = import_list(bench, xlsx([row(1)], ODD), mapping=mapping)
    assert (told["state"], told["accepted"]) == ("imported", 1)


def test_what_was_said_last_counts(bench: Bench) -> None:
    titles = [*TITLES, "Ghi thêm"]
    data = xlsx([[*row(1), "nhà ở xa"]], titles)
    first = import_list(bench, data, dry_run="true", mapping=json.dumps({"Ghi thêm": "notes"}))
    assert fields_of(first)["Ghi thêm"] == "notes"
    commit(bench, first, mapping={"Ghi thêm": ""})
    work_off(bench)
    assert fields_of(read(bench, first))["Ghi thêm"] is None
    assert bench.sql("SELECT field FROM list_mapping") == [("",)]


def test_a_column_without_a_title_is_named_by_its_letter_in_this_list_alone(bench: Bench) -> None:
    titles = ["" if title == TITLES[0] else title for title in TITLES]
    data = xlsx([row(1)], titles)
    assert import_list(bench, data, dry_run="true")["state"] == "refused"
    told = import_list(bench, data, dry_run="true", mapping=json.dumps({"A": "head_name"}))
    assert (told["state"], told["accepted"]) == ("checked", 1)
    assert bench.sql("SELECT count(*) FROM list_mapping") == [(0,)]


@pytest.mark.parametrize(
    "mapping",
    ["{", "[]", '"x"', "null", '{"Cột": "shoe_size"}', '{"Cột": 1}', '{"": "notes"}', '{"\\u0007": "notes"}',
     json.dumps({f"Cột {n}": "notes" for n in range(201)})],
)  # fmt: skip
def test_a_mapping_of_no_sense_is_refused_at_once(bench: Bench, mapping: str) -> None:
    answer = send_list(bench, xlsx([row(1)]), mapping=mapping)
    assert (answer.status_code, problem(answer)["code"]) == (422, "INVALID_FIELDS")
    assert bench.sql("SELECT count(*) FROM list_import") == [(0,)]


def test_an_imported_list_cannot_be_read_otherwise(bench: Bench) -> None:
    told = import_list(bench, xlsx([row(1)]))
    answer = commit(bench, told, mapping={TITLES[5]: "notes"})
    assert (answer.status_code, problem(answer)["code"]) == (409, "LIST_NOT_IMPORTABLE")
    assert bench.sql("SELECT count(*) FROM list_mapping") == [(0,)]


def test_a_correction_in_the_middle_of_a_check_is_not_overtaken_by_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = send_list(bench, xlsx([row(1)], ODD), dry_run="true")
    read_really, corrected = running.read_list, []

    def correct_meanwhile(*arguments: Any) -> Any:
        if not corrected:
            corrected.append(commit(bench, sent.json, mapping={ODD[0]: "head_name"}).status_code)
        return read_really(*arguments)

    monkeypatch.setattr(running, "read_list", correct_meanwhile)
    work_off(bench)
    assert corrected == [202]
    assert read(bench, sent.json)["state"] == "checked"


# Sheets


def book(**sheets: list[list[Any]]) -> bytes:
    made = openpyxl.Workbook()
    made.remove(made.worksheets[0])
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        for cells in [TITLES, *rows]:
            sheet.append(cells)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def test_a_list_on_several_sheets_comes_in_whole_and_its_problems_name_the_sheet(bench: Bench) -> None:
    data = book(Một=[row(1), row(2)], Hai=[row(3, status="Giàu"), row(1), row(4)])
    told = import_list(bench, data)
    assert (told["rows"], told["accepted"], told["repeated"], told["refused"]) == (5, 3, 1, 1)
    assert [(one["sheet"], one["row"], one["code"]) for one in told["problems"]] == [
        ("Hai", 2, "POVERTY_STATUS_UNKNOWN"),
        ("Hai", 3, "ALREADY_APPLIED"),
    ]
    assert bench.sql("SELECT array_agg(import_row ORDER BY import_row) FROM application")[0][0] == [1, 2, 5]


# The answer list


def result(bench: Bench, told: dict[str, Any], language: str = "vi") -> Any:
    path = f"/imports/{told['import_id']}/result.xlsx"
    return bench.call("GET", path, OFFICER, headers={"Accept-Language": language})


def last_columns(data: bytes) -> list[tuple[Any, Any]]:
    sheet = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0]
    return [tuple(cell.value for cell in line[-2:]) for line in sheet.iter_rows(min_row=2)]  # type: ignore[misc]


def test_the_answer_says_of_each_row_what_became_of_it(bench: Bench) -> None:
    data = xlsx([row(1), row(2, citizen_id="073123456"), row(3, status="Giàu"), row(1)])
    told = import_list(bench, data, filename="Thôn 1.xlsx")
    answer = result(bench, told)
    assert answer.headers["Content-Type"].endswith("spreadsheetml.sheet")
    assert "filename*=UTF-8''Th%C3%B4n%201" in answer.headers["Content-Disposition"]
    marked = last_columns(answer.data)
    assert [label for label, _ in marked] == ["Đã nhận", "Đã nhận, cần kiểm tra", "Chưa nhận", "Đã có hồ sơ"]
    assert "Giàu" in marked[2][1]
    assert [label for label, _ in last_columns(result(bench, told, "en").data)][3] == "Already there"


def test_the_answer_of_a_checked_list_says_what_would_become_of_it(bench: Bench) -> None:
    told = import_list(bench, xlsx([row(1), row(2, status="Giàu")]), dry_run="true")
    assert [label for label, _ in last_columns(result(bench, told).data)] == ["Đã nhận", "Chưa nhận"]


def test_there_is_no_answer_before_a_list_was_read_nor_of_one_that_was_refused(bench: Bench) -> None:
    sent = send_list(bench, xlsx([row(1)]))
    assert problem(result(bench, sent.json))["code"] == "LIST_STILL_CHECKED"
    refused = import_list(bench, b"no list")
    answer = result(bench, refused)
    assert (answer.status_code, problem(answer)["code"]) == (409, "LIST_NOT_IMPORTABLE")


def test_a_long_answer_leaves_a_trace_of_every_household(bench: Bench) -> None:
    told = import_list(bench, xlsx([row(number) for number in range(1_001)]))
    assert result(bench, told).status_code == 200
    traces = [event for event in bench.events() if event.type == "access.recorded.v1"]
    assert [event.data["count"] for event in traces] == [1_000, 1]
    named = {one for event in traces for one in event.data["households"]}
    assert len(named) == 1_001
