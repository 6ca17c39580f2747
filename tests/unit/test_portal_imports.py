"""Importing a list at the portal: sent, checked, corrected, committed, watched, also without JavaScript."""

import io
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from services.applications.lists.columns import FIELDS as KNOWN_FIELDS
from services.portal.apis import ApiProblem
from services.portal.pages.imports import FIELDS
from tests.support.fake_apis import FakeApis, give_apis, list_report, page
from tests.support.portal import TOKEN, add_account, make_portal, portal_database, visitor

LIST = "01a20abb-6b99-766e-a22a-c2bd45903999"
PATH = f"/imports/{LIST}"
PROGRAMME = {"programme_id": "tq", "name_vi": "Hỗ trợ điện thoại", "name_en": "Phone support"}


@pytest.fixture(scope="module")
def database():
    database = portal_database()
    for role in ("officer", "manager"):
        add_account(database, role, [role])
    yield database
    database.close()


@pytest.fixture
def apis() -> FakeApis:
    made = FakeApis({("eligibility", "/programmes"): page(PROGRAMME)})
    tell(made)
    return made


@pytest.fixture
def officer(tmp_path, database, apis) -> FlaskClient:
    app: Flask = make_portal(tmp_path, database)
    give_apis(app, apis)
    return visitor(app, "officer")


def tell(apis: FakeApis, state: str = "checked", **changes: Any) -> None:
    """What applications says of the list from now on."""
    told = list_report(LIST, state, **changes)
    apis.answers["applications", PATH] = told
    apis.answers["applications", f"{PATH}:commit"] = told
    apis.answers["applications", "/imports"] = lambda sent: told if "file" in sent else page(told)


def send(client: FlaskClient, path: str, headers: dict[str, str] | None = None, **form: object):
    return client.post(path, data={"csrf_token": TOKEN, **form}, headers=headers or {})


def upload(client: FlaskClient, headers: dict[str, str] | None = None, **form: object):
    file = (io.BytesIO(b"xlsx"), "nam-ty.xlsx")
    return send(client, "/imports", headers, file=file, programme_id="tq", **form)


def test_a_list_is_sent_to_be_checked_only(officer, apis):
    answer = upload(officer)
    assert (answer.status_code, answer.headers["Location"]) == (303, PATH)
    (call,) = apis.sent_to("/imports")
    assert (call.sent["dry_run"], call.sent["commune"], call.sent["file"]) == ("true", "01075", "nam-ty.xlsx")


def test_htmx_is_led_to_the_same_page(officer):
    answer = upload(officer, headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (200, PATH)


def test_a_list_needs_a_file_and_a_programme(officer, apis):
    shown = send(officer, "/imports")
    assert shown.status_code == 422
    assert "Hãy chọn tệp danh sách" in shown.text
    assert not apis.sent_to("/imports")


def test_a_file_that_is_not_even_received_is_explained_on_the_form(officer, apis):
    problem = ApiProblem(422, {"code": "LIST_TOO_LARGE", "detail_vi": "Tệp quá lớn."})

    def refuse(sent: dict[str, Any]) -> Any:
        if "file" in sent:
            raise problem
        return page()

    apis.answers["applications", "/imports"] = refuse
    shown = upload(officer)
    assert shown.status_code == 422
    assert "Tệp quá lớn." in shown.text


@pytest.mark.parametrize("state", ["checking", "importing"])
def test_a_page_that_waits_refreshes_itself_with_and_without_javascript(officer, apis, state):
    tell(apis, state, rows=1_200, done=500)
    shown = officer.get(PATH).text
    assert f'hx-get="{PATH}/progress"' in shown
    assert '<noscript><meta http-equiv="refresh"' in shown
    assert "500 trên 1.200 dòng" in shown
    part = officer.get(f"{PATH}/progress").text
    assert f'hx-get="{PATH}/progress"' in part
    assert "<h1" not in part
    tell(apis, "imported")
    assert "hx-get" not in officer.get(f"{PATH}/progress").text
    assert "refresh" not in officer.get(PATH).text


def test_a_checked_list_shows_what_would_happen_and_a_button(officer):
    shown = officer.get(PATH).text
    assert "Kết quả kiểm tra" in shown
    assert "Thiếu giới tính." in shown
    assert "Nhập 2 hộ" in shown
    assert "nậm-ty &lt;1&gt;.xlsx" in shown
    assert f'href="{PATH}/result"' in shown
    assert "Xem các hồ sơ" not in shown


def test_a_list_in_which_nothing_is_new_has_no_button(officer, apis):
    tell(apis, accepted=0, repeated=2)
    assert "Nhập 0 hộ" not in officer.get(PATH).text


def test_the_button_lets_the_list_be_entered_without_sending_it_again(officer, apis):
    answer = send(officer, f"{PATH}/commit", idempotency_key="k-1")
    assert (answer.status_code, answer.headers["Location"]) == (303, PATH)
    (call,) = apis.sent_to(f"{PATH}:commit")
    assert (call.sent, call.headers["Idempotency-Key"]) == ({}, "k-1")


def test_a_refused_commit_goes_back_to_the_page_with_its_sentence(officer, apis):
    sentence = "Danh sách còn đang được kiểm tra."
    apis.answers["applications", f"{PATH}:commit"] = ApiProblem(409, {"code": "X", "detail_vi": sentence})
    answer = send(officer, f"{PATH}/commit", headers={"Referer": f"http://localhost{PATH}"})
    assert answer.status_code == 303
    assert sentence in officer.get(PATH).text


def test_an_imported_list_leads_on(officer, apis):
    tell(apis, "imported")
    shown = officer.get(PATH).text
    assert "Đã nhập danh sách" in shown
    assert "Xem tiến độ" in shown
    assert "Nhập 2 hộ" not in shown


def test_a_list_sent_twice_says_that_it_was_imported_before(officer, apis):
    tell(apis, "imported", already_imported=True)
    location = upload(officer).headers["Location"]
    assert location == f"{PATH}?again=1"
    assert "đã được nhập trước đây" in officer.get(location).text
    assert {"sent_again": "true"} in [call.sent for call in apis.calls if call.path == PATH]


def test_a_refused_list_shows_its_columns_to_be_corrected(officer, apis):
    why = {"code": "LIST_COLUMNS_MISSING", "message_vi": "Danh sách thiếu cột.", "message_en": "Missing."}
    tell(apis, "refused", refusal=why, problems=[], problems_total=0)
    shown = officer.get(PATH).text
    assert "Danh sách thiếu cột." in shown
    assert '<details class="govuk-details" open>' in shown
    assert re.search(r'value="head_name" selected', shown)
    assert "Cột &lt;lạ&gt;" in shown


def test_corrected_columns_are_sent_by_title(officer, apis):
    form = {"title": ["Họ và tên", "Cột <lạ>"], "field": ["head_name", "notes"]}
    answer = send(officer, f"{PATH}/columns", **form)
    assert answer.status_code == 303
    (call,) = apis.sent_to(f"{PATH}:commit")
    assert call.sent == {"mapping": {"Họ và tên": "head_name", "Cột <lạ>": "notes"}}


def test_a_forgotten_list_keeps_its_numbers(officer, apis):
    tell(
        apis, "imported", forgotten_at="2026-11-24T01:00:00+00:00", problems=[], problems_total=0, columns=[]
    )
    shown = officer.get(PATH).text
    assert "đã được xóa để bảo vệ dữ liệu cá nhân" in shown
    assert f"{PATH}/result" not in shown


def test_the_result_is_passed_on(officer, apis):
    apis.answers["applications", f"{PATH}/result.xlsx"] = b"PK-workbook"
    answer = officer.get(f"{PATH}/result")
    assert answer.data == b"PK-workbook"
    assert answer.headers["Content-Disposition"].startswith("attachment")


def test_many_problems_are_cut_and_sheets_are_named(officer, apis):
    problem = {**list_report(LIST)["problems"][0], "sheet": "Thôn 2"}
    tell(apis, problems=[problem], problems_total=101)
    shown = officer.get(PATH).text
    assert "Còn 100 dòng nữa có vấn đề" in shown
    assert "Thôn 2" in shown


def test_the_form_lists_what_was_sent_before(officer, apis):
    tell(apis, "importing")
    shown = officer.get("/imports").text
    assert "Các danh sách gần đây" in shown
    assert f'href="{PATH}"' in shown
    assert "Đang nhập" in shown


def test_every_field_that_a_column_can_hold_can_be_chosen():
    assert set(FIELDS) == set(KNOWN_FIELDS)
