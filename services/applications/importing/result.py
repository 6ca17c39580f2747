"""The officer's own list back, with what became of each row."""

from collections.abc import Iterable
from threading import Lock

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.applications.importing.finding import Found
from services.applications.importing.reading import limits_of
from services.applications.importing.receiving import file_place
from services.applications.importing.report import REPEATED
from services.applications.lists import ListTable, Problem, read_list
from services.applications.lists.result import Key, Language, Result, RowOutcome, result_workbook
from services.applications.models import ListImport
from shared.privacy.sealing import unseal_bytes
from shared.refusal import Refusal
from shared.settings import Settings

_one_at_a_time = Lock()
"""A list of 50,000 rows takes hundreds of megabytes while its workbook is written."""


def result_of(session: Session, settings: Settings, found: Found, language: Language) -> bytes | Refusal:
    """The list as it came, as .xlsx with a result column and colours.

    LIST_FORGOTTEN once it is gone, LIST_STILL_CHECKED before anything can be said of its rows,
    LIST_NOT_IMPORTABLE for one that was refused whole.
    """
    row = session.execute(
        select(ListImport.file, ListImport.mapping).where(ListImport.id == found["import_id"])
    ).one()
    if row.file is None:
        return Refusal("LIST_FORGOTTEN")
    if found["state"] in ("checking", "importing"):
        return Refusal("LIST_STILL_CHECKED")
    if found["state"] == "refused":
        return Refusal("LIST_NOT_IMPORTABLE")
    data = unseal_bytes(settings.wrapping_key, row.file, file_place(found["import_id"]))
    limits, name = limits_of(settings.imports), found["filename"]
    with _one_at_a_time:
        table = read_list(data, name, limits, row.mapping)
        if not isinstance(table, ListTable):
            return Refusal("LIST_NOT_IMPORTABLE")
        outcomes = outcomes_of(table, found.report.problems())
        return result_workbook(data, name, table, outcomes, language=language, limits=limits)


def outcomes_of(table: ListTable, problems: Iterable[Problem]) -> dict[Key, RowOutcome]:
    """What became of each household, by sheet and row; a member's problem is its household's."""
    heads: dict[Key, Key] = {}
    for row in table.rows:
        key = (row.sheet, row.number)
        heads |= {(row.sheet, one.number): key for one in (row, *row.members)}
    found: dict[Key, list[Problem]] = {(row.sheet, row.number): [] for row in table.rows}
    for problem in problems:
        head = heads.get((problem.sheet, problem.row))
        if head is not None:
            found[head].append(problem)
    return {key: RowOutcome(_result(ones), tuple(ones)) for key, ones in found.items()}


def _result(problems: list[Problem]) -> Result:
    if any(one.severity == "error" for one in problems):
        return "refused"
    return "repeated" if any(one.code == REPEATED for one in problems) else "accepted"
