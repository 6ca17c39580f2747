"""The disbursement service: budget, vouchers, shops, redemption."""

from services.disbursement import api
from services.disbursement.api.common import HASHER, PINS, SIGNER
from services.disbursement.codes import Pins
from services.disbursement.tokens import Signer
from shared.auth import Verifier
from shared.db import Database
from shared.privacy import IdentityHasher
from shared.settings import Settings
from shared.web import ServiceApp, create_service


def create_app(
    settings: Settings, database: Database | None = None, verifier: Verifier | None = None
) -> ServiceApp:
    database = database or Database(settings.database_url, "songban-disbursement", pool_size=settings.threads)
    app = create_service(
        settings, database, api.BLUEPRINTS, title="Sóng Bản: disbursement", verifier=verifier
    )
    app.extensions[PINS] = Pins(settings.wrapping_key)
    app.extensions[SIGNER] = Signer(settings.sales.voucher_key, settings.sales.retired_keys)
    app.extensions[HASHER] = IdentityHasher(settings.identity_key)
    return app
