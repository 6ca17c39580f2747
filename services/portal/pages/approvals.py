"""The approver's desk: what waits, the list under one decision, a single case."""

import hashlib
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from services.portal.apis import Api, ApiDown, ApiProblem
from services.portal.context import api, signed_in
from services.portal.forms import FormError, day_typed, error, failure, filled, form_key, new_key, typed
from services.portal.i18n import count, t
from services.portal.lookups import (
    Programme,
    commune_name,
    commune_options,
    name_of,
    people,
    person,
    programme_name,
    programmes,
)
from services.portal.pages.applications import show_with
from services.portal.wording import today
from shared.auth import Role

blueprint = Blueprint("approvals", __name__, url_prefix="/approvals")

PAGE, BATCH = 50, 500


@blueprint.get("")
@signed_in(Role.APPROVER)
def lists() -> ResponseReturnValue:
    """Each programme with what waits in the person's area."""
    waiting = [_waiting(programme) for programme in programmes()]
    return render_template("approvals/lists.html", waiting=waiting, commune=_commune())


def _waiting(programme: Programme) -> dict[str, Any]:
    programme_id = programme["programme_id"]
    funnel = api("eligibility").get("/funnel", programme_id=programme_id)
    first = api("eligibility").get("/cases", programme_id=programme_id, status="eligible", limit=BATCH)
    more = "+" if first["next_cursor"] else ""
    waiting = len(first["items"])
    return {**funnel, "name": name_of(programme), "open": waiting, "open_text": f"{count(waiting)}{more}"}


@blueprint.get("/referred")
@signed_in(Role.APPROVER)
def referred() -> ResponseReturnValue:
    """Cases that the rules hand to a person, of all programmes, the nearest deadline first."""
    page = api("eligibility").get("/referrals", limit=PAGE, cursor=request.args.get("cursor"))
    owners = people([one["owner"]["person"] for one in page["items"] if one["owner"]["person"]])
    return render_template("approvals/referred.html", page=page, people=owners)


@blueprint.post("/case/<uuid:application_id>/take")
@signed_in(Role.APPROVER)
def take(application_id: UUID) -> ResponseReturnValue:
    """Take a referred case on."""
    key = form_key()
    try:
        api("eligibility").post(f"/referrals/{application_id}:take", key=key)
    except (ApiProblem, ApiDown) as trouble:
        errors, status, key = failure(trouble, key)
        return show_with(application_id, errors, {}, key), status
    flash(t("refer.taken"), "success")
    return redirect(url_for("applications.show", application_id=application_id), 303)


@blueprint.post("/case/<uuid:application_id>/referral")
@signed_in(Role.APPROVER)
def decide_referral(application_id: UUID) -> ResponseReturnValue:
    """Find a referred household eligible, or refuse it, with the reason."""
    key, values = form_key(), {**decision_typed(), "reason": typed("reason"), "answer": typed("answer")}
    if values["answer"] not in ("uphold", "refuse"):
        missing = [error("answer", t("refer.answer_missing"))]
        return show_with(application_id, missing, values, key), 422
    body = filled({"reason": values["reason"]})
    if values["answer"] == "refuse":
        body |= decision_body(values)
    try:
        api("eligibility").post(f"/referrals/{application_id}:{values['answer']}", body, key=key)
    except (ApiProblem, ApiDown) as trouble:
        errors, status, key = failure(trouble, key)
        return show_with(application_id, errors, values, key), status
    flash(t(f"refer.done.{values['answer']}"), "success")
    return redirect(url_for("applications.show", application_id=application_id), 303)


@blueprint.get("/<programme_id>")
@signed_in(Role.APPROVER)
def decide(programme_id: str) -> ResponseReturnValue:
    """The households that wait, and the decision's form."""
    return _page(programme_id, _commune(), [], {}, new_key())


@blueprint.post("/<programme_id>")
@signed_in(Role.APPROVER)
def approve_list(programme_id: str) -> ResponseReturnValue:
    """Approve exactly the cases that the person was shown: a list that grew in between is shown again."""
    key, commune, values = form_key(), typed("commune") or None, decision_typed()
    ids = _open_cases(programme_id, commune)
    if _mark(ids) != typed("seen"):
        changed = [error("main-content", t("approve.changed"))]
        return _page(programme_id, commune, changed, values, new_key()), 409
    body = filled({**decision_body(values), "commune": commune})
    body |= {"programme_id": programme_id, "application_ids": ids}
    try:
        made = api("eligibility").patient().post("/approval-lists", body, key=key)
    except (ApiProblem, ApiDown) as trouble:
        errors, status, key = failure(trouble, key)
        return _page(programme_id, commune, errors, values, key), status
    tell_approved(made)
    return redirect(url_for("approvals.lists"), 303)


def tell_approved(made: dict[str, Any]) -> None:
    """Say how many were approved, and how many wait for somebody else."""
    flash(t("approve.done", approved=count(made["approved"])), "success")
    if made["skipped_own"]:
        flash(t("approve.skipped_own", skipped=count(made["skipped_own"])), "warning")


@blueprint.post("/case/<uuid:application_id>")
@signed_in(Role.APPROVER)
def decide_case(application_id: UUID) -> ResponseReturnValue:
    """Approve or reject one case."""
    key, values = form_key(), {**decision_typed(), "reason": typed("reason"), "answer": typed("answer")}
    if values["answer"] not in ("approve", "reject"):
        missing = [error("answer", t("decide.answer_missing"))]
        return show_with(application_id, missing, values, key), 422
    body = decision_body(values)
    if values["answer"] == "reject" and values["reason"]:
        body["reason"] = values["reason"]
    try:
        api("eligibility").post(f"/cases/{application_id}:{values['answer']}", body, key=key)
    except (ApiProblem, ApiDown) as trouble:
        errors, status, key = failure(trouble, key)
        return show_with(application_id, errors, values, key), status
    flash(t("decide.approved") if values["answer"] == "approve" else t("decide.rejected"), "success")
    return redirect(url_for("applications.show", application_id=application_id), 303)


def decision_typed() -> dict[str, str]:
    """Number and date of a decision's form, as they were typed."""
    return {"decision_number": typed("decision_number"), "decision_date": typed("decision_date")}


def decision_body(values: dict[str, str]) -> dict[str, object]:
    """The same as the API takes them; what was left empty is not sent."""
    day = day_typed(values["decision_date"])
    return filled({"decision_number": values["decision_number"], "decision_date": day})


def _commune() -> str | None:
    return request.args.get("commune") or person().commune


def _open_cases(programme_id: str, commune: str | None) -> list[str]:
    """The applications that wait for this list's decision, in order."""
    return sorted(_all_ids(api("eligibility"), programme_id, commune))


def _all_ids(cases: Api, programme_id: str, commune: str | None) -> list[str]:
    found: list[str] = []
    cursor = None
    while True:
        page = cases.get(
            "/cases",
            programme_id=programme_id,
            commune=commune,
            status="eligible",
            limit=BATCH,
            cursor=cursor,
        )
        found += [case["application_id"] for case in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


def _mark(ids: list[str]) -> str:
    """A short mark of a list of cases, to see whether it is still the one that was shown."""
    return hashlib.sha256("\n".join(ids).encode()).hexdigest()[:16]


def _page(
    programme_id: str, commune: str | None, errors: list[FormError], values: dict[str, str], key: str
) -> str:
    ids = _open_cases(programme_id, commune)
    shown = api("applications").get(
        "/applications",
        programme_id=programme_id,
        commune=commune,
        status="assessed",
        limit=PAGE,
        cursor=request.args.get("cursor"),
    )
    return render_template(
        "approvals/decide.html",
        programme_id=programme_id,
        programme=programme_name(programme_id),
        commune=commune,
        commune_name=commune_name(commune),
        communes=commune_options(person(), commune or "", t("choose.all_communes")),
        waiting=len(ids),
        seen=_mark(ids),
        page=shown,
        errors=errors,
        values={"decision_date": today(), **values},
        key=key,
    )
