"""`songban programme`: validate, publish, diff, list and show, against the service itself."""

import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner, Result

from songban.cli import cli, programmes
from tests.support.eligibility import PROGRAMME, document, eligibility_bench, publish
from tests.support.service import Bench

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "programmes").glob("*.yaml"))


def call(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["programme", *arguments])


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Bench:
    """The command talks to this service instead of a running one."""
    made = eligibility_bench()

    def call_service(
        _data: Path, verb: str, _service: str, path: str, actor: Any, *body: Any, **query: Any
    ) -> Any:
        answer = made.call(
            verb.upper(), path, actor, json=body[0] if body else None, key=bool(body), query_string=query
        )
        assert answer.status_code < 400, answer.text
        return orjson.loads(answer.get_data())

    monkeypatch.setattr(programmes, "call_service", call_service)
    return made


def draft(directory: Path, *changes: tuple[str, str], name: str = PROGRAMME) -> Path:
    """A copy of a programme's two files with some texts replaced."""
    for suffix in ("yaml", "rules.json"):
        text = (ROOT / "programmes" / f"{name}.{suffix}").read_text(encoding="utf-8")
        for old, new in changes:
            text = text.replace(old, new)
        (directory / f"{name}.{suffix}").write_text(text, encoding="utf-8")
    return directory / f"{name}.yaml"


class TestValidate:
    def test_says_that_every_programme_that_comes_with_it_is_valid(self) -> None:
        found = call("validate", *map(str, FILES))
        assert found.exit_code == 0, found.output
        assert found.output.count(" is valid\n") == len(FILES) == 5
        assert "only a person can decide: already_received false" in found.output
        assert "unverified: period, budget" in found.output

    def test_lists_every_problem_and_fails(self, tmp_path: Path) -> None:
        file = draft(
            tmp_path, ("amount: 500000", "amount: many"), ("once_per: household", "once_per: village")
        )
        found = call("validate", str(file), str(FILES[0]))
        assert found.exit_code == 1
        assert f"{file}: 2 problems\n" in found.output
        assert f"{FILES[0]}: da-nang version 1 is valid" in found.output

    def test_as_json(self, tmp_path: Path) -> None:
        file = draft(tmp_path, ("> 0 and != assessment_year", "> 0 and != birth_year"))
        (report,) = json.loads(call("validate", "--json", str(file)).output)
        assert report["problems"] == ["refusals: row R3, certificate_year: unknown fact birth_year"]

    def test_says_that_the_tables_are_missing(self, tmp_path: Path) -> None:
        file = draft(tmp_path, ("rules: tuyen", "rules: nowhere-tuyen"))
        found = call("validate", str(file))
        assert found.exit_code == 1
        assert "cannot be read" in found.output


class TestPublish:
    @pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
    def test_every_programme_in_the_name_of_a_manager_it_serves(self, desk: Bench, file: Path) -> None:
        found = call("publish", str(file))
        assert found.exit_code == 0, found.output
        assert f"{file.stem} version 1 is published, in effect from " in found.output

    def test_tells_what_is_wrong_before_anybody_is_asked(self, desk: Bench, tmp_path: Path) -> None:
        found = call("publish", str(draft(tmp_path, ("amount: 500000", "amount: 0"))))
        assert found.exit_code == 1
        assert "benefit.amount" in found.output
        assert len(desk.events()) == 1


class TestDiff:
    def test_a_file_with_what_is_published(self, desk: Bench, tmp_path: Path) -> None:
        changes = (("amount: 500000", "amount: 600000"), ("version: 1", "version: 2"), ('">= 1"', '">= 2"'))
        found = call("diff", str(draft(tmp_path, *changes)))
        assert found.output.splitlines() == [
            "Phiên bản: 1 → 2",
            "Mức hỗ trợ (đồng): 500.000 → 600.000",
            "Bảng quyết định, dòng D2, Số khẩu: >= 1 → >= 2",
        ]
        found = call("diff", "--language", "en", str(draft(tmp_path, *changes)))
        assert found.output.splitlines() == [
            "Version: 1 → 2",
            "Benefit (đồng): 500,000 → 600,000",
            "Table of decision, row D2, Members: >= 1 → >= 2",
        ]

    def test_two_published_versions(self, desk: Bench) -> None:
        publish(desk, document(version=2, budget=1))
        found = json.loads(call("diff", "--json", f"{PROGRAMME}@1", PROGRAMME).output)
        assert [(one["kind"], one["where"]) for one in found] == [("field", "version"), ("field", "budget")]

    def test_rows_and_reasons_that_come_and_go(self) -> None:
        shipped = {file.stem: str(file) for file in FILES}
        told = call("diff", "--language", "en", shipped["national"], shipped["vinh-long"]).output
        assert "Reason OWNS_SMARTPHONE removed: The household already has a smartphone.\n" in told
        assert (
            "Table of refusals, row R5 removed: Already received true; Outcome 'ineligible';"
            " Reason 'ALREADY_RECEIVED'\n"
        ) in told
        told = call("diff", shipped["vinh-long"], shipped["national"]).output
        assert "Lý do mới OWNS_SMARTPHONE: Hộ đã có điện thoại thông minh.\n" in told
        assert "Bảng từ chối, dòng mới R5: " in told
        assert "Không trùng với chương trình: national → không có\n" in told

    def test_nothing(self, desk: Bench, tmp_path: Path) -> None:
        assert call("diff", str(draft(tmp_path))).output == "no difference\n"
        moved = call("diff", str(draft(tmp_path, ('"x": 80', '"x": 81'))))
        assert moved.output == "no difference but in how the tables are drawn\n"


def test_versions_are_listed_and_shown(desk: Bench) -> None:
    publish(desk, document(version=2, effective_from="2026-06-01"))
    newest, first = call("list", PROGRAMME).output.splitlines()
    assert newest.startswith(f"{PROGRAMME}  v2  published  from 2026-06-01  ")
    assert first.startswith(f"{PROGRAMME}  v1  published  from 2026-01-01  ")
    assert len(call("list").output.splitlines()) == 1
    assert json.loads(call("show", PROGRAMME, "--version", "1").output)["document"] == document()
    assert json.loads(call("list", "--json").output)[0]["version"] == 2
