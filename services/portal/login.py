"""Signing in and out, and the choice of language."""

from flask import (
    Blueprint,
    current_app,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue

from services.portal import accounts, i18n
from services.portal.accounts import Refusal
from services.portal.context import current_actor, portal, remember, utc_now
from services.portal.forms import FormError, error
from services.portal.i18n import t
from services.portal.security import local_path
from shared.web import PUBLIC, requires

blueprint = Blueprint("login", __name__)

A_YEAR_S = 365 * 24 * 3600


@blueprint.get("/login")
@requires(PUBLIC)
def form() -> ResponseReturnValue:
    """The sign-in page, or home for who is signed in already."""
    if current_actor():
        return redirect(url_for("home.index"))
    return render_template("login.html", username="", errors=[])


@blueprint.post("/login")
@requires(PUBLIC)
def submit() -> ResponseReturnValue:
    """Check name and password; on success go where the person wanted to."""
    username, password = request.form.get("username", ""), request.form.get("password", "")
    errors = _missing(username, password)
    if not errors:
        result = accounts.sign_in(portal().database, username, password, utc_now())
        if not isinstance(result, Refusal):
            remember(result)
            return redirect(local_path(request.args.get("next")) or url_for("home.index"), 303)
        errors = [error("username", _why(result))]
    return render_template("login.html", username=username, errors=errors), 422


def _missing(username: str, password: str) -> list[FormError]:
    errors = []
    if not username.strip():
        errors.append(error("username", t("login.username_missing")))
    if not password:
        errors.append(error("password", t("login.password_missing")))
    return errors


def _why(refusal: Refusal) -> str:
    if refusal.until:
        return t("account.locked", until=i18n.moment(refusal.until))
    return t("account.disabled") if refusal.code == "disabled" else t("account.wrong")


@blueprint.post("/logout")
@requires(PUBLIC)
def logout() -> ResponseReturnValue:
    """End the session."""
    session.clear()
    flash(t("login.signed_out"), "success")
    return redirect(url_for("login.form"), 303)


@blueprint.get("/language/<any(vi, en):code>")
@requires(PUBLIC)
def language(code: str) -> ResponseReturnValue:
    """Keep the reader's language for a year and go back to the page."""
    response = make_response(redirect(local_path(request.args.get("next")) or url_for("home.index"), 303))
    secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
    response.set_cookie(i18n.COOKIE, code, A_YEAR_S, httponly=True, samesite="Lax", secure=secure)
    return response
