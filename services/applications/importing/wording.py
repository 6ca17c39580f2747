"""Sentences for what reading a list alone does not show, from `sentences.yaml`, without any request."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from services.applications import domain
from services.applications.lists import ListProblem, ListRow, Problem
from services.applications.lists.problems import Severity


@cache
def _sentences() -> dict[str, dict[str, str]]:
    file = Path(domain.__file__).with_name("sentences.yaml")
    found: dict[str, dict[str, str]] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return found


def row_problem(row: ListRow, name: str, code: str, severity: Severity) -> Problem:
    """What is wrong with a row beyond what reading it shows."""
    said = _sentences()[code]
    return Problem(
        row=row.number,
        field=name,
        code=code,
        severity=severity,
        message_vi=said["vi"],
        message_en=said["en"],
        sheet=row.sheet,
    )


def list_warning(code: str) -> Problem:
    """What there is to know about a whole list (row 0)."""
    said = _sentences()[code]
    return Problem(
        row=0, field="", code=code, severity="warning", message_vi=said["vi"], message_en=said["en"]
    )


def refusal_of(code: str, **facts: Any) -> ListProblem:
    """Why a whole list is not taken although it could be read."""
    said = _sentences()[code]
    return ListProblem(code, said["vi"].format(**facts), said["en"].format(**facts))
