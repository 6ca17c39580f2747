"""Officers' lists: sent, checked, entered in the background, answered."""

from typing import Any
from urllib.parse import quote
from uuid import UUID

from flask import Response, current_app, url_for
from flask.typing import ResponseReturnValue
from flask_smorest import Blueprint

from services.applications.api.common import answer_refusal, answers_problems, leave_trace, own_place
from services.applications.importing import finding, receiving
from services.applications.importing.result import result_of
from services.applications.lists import ListProblem
from services.applications.schemas import imports as schemas
from shared.auth import Role
from shared.settings import Settings
from shared.web import Page, PageQuery, Problem, Refusal, current_actor, current_session, idempotent, requires
from shared.web.problems import wanted_language

blp = Blueprint("imports", __name__, description="Officers' lists (.xlsx, .xls, .ods, .csv)")

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TRACED = 1_000
"""Households that one trace of an export names."""


@blp.post("/imports")
@blp.arguments(schemas.ImportForm(), location="form")
@blp.arguments(schemas.ImportFile(), location="files")
@blp.response(202, schemas.ImportAnswer)
@blp.alt_response(200, schema=schemas.ImportAnswer, description="It was imported before.", success=True)
@answers_problems(blp, 400, 409, 413, 422)
@requires(Role.OFFICER)
def send_list(form: dict[str, Any], files: dict[str, Any]) -> ResponseReturnValue:
    """Send a list; it is read in the background, see `Location`. The same file again creates nothing twice.

    With `dry_run` it is only checked: what would be created, warned about and refused.
    """
    file, place, actor = files["file"], own_place(form["commune"]), current_actor()
    wanted = receiving.Wanted(place, form["programme_id"], form["dry_run"], form["mapping"], actor.subject)
    upload = receiving.Upload(file.read(), receiving.tidy_name(file.filename))
    received = receiving.receive(current_session(), settings(), upload, wanted)
    if isinstance(received, ListProblem):
        raise Problem(422, received.code, message_vi=received.message_vi, message_en=received.message_en)
    if isinstance(received, Refusal):
        return answer_refusal(received)
    again = received.already_imported
    return (
        _answer(received.import_id, sent_again=again),
        200 if again else 202,
        _location(received.import_id, again),
    )


@blp.get("/imports")
@blp.arguments(PageQuery(), location="query", unknown=None)
@blp.response(200, schemas.ImportList)
@answers_problems(blp, 400, 422)
@requires(Role.OFFICER)
def list_imports(query: dict[str, Any]) -> Page:
    """The lists of one's commune, newest first."""
    return finding.list_imports(current_session(), current_actor(), **query)


@blp.get("/imports/<uuid:import_id>")
@blp.arguments(schemas.ImportQuery(), location="query", unknown=None)
@blp.response(200, schemas.ImportAnswer)
@answers_problems(blp, 404, 422)
@requires(Role.OFFICER)
def read_import(query: dict[str, Any], import_id: UUID) -> dict[str, Any]:
    """How far a list is, and what was found in it."""
    return _answer(str(import_id), sent_again=query["sent_again"])


@blp.get("/imports/<uuid:import_id>/problems")
@blp.arguments(schemas.ProblemsQuery(), location="query", unknown=None)
@blp.response(200, schemas.ProblemList)
@answers_problems(blp, 400, 404, 422)
@requires(Role.OFFICER)
def read_problems(query: dict[str, Any], import_id: UUID) -> Page:
    """All that is wrong or doubtful in a list, row by row."""
    return finding.problems_of(_found(str(import_id)), **query)


@blp.post("/imports/<uuid:import_id>:commit")
@blp.arguments(schemas.CommitRequest())
@blp.response(202, schemas.ImportAnswer)
@answers_problems(blp, 400, 404, 409, 413, 422)
@requires(Role.OFFICER)
@idempotent
def commit(body: dict[str, Any], import_id: UUID) -> ResponseReturnValue:
    """Enter a list that was checked, without sending it again; or, with `mapping`, have it checked anew."""
    found, session = _found(str(import_id)), current_session()
    if body["mapping"] is None:
        refusal = receiving.commit_import(session, str(import_id), current_actor())
    else:
        refusal = receiving.correct_mapping(
            session, str(import_id), found["commune"], body["mapping"], current_actor()
        )
    if refusal is not None:
        return answer_refusal(refusal)
    return _answer(str(import_id)), 202, _location(str(import_id))


@blp.get("/imports/<uuid:import_id>/result.xlsx")
@blp.arguments(schemas.ResultQuery(), location="query", unknown=None)
@blp.response(200, {"type": "string", "format": "binary"}, content_type=XLSX)
@answers_problems(blp, 404, 409, 422)
@requires(Role.OFFICER)
def read_result(query: dict[str, Any], import_id: UUID) -> Response:
    """The officer's own list back, each row with what became of it: the reading is recorded."""
    found, session = _found(str(import_id)), current_session()
    made = result_of(session, settings(), found, "en" if wanted_language() == "en" else "vi")
    if isinstance(made, Refusal):
        return answer_refusal(made)
    households = finding.households_of(session, str(import_id))
    for start in range(0, max(len(households), 1), TRACED):
        leave_trace(
            current_actor(), found["commune"], "export", query["purpose"], households[start : start + TRACED]
        )
    name = quote(f"{found['filename'].rsplit('.', 1)[0]} - kết quả.xlsx")
    return Response(
        made, content_type=XLSX, headers={"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    )


def settings() -> Settings:
    found: Settings = current_app.settings  # type: ignore[attr-defined]
    return found


def _found(import_id: str) -> finding.Found:
    found = finding.find_import(current_session(), settings(), import_id, current_actor())
    if found is None:
        raise Problem(404, "NOT_FOUND")
    return found


def _answer(import_id: str, *, sent_again: bool = False) -> dict[str, Any]:
    return finding.shown(_found(import_id), sent_again=sent_again)


def _location(import_id: str, sent_again: bool = False) -> dict[str, str]:
    again = "true" if sent_again else None
    return {"Location": url_for("imports.read_import", import_id=import_id, sent_again=again)}
