"""Importing an officer's list: send it, see what the check found, let it be entered, see how far it is.

The portal keeps no file: applications does, and works on it in the background. A page that waits refreshes
itself, by htmx or, without JavaScript, by its own header.
"""

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage

from services.portal.apis import ApiDown, ApiProblem
from services.portal.context import api, signed_in
from services.portal.forms import FormError, error, failure, form_key, new_key, typed
from services.portal.i18n import t
from services.portal.lookups import Option, commune_name, person, programme_name, programme_options
from shared.auth import Role

blueprint = Blueprint("imports", __name__, url_prefix="/imports")

RECENT = 10
UNDER_WAY = ("checking", "importing")
FIELDS = (
    "number", "household_number", "head_name", "given_name", "member_name", "relation", "birth_date",
    "birth_day", "birth_month", "birth_year", "sex", "male", "female", "ethnicity", "citizen_id", "cmnd",
    "village", "address", "poverty_status", "poor", "near_poor", "not_poor", "certificate_number",
    "certificate_date", "certificate_year", "certificate_place", "members_count", "phone",
    "has_smartphone", "no_smartphone", "priority_group", "merit", "social_policy", "income_per_person",
    "deprivations", "urban", "extremely_difficult_village", "extremely_difficult_commune", "received_tablet",
    "received_computer", "received_smartphone", "received_device", "residence", "conflict", "notes",
)  # fmt: skip
"""What a column of a list can be read as."""


@blueprint.get("")
@signed_in(Role.OFFICER)
def new() -> ResponseReturnValue:
    """Choose programme and file; the lists sent before stand below."""
    return _form("", [])


@blueprint.post("")
@signed_in(Role.OFFICER)
def submit() -> ResponseReturnValue:
    """Send the file to be checked; nothing is entered yet."""
    programme_id, file = typed("programme_id"), request.files.get("file")
    errors = _missing(programme_id, file)
    if errors or file is None:
        return _form(programme_id, errors), 422
    try:
        sent = _send(file, programme_id)
    except (ApiProblem, ApiDown) as trouble:
        errors, status, _ = failure(trouble, form_key())
        return _form(programme_id, errors), status
    again = "1" if sent["already_imported"] else None
    return _go(url_for("imports.show", import_id=sent["import_id"], again=again))


@blueprint.get("/<uuid:import_id>")
@signed_in(Role.OFFICER)
def show(import_id: UUID) -> ResponseReturnValue:
    """Where a list is, and what was found in it."""
    return render_template("imports/show.html", key=new_key(), **_shown(import_id))


@blueprint.get("/<uuid:import_id>/progress")
@signed_in(Role.OFFICER)
def progress(import_id: UUID) -> ResponseReturnValue:
    """The changing part of the page alone, for a page that asks again while the list is under way."""
    return render_template("imports/progress.html", key=new_key(), **_shown(import_id))


@blueprint.post("/<uuid:import_id>/commit")
@signed_in(Role.OFFICER)
def commit(import_id: UUID) -> ResponseReturnValue:
    """Let a checked list be entered."""
    api("applications").post(f"/imports/{import_id}:commit", {}, key=form_key())
    return redirect(url_for("imports.show", import_id=import_id), 303)


@blueprint.post("/<uuid:import_id>/columns")
@signed_in(Role.OFFICER)
def correct(import_id: UUID) -> ResponseReturnValue:
    """Say what columns mean; the list is checked anew."""
    titles, chosen = request.form.getlist("title"), request.form.getlist("field")
    mapping = dict(zip(titles, chosen, strict=False))
    api("applications").post(f"/imports/{import_id}:commit", {"mapping": mapping}, key=form_key())
    return redirect(url_for("imports.show", import_id=import_id), 303)


@blueprint.get("/<uuid:import_id>/result")
@signed_in(Role.OFFICER)
def result(import_id: UUID) -> ResponseReturnValue:
    """The officer's own list back, passed on as it comes."""
    answer = api("applications").patient().send("GET", f"/imports/{import_id}/result.xlsx")
    name = answer.headers.get("Content-Disposition", "attachment")
    return Response(
        answer.content, content_type=answer.headers["Content-Type"], headers={"Content-Disposition": name}
    )


def _missing(programme_id: str, file: FileStorage | None) -> list[FormError]:
    errors = []
    if not programme_id:
        errors.append(error("programme_id", t("import.programme_missing")))
    if file is None or not file.filename:
        errors.append(error("file", t("import.file_missing")))
    return errors


def _send(file: FileStorage, programme_id: str) -> dict[str, Any]:
    upload = (file.filename or "list.xlsx", file.stream, file.mimetype or "application/octet-stream")
    sent: dict[str, Any] = (
        api("applications")
        .patient()
        .upload(
            "/imports",
            {"file": upload},
            commune=person().commune or "",
            programme_id=programme_id,
            dry_run="true",
        )
    )
    return sent


def _go(url: str) -> Response:
    """To another page, also for a form that htmx has sent."""
    if "HX-Request" in request.headers:
        return Response(headers={"HX-Redirect": url})
    return Response(status=303, headers={"Location": url})


def _shown(import_id: UUID) -> dict[str, Any]:
    """What the page shows. `more`: problems that it leaves out."""
    again = "true" if request.args.get("again") else None
    found: dict[str, Any] = api("applications").get(f"/imports/{import_id}", sent_again=again)
    return {
        "report": found,
        "more": found["problems_total"] - len(found["problems"]),
        "under_way": found["state"] in UNDER_WAY,
        "programme": programme_name(found["programme_id"]),
        "columns": [{**one, "options": _field_options(one["field"])} for one in found["columns"]],
    }


def _field_options(chosen: str | None) -> list[Option]:
    unused: Option = {"value": "", "text": t("import.column_unused"), "selected": not chosen}
    return [
        unused,
        *(Option(value=name, text=t(f"list_field.{name}"), selected=name == chosen) for name in FIELDS),
    ]


def _form(programme_id: str, errors: list[FormError]) -> str:
    recent = api("applications").get("/imports", limit=RECENT)["items"]
    return render_template(
        "imports/new.html",
        errors=errors,
        key=new_key(),
        commune=commune_name(person().commune),
        programmes=programme_options(programme_id),
        recent=[{**one, "programme": programme_name(one["programme_id"])} for one in recent],
    )
