"""`songban import`: what it prints, writes and answers. The service behind it is real but for HTTP."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from shared.auth import Actor
from songban import lists
from songban.cli import cli
from songban.cli import lists as command
from songban.gateway import Refused
from tests.support.applications import PROGRAMME, applications_bench, row, work_off, xlsx
from tests.support.service import COMMUNE, Bench


class Direct:
    """A gateway that calls the service in this process; its worker works whenever somebody looks."""

    def __init__(self, bench: Bench, works: bool = True) -> None:
        self.bench, self.works = bench, works

    def call(self, method: str, _service: str, path: str, actor: Actor, **options: Any) -> Any:
        files = {name: (data, named) for name, (named, data) in options.pop("files", {}).items()}
        if files:
            options["data"] = {
                **options["data"],
                **{n: (io.BytesIO(data), named) for n, (data, named) in files.items()},
            }
        answer = self.bench.call(method, path, actor, query_string=options.pop("params", None), **options)
        if answer.status_code >= 400:
            raise Refused(answer.status_code, answer.json)
        return answer.json

    def get(self, service: str, path: str, actor: Actor, **query: Any) -> Any:
        if self.works:
            work_off(self.bench)
        return self.call("GET", service, path, actor, params=query)

    def download(self, _service: str, path: str, actor: Actor, **query: Any) -> bytes:
        return self.bench.call("GET", path, actor, query_string=query).data


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    made = applications_bench()
    monkeypatch.setattr(command, "gateway", lambda _data: Direct(made))
    return made


def run(tmp_path: Path, data: bytes, *options: str, name: str = "danh-sach.xlsx") -> Result:
    file = tmp_path / name
    file.write_bytes(data)
    arguments = ["import", str(file), "--commune", COMMUNE, "--programme", PROGRAMME, *options]
    return CliRunner().invoke(cli, arguments)


def told_by(done: Result) -> dict[str, Any]:
    """What it printed; above stands what the worker logs, which runs in this process here."""
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def test_the_whole_answer_is_one_json_object(bench: Bench, tmp_path: Path) -> None:
    done = run(tmp_path, xlsx([row(1), row(2, status="Giàu"), row(1)]), "--json")
    told = told_by(done)
    assert done.exit_code == 2
    assert {name: told[name] for name in ("rows", "accepted", "repeated", "refused", "warnings")} == {
        "rows": 3,
        "accepted": 1,
        "repeated": 1,
        "refused": 1,
        "warnings": 0,
    }
    (unknown, repeated) = told["problems"]
    assert (unknown["row"], unknown["field"], unknown["code"]) == (
        3,
        "poverty_status",
        "POVERTY_STATUS_UNKNOWN",
    )
    assert unknown["message_vi"] != unknown["message_en"]
    assert (repeated["row"], repeated["code"]) == (4, "ALREADY_APPLIED")


def test_a_list_without_a_refused_row_exits_0_also_the_second_time(bench: Bench, tmp_path: Path) -> None:
    data = xlsx([row(1), row(2)])
    first, again = (run(tmp_path, data, "--json") for _ in range(2))
    assert (first.exit_code, again.exit_code) == (0, 0)
    told = told_by(again)
    assert (told["accepted"], told["repeated"], told["already_imported"]) == (0, 2, True)
    assert told["problems"][0]["code"] == "LIST_ALREADY_IMPORTED"


def test_a_dry_run_enters_nothing(bench: Bench, tmp_path: Path) -> None:
    done = run(tmp_path, xlsx([row(1), row(2)]), "--dry-run", "--json")
    told = told_by(done)
    assert (done.exit_code, told["accepted"], told["dry_run"]) == (0, 2, True)
    assert bench.sql("SELECT count(*) FROM application") == [(0,)]


def test_a_file_that_is_refused_exits_1_with_its_sentence(bench: Bench, tmp_path: Path) -> None:
    done = run(tmp_path, b"PK\x03\x04 no spreadsheet", "--json")
    assert done.exit_code == 1
    assert "LIST_UNREADABLE" in done.stderr
    assert "Open it in Excel" in done.stderr
    assert told_by(done)["refusal"]["code"] == "LIST_UNREADABLE"
    assert "Traceback" not in done.output


def test_what_the_service_does_not_even_receive_exits_1(bench: Bench, tmp_path: Path) -> None:
    file = tmp_path / "list.xlsx"
    file.write_bytes(xlsx([row(1)]))
    done = CliRunner().invoke(cli, ["import", str(file), "--commune", COMMUNE, "--programme", "nothing"])
    assert done.exit_code == 1
    assert "PROGRAMME_UNKNOWN" in done.stderr


def test_every_problem_is_printed_however_many(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "PROBLEMS_PER_PAGE", 100)
    data = xlsx([row(number, status="Giàu") for number in range(250)])
    for _ in range(2):
        told = told_by(run(tmp_path, data, "--json"))
        whole = [one for one in told["problems"] if one["row"] == 0]
        assert [one["row"] for one in told["problems"][len(whole) :]] == list(range(2, 252))
    assert len(whole) == 1, "the second time it says that it was imported"


def test_for_people_it_prints_sentences_and_a_sum(bench: Bench, tmp_path: Path) -> None:
    done = run(tmp_path, xlsx([row(1), row(2, status="Giàu")]))
    assert "row 3, poverty_status: " in done.stdout
    assert "2 rows: 1 accepted, 0 repeated, 1 refused, 0 warnings" in done.stdout


def test_the_result_is_written_as_a_workbook(bench: Bench, tmp_path: Path) -> None:
    target = tmp_path / "answer.xlsx"
    assert run(tmp_path, xlsx([row(1)]), "--result", str(target)).exit_code == 0
    assert target.read_bytes()[:2] == b"PK"


def test_a_column_that_is_no_pair_is_refused(bench: Bench, tmp_path: Path) -> None:
    done = run(tmp_path, xlsx([row(1)]), "--column", "head_name")
    assert (done.exit_code, "TITLE=FIELD" in done.stderr) == (2, True)


def test_without_a_worker_it_says_so_and_gives_up(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "PATIENCE_SECONDS", 0.3)
    monkeypatch.setattr(command, "gateway", lambda _data: Direct(bench, works=False))
    done = run(tmp_path, xlsx([row(1)]))
    assert done.exit_code == 1
    assert "songban work applications" in done.stderr
