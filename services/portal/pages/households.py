"""Erasing a household's personal data for good."""

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from services.portal.apis import ApiDown, ApiProblem
from services.portal.context import api, signed_in
from services.portal.forms import FormError, error, failure, form_key, new_key, typed
from services.portal.i18n import t
from services.portal.lookups import options
from shared.auth import Role

GROUNDS = ("PERSON_ASKED", "CONSENT_WITHDRAWN")
blueprint = Blueprint("households", __name__, url_prefix="/households")


@blueprint.get("/<uuid:household_id>/erase")
@signed_in(Role.MANAGER)
def erasure(household_id: UUID) -> ResponseReturnValue:
    """Say what erasing means and ask on what ground."""
    del household_id  # it stays in the address, where the form is sent back to
    return _page([], "", new_key())


@blueprint.post("/<uuid:household_id>/erase")
@signed_in(Role.MANAGER)
def erase(household_id: UUID) -> ResponseReturnValue:
    """Erase, once the person has said that it is meant."""
    key, ground = form_key(), typed("ground")
    if request.form.get("sure") != "yes":
        return _page([error("sure", t("erase.not_sure"))], ground, key), 422
    try:
        body = {"ground": ground} if ground else {}
        erased = api("applications").post(f"/households/{household_id}:erase", body, key=key)
    except (ApiProblem, ApiDown) as trouble:
        errors, status, key = failure(trouble, key)
        return _page(errors, ground, key), status
    flash(t("erase.done", applications=erased["applications"]), "success")
    return redirect(url_for("applications.search"), 303)


def _page(errors: list[FormError], ground: str, key: str) -> str:
    grounds = options(GROUNDS, "code", ground)
    return render_template("households/erase.html", errors=errors, grounds=grounds, key=key)
