"""What goes wrong gets a clear answer in problem details, and nothing half-written stays."""

import io
from typing import Any

import pytest

from shared.auth import Role
from shared.events import NewEvent
from shared.settings import ImportSettings
from tests.support.applications import (
    PROGRAMME,
    applications_bench,
    form,
    heard,
    row,
    send_list,
    xlsx,
)
from tests.support.service import (
    APPROVER,
    MANAGER,
    OFFICER,
    OTHER_COMMUNE,
    Bench,
    actor,
    problem,
    token,
)

TABLES = ("household", "household_key", "application", "application_person", "list_import", "event_log")


@pytest.fixture
def bench() -> Bench:
    return applications_bench()


@pytest.fixture(autouse=True)
def _nothing_half_written(bench: Bench) -> Any:
    yield
    for table in TABLES:
        assert bench.sql(f"SELECT count(*) FROM {table}")[0][0] == 0, table


@pytest.mark.parametrize(("data", "code"), [(b"", "LIST_EMPTY"), (b"x" * 2_000, "LIST_TOO_LARGE")])
def test_a_file_that_nobody_need_read_is_refused_at_once(data: bytes, code: str) -> None:
    small = applications_bench(imports=ImportSettings(max_bytes=1_999))
    answer = send_list(small, data)
    assert (answer.status_code, problem(answer)["code"]) == (422, code)
    assert small.sql("SELECT count(*) FROM list_import")[0][0] == 0


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"commune": "99999"}, 422, "COMMUNE_UNKNOWN"),
        ({"commune": "01087"}, 422, "COMMUNE_CLOSED"),
        ({"commune": OTHER_COMMUNE}, 403, "OUTSIDE_AREA"),
        ({"commune": "1075"}, 422, "INVALID_FIELDS"),
        ({"programme_id": "nothing"}, 422, "PROGRAMME_UNKNOWN"),
        ({"programme_id": "../x"}, 422, "INVALID_FIELDS"),
        ({"surprise": "1"}, 422, "INVALID_FIELDS"),
        ({"dry_run": "perhaps"}, 422, "INVALID_FIELDS"),
    ],
)
def test_an_import_into_nowhere_is_refused(
    bench: Bench, fields: dict[str, str], status: int, code: str
) -> None:
    answer = send_list(bench, xlsx([row(1)]), **fields)
    assert (answer.status_code, problem(answer)["code"]) == (status, code)


def test_a_closed_commune_names_todays(bench: Bench) -> None:
    body = problem(send_list(bench, xlsx([row(1)]), commune="01087"))
    assert "01075 Xã Nậm Dịch" in body["detail_vi"]


def test_an_import_without_a_file_is_refused(bench: Bench) -> None:
    fields = {"commune": "01075", "programme_id": PROGRAMME}
    answer = bench.call("POST", "/imports", OFFICER, data=fields, content_type="multipart/form-data")
    assert "file" in problem(answer)["errors"]["files"]


@pytest.mark.parametrize("stop", ["suspended", "closed"])
def test_a_stopped_programme_takes_nobody(bench: Bench, stop: str) -> None:
    data = {"programme_id": PROGRAMME, "reason": "no money"}
    bench.take_in(heard("eligibility", NewEvent(f"programme.{stop}.v1", f"{bench.database.url}", data, "m")))
    for answer in (
        send_list(bench, xlsx([row(1)])),
        bench.call("POST", "/applications", OFFICER, json=form(), key=True),
    ):
        assert (answer.status_code, problem(answer)["code"]) == (409, f"PROGRAMME_{stop.upper()}")


@pytest.mark.parametrize("reader", [APPROVER, MANAGER, actor(Role.SHOP), actor(Role.SERVICE)])
def test_the_wrong_role_enters_nothing(bench: Bench, reader: Any) -> None:
    for answer in (
        send_list(bench, xlsx([row(1)]), as_=reader),
        bench.call("POST", "/applications", reader, json=form(), key=True),
    ):
        assert (answer.status_code, problem(answer)["code"]) == (403, "ROLE_MISSING")


@pytest.mark.parametrize(
    ("commune", "status", "code"),
    [
        (OTHER_COMMUNE, 403, "OUTSIDE_AREA"),
        ("99999", 422, "COMMUNE_UNKNOWN"),
        ("00007", 422, "COMMUNE_SPLIT"),
    ],
)
def test_an_application_from_elsewhere_is_refused(bench: Bench, commune: str, status: int, code: str) -> None:
    answer = bench.call("POST", "/applications", OFFICER, json=form(commune=commune), key=True)
    assert (answer.status_code, problem(answer)["code"]) == (status, code)


def test_an_unknown_programme_is_refused(bench: Bench) -> None:
    answer = bench.call("POST", "/applications", OFFICER, json=form(programme_id="nothing"), key=True)
    assert (answer.status_code, problem(answer)["code"]) == (422, "PROGRAMME_UNKNOWN")


@pytest.mark.parametrize(
    "raw", [b"{", b"\xff\xfe", b'{"a": NaN}', b'{"a": "\\u0000"}', b'{"a": "\\ud800"}', b"not json"]
)
def test_malformed_json_is_named_as_such(bench: Bench, raw: bytes) -> None:
    answer = bench.call("POST", "/applications", OFFICER, data=raw, content_type="application/json", key=True)
    assert (answer.status_code, problem(answer)["code"]) == (400, "MALFORMED_JSON")


@pytest.mark.parametrize(
    "body",
    [
        [],
        "text",
        {},
        form(surprise=1),
        form(head={"surprise": 1}),
        form(village="a\u0007b"),
        form(village=" "),
        form(village="x" * 201),
        form(members_count="5"),
        form(members_count=0),
        form(legal_basis=None),
        form(application_id="1"),
        form(commune="01075\n"),
    ],
)
def test_fields_that_are_wrong_or_unknown_are_named(bench: Bench, body: Any) -> None:
    answer = bench.call("POST", "/applications", OFFICER, json=body, key=True)
    refused = problem(answer)
    assert (answer.status_code, refused["code"]) == (422, "INVALID_FIELDS")
    assert refused["errors"]


@pytest.mark.parametrize(
    "query", ["surprise=1", "limit=501", "limit=x", "status=x", "village=%00", "commune=1"]
)
def test_query_fields_are_checked_too(bench: Bench, query: str) -> None:
    answer = bench.call("GET", f"/applications?{query}", OFFICER)
    assert (answer.status_code, problem(answer)["code"]) == (422, "INVALID_FIELDS")


def test_a_body_of_100_mb_is_refused(bench: Bench) -> None:
    huge = b" " * 100 * 2**20
    for path, options in (
        ("/applications", {"data": huge, "content_type": "application/json"}),
        ("/imports", {"data": {"file": (io.BytesIO(huge), "list.xlsx")}}),
    ):
        answer = bench.call("POST", path, OFFICER, key=True, **options)
        assert (answer.status_code, problem(answer)["code"]) == (413, "BODY_TOO_LARGE")


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (f"Bearer {token(OFFICER, lifetime_s=-3600)}", "TOKEN_EXPIRED"),
        ("Bearer nonsense", "TOKEN_INVALID"),
        ("", "TOKEN_MISSING"),
    ],
)
def test_without_a_valid_token_nobody_comes_in(bench: Bench, header: str, code: str) -> None:
    answer = bench.client.post("/applications", json=form(), headers={"Authorization": header})
    assert (answer.status_code, problem(answer)["code"]) == (401, code)


def test_a_change_needs_an_idempotency_key(bench: Bench) -> None:
    answer = bench.call("POST", "/applications", OFFICER, json=form())
    assert (answer.status_code, problem(answer)["code"]) == (400, "IDEMPOTENCY_KEY_MISSING")


def test_what_is_nowhere_is_not_found(bench: Bench) -> None:
    for method, path, as_ in (
        ("GET", "/applications/00000000-0000-4000-8000-000000000000", OFFICER),
        ("GET", "/applications/1", OFFICER),
        ("GET", "/nothing", OFFICER),
    ):
        assert problem(bench.call(method, path, as_))["code"] == "NOT_FOUND"
