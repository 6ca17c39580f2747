"""Drafts: replaced, thrown away and submitted, each as it stands, and nothing of an old one left behind."""

from functools import partial
from typing import Any

import pytest

from shared.auth import Actor
from shared.privacy import IdentityHasher
from tests.api.test_applications_correcting import COLLEAGUE, correct
from tests.races.conftest import all_at_once
from tests.support.applications import applications_bench, enter, form, publish
from tests.support.service import OFFICER, Bench, problem, token


@pytest.fixture
def bench() -> Bench:
    return applications_bench()


def put(bench: Bench, entered: dict[str, Any], as_: Actor = COLLEAGUE, **changes: Any) -> Any:
    path = f"/applications/{entered['application_id']}"
    body = {name: value for name, value in form(**changes).items() if name not in ("programme_id", "commune")}
    return bench.call("PUT", path, as_, json=body, key=True)


def test_a_draft_is_replaced_without_a_version(bench: Bench) -> None:
    entered = enter(bench, submit=False)
    answer = put(bench, entered, head={"citizen_id": "002185009999", "name": "Thào Thị Chu"})
    assert (answer.status_code, answer.json["revision"], answer.json["status"]) == (200, 1, "draft")
    assert answer.json["application_id"] == entered["application_id"]
    read = bench.call("GET", f"/applications/{entered['application_id']}", OFFICER).json
    assert (read["head"]["name"], read["entered_by"], read["revision"]) == (
        "Thào Thị Chu",
        COLLEAGUE.subject,
        1,
    )
    assert [event for event in bench.events() if event.type.startswith("application.")] == []
    for table in ("household", "household_key", "application_person"):
        assert bench.sql(f"SELECT count(*) FROM {table}") == [(1,)], table
    path = f"/applications/{entered['application_id']}:submit"
    assert bench.call("POST", path, OFFICER, key=True).json["status"] == "submitted"
    assert bench.events()[-1].data["entered_by"] == COLLEAGUE.subject
    assert problem(put(bench, entered))["code"] == "NOT_A_DRAFT"


def test_a_draft_of_a_household_known_elsewhere_keeps_that_household(bench: Bench) -> None:
    publish(bench, "national")
    first = enter(bench, programme_id="national")
    entered = enter(bench, submit=False)
    assert entered["household_id"] == first["household_id"]
    moved = put(bench, entered, head={"citizen_id": "002185009999"}).json
    assert moved["household_id"] != first["household_id"]
    assert put(bench, entered).json["household_id"] == first["household_id"]
    assert bench.sql("SELECT count(*) FROM household") == [(1,)]


def test_a_draft_of_somebody_who_applied_stays_as_it_was(bench: Bench) -> None:
    other = enter(bench, head={"citizen_id": "002185005555"})
    entered = enter(bench, submit=False)
    refused = problem(put(bench, entered, head={"citizen_id": "002185005555"}))
    assert (refused["code"], refused["facts"]["application_id"]) == (
        "ALREADY_APPLIED",
        other["application_id"],
    )
    read = bench.call("GET", f"/applications/{entered['application_id']}", OFFICER).json
    assert read["head"]["citizen_id"] == "002185001234"


def test_a_draft_is_thrown_away_with_everything_of_it(bench: Bench) -> None:
    entered = enter(bench, submit=False)
    path = f"/applications/{entered['application_id']}"
    assert bench.call("DELETE", path, COLLEAGUE, key=True).status_code == 204
    for table in ("application", "household", "household_key", "application_person", "event_log"):
        assert bench.sql(f"SELECT count(*) FROM {table}") == [(0,)], table
    submitted = enter(bench)
    path = f"/applications/{submitted['application_id']}"
    refused = bench.call("DELETE", path, OFFICER, key=True)
    assert (refused.status_code, problem(refused)["code"]) == (409, "NOT_A_DRAFT")


def test_a_draft_whose_household_changed_meanwhile_is_submitted_as_it_is_now(bench: Bench) -> None:
    publish(bench, "national")
    entered = enter(bench, submit=False)
    other = enter(bench, programme_id="national")
    assert (
        correct(bench, other, programme_id="national", head={"citizen_id": "002185009999"}).status_code == 200
    )
    path = f"/applications/{entered['application_id']}:submit"
    assert bench.call("POST", path, OFFICER, key=True).status_code == 200
    (person,) = bench.events()[-1].data["persons"]
    held = bench.sql(
        "SELECT person_hash FROM application_person WHERE application_id = :id", id=entered["application_id"]
    )
    assert held == [(person,)]
    assert person == IdentityHasher(bench.settings.identity_key).citizen_id("002185009999")


def test_a_draft_replaced_and_submitted_by_many_at_once_is_submitted_once(bench: Bench) -> None:
    entered = enter(bench, submit=False)
    path = f"/applications/{entered['application_id']}"

    def send(number: int) -> tuple[str, int]:
        headers = {"Authorization": f"Bearer {token(COLLEAGUE)}", "Idempotency-Key": f"key-{number}"}
        client = bench.app.test_client()
        if number % 3:
            body = form(village=f"Thôn {number}")
            return "replace", client.put(path, json=body, headers=headers).status_code
        return "submit", client.post(f"{path}:submit", headers=headers).status_code

    answers = all_at_once([partial(send, number) for number in range(8)])
    assert {status for _, status in answers} <= {200, 409}
    assert [one for one in answers if one[0] == "submit"].count(("submit", 200)) == 1
    (event,) = [one for one in bench.events() if one.type == "application.submitted.v1"]
    assert bench.sql("SELECT village FROM application") == [(event.data["village"],)]


def test_drafts_replaced_at_once_are_all_replaced(bench: Bench) -> None:
    entered = enter(bench, submit=False)

    def send(number: int) -> int:
        headers = {"Authorization": f"Bearer {token(COLLEAGUE)}", "Idempotency-Key": f"key-{number}"}
        body = form(village=f"Thôn {number}", head={"citizen_id": f"00218500000{number}"})
        path = f"/applications/{entered['application_id']}"
        return bench.app.test_client().put(path, json=body, headers=headers).status_code

    assert all_at_once([partial(send, number) for number in range(6)]) == [200] * 6
    for table in ("application", "household", "household_key", "application_person"):
        assert bench.sql(f"SELECT count(*) FROM {table}") == [(1,)], table
