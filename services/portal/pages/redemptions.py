"""At the counter: the voucher's code, what to check, the handset, the receipt."""

from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from services.portal.apis import ApiDown, ApiProblem
from services.portal.context import api, signed_in, utc_now
from services.portal.forms import (
    FormError,
    error,
    errors_of,
    failure,
    filled,
    form_key,
    new_key,
    silence,
    typed,
    whole_typed,
)
from services.portal.i18n import t
from shared.auth import Role

blueprint = Blueprint("redemptions", __name__, url_prefix="/redemptions")

RECEIPT = "receipt"
SHOWN = ("amount", "minimum_price", "expires_on", "programme_name_vi", "programme_name_en")
"""What the clerk sees of a voucher; it travels in the form only to be shown again."""
TYPED = ("imeis.0", "imeis.1", "model", "price")


@blueprint.get("")
@signed_in(Role.SHOP)
def new() -> ResponseReturnValue:
    """Ask for the code."""
    return render_template("redemptions/code.html", errors=[], code="")


@blueprint.post("")
@signed_in(Role.SHOP)
def lookup() -> ResponseReturnValue:
    """Show what the clerk must check, or why the voucher is good for nothing."""
    code = typed("code")
    try:
        found = api("disbursement").post("/vouchers:lookup", {"code": code})
    except ApiProblem as problem:
        return render_template("redemptions/code.html", errors=_at_code(problem), code=code), 422
    except ApiDown:
        return render_template("redemptions/code.html", errors=silence(), code=code), 503
    return _sale_page(code, _shown(found), {}, [], new_key())


def _at_code(problem: ApiProblem) -> list[FormError]:
    return errors_of(problem) if problem.fields else [error("code", problem.message)]


def _shown(found: dict[str, Any]) -> dict[str, str]:
    return {name: str(found[name]) for name in SHOWN}


@blueprint.post("/sale")
@signed_in(Role.SHOP)
def create() -> ResponseReturnValue:
    """Redeem the voucher once, however often the button is pressed."""
    key, code = form_key(), typed("code")
    values = {name: typed(name) for name in TYPED}
    shown = {name: typed(f"voucher.{name}") for name in SHOWN}
    if not all(shown.values()):
        abort(400)
    if request.form.get("id_checked") != "yes":
        unchecked = [error("id_checked", t("redeem.id_not_checked"))]
        return _sale_page(code, shown, values, unchecked, key), 422
    try:
        made = api("disbursement").post("/redemptions", sale_of(code, values), key=key)
    except (ApiProblem, ApiDown) as trouble:
        errors, status, key = failure(trouble, key, {"imeis": "imeis.0"})
        if isinstance(trouble, ApiProblem) and not trouble.fields:
            errors = [error(_place(trouble), trouble.message)]
        return _sale_page(code, shown, values, errors, key), status
    session[RECEIPT] = {**made, "model": values["model"], "at": utc_now().isoformat(timespec="seconds")}
    return redirect(url_for("redemptions.receipt"), 303)


def sale_of(code: str, values: dict[str, str]) -> dict[str, object]:
    """The form as POST /redemptions takes it."""
    imeis = ["".join(values[name].split()) for name in ("imeis.0", "imeis.1")]
    sale = {
        "code": code,
        "pin": typed("pin"),
        "model": values["model"],
        "price": whole_typed(values["price"]),
    }
    return {**filled(sale), "imeis": [imei for imei in imeis if imei], "id_checked": True}


PLACES = {
    "PIN_WRONG": "pin",
    "IMEI_USED": "imeis.0",
    "HANDSET_BELOW_MINIMUM": "price",
    "ID_NOT_CHECKED": "id_checked",
}
"""Refusals that are about one input."""


def _place(problem: ApiProblem) -> str:
    if problem.code == "IMEI_INVALID":
        return "imeis.1" if (problem.body.get("facts") or {}).get("place") == 2 else "imeis.0"
    return PLACES.get(problem.code, "main-content")


@blueprint.get("/receipt")
@signed_in(Role.SHOP)
def receipt() -> ResponseReturnValue:
    """The last redemption of this session, to print and sign."""
    last = session.get(RECEIPT)
    if last is None:
        return redirect(url_for("redemptions.new"))
    return render_template("redemptions/receipt.html", receipt=last)


def _sale_page(
    code: str, shown: dict[str, str], values: dict[str, str], errors: list[FormError], key: str
) -> str:
    values = {**dict.fromkeys(TYPED, ""), **values}
    return render_template(
        "redemptions/sale.html", code=code, voucher=shown, values=values, errors=errors, key=key
    )
