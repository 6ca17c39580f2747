"""The portal's wiring: parts, blueprints, texts, headers."""

from datetime import timedelta
from pathlib import Path

from flask import Flask
from jinja2 import ChoiceLoader, PackageLoader, PrefixLoader

from services.portal import (
    errors,
    forms,
    health,
    home,
    i18n,
    issuer,
    login,
    pages,
    security,
    static_files,
    wording,
)
from services.portal.apis import Apis
from services.portal.context import Portal, Tokens, current_actor
from services.portal.lookups import ProgrammesKept
from services.portal.navigation import menu, tasks_for
from shared.auth import Issuer, Verifier, load_signing_key
from shared.db import Database
from shared.settings import Settings, SettingsError

A_WORKING_DAY = timedelta(hours=10)
BLUEPRINTS = (home.blueprint, login.blueprint, issuer.blueprint, health.blueprint, *pages.BLUEPRINTS)


def create_app(
    settings: Settings, database: Database | None = None, verifier: Verifier | None = None
) -> Flask:
    """The portal as a WSGI application. `database` is for tests that bring their own; `verifier` is taken so
    that all services are made alike: the portal checks sessions, never bearer tokens."""
    del verifier
    app = Flask(__name__, static_folder=None)
    app.config.update(
        SECRET_KEY=settings.session_key,
        SESSION_COOKIE_NAME="songban",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.issuer.startswith("https:"),
        PERMANENT_SESSION_LIFETIME=A_WORKING_DAY,
        MAX_CONTENT_LENGTH=settings.max_body_bytes,
        TEMPLATES_AUTO_RELOAD=False,
    )
    app.extensions["portal"] = _parts(settings, database)
    _templates(app)
    health.init_app(app)
    i18n.init_app(app)
    static_files.init_app(app)
    security.init_app(app)
    forms.init_app(app)
    wording.init_app(app)
    errors.init_app(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    return app


def _parts(settings: Settings, database: Database | None) -> Portal:
    if settings.signing_key_file is None:
        raise SettingsError(
            "songban: SONGBAN_SIGNING_KEY_FILE is not set: the portal signs its users' tokens with it."
        )
    signer = Issuer(load_signing_key(Path(settings.signing_key_file)), settings.issuer, settings.audience)
    return Portal(
        settings=settings,
        database=database or Database(settings.database_url, "portal"),
        issuer=signer,
        apis=Apis(settings.urls),
        tokens=Tokens(signer),
        programmes=ProgrammesKept(),
    )


def _templates(app: Flask) -> None:
    own = app.jinja_loader
    assert own is not None  # noqa: S101  Flask makes one for the package's templates folder
    macros = "govuk_frontend_jinja"
    app.jinja_loader = ChoiceLoader([own, PrefixLoader({macros: PackageLoader(macros)})])
    app.jinja_env.globals.update(current_actor=current_actor, menu=menu, tasks_for=tasks_for)
