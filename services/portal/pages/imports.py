"""Importing an officer's list: look first, then commit, then the counts.

The portal keeps no file. With JavaScript the chosen file stays in the page between the two steps; without it
the person chooses it again.
"""

from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage

from services.portal.apis import ApiDown, ApiProblem
from services.portal.context import api, signed_in
from services.portal.forms import FormError, error, failure, form_key, new_key, typed
from services.portal.i18n import t
from services.portal.lookups import commune_name, person, programme_options
from shared.auth import Role

blueprint = Blueprint("imports", __name__, url_prefix="/imports")

SHOWN_PROBLEMS = 100


@blueprint.get("")
@signed_in(Role.OFFICER)
def new() -> ResponseReturnValue:
    """Choose programme and file."""
    return _page("", [], None)


@blueprint.post("")
@signed_in(Role.OFFICER)
def submit() -> ResponseReturnValue:
    """The first button only looks (`dry_run`); the second, under the counts, commits."""
    programme_id, file = typed("programme_id"), request.files.get("file")
    commit = request.form.get("step") == "commit"
    errors = _missing(programme_id, file)
    if errors or file is None:
        return _page(programme_id, errors, None), 422
    try:
        report = _send(file, programme_id, commit)
    except (ApiProblem, ApiDown) as trouble:
        errors, status, _ = failure(trouble, form_key())
        return _page(programme_id, errors, None), status
    if commit:
        return render_template("imports/done.html", report=_shown(report), programme_id=programme_id)
    return _page(programme_id, [], report)


def _missing(programme_id: str, file: FileStorage | None) -> list[FormError]:
    errors = []
    if not programme_id:
        errors.append(error("programme_id", t("import.programme_missing")))
    if file is None or not file.filename:
        errors.append(error("file", t("import.file_missing")))
    return errors


def _send(file: FileStorage, programme_id: str, commit: bool) -> dict[str, Any]:
    upload = (file.filename or "list.xlsx", file.stream, file.mimetype or "application/octet-stream")
    report: dict[str, Any] = (
        api("applications")
        .patient()
        .upload(
            "/imports",
            {"file": upload},
            key=form_key(),
            commune=person().commune or "",
            programme_id=programme_id,
            dry_run="false" if commit else "true",
        )
    )
    return report


def _shown(report: dict[str, Any]) -> dict[str, Any]:
    """The report with no more problems than a page bears; `more` says how many are left out."""
    problems = report.get("problems") or []
    return {**report, "problems": problems[:SHOWN_PROBLEMS], "more": max(0, len(problems) - SHOWN_PROBLEMS)}


def _page(programme_id: str, errors: list[FormError], report: dict[str, Any] | None) -> str:
    return render_template(
        "imports/new.html",
        errors=errors,
        report=_shown(report) if report else None,
        key=new_key(),
        commune=commune_name(person().commune),
        programmes=programme_options(programme_id),
    )
