"""Importing lists: what is accepted, repeated, refused; the same file again; half a file."""

import pytest

from services.applications import importing
from services.applications.domain import Place
from services.applications.importing import ImportContext, import_households
from tests.support.applications import PROGRAMME, applications_bench, draft, enter, row, send_list, xlsx
from tests.support.service import OFFICER, Bench

PLACE = Place("01075", "08")


@pytest.fixture
def bench() -> Bench:
    return applications_bench()


def counts(answer: dict) -> tuple[int, int, int, int]:
    return answer["rows"], answer["accepted"], answer["repeated"], answer["refused"]


def test_a_list_becomes_applications_each_with_its_event(bench: Bench) -> None:
    data = xlsx([row(1), row(2, citizen_id="073123456"), row(3, status="Giàu"), row(1)])
    answer = send_list(bench, data)
    assert answer.status_code == 201
    assert counts(answer.json) == (4, 2, 1, 1)
    assert answer.json["warnings"] == 1
    found = {(one["row"], one["code"], one["severity"]) for one in answer.json["problems"]}
    assert {(4, "POVERTY_STATUS_UNKNOWN", "error"), (5, "ALREADY_APPLIED", "warning")} <= found
    events = bench.events()
    assert [event.data["channel"] for event in events] == ["list", "list"]
    assert [event.version for event in events] == [1, 1]


def test_the_same_file_again_creates_nothing_and_says_so(bench: Bench) -> None:
    data = xlsx([row(1), row(2), row(3, status="Giàu")])
    first = send_list(bench, data).json
    again = send_list(bench, data)
    assert again.status_code == 200
    assert counts(again.json) == (3, 0, 2, 1)
    assert again.json["import_id"] == first["import_id"]
    assert again.json["already_imported"]
    assert again.json["problems"][0]["code"] == "LIST_ALREADY_IMPORTED"
    assert len(bench.events()) == 2
    assert bench.sql("SELECT rows, accepted, repeated, refused FROM list_import") == [(3, 2, 0, 1)]


def test_a_dry_run_says_what_would_happen_and_writes_nothing(bench: Bench) -> None:
    enter(bench, head={"citizen_id": "002085000001", "sex": "male"})
    data = xlsx([row(1), row(2), row(2)])
    answer = send_list(bench, data, dry_run="true")
    assert answer.status_code == 200
    assert counts(answer.json) == (3, 1, 2, 0)
    assert answer.json["dry_run"]
    assert answer.json["import_id"] is None
    assert bench.sql("SELECT count(*) FROM list_import")[0][0] == 0
    assert len(bench.events()) == 1


def test_a_file_cut_off_in_the_middle_is_finished_by_sending_it_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = xlsx([row(number) for number in range(6)])
    calls = []
    enter_chunk = importing.enter

    def fail_on_the_third(*arguments):
        calls.append(1)
        if len(calls) == 3:
            raise RuntimeError("the power went")
        return enter_chunk(*arguments)

    monkeypatch.setattr(importing, "enter", fail_on_the_third)
    drafts = {number: draft(number) for number in range(6)}
    small = ImportContext(PROGRAMME, PLACE, OFFICER.subject, chunk=2)
    with pytest.raises(RuntimeError):
        import_households(bench.database, bench.settings, drafts, small)
    assert len(bench.events()) == 4
    assert bench.sql("SELECT count(*) FROM application")[0][0] == 4
    again = send_list(bench, data).json
    assert counts(again) == (6, 2, 4, 0)
    assert not again["already_imported"]
    assert len(bench.events()) == 6


def test_a_long_list_keeps_its_order_over_chunks(bench: Bench) -> None:
    drafts = {number: draft(number % 1100) for number in range(1200)}
    context = ImportContext(PROGRAMME, PLACE, OFFICER.subject)
    result = import_households(bench.database, bench.settings, drafts, context)
    assert len(result.accepted) == 1100
    assert result.repeated == tuple(range(1100, 1200))
    assert bench.sql("SELECT count(*), count(DISTINCT household_id) FROM application") == [(1100, 1100)]
    assert bench.sql("SELECT count(*) FROM household_key")[0][0] == 1100


def test_what_an_event_has_no_room_for_is_refused_by_row(bench: Bench) -> None:
    data = xlsx([row(1, village="Nậm " * 60), row(2)])
    answer = send_list(bench, data).json
    assert counts(answer) == (2, 1, 0, 1)
    assert answer["problems"][0]["code"] == "TEXT_TOO_LONG"


def test_after_an_erasure_the_same_file_still_adds_up(bench: Bench) -> None:
    from tests.support.service import MANAGER

    data = xlsx([row(1), row(2)])
    send_list(bench, data)
    household = bench.sql("SELECT id::text FROM household LIMIT 1")[0][0]
    bench.call("POST", f"/households/{household}:erase", MANAGER, json={"ground": "PERSON_ASKED"}, key=True)
    assert counts(send_list(bench, data).json) == (2, 1, 1, 0)


def test_a_csv_list_is_read_too(bench: Bench) -> None:
    from tests.support.applications import TITLES

    lines = [";".join(map(str, cells)) for cells in (TITLES, row(1))]
    answer = send_list(bench, "\n".join(lines).encode(), filename="danh-sach.csv")
    assert counts(answer.json) == (1, 1, 0, 0)
