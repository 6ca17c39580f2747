"""What protects a person's session: response headers and a token in every form.

No page holds inline script or style, so the policy can forbid them outright.
"""

import secrets
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, request, session
from flask.typing import RouteCallable
from markupsafe import Markup

CONTENT_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",  # a shop may scan a voucher's QR
}
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
FIELD = "csrf_token"
HEADER = "X-CSRF-Token"


def init_app(app: Flask) -> None:
    """Guard every unsafe request and dress every response."""
    app.before_request(check_csrf)
    app.after_request(add_headers)
    app.jinja_env.globals.update(csrf_token=csrf_token, csrf_field=csrf_field, here=here, came_from=came_from)


def csrf_token() -> str:
    """This session's token, made at first need."""
    if FIELD not in session:
        session[FIELD] = secrets.token_urlsafe(32)
    return str(session[FIELD])


def csrf_field() -> Markup:
    """The hidden input that every POST form carries."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, csrf_token())


def csrf_exempt(view: RouteCallable) -> RouteCallable:
    """Mark a view that programs call with their own credentials, never with a browser's cookie."""
    view.csrf_exempt = True  # type: ignore[union-attr]
    return view


def check_csrf() -> None:
    """Refuse (400) a change that did not come from one of our own forms."""
    if request.method in SAFE_METHODS or request.endpoint is None:
        return
    if getattr(current_app.view_functions[request.endpoint], "csrf_exempt", False):
        return
    sent = request.headers.get(HEADER) or request.form.get(FIELD, "")
    if not secrets.compare_digest(sent.encode(), str(session.get(FIELD, "")).encode()) or not sent:
        abort(400, "csrf")


def add_headers(response: Response) -> Response:
    """Headers for every answer; pages may show personal data on a shared PC and are never stored."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
    if current_app.config["SESSION_COOKIE_SECURE"]:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    return response


def local_path(target: str | None) -> str | None:
    """`target` if it is a path on this site, else None: a link must not send people elsewhere.

    Browsers read a backslash as a slash and skip control characters, so neither is let through.
    """
    if not target or not target.startswith("/") or target.startswith("//"):
        return None
    return None if any(sign == "\\" or sign <= " " for sign in target) else target


def came_from() -> str | None:
    """The page of ours that the request came from, as a path."""
    parts = urlsplit(request.referrer or "")
    if parts.netloc != request.host:
        return None
    return local_path(f"{parts.path}?{parts.query}" if parts.query else parts.path)


def here() -> str:
    """The address to come back to after a detour such as the choice of language."""
    if request.method == "GET":
        return request.full_path.rstrip("?")
    return came_from() or "/"
