"""Problem details: a stable code, a sentence in both languages, whatever the facts are."""

from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
import yaml
from flask import Flask, current_app

from shared.web.problems import Problem, Refusal, known_codes, problem_response, refuse, sentence

ROOT = Path(__file__).parents[2]
FILES = [*sorted(ROOT.glob("services/*/sentences.yaml")), ROOT / "shared" / "web" / "sentences.yaml"]


@pytest.fixture(autouse=True)
def request_context() -> Iterator[None]:
    with Flask(__name__).test_request_context(headers={"Accept-Language": "en,vi;q=0.5"}):
        yield


def body(response: Any) -> dict[str, Any]:
    assert response.content_type == "application/problem+json"
    read: dict[str, Any] = orjson.loads(response.get_data())
    return read


def test_a_problem_reads_in_both_languages() -> None:
    told = body(problem_response(413, "BODY_TOO_LARGE", {"megabytes": 16}))
    assert (told["status"], told["code"], told["type"]) == (
        413,
        "BODY_TOO_LARGE",
        "urn:songban:problem:BODY_TOO_LARGE",
    )
    assert told["detail"] == told["detail_en"] == "The body is too large (at most 16 MB)."
    assert "tối đa 16 MB" in told["detail_vi"]
    assert told["facts"] == {"megabytes": 16}


def test_errors_go_by_position_too() -> None:
    told = body(problem_response(422, "INVALID_FIELDS", {}, {"json": {"persons": {0: ["Too short."]}}}))
    assert told["errors"] == {"json": {"persons": {"0": ["Too short."]}}}


@pytest.mark.parametrize("facts", [{}, {"megabytes": None}, {"megabytes": object()}, {"other": 1}])
def test_wrong_facts_never_hide_the_problem(facts: dict[str, Any]) -> None:
    assert body(problem_response(413, "BODY_TOO_LARGE", facts))["code"] == "BODY_TOO_LARGE"


def test_a_code_without_a_sentence_reads_as_itself() -> None:
    assert sentence("NO_SUCH_CODE", "vi", {}) == "NO_SUCH_CODE"


def test_a_refusal_is_a_value_with_its_facts() -> None:
    refusal = Refusal("BODY_TOO_LARGE", megabytes=3)
    assert refusal == Refusal("BODY_TOO_LARGE", megabytes=3) != Refusal("BODY_TOO_LARGE", megabytes=4)
    assert refuse(refusal).status_code == 409
    assert refuse(refusal, 403).status_code == 403


def test_a_problem_is_an_exception_with_its_facts() -> None:
    problem = Problem(404, "NOT_FOUND", errors={"a": 1}, what="case")
    assert (problem.status, problem.code, problem.errors, problem.facts) == (
        404,
        "NOT_FOUND",
        {"a": 1},
        {"what": "case"},
    )


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)
def test_every_sentence_is_there_in_both_languages_with_the_same_facts(file: Path) -> None:
    for code, texts in yaml.safe_load(file.read_text("utf-8")).items():
        assert code in known_codes()
        assert sorted(texts) == ["en", "vi"], code
        named = [_facts(text) for text in texts.values()]
        assert named[0] == named[1] or code == "ROLE_MISSING", f"{code}: {named}"
        assert all(text[0].isupper() or text[0] == "{" for text in texts.values()), code
        assert all(text.rstrip().endswith((".", "?", "!", "}")) for text in texts.values()), code


def _facts(text: str) -> set[str]:
    return {name.removesuffix("_vi").removesuffix("_en") for _, name, _, _ in Formatter().parse(text) if name}


def test_a_service_says_its_own_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    own = {file.parent.name: yaml.safe_load(file.read_text("utf-8")) for file in FILES}
    for service, texts in own.items():
        monkeypatch.setattr(current_app, "settings", SimpleNamespace(service=service), raising=False)
        for code, text in texts.items():
            if "{" not in text["vi"]:
                assert sentence(code, "vi", {}) == text["vi"]


def test_the_shared_sentences_are_nobody_elses() -> None:
    shared = set(yaml.safe_load(FILES[-1].read_text("utf-8")))
    for file in FILES[:-1]:
        assert not shared & set(yaml.safe_load(file.read_text("utf-8"))), file
