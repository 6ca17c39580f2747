"""Same key, same answer: an operation under an Idempotency-Key happens once, however often it is sent."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from shared.auth import Role
from shared.db import Database
from shared.idempotency import forget_old_answers
from shared.jobs import JobContext
from tests.support.kernel import sql
from tests.support.service import actor, problem
from tests.support.tiny import Tiny, conflict, tiny

BODY = {"name": "a", "amount": 5}


@pytest.fixture
def service(database: Database) -> Tiny:
    return tiny(database)


def things(service: Tiny) -> list[str]:
    return [row.id for row in sql(service.app.database, "SELECT id FROM thing ORDER BY id")]


def keys(service: Tiny) -> int:
    return len(sql(service.app.database, "SELECT 1 FROM idempotency"))


def test_the_same_key_gives_the_same_answer_byte_for_byte(service: Tiny) -> None:
    key = str(uuid4())
    first = service.call("POST", "/things", json=BODY, key=key)
    second = service.call("POST", "/things", json=BODY, key=key)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.get_data() == second.get_data()
    assert first.content_type == second.content_type
    assert "Idempotent-Replay" not in first.headers
    assert second.headers["Idempotent-Replay"] == "true"
    assert things(service) == ["a"]
    assert len(sql(service.app.database, "SELECT 1 FROM event_log")) == 1
    assert service.hooks.runs == ["create"]


def test_key_order_and_white_space_do_not_make_another_body(service: Tiny) -> None:
    key = str(uuid4())
    for raw in (b'{"name":"a","amount":5}', b'{ "amount" : 5, "name" : "a" }'):
        sent = service.call("POST", "/things", data=raw, content_type="application/json", key=key)
        assert sent.status_code == 201
    assert service.hooks.runs == ["create"]


def test_a_body_cannot_be_guessed_from_what_is_kept_of_it(service: Tiny) -> None:
    service.call("POST", "/things", json=BODY, key=True)
    (kept,) = sql(service.app.database, "SELECT request_hash FROM idempotency")
    body = b'{"amount":5,"name":"a"}'
    for address in (b"/things", b"/things?"):
        assert kept.request_hash != hashlib.sha256(b"\n".join([b"POST", address, body])).hexdigest()


def test_answers_are_forgotten_when_no_client_asks_any_more(
    service: Tiny, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.idempotency.FORGOTTEN_AT_ONCE", 2)
    for _ in range(4):
        service.call("POST", "/things", json={"name": str(uuid4()), "amount": 5}, key=True)
    some = "key IN (SELECT key FROM idempotency LIMIT 3)"
    sql(database, f"UPDATE idempotency SET created_at = now() - interval '31 days' WHERE {some}")
    context = JobContext(service.app.settings, database)
    assert (forget_old_answers(context), keys(service)) == (True, 2)
    assert (forget_old_answers(context), keys(service)) == (False, 1)


@pytest.mark.parametrize("other", [{"name": "b", "amount": 5}, {"name": "a", "amount": 6}, {}, []])
def test_another_body_under_the_same_key_is_refused(service: Tiny, other: object) -> None:
    key = str(uuid4())
    service.call("POST", "/things", json=BODY, key=key)
    refused = service.call("POST", "/things", json=other, key=key)
    assert (refused.status_code, problem(refused)["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert things(service) == ["a"]


def test_another_address_under_the_same_key_is_refused(service: Tiny) -> None:
    key = str(uuid4())
    service.call("POST", "/things", json=BODY, key=key)
    for path in ("/things?x=1", "/things:stop"):
        assert service.call("POST", path, json=BODY, key=key).status_code == 422


def test_keys_belong_to_their_actor(service: Tiny) -> None:
    key, other = str(uuid4()), actor(Role.OFFICER, subject="somebody-else")
    service.call("POST", "/things", json=BODY, key=key)
    sent = service.call("POST", "/things", json={"name": "b", "amount": 1}, key=key, as_=other)
    assert sent.status_code == 201
    assert things(service) == ["a", "b"]


@pytest.mark.parametrize("key", ["", "x" * 201])
def test_a_key_is_needed(service: Tiny, key: str) -> None:
    refused = service.call("POST", "/things", json=BODY, headers={"Idempotency-Key": key})
    assert (refused.status_code, problem(refused)["code"]) == (400, "IDEMPOTENCY_KEY_MISSING")
    assert things(service) == []


def test_twenty_at_once_with_one_key_have_one_effect_and_one_answer(service: Tiny) -> None:
    key = str(uuid4())
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: service.call("POST", "/things", json=BODY, key=key), range(20)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.get_data() for answer in answers}) == 1
    assert sum("Idempotent-Replay" in answer.headers for answer in answers) == 19
    assert things(service) == ["a"]
    assert service.hooks.runs == ["create"]


def test_a_refusal_is_remembered_and_what_it_wrote_stays(service: Tiny) -> None:
    key, body = str(uuid4()), {"name": "a", "amount": -1}
    first = service.call("POST", "/things", json=body, key=key)
    second = service.call("POST", "/things", json=body, key=key)
    assert (first.status_code, second.status_code) == (409, 409)
    assert first.get_data() == second.get_data()
    assert second.content_type == "application/problem+json"
    assert things(service) == ["a"]
    assert service.hooks.runs == ["create"]


def test_a_problem_frees_the_key_and_leaves_nothing(service: Tiny) -> None:
    key = str(uuid4())
    assert service.call("POST", "/things:stop", json=BODY, key=key).status_code == 409
    assert service.call("POST", "/things:stop", json=BODY, key=key).status_code == 409
    assert service.hooks.runs == ["stop", "stop"]
    assert (things(service), keys(service)) == ([], 0)


def test_an_unexpected_error_frees_the_key(service: Tiny) -> None:
    key = str(uuid4())

    def fail(_name: str) -> None:
        raise RuntimeError("unexpected")

    service.hooks.during = fail
    assert service.call("POST", "/things", json=BODY, key=key).status_code == 500
    service.hooks.during = lambda _name: None
    assert service.call("POST", "/things", json=BODY, key=key).status_code == 201
    assert things(service) == ["a"]


def test_wrong_fields_free_the_key(service: Tiny) -> None:
    key = str(uuid4())
    assert service.call("POST", "/things", json={"name": "a"}, key=key).status_code == 422
    assert service.call("POST", "/things", json=BODY, key=key).status_code == 201


def test_a_conflict_inside_runs_the_view_again_under_the_same_key(service: Tiny) -> None:
    def once(_name: str) -> None:
        if len(service.hooks.runs) == 1:
            conflict()

    service.hooks.during = once
    key = str(uuid4())
    assert service.call("POST", "/things", json=BODY, key=key).status_code == 201
    assert service.hooks.runs == ["create", "create"]
    assert (things(service), keys(service)) == (["a"], 1)
    assert len(sql(service.app.database, "SELECT 1 FROM event_log")) == 1


def test_a_crash_before_the_commit_leaves_nothing_and_the_retry_does_it(
    service: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(name: str) -> None:
        if name == "request.before_commit":
            raise RuntimeError("killed")

    key = str(uuid4())
    with monkeypatch.context() as patched:
        patched.setattr("shared.web.unit.failpoint", crash)
        assert service.call("POST", "/things", json=BODY, key=key).status_code == 500
    assert (things(service), keys(service)) == ([], 0)
    assert service.call("POST", "/things", json=BODY, key=key).status_code == 201
    assert things(service) == ["a"]


def test_an_answer_that_was_lost_after_the_commit_is_given_by_the_retry(
    service: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(name: str) -> None:
        if name == "request.after_commit":
            raise RuntimeError("killed")

    key = str(uuid4())
    with monkeypatch.context() as patched:
        patched.setattr("shared.web.unit.failpoint", crash)
        assert service.call("POST", "/things", json=BODY, key=key).status_code == 500
    again = service.call("POST", "/things", json=BODY, key=key)
    assert (again.status_code, again.headers["Idempotent-Replay"]) == (201, "true")
    assert service.hooks.runs == ["create"]
