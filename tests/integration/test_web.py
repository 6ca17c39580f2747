"""The HTTP side of every service: access, one transaction per request, problems, health."""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from shared.auth import Role
from shared.db import Database
from shared.observability import configure_logging
from shared.web import Problem, current_session, decode_cursor, encode_cursor
from tests.support.kernel import sql
from tests.support.service import AUDITOR, MANAGER, OFFICER, actor, problem, token
from tests.support.tiny import Tiny, conflict, tiny

BODY = {"name": "a", "amount": 5}


@pytest.fixture
def service(database: Database) -> Tiny:
    return tiny(database)


@pytest.fixture
def down() -> Iterator[Tiny]:
    """A service whose database is not there."""
    database = Database("postgresql://nobody:x@127.0.0.1:1/none", "test")
    yield tiny(database)
    database.close()


def things(service: Tiny) -> list[str]:
    return [row.id for row in sql(service.app.database, "SELECT id FROM thing ORDER BY id")]


# Access


def test_without_a_token_nobody_gets_in(service: Tiny) -> None:
    for headers in (
        {},
        {"Authorization": "Basic YTpi"},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer"},
    ):
        refused = service.call("GET", "/whoami", as_=None, headers=headers)
        assert (refused.status_code, problem(refused)["code"]) == (401, "TOKEN_MISSING")
        assert refused.headers["WWW-Authenticate"] == "Bearer"


def test_a_token_that_does_not_hold_is_refused(service: Tiny) -> None:
    for bad in ("x.y.z", "abc", token(OFFICER)[:-4] + "AAAA"):
        refused = service.call("GET", "/whoami", as_=None, headers={"Authorization": f"Bearer {bad}"})
        assert (refused.status_code, problem(refused)["code"]) == (401, "TOKEN_INVALID")
    expired = {"Authorization": f"Bearer {token(OFFICER, -60)}"}
    assert problem(service.call("GET", "/whoami", as_=None, headers=expired))["code"] == "TOKEN_EXPIRED"


def test_the_wrong_role_is_told_which_one_it_takes(service: Tiny) -> None:
    refused = service.call("POST", "/things", json=BODY, as_=AUDITOR, key=True)
    told = problem(refused)
    assert (refused.status_code, told["code"]) == (403, "ROLE_MISSING")
    assert "manager, officer" in told["detail_en"]
    assert things(service) == []


def test_access_is_checked_before_the_body_is_read(service: Tiny) -> None:
    broken = {"data": b"{", "content_type": "application/json"}
    assert service.call("POST", "/things", as_=None, **broken).status_code == 401
    assert service.call("POST", "/things", as_=AUDITOR, **broken).status_code == 403


def test_a_route_that_names_no_role_answers_nobody(service: Tiny) -> None:
    for as_ in (None, OFFICER, AUDITOR, actor(*Role)):
        assert service.call("GET", "/forgotten", as_=as_).status_code == 403


def test_public_routes_answer_everybody(service: Tiny) -> None:
    assert service.call("GET", "/open", as_=None).get_json() == {"open": True}
    bad = {"Authorization": "Bearer nonsense"}
    assert service.call("GET", "/open", as_=None, headers=bad).status_code == 200
    assert service.call("GET", "/openapi.json", as_=None).status_code == 200


def test_the_view_knows_who_asks(service: Tiny) -> None:
    assert service.call("GET", "/whoami", as_=MANAGER).get_json() == {"subject": "manager"}


# One transaction per request


def test_what_a_view_writes_and_records_is_one_transaction(service: Tiny) -> None:
    assert service.call("POST", "/things", json=BODY, key=True).status_code == 201
    assert things(service) == ["a"]
    assert service.call("POST", "/things:stop", json={"name": "b", "amount": 1}, key=True).status_code == 409
    assert things(service) == ["a"]
    assert len(sql(service.app.database, "SELECT 1 FROM event_log JOIN outbox USING (stream, version)")) == 1


def test_views_that_clash_run_again_and_all_succeed(service: Tiny) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: service.call("POST", "/append"), range(32)))
    assert sorted(answer.get_json()["version"] for answer in answers) == list(range(1, 33))


def test_a_clash_that_never_ends_is_busy(service: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.web.unit.pause_before", lambda _attempt: None)
    service.hooks.during = lambda _name: conflict()
    busy = service.call("POST", "/append")
    assert (busy.status_code, problem(busy)["code"]) == (503, "BUSY")
    assert busy.headers["Retry-After"]
    assert len(service.hooks.runs) > 3


def test_own_transactions_are_never_run_twice(service: Tiny) -> None:
    service.hooks.during = lambda name: conflict() if name == "after import" else None
    assert service.call("POST", "/import").status_code == 500
    assert service.hooks.runs == ["import", "after import"]
    assert len(things(service)) == 3, "what the view had committed by itself stays"
    assert sql(service.app.database, "SELECT 1 FROM event_log") == []


def test_no_connection_is_kept_after_a_request(service: Tiny) -> None:
    for path in ("/things?name=a", "/whoami", "/open", "/nowhere"):
        service.call("GET", path)
    service.call("POST", "/things:stop", json=BODY, key=True)
    assert service.app.database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]


# Problems


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"nonsense",
        b"\xff",
        b'{"amount": NaN}',
        b'{"name": "\\ud800", "amount": 1}',
        b"[" * 5000,
        b"[" * 600 + b"]" * 600,
    ],
)
def test_what_is_not_json_is_a_400(service: Tiny, raw: bytes) -> None:
    for key in (None, True):
        refused = service.call("POST", "/things", data=raw, content_type="application/json", key=key)
        assert (refused.status_code, problem(refused)["code"]) == (400, "MALFORMED_JSON")


def test_nul_is_stopped_at_the_door(service: Tiny) -> None:
    raw = b'{"name": "a\\u0000b", "amount": 1}'
    refused = service.call("POST", "/things", data=raw, content_type="application/json", key=True)
    assert (refused.status_code, problem(refused)["code"]) == (400, "MALFORMED_JSON")
    literal = b'{"name": "a\\\\u0000b", "amount": 1}'
    assert (
        service.call("POST", "/things", data=literal, content_type="application/json", key=True).status_code
        == 201
    )
    refused = service.call("GET", "/things?name=%00")
    assert (refused.status_code, problem(refused)["code"]) == (400, "BAD_REQUEST")


def test_an_empty_body_says_that_it_is_json(service: Tiny) -> None:
    assert service.call("GET", "/whoami", content_type="application/json").status_code == 200
    refused = service.call("POST", "/things", data=b"", content_type="application/json", key=True)
    assert refused.status_code in (400, 422)
    problem(refused)


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({**BODY, "surname": "x"}, "surname"),
        ({"name": "a"}, "amount"),
        ({**BODY, "amount": "5"}, "amount"),
        ({**BODY, "tags": ["ok", 5]}, "tags"),
        ({**BODY, "name": None}, "name"),
        ([], "_schema"),
    ],
)
def test_wrong_fields_are_named_in_a_422_in_both_languages(service: Tiny, body: object, where: str) -> None:
    refused = service.call("POST", "/things", json=body, key=True)
    told = problem(refused)
    assert (refused.status_code, told["code"]) == (422, "INVALID_FIELDS")
    assert where in told["errors"]["json"]
    assert told["detail_vi"].startswith("Một số trường")
    assert told["detail_en"].startswith("Some fields")


def test_wrong_query_arguments_are_named(service: Tiny) -> None:
    refused = service.call("GET", "/things?surname=x")
    assert refused.status_code == 422
    assert problem(refused)["errors"]["query"]["surname"]


@pytest.mark.parametrize(
    ("accepts", "starts"),
    [("en", "You are"), ("vi", "Bạn"), ("fr", "Bạn"), ("en-US,en;q=0.9,vi;q=0.8", "You are")],
)
def test_the_reader_chooses_the_language(service: Tiny, accepts: str, starts: str) -> None:
    refused = service.call("GET", "/whoami", as_=None, headers={"Accept-Language": accepts})
    assert problem(refused)["detail"].startswith(starts)


def test_a_body_that_is_too_large_is_a_413(database: Database) -> None:
    service = tiny(database, max_body_bytes=2 * 2**20)
    raw = b'{"name": "' + b"a" * (2 * 2**20) + b'", "amount": 1}'
    refused = service.call("POST", "/things", data=raw, content_type="application/json", key=True)
    assert refused.status_code == 413
    assert "2 MB" in problem(refused)["detail_en"]


def test_unknown_addresses_and_methods(service: Tiny) -> None:
    assert problem(service.call("GET", "/nowhere"))["code"] == "NOT_FOUND"
    refused = service.call("DELETE", "/things")
    assert (refused.status_code, problem(refused)["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert set(refused.headers["Allow"].split(", ")) >= {"GET", "POST"}


def test_an_unexpected_error_hides_its_details(service: Tiny) -> None:
    def fail(_name: str) -> None:
        raise RuntimeError("the password is hush")

    service.hooks.during = fail
    answer = service.call("GET", "/break", headers={"X-Request-Id": "request-7"})
    told = problem(answer)
    assert (answer.status_code, told["code"]) == (500, "INTERNAL_ERROR")
    assert b"hush" not in answer.get_data()
    assert "request-7" in told["detail_en"]
    assert told["instance"] == answer.headers["X-Request-Id"] == "request-7"


def test_a_broken_constraint_tells_nobody_the_row(
    service: Tiny, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    configure_logging()

    def fail(_name: str) -> None:
        values = {"name": "Giàng A Sú"}
        current_session().execute(text("INSERT INTO thing VALUES (:name, NULL)"), values)

    service.hooks.during = fail
    answer = service.call("GET", "/break")
    assert (answer.status_code, problem(answer)["code"]) == (500, "INTERNAL_ERROR")
    logged = capsys.readouterr().err
    assert "NotNullViolation" in logged
    assert "Giàng" not in logged
    assert "Giàng" not in answer.get_data(as_text=True)


def test_a_database_that_is_down_is_a_503(down: Tiny) -> None:
    for answer in (
        down.call("GET", "/things?name=a"),
        down.call("POST", "/things", json=BODY, key=True),
        down.call("GET", "/readyz", as_=None),
    ):
        assert (answer.status_code, problem(answer)["code"]) == (503, "UNAVAILABLE")
        assert answer.headers["Retry-After"]
    assert down.call("GET", "/healthz", as_=None).status_code == 200


def test_a_connection_that_was_cut_costs_one_request(service: Tiny) -> None:
    assert service.call("GET", "/things?name=a").status_code == 200
    sql(
        service.app.database,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    answers = [service.call("GET", "/things?name=a").status_code for _ in range(4)]
    assert answers[-1] == 200
    assert set(answers) <= {200, 503}


def test_every_answer_carries_its_headers(service: Tiny) -> None:
    for answer in (service.call("GET", "/open"), service.call("GET", "/nowhere")):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Request-Id"]


def test_metrics_name_routes_never_addresses_or_made_up_methods(service: Tiny) -> None:
    service.call("GET", "/things?name=secret-name")
    service.call("GET", "/nowhere/secret-case")
    service.call("SECRETMETHOD", "/things")
    page = service.call("GET", "/metrics", as_=None).get_data(as_text=True)
    assert 'route="/things"' in page
    assert "secret" not in page.lower()


def test_a_trace_goes_on_into_the_events(service: Tiny) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    service.call("POST", "/append", headers={"Traceparent": trace})
    service.call("POST", "/append", headers={"Traceparent": "nonsense"})
    rows = sql(
        service.app.database, "SELECT convert_from(bytes, 'UTF8') AS said FROM event_log ORDER BY version"
    )
    assert [trace[:35] in row.said for row in rows] == [True, False]


# Paging


def test_a_cursor_reads_back(service: Tiny) -> None:
    assert decode_cursor(encode_cursor("2026-11-23", 5, None), 3) == ["2026-11-23", 5, None]


@pytest.mark.parametrize(
    "cursor", ["", "x", "đồng", "!!!!", encode_cursor("a"), encode_cursor("a", "b", "c"), "MQ"]
)
def test_a_made_up_cursor_is_a_400(cursor: str) -> None:
    with pytest.raises(Problem) as caught:
        decode_cursor(cursor, 2)
    assert (caught.value.status, caught.value.code) == (400, "CURSOR_INVALID")
