"""Wiring of the audit service."""

from services.audit.api import blueprints
from services.audit.compare import live_states
from shared.auth import Verifier
from shared.auth.client import ServiceTokens
from shared.db import Database
from shared.settings import Settings
from shared.web import ServiceApp, create_service


def create_app(
    settings: Settings, database: Database | None = None, verifier: Verifier | None = None
) -> ServiceApp:
    """The service's HTTP app. Tests give their own database and verifier, and may replace
    `app.extensions["live_states"]`, the function that reads the other services' live tables."""
    database = database or Database(settings.database_url, "audit")
    app = create_service(settings, database, blueprints, title="Sóng Bản: audit", verifier=verifier)
    tokens = ServiceTokens(settings.token_url, settings.service, settings.client_secret)
    app.extensions["live_states"] = lambda: live_states(settings.urls, tokens)
    return app
