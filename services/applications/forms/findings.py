"""What is found wrong in one form: a stable code, the field as the form names it, and two sentences."""

from services.applications.lists import Problem
from services.applications.lists.problems import Severity, row_problem
from shared.web.problems import sentence

NO_ROW = 0
SEVERITIES: dict[str, Severity] = {
    "ALREADY_APPLIED": "error",
    "APPLICATION_ID_TAKEN": "error",
    "CERTIFICATE_OF_ANOTHER_YEAR": "warning",
    "CERTIFICATE_YEAR_IMPOSSIBLE": "error",
    "COMMUNE_FIXED": "error",
    "COMMUNE_MAPPED": "warning",
    "COMMUNE_SPLIT": "error",
    "COMMUNE_UNKNOWN": "error",
    "CONSENT_EVIDENCE_MISSING": "error",
    "DATE_IN_FUTURE": "error",
    "FIELD_CODE": "error",
    "FIELD_COMMUNE": "error",
    "FIELD_INVALID": "error",
    "FIELD_LENGTH": "error",
    "FIELD_MISSING": "error",
    "FIELD_NOT_A_CHOICE": "error",
    "FIELD_NOT_A_DATE": "error",
    "FIELD_NOT_A_NUMBER": "error",
    "FIELD_NOT_AN_ID": "error",
    "FIELD_NOT_PRINTABLE": "error",
    "FIELD_PROGRAMME": "error",
    "FIELD_RANGE": "error",
    "FIELD_UNKNOWN": "error",
    "HEAD_HAS_HOUSEHOLD": "error",
    "HEAD_IS_MINOR": "warning",
    "MEMBER_ID_INVALID": "error",
    "MEMBER_ID_OF_HEAD": "error",
    "MEMBER_ID_REPEATED": "error",
    "MEMBER_NAME_UNREADABLE": "error",
    "MEMBERS_COUNT_DIFFERS": "warning",
    "NOT_A_DRAFT": "error",
    "NOT_CORRECTABLE": "error",
    "NOT_FOUND": "error",
    "OUTSIDE_AREA": "error",
    "PROGRAMME_CLOSED": "error",
    "PROGRAMME_FIXED": "error",
    "PROGRAMME_SUSPENDED": "error",
    "PROGRAMME_UNKNOWN": "error",
}
"""What only a form says; the rest it shares with the rows of lists. Sentences stand in `sentences.yaml`."""


def form_problem(field: str, code: str, **facts: object) -> Problem:
    """A problem of one field. `value` is what was typed, where the sentence of a row's problem repeats it."""
    severity = SEVERITIES.get(code)
    if severity is None:
        return row_problem(NO_ROW, field, code, facts.get("value", ""))
    return Problem(NO_ROW, field, code, severity, sentence(code, "vi", facts), sentence(code, "en", facts))


class Findings:
    """The problems of one form, in the order in which they were found."""

    __slots__ = ("_found",)

    def __init__(self) -> None:
        self._found: list[Problem] = []

    def report(self, field: str, code: str, **facts: object) -> None:
        self._found.append(form_problem(field, code, **facts))

    @property
    def problems(self) -> tuple[Problem, ...]:
        return tuple(self._found)

    @property
    def refused(self) -> bool:
        """Whether an error keeps the form out."""
        return any(problem.severity == "error" for problem in self._found)

    @property
    def doubts(self) -> tuple[str, ...]:
        """The codes of the warnings, each once: they travel with the application."""
        return tuple(dict.fromkeys(one.code for one in self._found if one.severity == "warning"))
