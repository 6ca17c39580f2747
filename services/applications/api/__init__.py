"""The views: parse, call, dump."""

from services.applications.api import (
    applications,
    batch,
    changes,
    finding,
    households,
    imports,
    personal,
    reports,
)

BLUEPRINTS = (
    applications.blp,
    finding.blp,
    changes.blp,
    batch.blp,
    imports.blp,
    households.blp,
    personal.blp,
    reports.blp,
)
