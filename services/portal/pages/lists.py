"""Approval lists: drawn up, hung out, objected to, printed, approved, taken back."""

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from services.portal.apis import ApiDown, ApiProblem
from services.portal.context import api, signed_in
from services.portal.forms import FormError, failure, filled, form_key, new_key, typed
from services.portal.i18n import count, t
from services.portal.lookups import (
    commune_name,
    commune_options,
    options,
    people,
    person,
    programme_name,
    programme_options,
)
from services.portal.pages.approvals import decision_body, decision_typed, tell_approved
from services.portal.pages.vouchers import passed_on
from services.portal.wording import today
from shared.auth import Role

blueprint = Blueprint("lists", __name__, url_prefix="/lists")

MAKERS = (Role.OFFICER, Role.APPROVER)
PAGE = 50
GROUNDS = ("NOT_ELIGIBLE", "MOVED", "DECEASED", "OTHER")
"""What an objection says, as a code; the words are written down beside it."""
PAPERS = ("posting", "decision")
FORMATS = ("pdf", "xlsx")


@blueprint.get("")
@signed_in(*MAKERS)
def index() -> ResponseReturnValue:
    """The lists of the person's area, and the form that draws up a new one."""
    return _index({"commune": person().commune or ""}, [], new_key())


@blueprint.post("")
@signed_in(*MAKERS)
def draft() -> ResponseReturnValue:
    """Gather who waits; the list is shown at once."""
    key = form_key()
    values = {name: typed(name) for name in ("programme_id", "commune", "village")}
    values["commune"] = person().commune or values["commune"]
    try:
        made = api("eligibility").post("/lists", filled(values), key=key)
    except (ApiProblem, ApiDown) as trouble:
        errors, status, key = failure(trouble, key)
        return _index(values, errors, key), status
    flash(t("list.drafted", number=count(made["size"])), "success")
    return redirect(url_for("lists.show", list_id=made["list_id"]), 303)


@blueprint.get("/<uuid:list_id>")
@signed_in(*MAKERS)
def show(list_id: UUID) -> ResponseReturnValue:
    """One list in its order, and what can be done with it."""
    return _page(list_id, {}, [], new_key())


@blueprint.post("/<uuid:list_id>/<any(post, cancel):step>")
@signed_in(*MAKERS)
def move(list_id: UUID, step: str) -> ResponseReturnValue:
    """Hang the list out from today, or take it back."""
    key = form_key()
    try:
        api("eligibility").post(f"/lists/{list_id}:{step}", key=key)
    except (ApiProblem, ApiDown) as trouble:
        errors, status, key = failure(trouble, key)
        return _page(list_id, {}, errors, key), status
    flash(t(f"list.done.{step}"), "success")
    return redirect(url_for("lists.show", list_id=list_id), 303)


@blueprint.post("/<uuid:list_id>/approve")
@signed_in(Role.APPROVER)
def approve(list_id: UUID) -> ResponseReturnValue:
    """Approve everybody who still stands on the list, under one decision."""
    key = form_key()
    values = decision_typed()
    try:
        made = api("eligibility").patient().post(f"/lists/{list_id}:approve", decision_body(values), key=key)
    except (ApiProblem, ApiDown) as trouble:
        errors, status, key = failure(trouble, key)
        return _page(list_id, values, errors, key), status
    tell_approved(made)
    if made["over_quota"]:
        flash(t("list.over_quota", number=count(made["over_quota"])), "warning")
    return redirect(url_for("lists.show", list_id=list_id), 303)


@blueprint.post("/<uuid:list_id>/objection")
@signed_in(*MAKERS)
def object_to(list_id: UUID) -> ResponseReturnValue:
    """Write an objection down: the case leaves the list and goes to the province."""
    key, values = form_key(), {name: typed(name) for name in ("application_id", "ground", "text")}
    try:
        api("eligibility").post(f"/lists/{list_id}/objections", filled(values), key=key)
    except (ApiProblem, ApiDown) as trouble:
        errors, status, key = failure(trouble, key)
        return _page(list_id, values, errors, key), status
    flash(t("list.objected"), "success")
    return redirect(url_for("lists.show", list_id=list_id), 303)


@blueprint.post("/<uuid:list_id>/print")
@signed_in(*MAKERS)
def print_list(list_id: UUID) -> ResponseReturnValue:
    """The sheet that hangs out, or the list to sign, as a file."""
    kind = typed("kind") if typed("kind") in PAPERS else PAPERS[0]
    format_ = typed("format") if typed("format") in FORMATS else FORMATS[0]
    answer = (
        api("eligibility")
        .patient()
        .send("POST", f"/lists/{list_id}/document", json={"kind": kind, "format": format_}, stream=True)
    )
    return passed_on(answer, f"danh-sach-{kind}.{format_}")


def _index(values: dict[str, str], errors: list[FormError], key: str) -> str:
    page = api("eligibility").get("/lists", limit=PAGE, cursor=request.args.get("cursor"))
    return render_template(
        "lists/index.html",
        page=page,
        programmes=programme_options(values.get("programme_id", "")),
        communes=commune_options(person(), values.get("commune", ""), t("choose.commune")),
        commune_name=commune_name,
        programme_name=programme_name,
        values=values,
        errors=errors,
        key=key,
    )


def _page(list_id: UUID, values: dict[str, str], errors: list[FormError], key: str) -> str:
    found: dict[str, Any] = api("eligibility").get(f"/lists/{list_id}")
    actor = person()
    made = actor.subject in (found["drafted_by"], found["posted_by"])
    waiting = [one for one in found["cases"] if one["state"] == "listed"]
    return render_template(
        "lists/show.html",
        list=found,
        programme=programme_name(found["programme_id"]),
        commune=commune_name(found["commune"]),
        people=people([found[name] for name in ("drafted_by", "posted_by", "approved_by") if found[name]]),
        waiting=waiting,
        order=", ".join(t(f"group.{code}") for code in found["priority_order"]),
        choices=[{"value": one["application_id"], "text": _named(one)} for one in waiting],
        grounds=options(GROUNDS, "ground", values.get("ground", "")),
        can={
            "post": found["status"] == "draft" and found["posting_days"],
            "cancel": found["status"] in ("draft", "posted"),
            "object": found["status"] == "posted",
            "approve": actor.has(Role.APPROVER) and not made and _is_due(found),
        },
        made=made,
        values={"decision_date": today(), **values},
        errors=errors,
        key=key,
    )


def _named(entry: dict[str, Any]) -> str:
    return f"{entry['rank']}: {entry['case_number']} ({entry['village']})"


def _is_due(found: dict[str, Any]) -> bool:
    """Whether the list may be approved as far as its posting goes; the API has the last word."""
    if found["status"] == "draft":
        return not found["posting_days"]
    return bool(found["status"] == "posted")
