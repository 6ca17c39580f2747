"""Batches under fire: devices send the same or clashing items at once, and each is settled once."""

import threading
from collections import Counter
from functools import partial
from typing import Any
from uuid import uuid5

import pytest

from services.applications import places
from tests.api.test_applications_batch import SPACE, applied, item, send, statuses
from tests.races.conftest import all_at_once
from tests.support.applications import applications_bench
from tests.support.service import OFFICER, Bench, token


@pytest.fixture
def bench() -> Bench:
    return applications_bench()


def together(bench: Bench, batches: list[list[Any]]) -> list[list[dict[str, Any]]]:
    """Devices send their batches at once; the results of each."""
    headers = {"Authorization": f"Bearer {token(OFFICER)}"}

    def one(items: list[Any]) -> list[dict[str, Any]]:
        client = bench.app.test_client()
        answer = client.post("/applications:batch", json={"items": items}, headers=headers)
        assert answer.status_code == 200, answer.text
        results: list[dict[str, Any]] = answer.json["items"]
        return results

    return all_at_once([partial(one, items) for items in batches])


def test_the_same_batch_by_eight_at_once_enters_each_item_once(bench: Bench) -> None:
    items = [item(number) for number in range(50)]
    turned = [items[place * 6 :] + items[: place * 6] for place in range(8)]
    results = [result for answer in together(bench, turned) for result in answer]
    assert Counter(statuses(results)) == {"created": 50, "unchanged": 350}
    assert applied(bench) == 50
    assert bench.sql("SELECT count(*) FROM application_person") == [(50,)]
    assert bench.sql("SELECT count(*) FROM household") == [(50,)]


def test_the_same_corrections_by_eight_at_once_are_made_once(bench: Bench) -> None:
    send(bench, *(item(number) for number in range(10)))
    changed = [item(number, village="Nậm Dịch", expected_revision=1) for number in range(10)]
    results = [result for answer in together(bench, [changed] * 8) for result in answer]
    assert Counter(statuses(results)) == {"corrected": 10, "unchanged": 70}
    assert bench.sql("SELECT count(*), max(revision) FROM application") == [(10, 2)]
    assert [one.type for one in bench.events()].count("application.corrected.v1") == 10


def test_different_corrections_of_one_revision_leave_one_and_tell_the_others(bench: Bench) -> None:
    send(bench, item(1))
    batches = [[item(1, village=f"Thôn {number}", expected_revision=1)] for number in range(6)]
    results = [result for answer in together(bench, batches) for result in answer]
    assert Counter(statuses(results)) == {"corrected": 1, "conflict": 5}
    winner = bench.sql("SELECT village FROM application")[0][0]
    assert {one["stored"]["village"] for one in results if one["status"] == "conflict"} == {winner}


def test_drafts_submitted_by_many_at_once_are_submitted_once(bench: Bench) -> None:
    send(bench, *(item(number, submit=False) for number in range(5)))
    results = [
        result for answer in together(bench, [[item(number) for number in range(5)]] * 6) for result in answer
    ]
    assert Counter(statuses(results)) == {"corrected": 5, "unchanged": 25}
    assert applied(bench) == 5


def test_one_id_for_two_persons_at_once_is_given_to_one(bench: Bench) -> None:
    """A device sends an item again, corrected, while its first request is still under way."""
    application_id = item(0)["application_id"]
    batches = [[item(number, application_id=application_id)] for number in range(1, 7)]
    results = [result for answer in together(bench, batches) for result in answer]
    assert Counter(statuses(results)) == {"created": 1, "conflict": 5}
    assert bench.sql("SELECT count(*) FROM application_person") == [(1,)]
    assert bench.sql("SELECT count(*) FROM household") == [(1,)]


def test_one_id_for_two_persons_in_single_forms_at_once_is_given_to_one(bench: Bench) -> None:
    application_id = item(0)["application_id"]

    def enter_one(number: int) -> tuple[int, str | None]:
        headers = {"Authorization": f"Bearer {token(OFFICER)}", "Idempotency-Key": f"key-{number}"}
        body = item(number, application_id=application_id)
        answer = bench.app.test_client().post("/applications", json=body, headers=headers)
        return answer.status_code, answer.json.get("code")

    answers = all_at_once([partial(enter_one, number) for number in range(1, 7)])
    assert Counter(answers) == {(201, None): 1, (409, "APPLICATION_ID_TAKEN"): 5}
    assert bench.sql("SELECT count(*) FROM household") == [(1,)]


def test_control_without_the_places_key_a_person_is_entered_several_times(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.sql("ALTER TABLE application_person DROP CONSTRAINT application_person_pkey")
    looked = threading.Barrier(4)

    def look_then_claim(session: Any, wanted: Any, programme_id: str, commune: str) -> Any:
        persons = [person for hashes in wanted.values() for person in hashes]
        taken = places.holders(session, persons, programme_id, commune)
        looked.wait(timeout=30)
        return [one for one, hashes in wanted.items() if taken.keys().isdisjoint(hashes)]

    monkeypatch.setattr(places, "claim", look_then_claim)
    twins = [[item(1, application_id=str(uuid5(SPACE, f"twin {number}")))] for number in range(4)]
    results = [result for answer in together(bench, twins) for result in answer]
    assert Counter(statuses(results))["created"] > 1
