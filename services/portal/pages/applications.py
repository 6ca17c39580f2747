"""Finding applications, one application with its decision and its story, and taking it back."""

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from services.portal.apis import ApiDown, ApiProblem
from services.portal.context import api, signed_in
from services.portal.forms import FormError, failure, filled, form_key, new_key, typed
from services.portal.i18n import t
from services.portal.lookups import (
    commune_name,
    commune_options,
    options,
    people,
    person,
    programme_name,
    programme_options,
)
from shared.auth import Role

blueprint = Blueprint("applications", __name__, url_prefix="/applications")

READERS = (Role.OFFICER, Role.APPROVER, Role.MANAGER, Role.AUDITOR)
STATUSES = (
    "draft",
    "submitted",
    "assessed",
    "ineligible",
    "referred",
    "approved",
    "rejected",
    "revoked",
    "waitlisted",
    "voucher_issued",
    "redeemed",
    "expired",
    "cancelled",
    "appealed",
    "withdrawn",
)
CLOSED = ("withdrawn", "redeemed")
REASONS = ("HOUSEHOLD_ASKED", "ENTERED_BY_MISTAKE", "MOVED_AWAY", "DECEASED")
"""Why an application is taken back; a code, for free text could name the person in the log."""
PAGE = 50
Page = dict[str, Any]


@blueprint.get("")
@signed_in(*READERS)
def search() -> ResponseReturnValue:
    """A list by programme, commune, village and status; a whole application code leads straight to it."""
    wanted = {
        name: request.args.get(name, "").strip()
        for name in ("programme_id", "commune", "village", "status", "code")
    }
    if wanted["code"]:
        return _straight_to(wanted["code"])
    query = {name: value or None for name, value in wanted.items() if name != "code"}
    page = api("applications").get("/applications", cursor=request.args.get("cursor"), limit=PAGE, **query)
    return render_template(
        "applications/search.html",
        page=page,
        wanted=wanted,
        programmes=programme_options(wanted["programme_id"], t("choose.all_programmes")),
        communes=commune_options(person(), wanted["commune"], t("choose.all_communes")),
        statuses=[
            {"value": "", "text": t("choose.all_statuses")},
            *options(STATUSES, "status", wanted["status"]),
        ],
    )


def _straight_to(code: str) -> ResponseReturnValue:
    try:
        return redirect(url_for("applications.show", application_id=UUID(code)))
    except ValueError:
        flash(t("find.code_wrong"), "error")
        return redirect(url_for("applications.search"))


@blueprint.get("/<uuid:application_id>")
@signed_in(*READERS)
def show(application_id: UUID) -> ResponseReturnValue:
    """Everything about one application; a service that is down leaves its part out, not the page."""
    return show_with(application_id, [], {}, new_key()), 200


def show_with(application_id: UUID, errors: list[FormError], values: dict[str, str], key: str) -> str:
    """The page with what a decision's form said, where it was refused."""
    application = api("applications").get(f"/applications/{application_id}", purpose="CASE_WORK")
    case, case_down = _part("eligibility", f"/cases/{application_id}")
    timeline, timeline_down = _part("audit", f"/cases/{application_id}/timeline")
    story = (timeline or {}).get("items", [])
    officials = (case or {}).get("looked_at", {}).get("officials", [])
    return render_template(
        "applications/show.html",
        application=application,
        programme=programme_name(application["programme_id"]),
        commune=commune_name(application.get("commune")),
        case=case,
        case_down=case_down,
        timeline=story,
        people=people([application["entered_by"], *officials, *(item["actor"] for item in story)]),
        timeline_down=timeline_down,
        errors=errors,
        values=values,
        key=key,
        can=_can(application),
    )


def _part(service: str, path: str) -> tuple[Any, bool]:
    """What `service` says, and whether it is down; None where it knows nothing (yet)."""
    try:
        return api(service).get(path), False
    except ApiDown:
        return None, True
    except ApiProblem as problem:
        if problem.status not in (403, 404):
            raise
        return None, False


def _can(application: dict[str, Any]) -> dict[str, bool]:
    """Which buttons make sense for this person now; the APIs decide."""
    actor, status = person(), application["status"]
    return {
        "decide": actor.has(Role.APPROVER) and status == "assessed",
        "refer": actor.has(Role.APPROVER) and status == "referred" and actor.commune is None,
        "submit": actor.has(Role.OFFICER) and status == "draft",
        "appeal": actor.has(Role.OFFICER)
        and status in ("ineligible", "rejected")
        and not application.get("appealed_at"),
        "withdraw": actor.has(Role.OFFICER) and status not in CLOSED,
        "print": actor.has(Role.OFFICER, Role.APPROVER) and status == "voucher_issued",
        "erase": actor.has(Role.MANAGER),
        "replay": actor.has(Role.AUDITOR),
    }


@blueprint.post("/<uuid:application_id>/submit")
@signed_in(Role.OFFICER)
def submit(application_id: UUID) -> ResponseReturnValue:
    """Hand in a draft."""
    api("applications").post(f"/applications/{application_id}:submit", {}, key=form_key())
    flash(t("case.submitted"), "success")
    return redirect(url_for("applications.show", application_id=application_id), 303)


@blueprint.get("/<uuid:application_id>/appeal")
@signed_in(Role.OFFICER)
def appealing(application_id: UUID) -> ResponseReturnValue:
    """Ask what the household says against the decision."""
    return _appeal_page(application_id, [], "", new_key())


@blueprint.post("/<uuid:application_id>/appeal")
@signed_in(Role.OFFICER)
def appeal(application_id: UUID) -> ResponseReturnValue:
    """Write the appeal down, in the household's own words: the case goes to the province."""
    key, grounds = form_key(), typed("grounds")
    try:
        api("applications").post(
            f"/applications/{application_id}:appeal", filled({"grounds": grounds}), key=key
        )
    except (ApiProblem, ApiDown) as trouble:
        errors, status, key = failure(trouble, key)
        return _appeal_page(application_id, errors, grounds, key), status
    flash(t("appeal.done"), "success")
    return redirect(url_for("applications.show", application_id=application_id), 303)


def _appeal_page(application_id: UUID, errors: list[FormError], grounds: str, key: str) -> str:
    return render_template(
        "applications/appeal.html", application_id=application_id, errors=errors, grounds=grounds, key=key
    )


@blueprint.get("/<uuid:application_id>/withdraw")
@signed_in(Role.OFFICER)
def withdrawal(application_id: UUID) -> ResponseReturnValue:
    """Ask why, before anything happens."""
    return _withdrawal_page(application_id, [], "", new_key())


@blueprint.post("/<uuid:application_id>/withdraw")
@signed_in(Role.OFFICER)
def withdraw(application_id: UUID) -> ResponseReturnValue:
    """Take the application back."""
    key, reason = form_key(), typed("reason")
    body = {"reason": reason} if reason else {}
    try:
        api("applications").post(f"/applications/{application_id}:withdraw", body, key=key)
    except (ApiProblem, ApiDown) as trouble:
        errors, status, key = failure(trouble, key)
        return _withdrawal_page(application_id, errors, reason, key), status
    flash(t("withdraw.done"), "success")
    return redirect(url_for("applications.show", application_id=application_id), 303)


def _withdrawal_page(application_id: UUID, errors: list[FormError], reason: str, key: str) -> str:
    return render_template(
        "applications/withdraw.html",
        application_id=application_id,
        errors=errors,
        reasons=options(REASONS, "code", reason),
        key=key,
    )
