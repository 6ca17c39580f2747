"""Importing lists: what is accepted, repeated, refused; checked first; the same file again; half a file."""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.exc import IntegrityError

from services.applications.importing import reading, running, store
from services.applications.importing.forgetting import forget_import_of, forget_old_files
from shared import failpoints
from shared.auth import Role
from shared.events import NewEvent
from shared.jobs import JobContext
from shared.settings import ImportSettings
from tests.support.applications import (
    PROGRAMME,
    TITLES,
    applications_bench,
    enter,
    heard,
    import_list,
    row,
    send_list,
    work_off,
    xlsx,
)
from tests.support.service import OFFICER, OTHER_COMMUNE, Bench, actor, problem

COLLEAGUE = actor(Role.OFFICER, subject="colleague")
STRANGER = actor(Role.OFFICER, subject="stranger", commune=OTHER_COMMUNE)


@pytest.fixture
def bench() -> Bench:
    return applications_bench()


def counts(told: dict[str, Any]) -> tuple[int, int, int, int]:
    return told["rows"], told["accepted"], told["repeated"], told["refused"]


def found_in(told: dict[str, Any]) -> list[tuple[int, str, str]]:
    return [(one["row"], one["code"], one["severity"]) for one in told["problems"]]


def numbers(bench: Bench) -> tuple[int, int, int]:
    """Applications, events, and what the import itself counts as accepted."""
    return (
        bench.sql("SELECT count(*) FROM application")[0][0],
        len([event for event in bench.events() if event.type == "application.submitted.v1"]),
        bench.sql("SELECT coalesce(sum(accepted), 0) FROM list_import WHERE state <> 'checked'")[0][0],
    )


def commit(bench: Bench, told: dict[str, Any], as_: Any = OFFICER, **body: Any) -> Any:
    return bench.call("POST", f"/imports/{told['import_id']}:commit", as_, json=body, key=True)


def read(bench: Bench, told: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = bench.call("GET", f"/imports/{told['import_id']}", OFFICER).json
    return found


def context(bench: Bench) -> JobContext:
    return JobContext(bench.settings, bench.database)


def test_a_list_becomes_applications_each_with_its_event(bench: Bench) -> None:
    data = xlsx([row(1), row(2, citizen_id="073123456"), row(3, status="Giàu"), row(1)])
    sent = send_list(bench, data)
    assert (sent.status_code, sent.json["state"]) == (202, "importing")
    assert bench.events() == [], "nothing is entered while the officer waits"
    work_off(bench)
    told = bench.call("GET", sent.headers["Location"], OFFICER).json
    assert told["state"] == "imported"
    assert counts(told) == (4, 2, 1, 1)
    assert (told["done"], told["warnings"], told["dry_run"]) == (4, 1, False)
    assert found_in(told) == [
        (3, "CMND_NOT_CITIZEN_ID", "warning"),
        (4, "POVERTY_STATUS_UNKNOWN", "error"),
        (5, "ALREADY_APPLIED", "warning"),
    ]
    events = bench.events()
    assert [event.data["channel"] for event in events] == ["list", "list"]
    assert [event.version for event in events] == [1, 1]
    assert bench.sql("SELECT array_agg(import_row ORDER BY import_row) FROM application")[0][0] == [1, 2]


def test_the_same_file_again_creates_nothing_and_says_so(bench: Bench) -> None:
    data = xlsx([row(1), row(2), row(3, status="Giàu")])
    first = import_list(bench, data)
    again = send_list(bench, data, as_=COLLEAGUE)
    assert (again.status_code, again.json["state"]) == (200, "imported")
    for told in (again.json, bench.call("GET", again.headers["Location"], OFFICER).json):
        assert counts(told) == (3, 0, 2, 1)
        assert told["already_imported"]
        assert told["problems"][0]["code"] == "LIST_ALREADY_IMPORTED"
        assert told["import_id"] == first["import_id"]
    work_off(bench)
    assert numbers(bench) == (2, 2, 2)
    history = read(bench, first)
    assert (counts(history), history["already_imported"]) == ((3, 2, 0, 1), False)
    assert history["imported_by"] == OFFICER.subject


def test_another_file_with_the_same_rows_creates_nothing_twice(bench: Bench) -> None:
    import_list(bench, xlsx([row(1), row(2)]))
    told = import_list(bench, xlsx([row(2), row(3), row(1)]))
    assert counts(told) == (3, 1, 2, 0)
    assert numbers(bench) == (3, 3, 3)


def test_a_dry_run_says_what_would_happen_and_writes_nothing(bench: Bench) -> None:
    enter(bench, head={"citizen_id": "002085000001", "sex": "male"})
    told = import_list(bench, xlsx([row(1), row(2), row(2), row(3, status="Giàu")]), dry_run="true")
    assert (told["state"], told["dry_run"]) == ("checked", True)
    assert counts(told) == (4, 1, 2, 1)
    assert [one[:2] for one in found_in(told)] == [
        (2, "ALREADY_APPLIED"),
        (4, "ALREADY_APPLIED"),
        (5, "POVERTY_STATUS_UNKNOWN"),
    ]
    assert numbers(bench) == (1, 1, 0)


def test_a_checked_list_is_entered_without_being_sent_again(bench: Bench) -> None:
    data = xlsx([row(1), row(2), row(3, status="Giàu")])
    checked = import_list(bench, data, dry_run="true")
    answer = commit(bench, checked, as_=COLLEAGUE)
    assert (answer.status_code, answer.json["state"]) == (202, "importing")
    work_off(bench)
    told = read(bench, checked)
    assert (told["state"], counts(told)) == ("imported", (3, 2, 0, 1))
    assert numbers(bench) == (2, 2, 2)
    who = bench.sql("SELECT DISTINCT entered_by FROM application")
    assert who == [(COLLEAGUE.subject,)], "who lets it be entered has entered it"
    assert commit(bench, checked).status_code == 202, "again changes nothing"
    work_off(bench)
    assert numbers(bench) == (2, 2, 2)


def test_a_checked_list_that_is_sent_for_good_is_the_same_import(bench: Bench) -> None:
    data = xlsx([row(1), row(2)])
    checked = import_list(bench, data, dry_run="true")
    told = import_list(bench, data)
    assert told["import_id"] == checked["import_id"]
    assert (told["state"], counts(told)) == ("imported", (2, 2, 0, 0))


def test_a_check_counts_anew_what_others_have_entered_meanwhile(bench: Bench) -> None:
    data = xlsx([row(1), row(2)])
    assert counts(import_list(bench, data, dry_run="true")) == (2, 2, 0, 0)
    import_list(bench, xlsx([row(2)]))
    assert counts(import_list(bench, data, dry_run="true")) == (2, 1, 1, 0)


@pytest.mark.parametrize(
    ("data", "filename", "code"),
    [
        (b"PK\x03\x04 this is no spreadsheet", "list.xlsx", "LIST_UNREADABLE"),
        (b"%PDF-1.7", "list.pdf", "LIST_FORMAT_UNSUPPORTED"),
        (xlsx([row(1)[:3]], [*TITLES[:3], "Cột lạ"]), "list.xlsx", "LIST_HEADER_MISSING"),
        (xlsx([row(1)[:6]], TITLES[:6]), "list.xlsx", "LIST_COLUMNS_MISSING"),
        (xlsx([]), "list.xlsx", "LIST_EMPTY"),
    ],
)
@pytest.mark.parametrize("dry_run", ["true", "false"])
def test_a_file_that_is_no_list_is_refused_whole(
    bench: Bench, data: bytes, filename: str, code: str, dry_run: str
) -> None:
    told = import_list(bench, data, filename=filename, dry_run=dry_run)
    assert told["state"] == "refused"
    assert told["refusal"]["code"] == code
    assert "{" not in told["refusal"]["message_vi"] + told["refusal"]["message_en"]
    assert problem(commit(bench, told))["code"] == "LIST_NOT_IMPORTABLE"
    assert numbers(bench) == (0, 0, 0)


def test_a_refused_file_is_read_again_when_it_is_sent_again(bench: Bench) -> None:
    data, small = xlsx([row(1), row(2)]), ImportSettings(max_rows=2)
    sent = send_list(bench, data)
    work_off(bench, imports=small)
    assert read(bench, sent.json)["refusal"]["code"] == "LIST_TOO_MANY_ROWS"
    told = import_list(bench, data)
    assert (told["state"], counts(told), told["refusal"]) == ("imported", (2, 2, 0, 0), None)


@pytest.mark.parametrize("stop", ["suspended", "closed"])
def test_a_list_of_a_programme_that_stopped_meanwhile_is_refused(bench: Bench, stop: str) -> None:
    sent = send_list(bench, xlsx([row(1)]))
    data = {"programme_id": PROGRAMME, "reason": "no money"}
    bench.take_in(heard("eligibility", NewEvent(f"programme.{stop}.v1", uuid4().hex, data, "m")))
    work_off(bench)
    told = read(bench, sent.json)
    assert (told["state"], told["refusal"]["code"]) == ("refused", f"PROGRAMME_{stop.upper()}")
    assert numbers(bench) == (0, 0, 0)


# Half a file


class Killed(BaseException):
    """What no code can catch and go on: it stands for kill -9 (tests/faults has the real one)."""


def trouble_at(monkeypatch: pytest.MonkeyPatch, name: str, times: int) -> Callable[[], int]:
    """Let failpoint `name` raise when it is passed for the `times`-th time, once."""
    passed: list[str] = []

    def maybe(verb: str, *_: object) -> None:
        passed.append(verb)
        if len(passed) == times:
            raise Killed(name)

    monkeypatch.setattr(failpoints, "_POINTS", {name: ("error", 1.0)})
    monkeypatch.setattr(failpoints, "_trouble", maybe)
    return lambda: len(passed)


@pytest.mark.parametrize("name", ["import.before_commit", "import.after_commit", "import.before_end"])
@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_list_that_breaks_off_goes_on_where_it_was(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, name: str, times: int
) -> None:
    monkeypatch.setattr(running, "CHUNK", 2)
    rows = [row(1), row(2), row(1), row(3), row(4, status="Giàu"), row(5), row(6, citizen_id="073123456")]
    sent = send_list(bench, xlsx(rows))
    passed = trouble_at(monkeypatch, name, 1 if name == "import.before_end" else times)
    with pytest.raises(Killed):
        running.import_next(context(bench))
    assert passed(), "the trouble came"
    half = read(bench, sent.json)
    assert half["state"] == "importing"
    assert half["done"] == half["accepted"] + half["repeated"] + half["refused"]
    assert numbers(bench) == (half["accepted"],) * 3
    work_off(bench)
    told = read(bench, sent.json)
    assert (told["state"], counts(told), told["warnings"]) == ("imported", (7, 5, 1, 1), 1)
    assert [one[:2] for one in found_in(told)] == [
        (4, "ALREADY_APPLIED"),
        (6, "POVERTY_STATUS_UNKNOWN"),
        (8, "CMND_NOT_CITIZEN_ID"),
    ]
    assert numbers(bench) == (5, 5, 5)
    assert bench.sql("SELECT count(DISTINCT import_row) FROM application") == [(5,)]


def test_a_worker_that_is_asked_to_stop_leaves_a_whole_chunk_behind(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "CHUNK", 2)
    sent = send_list(bench, xlsx([row(number) for number in range(6)]))
    stopping = threading.Event()
    stopping.set()
    running.import_next(JobContext(bench.settings, bench.database, stopping))
    half = read(bench, sent.json)
    assert (half["state"], half["rows"], half["done"]) == ("importing", 6, 2)
    work_off(bench)
    assert counts(read(bench, sent.json)) == (6, 6, 0, 0)


@pytest.mark.parametrize("guarded", [True, False])
def test_two_workers_at_one_list_enter_every_row_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    """Should the leader's lock be lost, the guard in the statement holds; without it the counts go wrong."""
    monkeypatch.setattr(running, "CHUNK", 10)
    if not guarded:
        guarded_statement = str(store._ENTERED).replace("done + :rows", "least(rows, done + :rows)")
        monkeypatch.setattr(store, "_ENTERED", store.text(guarded_statement.replace("AND done = :done", "")))
    sent = send_list(bench, xlsx([row(number) for number in range(200)]))
    meet = threading.Barrier(2)

    def work() -> None:
        meet.wait(10)
        with suppress(IntegrityError):  # what the table's own CHECK says when the guard is missing
            running.import_next(context(bench))

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    if guarded:
        work_off(bench)
        assert counts(read(bench, sent.json)) == (200, 200, 0, 0)
    else:
        assert counts(read(bench, sent.json)) != (200, 200, 0, 0), "the test would see a missing guard"
    assert numbers(bench)[:2] == (200, 200)


# Poison


def test_a_row_that_cannot_be_stored_costs_only_itself(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    enter_really = running.enter

    def fail_on_the_second(session: Any, ring: Any, applicants: Any, entry: Any) -> Any:
        if any(one.row == 2 for one in applicants):
            raise ValueError("nobody thought of this")
        return enter_really(session, ring, applicants, entry)

    monkeypatch.setattr(running, "enter", fail_on_the_second)
    told = import_list(bench, xlsx([row(1), row(2), row(3), row(1)]))
    assert (told["state"], counts(told)) == ("imported", (4, 2, 1, 1))
    assert [one[:2] for one in found_in(told)] == [(3, "ROW_NOT_STORED"), (5, "ALREADY_APPLIED")]
    assert numbers(bench) == (2, 2, 2)


def test_a_row_that_nobody_can_read_costs_only_itself(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    parse_really = reading.parse_row

    def fail_on_the_second(one: Any, rules: Any) -> Any:
        if one.number == 3:
            raise ZeroDivisionError
        return parse_really(one, rules)

    monkeypatch.setattr(reading, "parse_row", fail_on_the_second)
    told = import_list(bench, xlsx([row(1), row(2), row(3)]))
    assert (told["state"], counts(told)) == ("imported", (3, 2, 0, 1))
    assert found_in(told) == [(3, "ROW_NOT_STORED", "error")]


def test_a_file_over_which_workers_die_is_refused_and_the_next_one_comes(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = send_list(bench, xlsx([row(1)]))
    with monkeypatch.context() as patch:
        patch.setattr(running, "read_list", lambda *_, **__: (_ for _ in ()).throw(MemoryError))
        for _ in range(store.MOST_ATTEMPTS):
            with pytest.raises(MemoryError):
                running.import_next(context(bench))
    told = import_list(bench, xlsx([row(2)]))
    assert told["state"] == "imported"
    refused = read(bench, sent.json)
    assert (refused["state"], refused["refusal"]["code"]) == ("refused", "LIST_UNREADABLE")


def test_what_an_event_has_no_room_for_is_refused_by_row(bench: Bench) -> None:
    told = import_list(bench, xlsx([row(1, village="Nậm " * 60), row(2)]))
    assert counts(told) == (2, 1, 0, 1)
    assert told["problems"][0]["code"] == "TEXT_TOO_LONG"


# Whose list


def test_an_officer_of_another_commune_sees_nothing_of_a_list(bench: Bench) -> None:
    told = import_list(bench, xlsx([row(1, status="Giàu")]), dry_run="true")
    path = f"/imports/{told['import_id']}"
    for where in (path, f"{path}/problems", f"{path}/result.xlsx"):
        answer = bench.call("GET", where, STRANGER)
        assert (answer.status_code, problem(answer)["code"]) == (404, "NOT_FOUND"), where
    for body in ({}, {"mapping": {"Cột": "notes"}}):
        assert commit(bench, told, as_=STRANGER, **body).status_code == 404
    assert bench.call("GET", "/imports", STRANGER).json["items"] == []
    assert read(bench, told)["state"] == "checked"
    assert bench.sql("SELECT count(*) FROM list_mapping") == [(0,)]


def test_the_same_file_in_two_communes_are_two_imports(bench: Bench) -> None:
    data = xlsx([row(1)])
    ours = import_list(bench, data)
    theirs = import_list(bench, data, as_=STRANGER, commune=OTHER_COMMUNE)
    assert theirs["import_id"] != ours["import_id"]
    assert counts(theirs) == (1, 1, 0, 0)


def test_lists_and_problems_are_paged(bench: Bench) -> None:
    for number in range(5):
        import_list(bench, xlsx([row(number), row(number, status="Giàu"), row(number)]))
    seen, cursor = [], None
    while True:
        query = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = bench.call("GET", "/imports", OFFICER, query_string=query).json
        seen += [item["import_id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 5
    path = f"/imports/{seen[0]}/problems"
    first = bench.call("GET", path, OFFICER, query_string={"limit": 1}).json
    second = bench.call("GET", path, OFFICER, query_string={"limit": 1, "cursor": first["next_cursor"]}).json
    assert [page["items"][0]["row"] for page in (first, second)] == [3, 4]
    assert second["next_cursor"] is None
    for wrong in ("?cursor=x", "?cursor=WyJhIl0", "?cursor=Wy0xXQ", "?limit=0"):
        assert bench.call("GET", path + wrong, OFFICER).status_code in (400, 422), wrong
    assert bench.call("GET", "/imports?cursor=WzEsMl0", OFFICER).status_code == 400


# Personal data


def test_what_is_kept_of_a_list_names_nobody(bench: Bench) -> None:
    told = import_list(bench, xlsx([row(1, name="Lừu Thị Mẩy"), row(2, ethnicity="Lừu Thị Mẩy")]))
    assert any("Lừu Thị Mẩy" in one["message_vi"] for one in told["problems"])
    file, report = bench.sql("SELECT file, report FROM list_import")[0]
    for kept in (file, report):
        assert "Lừu".encode() not in bytes(kept)
        assert b"PK" not in bytes(kept)[:64]


def test_a_household_that_is_erased_takes_file_and_report_with_it(bench: Bench) -> None:
    first = import_list(bench, xlsx([row(1), row(2)]))
    other = import_list(bench, xlsx([row(1), row(3)]), dry_run="true")
    elsewhere = import_list(bench, xlsx([row(1)]), as_=STRANGER, commune=OTHER_COMMUNE)
    ids = [str(one) for (one,) in bench.sql("SELECT id FROM application WHERE commune = '01075' LIMIT 1")]
    with bench.database.transaction() as session:
        forget_import_of(session, ids)
    kept = dict(bench.sql("SELECT id::text, file IS NOT NULL AND report IS NOT NULL FROM list_import"))
    assert kept == {first["import_id"]: False, other["import_id"]: False, elsewhere["import_id"]: True}
    told = read(bench, first)
    assert (counts(told), told["problems"], told["columns"]) == ((2, 2, 0, 0), [], [])
    assert told["forgotten_at"]
    assert problem(commit(bench, other))["code"] == "LIST_FORGOTTEN"
    result = bench.call("GET", f"/imports/{first['import_id']}/result.xlsx", OFFICER)
    assert (result.status_code, problem(result)["code"]) == (409, "LIST_FORGOTTEN")


def test_after_an_erasure_the_same_file_brings_nobody_back(bench: Bench) -> None:
    from tests.support.service import MANAGER

    data = xlsx([row(1), row(2)])
    import_list(bench, data)
    household = bench.sql("SELECT id::text FROM household LIMIT 1")[0][0]
    bench.call("POST", f"/households/{household}:erase", MANAGER, json={"ground": "PERSON_ASKED"}, key=True)
    assert counts(import_list(bench, data)) == (2, 0, 2, 0)
    assert bench.sql("SELECT count(*) FROM household") == [(1,)]


def test_an_erasure_in_the_middle_of_an_import_takes_its_file_at_the_end(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "CHUNK", 1)
    sent = send_list(bench, xlsx([row(1), row(2)]))
    trouble_at(monkeypatch, "import.after_commit", 1)
    with pytest.raises(Killed):
        running.import_next(context(bench))
    bench.sql("DELETE FROM application")
    work_off(bench)
    told = read(bench, sent.json)
    assert (told["state"], counts(told)) == ("imported", (2, 2, 0, 0))
    assert bench.sql("SELECT file, report, forgotten_at IS NOT NULL FROM list_import") == [(None, None, True)]


def test_old_files_are_forgotten_and_their_counts_stay(bench: Bench) -> None:
    data = xlsx([row(1)])
    old = import_list(bench, data)
    fresh = import_list(bench, xlsx([row(2)]), dry_run="true")
    waiting = send_list(bench, xlsx([row(3)])).json
    bench.sql(
        "UPDATE list_import SET created_at = now() - interval '31 days',"
        " finished_at = finished_at - interval '31 days' WHERE id <> CAST(:id AS uuid)",
        id=fresh["import_id"],
    )
    assert forget_old_files(context(bench)) is False
    kept = dict(bench.sql("SELECT id::text, file IS NOT NULL FROM list_import"))
    assert kept == {old["import_id"]: False, fresh["import_id"]: True, waiting["import_id"]: True}
    assert counts(read(bench, old)) == (1, 1, 0, 0)
    assert import_list(bench, data)["already_imported"]


def test_reading_the_result_leaves_its_trace(bench: Bench) -> None:
    told = import_list(bench, xlsx([row(1), row(2)]))
    path = f"/imports/{told['import_id']}/result.xlsx"
    answer = bench.call("GET", path, OFFICER, query_string={"purpose": "CASE_WORK"})
    assert answer.status_code == 200
    assert answer.data[:2] == b"PK"
    (trace,) = [event for event in bench.events() if event.type == "access.recorded.v1"]
    assert (trace.data["what"], trace.data["count"], trace.actor) == ("export", 2, OFFICER.subject)


def test_a_file_name_that_no_column_could_hold_is_tidied(bench: Bench) -> None:
    told = import_list(bench, xlsx([row(1)]), filename="danh\x00\n sách \u200b" + "x" * 300 + ".xlsx")
    assert told["state"] == "imported"
    assert told["filename"].endswith("x.xlsx")
    assert len(told["filename"]) == 200


def test_a_csv_list_is_read_too(bench: Bench) -> None:
    lines = [";".join(map(str, cells)) for cells in (TITLES, row(1))]
    told = import_list(bench, "\n".join(lines).encode(), filename="danh-sach.csv")
    assert counts(told) == (1, 1, 0, 0)
