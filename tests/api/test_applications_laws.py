"""What must hold at scale and in parallel: one person once, replay equals live, the pilot's list."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import orjson
import pytest

from shared.folds import fold_applications, show_application
from tests.api.test_applications_handlers import assessed, issued, redeemed, rejected
from tests.support.applications import (
    applications_bench,
    draft,
    enter,
    enter_drafts,
    form,
    heard,
    import_list,
    publish,
)
from tests.support.service import AUDITOR, MANAGER, OFFICER, Bench, token

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def bench() -> Bench:
    return applications_bench()


def at_once(number: int, work: Callable[[int], object]) -> list:
    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(work, range(number)))


def test_many_officers_enter_one_person_once(bench: Bench) -> None:
    headers = {"Authorization": f"Bearer {token(OFFICER)}"}

    def send(number: int) -> int:
        client = bench.app.test_client()
        key = {"Idempotency-Key": f"key-{number}"}
        return client.post("/applications", json=form(), headers={**headers, **key}).status_code

    assert sorted(at_once(8, send)) == [201] + [409] * 7
    assert len(bench.events()) == 1
    assert bench.sql("SELECT count(*) FROM household")[0][0] == 1


def test_one_person_in_many_programmes_at_once_is_one_household(bench: Bench) -> None:
    programmes = [publish(bench, f"programme-{number}") for number in range(6)]
    headers = {"Authorization": f"Bearer {token(OFFICER)}"}

    def send(number: int) -> int:
        client = bench.app.test_client()
        body = form(programme_id=programmes[number])
        key = {"Idempotency-Key": f"key-{number}"}
        return client.post("/applications", json=body, headers={**headers, **key}).status_code

    assert at_once(6, send) == [201] * 6
    assert bench.sql("SELECT count(*) FROM household")[0][0] == 1
    assert bench.sql("SELECT count(*) FROM household_key")[0][0] == 1
    assert bench.sql("SELECT count(*) FROM application")[0][0] == 6


def test_lists_that_overlap_and_run_together_enter_everybody_once(bench: Bench) -> None:
    lists = [[draft((n * step) % 400) for n in range(400)] for step in (1, 3, 7, 399)]
    assert sum(at_once(4, lambda which: enter_drafts(bench, lists[which], chunk=50))) == 400
    assert bench.sql("SELECT count(*), count(DISTINCT household_id) FROM application") == [(400, 400)]
    assert bench.sql("SELECT count(*) FROM household_key")[0][0] == 400
    assert len(bench.events()) == 400


def test_the_replay_of_all_events_is_the_live_state(bench: Bench) -> None:
    entered = [enter(bench, head={"citizen_id": f"00218500000{n}"}) for n in range(6)]
    others = heard("eligibility", *(assessed(one) for one in entered[:4]), rejected(entered[3]))
    others += heard("disbursement", issued(entered[0]), issued(entered[1]), redeemed(entered[1]))
    bench.take_in(others)
    withdraw = f"/applications/{entered[5]['application_id']}:withdraw"
    bench.call("POST", withdraw, OFFICER, json={"reason": "MOVED"}, key=True)
    erase = f"/households/{entered[2]['household_id']}:erase"
    bench.call("POST", erase, MANAGER, json={"ground": "PERSON_ASKED"}, key=True)
    enter(bench, head={"citizen_id": "002185000009"}, submit=False)
    state: dict = {}
    for event in [*bench.events(), *others]:
        if not event.type.startswith("access."):
            fold_applications(state, orjson.loads(event.raw))
    shown = {key: show_application(key, row) for key, row in state.items()}
    live = bench.call("GET", "/live-state", AUDITOR).json["items"]
    assert {item["key"]: item["state"] for item in live} == {k: row for k, row in shown.items() if row}
    assert len(live) == 5


def test_the_pilot_communes_list_comes_in_whole(bench: Bench) -> None:
    facts = orjson.loads((EXAMPLES / "nam-ty.facts.json").read_bytes())
    data = (EXAMPLES / "nam-ty.xlsx").read_bytes()
    answer = import_list(bench, data, filename="nam-ty.xlsx")
    assert answer["accepted"] == facts["households"]
    assert (answer["repeated"], answer["refused"]) == (0, 0)
    assert bench.sql("SELECT count(DISTINCT village) FROM application")[0][0] == facts["villages"]
    assert len(bench.events()) == facts["households"]
    again = import_list(bench, data, filename="nam-ty.xlsx")
    assert (again["accepted"], again["repeated"]) == (0, facts["households"])
    names = "SELECT string_agg(convert_from(bytes, 'UTF8'), '') FROM event_log"
    assert "Giàng" not in bench.sql(names)[0][0]


def test_no_statement_of_an_import_is_sent_row_by_row(bench: Bench) -> None:
    from sqlalchemy import event

    statements: list[str] = []
    engine = bench.database.engine
    event.listen(engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
    enter_drafts(bench, [draft(number) for number in range(500)])
    assert len(statements) <= 6, statements


def test_a_page_is_read_through_an_index(bench: Bench) -> None:
    enter_drafts(bench, [draft(number) for number in range(2000)])
    bench.sql("ANALYZE application")
    plan = bench.sql(
        "EXPLAIN SELECT id FROM application WHERE commune = '01075' AND (created_at, id) <"
        " (now(), '00000000-0000-4000-8000-000000000000') ORDER BY created_at DESC, id DESC LIMIT 51"
    )
    assert "Index Scan" in str(plan)
    assert "Sort" not in str(plan)
