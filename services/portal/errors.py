"""What a person sees when something is wrong: a page that says what to do next."""

from flask import Flask, current_app, flash, g, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from services.portal.apis import ApiDown, ApiProblem
from services.portal.context import current_actor, to_login
from services.portal.i18n import has_text
from services.portal.navigation import tasks_for
from services.portal.security import came_from
from shared.db import DatabaseUnavailable, is_outage


def init_app(app: Flask) -> None:
    """Every error gets its page."""
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(ApiProblem, api_problem)
    app.register_error_handler(ApiDown, api_down)
    app.register_error_handler(Exception, unexpected)


def http_error(error: HTTPException) -> ResponseReturnValue:
    """400, 403, 404 and their like."""
    code = error.code or 500
    if code < 400:  # a redirect that routing asks for
        return error
    if code == 401:
        return to_login()
    name = "csrf" if error.description == "csrf" else str(code)
    return page(name if has_text(f"error.{name}.title") else "400" if code < 500 else "500"), code


def page(name: str) -> str:
    """An error page from the texts `error.<name>.*`, with or without somebody signed in."""
    return render_template("error.html", name=name)


def api_problem(problem: ApiProblem) -> ResponseReturnValue:
    """A refusal that the view left to us: back to the form with the reason, or a page with it."""
    if request.method == "POST" and (back := came_from()):
        flash_problem(problem)
        return redirect(back, 303)
    return render_template("problem.html", problem=problem), problem.status


def flash_problem(problem: ApiProblem) -> None:
    """Show the problem at the top of the next page."""
    flash(problem.message, "error")


def api_down(down: ApiDown) -> ResponseReturnValue:
    """One API is silent: say which work has to wait, and what can go on."""
    actor = current_actor()
    tasks = tasks_for(actor, without=down.service) if actor else []
    unsure = request.method == "POST"
    return render_template("down.html", service=down.service, tasks=tasks, unsure=unsure), 503


def unexpected(error: Exception) -> ResponseReturnValue:
    """Nobody expected it: log it whole, show a calm page that needs neither session nor database."""
    g.actor = None
    if isinstance(error, DatabaseUnavailable) or is_outage(error):
        current_app.logger.error("The portal's database does not answer: %s", error)
        return page("503"), 503
    current_app.logger.exception("Unexpected error on %s", request.endpoint)
    return page("500"), 500
