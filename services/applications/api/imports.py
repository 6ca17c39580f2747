"""Officers' lists."""

from typing import Any

from flask import Response, current_app
from flask_smorest import Blueprint

from services.applications import schemas
from services.applications.api.common import answer_refusal, answers_problems, own_place, today
from services.applications.importing import ImportContext, ImportReport, Upload, import_list
from services.applications.lists import ListProblem
from shared.auth import Role
from shared.web import Problem, Refusal, current_actor, own_transactions, requires

blp = Blueprint("imports", __name__, description="Officers' lists (.xlsx, .csv)")


@blp.post("/imports")
@blp.arguments(schemas.ImportForm(), location="form")
@blp.arguments(schemas.ImportFile(), location="files")
@blp.response(201, schemas.ImportAnswer)
@blp.alt_response(200, schema=schemas.ImportAnswer, description="Nothing new was created.", success=True)
@answers_problems(blp, 400, 409, 413, 422)
@requires(Role.OFFICER)
@own_transactions
def import_file(form: dict[str, Any], files: dict[str, Any]) -> tuple[ImportReport, int] | Response:
    """Take a list in; `dry_run` only says what would happen. The same file again creates nothing twice."""
    place = own_place(form["commune"])
    upload = Upload(files["file"].read(), files["file"].filename or "")
    context = ImportContext(form["programme_id"], place, current_actor().subject)
    service = current_app
    report = import_list(
        service.database,  # type: ignore[attr-defined]
        service.settings,  # type: ignore[attr-defined]
        upload,
        context,
        today=today(),
        dry_run=form["dry_run"],
    )
    if isinstance(report, ListProblem):
        raise Problem(422, report.code, message_vi=report.message_vi, message_en=report.message_en)
    if isinstance(report, Refusal):
        return answer_refusal(report)
    return report, 201 if report.accepted and not report.dry_run else 200
