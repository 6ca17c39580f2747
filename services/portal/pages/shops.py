"""The shops that hand over phones: the register, a new one, a suspension."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from services.portal.apis import ApiDown, ApiProblem
from services.portal.context import api, signed_in
from services.portal.forms import FormError, failure, filled, form_key, new_key, typed
from services.portal.i18n import t
from services.portal.lookups import commune_name, commune_options, person
from shared.auth import Role

blueprint = Blueprint("shops", __name__, url_prefix="/shops")

FIELDS = ("shop_id", "enterprise_id", "name", "commune")


@blueprint.get("")
@signed_in(Role.MANAGER)
def index() -> ResponseReturnValue:
    """All shops of the person's area."""
    page = api("disbursement").get("/shops", cursor=request.args.get("cursor"))
    return render_template("shops/index.html", page=page, commune_name=commune_name)


@blueprint.get("/new")
@signed_in(Role.MANAGER)
def new() -> ResponseReturnValue:
    """The empty form."""
    return _page([], dict.fromkeys(FIELDS, ""), new_key())


@blueprint.post("/new")
@signed_in(Role.MANAGER)
def register() -> ResponseReturnValue:
    """Let a shop redeem vouchers."""
    key, values = form_key(), {name: typed(name) for name in FIELDS}
    try:
        api("disbursement").post("/shops", filled(values), key=key)
    except (ApiProblem, ApiDown) as trouble:
        errors, status, key = failure(trouble, key)
        return _page(errors, values, key), status
    flash(t("shops.registered", name=values["name"]), "success")
    return redirect(url_for("shops.index"), 303)


@blueprint.get("/<shop_id>/suspend")
@signed_in(Role.MANAGER)
def suspension(shop_id: str) -> ResponseReturnValue:
    """Ask why."""
    return _suspension_page(shop_id, [], "", new_key())


@blueprint.post("/<shop_id>/suspend")
@signed_in(Role.MANAGER)
def suspend(shop_id: str) -> ResponseReturnValue:
    """From now on the shop redeems nothing."""
    key, reason = form_key(), typed("reason")
    try:
        api("disbursement").post(f"/shops/{shop_id}:suspend", filled({"reason": reason}), key=key)
    except (ApiProblem, ApiDown) as trouble:
        errors, status, key = failure(trouble, key)
        return _suspension_page(shop_id, errors, reason, key), status
    flash(t("shops.suspended"), "success")
    return redirect(url_for("shops.index"), 303)


def _page(errors: list[FormError], values: dict[str, str], key: str) -> str:
    communes = commune_options(person(), values["commune"], t("choose.commune"))
    return render_template("shops/new.html", errors=errors, values=values, key=key, communes=communes)


def _suspension_page(shop_id: str, errors: list[FormError], reason: str, key: str) -> str:
    return render_template("shops/suspend.html", shop_id=shop_id, errors=errors, reason=reason, key=key)
