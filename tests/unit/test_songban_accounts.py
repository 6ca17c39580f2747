"""`songban account` and `songban secrets`: how an installation of one's own gets its first people."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from services.portal.accounts import Account, sign_in
from shared.db import Database
from songban.cli import accounts as room
from songban.cli import cli
from tests.support.portal import portal_database

PASSWORD = "mot mat khau dai"

Run = Callable[..., Result]


@pytest.fixture
def database() -> Database:
    return portal_database()


@pytest.fixture
def run(database: Database, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(room, "service_database", lambda _service, _data: database)
    return lambda *words, typed="": CliRunner().invoke(cli, ["account", *words], input=typed)


def entered(database: Database, username: str, password: str) -> Any:
    return sign_in(database, username, password, datetime.now(UTC))


def test_who_was_added_signs_in_until_disabled(run: Run, database: Database) -> None:
    typed = f"{PASSWORD}\n{PASSWORD}\n"
    added = run("add", "Sung.A", "--name", "Sùng A", "--role", "officer", "--commune", "01075", typed=typed)
    assert added.exit_code == 0, added.output
    assert PASSWORD not in added.output
    found = entered(database, "sung.a", PASSWORD)
    assert isinstance(found, Account)
    assert found.commune == "01075"
    assert "sung.a" in run("list").output
    new = f"{PASSWORD} khac\n{PASSWORD} khac\n"
    assert run("password", "sung.a", typed=new).exit_code == 0
    assert not isinstance(entered(database, "sung.a", PASSWORD), Account)
    assert isinstance(entered(database, "sung.a", f"{PASSWORD} khac"), Account)
    assert run("disable", "sung.a").exit_code == 0
    assert not isinstance(entered(database, "sung.a", f"{PASSWORD} khac"), Account)
    assert "disabled" in run("list").output


@pytest.mark.parametrize(
    ("words", "password", "said"),
    [
        (("add", "a.b", "--name", "A", "--role", "officer", "--commune", "01075"), "short", "too short"),
        (("add", "a.b", "--name", "A", "--role", "officer"), PASSWORD, "refused"),
        (("password", "nobody"), PASSWORD, "unknown"),
    ],
)
def test_what_breaks_a_rule_is_refused_in_words(run: Run, words: Any, password: str, said: str) -> None:
    answer = run(*words, typed=f"{password}\n{password}\n")
    assert answer.exit_code == 1
    assert said in answer.output


def test_secrets_are_written_for_their_owner_only_and_never_over_others(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    made = CliRunner().invoke(cli, ["secrets", "--output", str(file)])
    assert made.exit_code == 0
    assert file.stat().st_mode & 0o777 == 0o600
    text = file.read_text()
    assert "IDENTITY_KEY=" in text
    assert not any(line.split("=", 1)[1] in made.output for line in text.splitlines())
    again = CliRunner().invoke(cli, ["secrets", "--output", str(file)])
    assert again.exit_code == 1
    assert file.read_text() == text
