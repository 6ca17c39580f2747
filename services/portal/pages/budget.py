"""A programme's money: the statement, and what the manager allocates."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from services.portal.apis import ApiDown, ApiProblem
from services.portal.context import api, signed_in
from services.portal.forms import FormError, failure, filled, form_key, new_key, typed, whole_typed
from services.portal.i18n import money, t
from services.portal.lookups import name_of, person, programme_name, programmes
from shared.auth import Role

blueprint = Blueprint("budget", __name__, url_prefix="/budget")

READERS = (Role.MANAGER, Role.PAYER, Role.AUDITOR)
NOTHING = {"allocated": 0, "available": 0, "reserved": 0, "spent": 0}


@blueprint.get("")
@signed_in(*READERS)
def index() -> ResponseReturnValue:
    """Every programme's statement."""
    statements = [
        {"name": name_of(one), "programme_id": one["programme_id"], **_statement(one["programme_id"])}
        for one in programmes()
    ]
    return render_template(
        "budget/index.html", statements=statements, may_allocate=person().has(Role.MANAGER)
    )


def _statement(programme_id: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = api("disbursement").get(f"/budgets/{programme_id}")
    except ApiProblem as problem:
        if problem.status == 404:
            return dict(NOTHING)
        raise
    return found


@blueprint.get("/<programme_id>/allocate")
@signed_in(Role.MANAGER)
def allocation(programme_id: str) -> ResponseReturnValue:
    """How much, and by which document."""
    return _page(programme_id, [], {"amount": "", "document": ""}, new_key())


@blueprint.post("/<programme_id>/allocate")
@signed_in(Role.MANAGER)
def allocate(programme_id: str) -> ResponseReturnValue:
    """Add money to the programme."""
    key, values = form_key(), {"amount": typed("amount"), "document": typed("document")}
    body = filled({**values, "amount": whole_typed(values["amount"])})
    try:
        api("disbursement").post(f"/budgets/{programme_id}:allocate", body, key=key)
    except (ApiProblem, ApiDown) as trouble:
        errors, status, key = failure(trouble, key)
        return _page(programme_id, errors, values, key), status
    flash(t("budget.done", amount=money(int(str(body["amount"])))), "success")
    return redirect(url_for("budget.index"), 303)


def _page(programme_id: str, errors: list[FormError], values: dict[str, str], key: str) -> str:
    name = programme_name(programme_id)
    return render_template("budget/allocate.html", programme=name, errors=errors, values=values, key=key)
