"""The applications service's wiring."""

from services.applications.api import BLUEPRINTS
from services.applications.entering import Secrets
from shared.auth import Verifier
from shared.db import Database
from shared.settings import Settings
from shared.web import ServiceApp, create_service


def create_app(
    settings: Settings, database: Database | None = None, verifier: Verifier | None = None
) -> ServiceApp:
    """The service as a WSGI application. `database` and `verifier` are for tests that bring their own."""
    app = create_service(
        settings,
        database or Database(settings.database_url, settings.service),
        BLUEPRINTS,
        title="Sóng Bản: applications",
        verifier=verifier,
        import_name=__name__,
    )
    app.extensions["secrets"] = Secrets.of(settings)
    return app
