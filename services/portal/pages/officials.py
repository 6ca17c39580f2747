"""Whose own households go to a person: the register of those who handle applications."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from services.portal.apis import ApiDown, ApiProblem
from services.portal.context import api, signed_in
from services.portal.forms import FormError, failure, filled, form_key, new_key, typed
from services.portal.i18n import t
from services.portal.lookups import people, person, staff_options
from shared.auth import Role

blueprint = Blueprint("officials", __name__, url_prefix="/officials")

FIELDS = ("subject", "citizen_id")


@blueprint.get("")
@signed_in(Role.MANAGER)
def index() -> ResponseReturnValue:
    """Who is registered, and whether earlier applications were looked through."""
    found = api("applications").get("/officials")["items"]
    names = people([one[name] for one in found for name in ("subject", "registered_by")])
    return render_template("officials/index.html", officials=found, people=names)


@blueprint.get("/new")
@signed_in(Role.MANAGER)
def new() -> ResponseReturnValue:
    """The empty form."""
    return _page([], dict.fromkeys(FIELDS, ""), new_key())


@blueprint.post("/new")
@signed_in(Role.MANAGER)
def register() -> ResponseReturnValue:
    """Add an official, or another number in place of the one before. The number is not shown again."""
    key, values = form_key(), {name: typed(name) for name in FIELDS}
    try:
        api("applications").post("/officials", filled(values), key=key)
    except (ApiProblem, ApiDown) as trouble:
        errors, status, key = failure(trouble, key)
        return _page(errors, values, key), status
    flash(t("officials.registered"), "success")
    return redirect(url_for("officials.index"), 303)


@blueprint.get("/<subject>/remove")
@signed_in(Role.MANAGER)
def removal(subject: str) -> ResponseReturnValue:
    """Ask whether it is meant."""
    return _removal_page(subject, [], new_key())


@blueprint.post("/<subject>/remove")
@signed_in(Role.MANAGER)
def remove(subject: str) -> ResponseReturnValue:
    """Take somebody off who handles applications no more."""
    key = form_key()
    try:
        api("applications").post(f"/officials/{subject}:remove", key=key)
    except (ApiProblem, ApiDown) as trouble:
        errors, status, key = failure(trouble, key)
        return _removal_page(subject, errors, key), status
    flash(t("officials.removed"), "success")
    return redirect(url_for("officials.index"), 303)


def _page(errors: list[FormError], values: dict[str, str], key: str) -> str:
    accounts = staff_options(person(), values["subject"])
    return render_template("officials/new.html", errors=errors, values=values, key=key, accounts=accounts)


def _removal_page(subject: str, errors: list[FormError], key: str) -> str:
    return render_template(
        "officials/remove.html", subject=subject, people=people([subject]), errors=errors, key=key
    )
