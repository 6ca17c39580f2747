"""Wiring of the eligibility service."""

from flask import Response

from services.eligibility.api import BLUEPRINTS
from services.eligibility.rulebook import RulesTampered
from shared.auth import Verifier
from shared.db import Database
from shared.privacy import KeyRing
from shared.settings import Settings
from shared.web import ServiceApp, create_service
from shared.web.problems import problem_response


def create_app(
    settings: Settings, database: Database | None = None, verifier: Verifier | None = None
) -> ServiceApp:
    """The service as a WSGI application. `database` and `verifier` are for tests that bring their own."""
    app = create_service(
        settings,
        database or Database(settings.database_url, settings.service),
        BLUEPRINTS,
        title="Sóng Bản: eligibility",
        verifier=verifier,
        import_name=__name__,
    )
    app.extensions["keys"] = KeyRing(settings.wrapping_key)
    app.register_error_handler(RulesTampered, _on_tampered)
    return app


def _on_tampered(found: RulesTampered) -> Response:
    facts = {"programme_id": found.programme_id, "version": found.version}
    return problem_response(500, "RULES_TAMPERED", facts)
